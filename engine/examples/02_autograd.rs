//! Autograd: gradients, second derivatives, and gradient descent by hand.
//!
//! `cargo run -p kindling --example 02_autograd`

use kindling::autograd::{Backward, grad};
use kindling::{Device, Error, Result, Tensor, no_grad};

fn main() -> Result<()> {
    run(&Device::cpu())?;
    Ok(())
}

/// Runs the example on a device and returns the slope and the intercept that were fitted.
pub fn run(device: &Device) -> Result<[f64; 2]> {
    first_derivative(device)?;
    second_derivative(device)?;
    linear_regression(device)
}

/// Operations on a tensor that requires grad are recorded; `backward` walks the record.
fn first_derivative(device: &Device) -> Result<()> {
    let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], device)?.requires_grad_(true)?;
    let y = x.square()?.sum()?; // y = x₁² + x₂² + x₃², so ∂y/∂xᵢ = 2xᵢ.
    println!("Σx² = {y}");
    y.backward()?;
    if let Some(gradient) = x.grad() {
        println!("gradient of Σx² = {gradient}\n");
    }
    Ok(())
}

/// With `create_graph` the gradient is recorded too, and has a gradient of its own.
fn second_derivative(device: &Device) -> Result<()> {
    let x = Tensor::scalar(2.0_f32, device)?.requires_grad_(true)?;
    let mut y = x.pow_scalar(3.0)?;
    println!("x³ at 2 = {}", y.blocking_item()?);
    for order in 1..=3 {
        let gradients = grad(&[(&y, None)], &[&x], &Backward::default().create_graph(), false)?;
        let gradient = gradients.into_iter().next().flatten();
        y = gradient.ok_or_else(|| Error::value("02_autograd", "y does not depend on x"))?;
        println!("derivative {order} = {}", y.blocking_item()?);
    }
    println!();
    Ok(())
}

/// Fits y = wx + b to points of y = 3x − 1 by gradient descent. `Sgd` does the same update for any
/// number of parameters.
fn linear_regression(device: &Device) -> Result<[f64; 2]> {
    let x = Tensor::linspace(-1.0, 1.0, 20, device)?;
    let y = x.mul_scalar(3.0)?.sub_scalar(1.0)?;
    let w = Tensor::scalar(0.0_f32, device)?.requires_grad_(true)?;
    let b = Tensor::scalar(0.0_f32, device)?.requires_grad_(true)?;
    for step in 0..=50 {
        let error = x.mul(&w)?.add(&b)?.sub(&y)?;
        let loss = error.square()?.mean()?;
        loss.backward()?;
        for parameter in [&w, &b] {
            if let Some(gradient) = parameter.grad() {
                // The update itself is not to be differentiated.
                no_grad(|| parameter.sub_(&gradient.mul_scalar(0.2)?))?;
            }
            parameter.set_grad(None); // Gradients accumulate until they are cleared.
        }
        if step % 10 == 0 {
            println!("step {step:2}: loss {:.6}", loss.blocking_item()?);
        }
    }
    let found = [w.blocking_item()?, b.blocking_item()?];
    println!("y = {:.3}·x {:+.3}", found[0], found[1]);
    Ok(found)
}
