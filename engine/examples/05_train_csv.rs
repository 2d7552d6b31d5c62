//! Training on a table: columns and task detected as pandas users expect, and a run as plain data.
//!
//! `cargo run -p kindling --example 05_train_csv -- --data FILE.csv`
//!
//! Without `--data` the table is one of flats, whose rent is to be predicted.

use std::fmt::Write;

use kindling::data::{OpenOptions, Splits, Table, TableOptions, Task, open};
use kindling::optim::{AdamOptions, OptimizerSpec};
use kindling::train::{Evaluation, Event, LossSpec, TrainSpec, Trainer};
use kindling::{Device, Error, Result, block_on};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let data = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => flats()?,
        (Some("--data"), Some(file)) => open(file.as_ref(), &OpenOptions::default())?,
        _ => return Err(Error::value("05_train_csv", "usage: [--data FILE.csv]")),
    };
    run(data, 40, &block_on(Device::best()))?;
    Ok(())
}

/// Returns a table of 300 flats in the form of a CSV file: size, rooms, floor, and the rent, which
/// depends on them and on something that no column tells.
pub fn flats() -> Result<Splits> {
    let mut csv = String::from("size,rooms,floor,rent\n");
    for i in 0..300_u64 {
        // Steps that are coprime to the ranges: values in no order, and the same in every run.
        let (size, rooms, floor) = (25 + i * 37 % 101, 1 + i * 3 % 5, i * 5 % 7);
        let unknown = (i * i * 13 % 97) as f64 - 48.0;
        let rent = 180.0 + 11.0 * size as f64 - 40.0 * rooms as f64 + 15.0 * (floor * floor) as f64 + unknown;
        // Writing to a string cannot fail.
        let _ = writeln!(csv, "{size},{rooms},{floor},{rent}");
    }
    Table::from_csv("flats.csv", csv.as_bytes(), &TableOptions::default())?.into_splits(&OpenOptions::default())
}

/// Trains for some epochs and returns the last evaluation on the test split.
pub fn run(data: Splits, epochs: usize, device: &Device) -> Result<Evaluation> {
    for note in &data.notes {
        println!("{note}");
    }
    // A run as plain data: it can be written as JSON, and the command line and the page read it.
    let task = data.train.task();
    let spec = TrainSpec {
        preset: Some("mlp".into()),
        loss: match task {
            Task::Classification => LossSpec::CrossEntropy { label_smoothing: 0.0 },
            Task::Regression => LossSpec::Mse {},
        },
        optimizer: OptimizerSpec::Adam(AdamOptions { lr: 0.003, ..AdamOptions::default() }),
        batch_size: 32,
        epochs,
        evaluate_every: 5,
        ..TrainSpec::default()
    };
    // The trainer scales columns and target, and advances by a batch at a time.
    let mut trainer = Trainer::new(spec, data.train, data.test, device)?;
    let mut last = Evaluation::default();
    loop {
        match block_on(trainer.next())? {
            Event::Epoch(epoch) => {
                if let Some(test) = epoch.test {
                    print!(
                        "epoch {:3}: training loss {:.4}, test loss {:.4}",
                        epoch.epoch, epoch.train_loss, test.loss
                    );
                    match test.regression {
                        Some(errors) => println!(", mean error {:.1}, R² {:.3}", errors.mae, errors.r2),
                        None => println!(", accuracy {:.1} %", test.accuracy.unwrap_or(0.0) * 100.0),
                    }
                    last = test;
                }
            }
            Event::Done(_) => return Ok(last),
            Event::Step(_) | Event::Test { .. } => {}
        }
    }
}
