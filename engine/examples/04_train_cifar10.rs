//! Training on CIFAR-10: the network of PyTorch's tutorial, normalized and flipped images, and the
//! accuracy of each class.
//!
//! `cargo run --release -p kindling --example 04_train_cifar10 -- --data FOLDER`
//!
//! FOLDER has the official files (`kindling data fetch cifar10` puts them into `data`). Without
//! `--data` the example trains on `Shapes`, figures of ten classes that need no file.

use std::path::PathBuf;
use std::sync::Arc;

use kindling::data::transforms::{Compose, Normalize, RandomHorizontalFlip};
use kindling::data::{DataLoader, OpenOptions, Shapes, Splits, open};
use kindling::nn::{Conv2d, Linear, MaxPool2d, Module, members};
use kindling::optim::Sgd;
use kindling::{Device, Error, Result, Tensor, block_on, manual_seed, no_grad};

struct Net {
    conv1: Conv2d,
    pool: MaxPool2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

impl Net {
    fn new(classes: usize, device: &Device) -> Result<Self> {
        Ok(Self {
            conv1: Conv2d::new(3, 6, 5, device)?,
            pool: MaxPool2d::new(2),
            conv2: Conv2d::new(6, 16, 5, device)?,
            fc1: Linear::new(16 * 5 * 5, 120, device)?,
            fc2: Linear::new(120, 84, device)?,
            fc3: Linear::new(84, classes, device)?,
        })
    }
}

impl Module for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.apply(&self.conv1)?.relu()?.apply(&self.pool)?;
        let x = x.apply(&self.conv2)?.relu()?.apply(&self.pool)?;
        let x = x.flatten(1, -1)?;
        let x = x.apply(&self.fc1)?.relu()?.apply(&self.fc2)?.relu()?;
        x.apply(&self.fc3)
    }

    members!(conv1, pool, conv2, fc1, fc2, fc3);
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let data = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Shapes::splits(4096, 1024)?,
        (Some("--data"), Some(folder)) => open(&PathBuf::from(folder), &OpenOptions::default())?,
        _ => return Err(Error::value("04_train_cifar10", "usage: [--data FOLDER]")),
    };
    run(data, 10, &block_on(Device::best()))?;
    Ok(())
}

/// Trains for some epochs and returns the accuracy on the test split, 0 to 1.
pub fn run(data: Splits, epochs: u64, device: &Device) -> Result<f64> {
    println!("{}: {} training and {} test images, on {device}", data.name, data.train.len(), data.test.len());
    manual_seed(0); // The initial weights; the loaders have a seed of their own.

    // Bytes from 0 to 255 become numbers from 0 to 1, then from -1 to 1. Half of the training
    // images are mirrored, drawn anew in every epoch.
    let normalize = || Normalize::new(&[0.5; 3], &[0.5; 3]);
    let augment = Compose::new().then(RandomHorizontalFlip::new(0.5)).then(normalize()?);
    let train = DataLoader::new(data.train).batch_size(32).shuffle(true).transform(augment).device(device);
    let classes = data.test.classes().to_vec();
    let test = DataLoader::new(Arc::clone(&data.test)).batch_size(256).transform(Compose::new().then(normalize()?));
    let test = test.device(device);

    let net = Net::new(classes.len(), device)?;
    println!("{} parameters\n", net.num_parameters());
    let mut optimizer = Sgd::new(net.parameters(), 0.01).momentum(0.9);
    let mut accuracy = 0.0;
    for epoch in 0..epochs {
        let (mut losses, mut batches) = (Tensor::scalar(0.0_f32, device)?, 0.0);
        for batch in train.epoch(epoch)? {
            let (images, labels) = batch?;
            optimizer.zero_grad();
            let loss = net.forward(&images)?.cross_entropy(&labels)?;
            loss.backward()?;
            optimizer.step()?;
            // Summed on the device: reading every loss would wait for the GPU at each step.
            losses = losses.add(&loss.detach())?;
            batches += 1.0;
        }
        let correct = correct_by_class(&net, &test, classes.len())?;
        accuracy = correct.iter().map(|(correct, _)| correct).sum::<f64>() / data.test.len() as f64;
        let loss = losses.blocking_item()? / batches;
        println!("epoch {:2}: loss {loss:.3}, test accuracy {:.1} %", epoch + 1, accuracy * 100.0);
        if epoch + 1 == epochs {
            for (class, (correct, samples)) in classes.iter().zip(&correct) {
                println!("  {class:>12} {:5.1} %", correct / samples * 100.0);
            }
        }
    }
    Ok(accuracy)
}

/// Counts the correctly classified samples and all samples of each class.
fn correct_by_class(net: &Net, test: &DataLoader, classes: usize) -> Result<Vec<(f64, f64)>> {
    let mut counts = vec![(0.0, 0.0); classes];
    net.eval();
    for batch in test.epoch(0)? {
        let (images, labels) = batch?;
        let predictions = no_grad(|| net.forward(&images))?.argmax(Some(1), false)?;
        let predictions = predictions.blocking_to_vec::<i32>()?;
        for (label, prediction) in labels.blocking_to_vec::<i32>()?.into_iter().zip(predictions) {
            let (correct, samples) = &mut counts[label as usize];
            *correct += f64::from(u8::from(label == prediction));
            *samples += 1.0;
        }
    }
    net.train(true);
    Ok(counts)
}
