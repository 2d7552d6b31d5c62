//! `kindling bench`: time of a step of a known workload. Prints one JSON object, in the format of
//! every rival.

use std::time::Instant;

use clap::{Args, ValueEnum};
use kindling::device::{Counters, threads};
use kindling::tuning::{choices, tuning_ms};
use kindling::{Device, Error, Result, block_on};
use kindling_bench::{Bench as Workload, Recipe};
use serde_json::{Map, Value, json};

use crate::config::DeviceChoice;
use crate::output;

/// Measure a step of a known workload.
#[derive(Args)]
pub struct Bench {
    /// W1b4, W1b128, W2b32, W2b128, W3b128, W4n512, W4n1024, W5, W6b32; other batch sizes too.
    #[arg(long, value_name = "NAME")]
    work: String,
    /// Steps per repeat.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Number of repeats, of which the median is reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    reps: u32,
    /// Steps before the first repeat, including the very first.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    warmup: u32,
    /// Device to run on.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Source of data and initial parameters: those of the native rivals or of the rivals' pages.
    #[arg(long, value_enum, default_value_t = Numbers::Native)]
    numbers: Numbers,
    /// Name of this program in the result.
    #[arg(long, value_name = "NAME", default_value = "kindling")]
    peer: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Numbers {
    Native,
    Web,
}

/// Measures a workload.
pub fn run(args: &Bench) -> Result<()> {
    let start = Instant::now();
    let (device, name) = args.device.open()?;
    let recipe = match args.numbers {
        Numbers::Native => Recipe::Native,
        Numbers::Web => Recipe::Web,
    };
    let mut work = Workload::new(&args.work, recipe, &device)?;
    let init_ms = ms(start);
    // Products not measured on this adapter before are measured when the first step is planned.
    let known = choices(&device).classes.len();
    let (first, first_step_ms) = steps(&mut work, 1)?;
    let (tuned, tuning) = (choices(&device).classes.len() - known, tuning_ms(&device));
    let (warm, warm_ms) = match args.warmup - 1 {
        0 => (first, 0.0),
        more => steps(&mut work, more)?,
    };
    let (mut last, mut repeats) = (warm, Vec::new());
    for _ in 0..args.reps {
        let (loss, took) = steps(&mut work, args.steps)?;
        last = loss;
        repeats.push(took / f64::from(args.steps));
    }
    let total_ms = ms(start);
    let mut result = json!({
        "peer": args.peer, "work": args.work, "device": name, "threads": threads(),
        "steps": args.steps, "reps": args.reps, "ms_per_step": median(&repeats),
        "min_ms": repeats.iter().copied().fold(f64::INFINITY, f64::min), "reps_ms": repeats,
        "first_loss": first, "loss_warm": warm, "last_loss": last,
        "init_ms": init_ms, "first_step_ms": first_step_ms, "tuned": tuned,
        "tuning_ms": tuning, "warm_ms": warm_ms, "total_ms": total_ms,
    });
    let counts = per_step(&mut work, &device)?;
    match result.as_object_mut() {
        Some(result) => result.extend(counts),
        None => return Err(Error::internal("a benchmark's result is no object")),
    }
    output::object(&result)
}

/// Runs `steps` steps and reads the last loss. Returns the loss and the milliseconds in all.
fn steps(work: &mut Workload, steps: u32) -> Result<(f64, f64)> {
    let (start, each) = (Instant::now(), work.reads_every_step());
    let mut loss = f64::NAN;
    for left in (0..steps).rev() {
        let step = work.step()?;
        if each || left == 0 {
            loss = block_on(step.item())?;
        }
    }
    Ok((loss, ms(start)))
}

/// Returns the increments of the device's counters per step: half the difference of three steps
/// and one, which cancels the readback.
fn per_step(work: &mut Workload, device: &Device) -> Result<Map<String, Value>> {
    let mut counted = |n: u32| -> Result<(Counters, Counters)> {
        let before = device.counters();
        steps(work, n)?;
        Ok((before, device.counters()))
    };
    let (one, three) = (counted(1)?, counted(3)?);
    let field = |name: &str, of: fn(&Counters) -> u64| {
        let grown = |(before, after): &(Counters, Counters)| of(after) as f64 - of(before) as f64;
        (name.to_owned(), json!((grown(&three) - grown(&one)) / 2.0))
    };
    Ok(Map::from_iter([
        field("dispatches", |c| c.dispatches),
        field("submits", |c| c.submits),
        field("plans", |c| c.plans_created),
        field("pipelines", |c| c.pipelines_created),
        field("bind_groups", |c| c.bind_groups_created),
        field("buffers", |c| c.buffers_created),
        field("bytes", |c| c.bytes_live),
        field("readbacks", |c| c.readbacks),
    ]))
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
