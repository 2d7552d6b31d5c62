//! `gelu`: x·Φ(x) with the normal distribution Φ, exactly or approximated by tanh.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

const WGSL: &[&str] = shader!("gelu");

/// Constants of the approximation: √(2/π), and the weight of x³.
const SCALE: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
const CUBE: f64 = 0.044715;

/// Formula of [`Tensor::gelu`], PyTorch's `approximate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Gelu {
    /// Error function: x·½·(1 + erf(x/√2)).
    #[default]
    None,
    /// Approximation ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
    Tanh,
}

#[derive(Debug)]
struct GeluExact;

impl Unary for GeluExact {
    const NAME: &'static str = "gelu";
    const WGSL: &'static [&'static str] = WGSL;
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x * distribution(x)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, GeluExactBackward)
    }
}

/// Computes Φ(x) = ½·(1 + erf(x/√2)).
fn distribution<T: Float>(x: T) -> T {
    T::c(0.5) * (T::c(1.0) + (x * T::c(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// Gradient of gelu: `grad`·(Φ(x) + x·φ(x)) with the density φ(x) = exp(−x²/2)/√(2π).
#[derive(Debug)]
struct GeluExactBackward;

impl Binary for GeluExactBackward {
    const NAME: &'static str = "gelu_backward";
    const WGSL: &'static [&'static str] = WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        let density = T::c(0.5 * SCALE) * (T::c(-0.5) * x * x).exp();
        grad * (distribution(x) + x * density)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = φ(x)·(2 − x²).
        let square = x.square()?;
        let density = square.mul_scalar(-0.5)?.exp()?.mul_scalar(0.5 * SCALE)?;
        let slope = density.mul(&square.rsub_scalar(2.0)?)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

#[derive(Debug)]
struct GeluTanh;

impl Unary for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const WGSL: &'static [&'static str] = WGSL;
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        let u = T::c(SCALE) * (x + T::c(CUBE) * x * x * x);
        T::c(0.5) * x * (T::c(1.0) + u.tanh())
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, GeluTanhBackward)
    }
}

/// Gradient of the approximation: `grad`·(½·(1 + t) + ½·x·(1 − t²)·u′) with t = tanh u.
#[derive(Debug)]
struct GeluTanhBackward;

impl Binary for GeluTanhBackward {
    const NAME: &'static str = "gelu_tanh_backward";
    const WGSL: &'static [&'static str] = WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        let (half, one) = (T::c(0.5), T::c(1.0));
        let t = (T::c(SCALE) * (x + T::c(CUBE) * x * x * x)).tanh();
        let slope = T::c(SCALE) * (one + T::c(3.0 * CUBE) * x * x);
        grad * (half * (one + t) + half * x * (one - t * t) * slope)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = (1 − t²)·(u′ + ½·x·u″ − x·t·u′²).
        let square = x.square()?;
        let t = square.mul_scalar(CUBE)?.add_scalar(1.0)?.mul(&x)?.mul_scalar(SCALE)?.tanh()?;
        let u1 = square.mul_scalar(3.0 * CUBE)?.add_scalar(1.0)?.mul_scalar(SCALE)?;
        let half_x_u2 = square.mul_scalar(3.0 * CUBE * SCALE)?;
        let bend = u1.add(&half_x_u2)?.sub(&x.mul(&t)?.mul(&u1.square()?)?)?;
        let slope = t.square()?.rsub_scalar(1.0)?.mul(&bend)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes x·Φ(x), element by element, with the normal distribution Φ or its approximation.
    /// [torch.nn.functional.gelu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html)
    ///
    /// ```
    /// # use kindling::{Device, Tensor, block_on, ops::Gelu};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, -1.0], [2], &Device::cpu())?;
    /// let y = block_on(x.gelu(Gelu::None)?.to_vec::<f32>())?;
    /// assert!((y[0] - 0.8413447).abs() < 1e-6 && (y[1] + 0.1586553).abs() < 1e-6);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn gelu(&self, approximate: Gelu) -> Result<Self> {
        match approximate {
            Gelu::None => self.unary(GeluExact),
            Gelu::Tanh => self.unary(GeluTanh),
        }
    }
}
