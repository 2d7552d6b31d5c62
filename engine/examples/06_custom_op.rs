//! An operation of one's own: a shape rule, a CPU loop, a WGSL function and a derivative.
//!
//! The operation is the activation Snake (Ziyin et al., 2020), x + sin²(ax)/a, with which a network
//! learns periodic functions. It goes through the contract of the engine's own operations: it is
//! recorded, fused with its neighbors into one kernel, and differentiated to any order.
//!
//! `cargo run -p kindling --example 06_custom_op`

use std::hash::Hasher;

use kindling::device::{DType, Element, Float, Slice, SliceMut};
use kindling::nn::{Linear, Module, members};
use kindling::optim::Adam;
use kindling::tensor::{Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Spec, Vjp, WgslFn, typed, typed_mut};
use kindling::{Device, Error, Result, Tensor, block_on, dispatch, manual_seed};

/// The function for the GPU: its arguments are the operand and the scalars of [`Op::scalars`]. Its
/// name begins with the operation's, since a kernel may fuse several operations.
const WGSL: &str = "
fn snake_forward(x: f32, frequency: f32) -> f32 {
    let s = sin(frequency * x);
    return x + s * s / frequency;
}";

/// Computes one element on the CPU, in f32 or f64.
fn forward<T: Float>(x: T, frequency: T) -> T {
    let s = (frequency * x).sin();
    x + s * s / frequency
}

/// The operation; its fields are its arguments.
#[derive(Debug)]
struct Snake {
    frequency: f64,
}

impl Function for Snake {
    fn name(&self) -> &'static str {
        "snake"
    }

    /// The derivative reads the input, so it is saved.
    fn saves(&self) -> Saves {
        Saves::INPUT
    }

    /// Computes grad · (1 + sin(2ax)), in tensor operations: it can be differentiated again.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let slope = cx.input(0)?.mul_scalar(2.0 * self.frequency)?.sin()?.add_scalar(1.0)?;
        Ok(vec![Some(grad.mul(&slope)?)])
    }
}

impl Op for Snake {
    /// Returns shape and type of the result. This is the only check of the operands.
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        match operands {
            [x] if x.dtype.is_float() => Ok(x.clone()),
            _ => Err(Error::dtype("snake", "expects one floating-point tensor")),
        }
    }

    /// Adds nothing: the only field is a scalar, and all calls share one plan.
    fn key(&self, _state: &mut dyn Hasher) {}

    /// Returns the numbers that may change from call to call without a new kernel.
    fn scalars(&self) -> Scalars {
        Scalars::from_iter([Scalar::Float(self.frequency)])
    }

    /// Each element depends on the same element of the operand: no kernel of its own is needed.
    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Snake {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: FromIterator::from_iter([WGSL]),
            name: "snake_forward".to_owned(),
            scalars: self.scalars().iter().map(|scalar| scalar.wgsl()).collect(),
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        dispatch!(output.dtype(), floats T => {
            let frequency = T::from_f64(self.frequency);
            for (y, x) in typed_mut::<T>(output)?.iter_mut().zip(typed::<T>(operands[0])?) {
                *y = forward(*x, frequency);
            }
            Ok(())
        }, Err(Error::internal("snake is for floats only")))
    }
}

/// Applies Snake to every element.
///
/// # Errors
/// The tensor is not floating point.
pub fn snake(x: &Tensor, frequency: f64) -> Result<Tensor> {
    Tensor::call(Snake { frequency }, &[x])
}

/// A network of one hidden layer with the operation as its activation.
struct Net {
    fc1: Linear,
    fc2: Linear,
    frequency: f64,
}

impl Module for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        snake(&x.apply(&self.fc1)?, self.frequency)?.apply(&self.fc2)
    }

    members!(fc1, fc2, frequency: _);
}

fn main() -> Result<()> {
    run(&Device::cpu())?;
    match block_on(Device::gpu()) {
        Ok(gpu) => run(&gpu).map(|_| ()),
        Err(error) => {
            println!("no GPU: {error}");
            Ok(())
        }
    }
}

/// Compares the derivative with differences, fits a wave, and returns the losses before and after.
pub fn run(device: &Device) -> Result<[f64; 2]> {
    println!("on {device}:");
    let x = Tensor::from_nested(&[-1.0_f32, 0.0, 0.5, 2.0], device)?.requires_grad_(true)?;
    let y = snake(&x, 1.5)?;
    println!("  x           {}\n  snake(x)    {}", x.detach(), y.detach());
    y.sum()?.backward()?;
    let (right, left) = (x.detach().add_scalar(1e-2)?, x.detach().sub_scalar(1e-2)?);
    let differences = snake(&right, 1.5)?.sub(&snake(&left, 1.5)?)?.div_scalar(2e-2)?;
    if let Some(gradient) = x.grad() {
        println!("  derivative  {gradient}\n  differences {differences}");
        let error = gradient.sub(&differences)?.abs()?.max()?.blocking_item()?;
        if error > 1e-2 {
            return Err(Error::value("snake", format!("the derivative is wrong by {error}")));
        }
    }

    manual_seed(0);
    let net = Net { fc1: Linear::new(1, 32, device)?, fc2: Linear::new(32, 1, device)?, frequency: 1.5 };
    let x = Tensor::linspace(-3.0, 3.0, 64, device)?.reshape(&[-1, 1])?;
    let wave = x.mul_scalar(3.0)?.sin()?;
    let mut optimizer = Adam::new(net.parameters(), 0.01);
    let mut losses = [0.0; 2];
    for step in 0..=300 {
        optimizer.zero_grad();
        let loss = net.forward(&x)?.sub(&wave)?.square()?.mean()?;
        loss.backward()?;
        optimizer.step()?;
        if step % 100 == 0 {
            losses = [if step == 0 { loss.blocking_item()? } else { losses[0] }, loss.blocking_item()?];
            println!("  step {step:3}: loss {:.4}", losses[1]);
        }
    }
    Ok(losses)
}
