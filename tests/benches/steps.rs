//! What a training step of the benchmarks' networks launches on the GPU: `cargo bench -p kindling-tests --bench steps [-- W1b4 …]`.
//! Prints, for a step that is known, the kernels with their counts and what was made, and milliseconds: of the first step, and
//! of the fastest of several.

use std::collections::BTreeMap;
use std::time::Instant;

use kindling::nn::{Linear, Module, ReLU, Sequential};
use kindling::optim::OptimizerSpec;
use kindling::train::model::preset;
use kindling::{Device, Error, Result, Tensor, block_on, manual_seed};

const WORKS: [&str; 6] = ["W1b4", "W1b128", "W2b32", "W3b128", "W6b32", "W3b4"];

const SGD: &str = r#"{"name": "SGD", "lr": 0.001, "momentum": 0.9}"#;
const SGD_DECAY: &str = r#"{"name": "SGD", "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}"#;
const ADAM: &str = r#"{"name": "Adam"}"#;

fn net(work: &str, device: &Device) -> Result<(Box<dyn Module>, &'static str)> {
    let built =
        |name: &str| -> Result<Box<dyn Module>> { Ok(Box::new(preset(name, &[3, 32, 32], 10)?.build(device)?)) };
    Ok(match work {
        "W1" => (built("cifar-intro")?, SGD),
        "W2" => (built("vgg-small")?, ADAM),
        "W6" => (built("resnet8")?, SGD_DECAY),
        "W3" => {
            let net = Sequential::new().push(Linear::new(784, 512, device)?).push(ReLU::default());
            let net = net.push(Linear::new(512, 512, device)?).push(ReLU::default());
            (Box::new(net.push(Linear::new(512, 10, device)?)), ADAM)
        }
        other => return Err(Error::value("steps", format!("unknown work {other}"))),
    })
}

fn numbers(shape: &[usize], device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = (0..shape.iter().product()).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)
}

fn launches(device: &Device) -> BTreeMap<String, u64> {
    match device {
        Device::Gpu(gpu) => gpu.launches(),
        Device::Cpu(_) => BTreeMap::new(),
    }
}

fn run(work: &str, device: &Device) -> Result<()> {
    manual_seed(1);
    let (kind, batch) = work.split_once('b').unwrap_or((work, "32"));
    let batch: usize = batch.parse().map_err(|e| Error::value("steps", format!("{work}: {e}")))?;
    let (net, optimizer) = net(kind, device)?;
    let x = if kind == "W3" { numbers(&[batch, 784], device)? } else { numbers(&[batch, 3, 32, 32], device)? };
    let classes: Vec<i32> = (0..batch as i32).map(|i| (i * 7 + 3) % 10).collect();
    let y = Tensor::from_slice(&classes, [batch], device)?;
    let mut optimizer = OptimizerSpec::from_json(optimizer)?.build(net.parameters())?;
    let mut step = || -> Result<Tensor> {
        optimizer.zero_grad();
        let loss = net.forward(&x)?.cross_entropy(&y)?;
        loss.backward()?;
        let kept = loss.detach();
        drop(loss);
        optimizer.step()?;
        Ok(kept)
    };
    let start = Instant::now();
    let first_loss = block_on(step()?.item())?;
    let first = start.elapsed().as_secs_f64() * 1e3;
    for _ in 0..3 {
        step()?;
    }
    let (before, kernels) = (device.counters(), launches(device));
    step()?;
    let now = device.counters();
    println!(
        "{work}: {} dispatches, {} submits, {} plans, {} bind groups, {} buffers, {} bytes; {} bytes live",
        now.dispatches - before.dispatches,
        now.submits - before.submits,
        now.plans_created - before.plans_created,
        now.bind_groups_created - before.bind_groups_created,
        now.buffers_created - before.buffers_created,
        now.bytes_live - before.bytes_live,
        now.bytes_live
    );
    for (name, count) in launches(device) {
        let new = count - kernels.get(&name).copied().unwrap_or(0);
        if new > 0 {
            println!("    {new:3} {name}");
        }
    }
    let mut best = f64::INFINITY;
    let mut last = 0.0;
    for _ in 0..5 {
        let start = Instant::now();
        step()?;
        last = block_on(step()?.item())?;
        best = best.min(start.elapsed().as_secs_f64() * 1e3 / 2.0);
    }
    println!("    first step {first:.1} ms, then {best:.2} ms; loss {first_loss:.5} -> {last:.5}");
    Ok(())
}

fn main() -> Result<()> {
    let device = block_on(Device::gpu())?;
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| arg.starts_with('W')).collect();
    let works = if asked.is_empty() { WORKS.map(str::to_owned).to_vec() } else { asked };
    works.iter().try_for_each(|work| run(work, &device))
}
