//! A program outside of Kindling's workspace: it compares operations of its own on both devices,
//! differentiates them, lets one find a bad index, and trains a classifier by nearest prototypes.

mod cdist;
mod palette;

use cdist::cdist;
use kindling::nn::{Module, members};
use kindling::optim::Adam;
use kindling::{Device, Error, Result, Tensor, block_on, manual_seed};
use palette::palette;

/// Points that stand for the classes: the logit of a class is the negative distance to its point.
struct Prototypes {
    points: Tensor,
}

impl Module for Prototypes {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        cdist(x, &self.points)?.neg()
    }

    members!(points);
}

fn main() -> Result<()> {
    check(&Device::cpu())?;
    match block_on(Device::gpu()) {
        Ok(gpu) => check(&gpu),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => Err(error),
        Err(error) => {
            println!("1 skipped, no GPU: {error}");
            Ok(())
        }
    }
}

/// Fails with a message unless `holds`.
fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::value("outside", message())) }
}

fn check(device: &Device) -> Result<()> {
    values(device)?;
    refusals(device)?;
    faults(device)?;
    training(device)
}

/// Compares values and gradients with those computed by hand; the second operand has an offset.
fn values(device: &Device) -> Result<()> {
    let x = Tensor::from_nested(&[[0.0_f32, 1.0], [2.0, -1.0]], device)?.requires_grad_(true)?;
    let y = Tensor::from_nested(&[[9.0_f32, 9.0], [1.0, 1.0], [0.0, 0.0], [4.0, -2.0]], device)?;
    let y = y.narrow(0, 1, 3)?.requires_grad_(true)?;
    let distances = cdist(&x, &y)?;
    let found = distances.blocking_to_vec::<f32>()?;
    ensure(found == [1.0, 1.0, 7.0, 3.0, 3.0, 3.0], || format!("distances {found:?} on {device}"))?;
    // Fused behind the kernel on a GPU.
    let doubled = distances.mul_scalar(2.0)?.add_scalar(1.0)?.blocking_to_vec::<f32>()?;
    ensure(doubled == [3.0, 3.0, 15.0, 7.0, 7.0, 7.0], || format!("2·distances + 1: {doubled:?} on {device}"))?;
    cdist(&x, &y)?.sum()?.backward()?;
    let gradients = [&x, &y].map(|tensor| tensor.grad().map(|grad| grad.blocking_to_vec::<f32>()).transpose());
    let [of_x, of_y] = gradients;
    let (of_x, of_y) = (of_x?.unwrap_or_default(), of_y?.unwrap_or_default());
    ensure(of_x == [-2.0, 2.0, 1.0, -1.0], || format!("gradient of x {of_x:?} on {device}"))?;
    ensure(of_y == [0.0, 1.0, -1.0, 0.0, 2.0, -2.0], || format!("gradient of y {of_y:?} on {device}"))
}

/// Checks that errors name the operation, as those of the engine's own do.
fn refusals(device: &Device) -> Result<()> {
    let (x, y) = (Tensor::ones([2, 3], device)?, Tensor::ones([2, 4], device)?);
    let error = cdist(&x, &y).err().map(|error| error.to_string()).unwrap_or_default();
    ensure(error.starts_with("cdist: ") && error.contains("[2, 3] and [2, 4]"), || format!("the error is {error:?}"))
}

/// Checks values and gradient of a lookup, and the error of an index that only the kernel can see.
fn faults(device: &Device) -> Result<()> {
    let colors = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]], device)?.requires_grad_(true)?;
    let rows = palette(&colors, &Tensor::from_nested(&[2, 0, 2], device)?)?;
    let found = rows.blocking_to_vec::<f32>()?;
    ensure(found == [5.0, 6.0, 1.0, 2.0, 5.0, 6.0], || format!("colors {found:?} on {device}"))?;
    rows.sum()?.backward()?;
    let gradient = colors.grad().map(|grad| grad.blocking_to_vec::<f32>()).transpose()?.unwrap_or_default();
    ensure(gradient == [1.0, 1.0, 0.0, 0.0, 2.0, 2.0], || format!("gradient of the colors {gradient:?} on {device}"))?;
    for bad in [3, -1] {
        let rows = palette(&colors, &Tensor::from_nested(&[0, bad], device)?)?;
        let error = rows.blocking_to_vec::<f32>().err();
        let is_index = matches!(error, Some(Error::Index { op: "palette", index, size: 3 }) if index == i64::from(bad));
        ensure(is_index, || format!("index {bad} gave {error:?} on {device}"))?;
    }
    Ok(())
}

/// Trains on four clusters in the corners of a square.
fn training(device: &Device) -> Result<()> {
    manual_seed(0);
    let labels: Vec<i32> = (0..64).map(|i| i % 4).collect();
    let corners: Vec<f32> = labels.iter().flat_map(|label| [(label % 2) as f32, (label / 2) as f32]).collect();
    let x = Tensor::from_slice(&corners, [64, 2], device)?.add(&Tensor::randn([64, 2], device)?.mul_scalar(0.15)?)?;
    let labels = Tensor::from_slice(&labels, [64], device)?;
    let points = Tensor::randn([4, 2], device)?.mul_scalar(0.1)?.add_scalar(0.5)?.detach().requires_grad_(true)?;
    let net = Prototypes { points };
    let mut optimizer = Adam::new(net.parameters(), 0.05);
    for step in 0..=100 {
        optimizer.zero_grad();
        let loss = x.apply(&net)?.cross_entropy(&labels)?;
        loss.backward()?;
        optimizer.step()?;
        if step % 50 == 0 {
            println!("{device}, step {step:3}: loss {:.4}", loss.blocking_item()?);
        }
    }
    let correct = x.apply(&net)?.argmax(Some(1), false)?.eq(&labels)?.sum()?.blocking_item()?;
    println!("{device}: {correct} of 64 points are classified correctly");
    ensure(correct >= 60.0, || format!("{correct} of 64 points are classified correctly on {device}"))
}
