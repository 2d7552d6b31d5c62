//! Cost of a settled training step: nothing is planned, compiled, bound or allocated any more,
//! memory stays flat, and a step is one submit.

use kindling::nn::{BatchNorm1d, Dropout, Linear, Module, ReLU, Sequential};
use kindling::optim::{OptimizerSpec, Schedule, Scheduler, clip_grad_norm_};
use kindling::{Device, Result, Tensor, block_on, manual_seed};
use kindling_tests::devices::devices;

const BATCH: usize = 16;

fn net(device: &Device) -> Result<Sequential> {
    Ok(Sequential::new()
        .push(Linear::new(20, 32, device)?)
        .push(BatchNorm1d::new(32, device)?)
        .push(ReLU::default())
        .push(Dropout::new(0.2)?)
        .push(Linear::new(32, 24, device)?)
        .push(ReLU::default())
        .push(Linear::new(24, 4, device)?))
}

/// Returns a batch whose class is the quarter of the inputs with the largest sum.
fn batch(device: &Device, step: usize) -> Result<(Tensor, Tensor)> {
    let mut state = (step as u32).wrapping_mul(747_796_405).wrapping_add(1);
    let mut x = Vec::with_capacity(BATCH * 20);
    let mut y = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        let row: Vec<f32> = (0..20)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        let sums: Vec<f32> = row.chunks(5).map(|quarter| quarter.iter().sum()).collect();
        let largest = (0..4).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(0);
        y.push(largest as i32);
        x.extend(row);
    }
    Ok((Tensor::from_slice(&x, [BATCH, 20], device)?, Tensor::from_slice(&y, [BATCH], device)?))
}

/// Trains and checks the counters after every step from number `settled` on; returns the mean
/// losses of the first and the last tenth.
fn train(device: &Device, optimizer: &str, steps: usize, settled: usize) -> Result<(f64, f64)> {
    manual_seed(7);
    let net = net(device)?;
    let spec = OptimizerSpec::from_json(optimizer)?;
    let mut optimizer = spec.build(net.parameters())?;
    let mut schedule = Scheduler::new(Schedule::Exponential { gamma: 0.9995 }, &mut optimizer)?;
    // The loss is accumulated on the device and read ten times in all.
    let every = steps / 10;
    let sum = Tensor::zeros(kindling::Shape::default(), device)?;
    let (mut losses, mut read) = (Vec::new(), 0.0);
    let mut before = None;
    for step in 0..steps {
        optimizer.zero_grad();
        let (x, y) = batch(device, step)?;
        let loss = net.forward(&x)?.cross_entropy(&y)?;
        loss.backward()?;
        clip_grad_norm_(&net.parameters(), 5.0, 2.0)?;
        sum.set_(&sum.add(&loss.detach())?)?;
        drop(loss);
        optimizer.step()?;
        schedule.step(&mut optimizer);
        let now = device.counters();
        let last = *before.get_or_insert(now);
        if step >= settled {
            assert_eq!(now.plans_created, last.plans_created, "a plan was made in step {step}");
            assert_eq!(now.pipelines_created, last.pipelines_created, "a pipeline was made in step {step}");
            assert_eq!(now.bind_groups_created, last.bind_groups_created, "a bind group was made in step {step}");
            assert_eq!(now.buffers_created, last.buffers_created, "a buffer was made in step {step}");
            assert_eq!(now.bytes_live, last.bytes_live, "memory grew in step {step}");
            let submits = u64::from(!device.is_cpu());
            assert_eq!(now.submits, last.submits + submits, "step {step} is not one submit");
        }
        before = Some(now);
        if (step + 1) % every == 0 {
            let total = block_on(sum.item())?;
            losses.push((total - read) / every as f64);
            read = total;
            before = Some(device.counters());
        }
    }
    Ok((losses[0], losses[losses.len() - 1]))
}

#[test]
fn a_thousand_steps_allocate_nothing_after_the_second() -> Result<()> {
    for device in devices() {
        let (first, last) = train(&device, r#"{"name": "Adam", "lr": 0.01}"#, 1000, 3)?;
        println!("{device}: loss {first:.4} -> {last:.4}");
        assert!(last < 0.7 * first, "the network does not learn: {first} -> {last}");
    }
    Ok(())
}

#[test]
fn every_optimizer_settles() -> Result<()> {
    for device in devices() {
        for name in OptimizerSpec::NAMES.iter().filter(|name| **name != "RAdam") {
            train(&device, &format!(r#"{{"name": "{name}"}}"#), 20, 6)?;
        }
    }
    Ok(())
}

#[test]
fn an_update_is_a_handful_of_dispatches_whatever_the_number_of_parameters() -> Result<()> {
    for device in devices() {
        let dispatches = |n: usize| -> Result<u64> {
            let params: Vec<Tensor> =
                (0..n).map(|_| Tensor::ones([5, 3], &device)?.requires_grad_(true)).collect::<Result<_>>()?;
            let mut optimizer = OptimizerSpec::from_json(r#"{"name": "AdamW"}"#)?.build(params.clone())?;
            let mut counts = Vec::new();
            for _ in 0..4 {
                // Gradients exist already: only the update is counted.
                for p in &params {
                    p.set_grad(Some(Tensor::from_slice(&[0.5f32; 15], [5, 3], &device)?));
                }
                let before = device.counters().dispatches;
                optimizer.step()?;
                counts.push(device.counters().dispatches - before);
            }
            Ok(counts[3])
        };
        let (few, many) = (dispatches(2)?, dispatches(60)?);
        println!("{device}: {few} dispatches for 2 parameters, {many} for 60");
        // Concatenating the gradients takes more launches where more than 7 buffers must be bound.
        assert!(few <= 2 && many <= 1 + 60u64.div_ceil(7), "{few} and {many}");
    }
    Ok(())
}
