//! `pow`: xʸ, with broadcasting.

use crate::device::{Float, Int};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Pow;

impl Binary for Pow {
    const NAME: &'static str = "pow";
    const WGSL: &'static [&'static str] = shader!("pow");
    const SAVES: Saves = Saves::INPUTS.and_output();
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| int_pow(x, y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x.powf(y)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (x, y) = (cx.input(0)?, cx.input(1)?);
        // y·x^(y − 1), and 0 for y = 0 even if x is 0: the power is then taken to 0 instead of −1.
        let input = if cx.needs(0) {
            let less = y.add_scalar(-1.0)?.masked_fill(&y.eq_scalar(0.0)?, 0.0)?;
            Some(grad.mul(&y.mul(&x.pow(&less)?)?)?)
        } else {
            None
        };
        // xʸ·log x, and 0 for x = 0 ≤ y: the logarithm is then taken of 1.
        let other = if cx.needs(1) {
            let flat = x.eq_scalar(0.0)?.logical_and(&y.ge_scalar(0.0)?)?;
            Some(grad.mul(&cx.output()?.mul(&x.masked_fill(&flat, 1.0)?.log()?)?)?)
        } else {
            None
        };
        Ok([input, other])
    }
}

/// Computes xʸ of integers, wrapping; negative powers are 1/x truncated toward zero.
fn int_pow<T: Int>(x: T, y: T) -> T {
    let (one, two) = (T::one(), T::one() + T::one());
    if y < T::zero() && x != one && x != -one {
        return T::zero();
    }
    // 1 and −1 are their own inverses, so the sign of y does not matter.
    let (mut power, mut square, mut left) = (one, x, y);
    while left != T::zero() {
        if left % two != T::zero() {
            power = power.wrapping_mul(&square);
        }
        square = square.wrapping_mul(&square);
        left = left / two;
    }
    power
}

impl Tensor {
    /// Computes xʸ, element by element, with broadcasting and type promotion. 0⁰ is 1. Negative
    /// powers of integers are truncated toward zero.
    /// [torch.pow](https://docs.pytorch.org/docs/stable/generated/torch.pow.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[2.0_f32, 3.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.pow(&y)?.to_string(), "tensor([8., 9.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn pow(&self, other: &Self) -> Result<Self> {
        self.binary(other, Pow)
    }

    /// In-place version of [`Tensor::pow`].
    ///
    /// # Errors
    /// As [`Tensor::pow`] and [`Tensor::copy_`].
    pub fn pow_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.pow(other))
    }
}
