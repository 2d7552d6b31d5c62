//! `pow`: xʸ, with broadcasting.

use crate::device::{Float, Int};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Pow;

impl Binary for Pow {
    const NAME: &'static str = "pow";
    const WGSL: &'static [&'static str] =
        &[shader!("pow"), shader!("log"), shader!("exp"), shader!("shared/nonfinite")];
    const SAVES: Saves = Saves::INPUTS.and_output();
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| int_pow(x, y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x.powf(y)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (x, y) = (cx.input(0)?, cx.input(1)?);
        // y·x^(y − 1), and 0 for y = 0 even where x is 0: there the power is taken to 0 instead of −1.
        let input = if cx.needs(0) {
            let less = y.add_scalar(-1.0)?.masked_fill(&y.eq_scalar(0.0)?, 0.0)?;
            Some(grad.mul(&y.mul(&x.pow(&less)?)?)?)
        } else {
            None
        };
        // xʸ·log x, and 0 for x = 0 ≤ y: there the logarithm is taken of 1.
        let other = if cx.needs(1) {
            let flat = x.eq_scalar(0.0)?.logical_and(&y.ge_scalar(0.0)?)?;
            Some(grad.mul(&cx.output()?.mul(&x.masked_fill(&flat, 1.0)?.log()?)?)?)
        } else {
            None
        };
        Ok([input, other])
    }
}

/// xʸ of integers, wrapping; 1/x cut toward zero for negative powers.
fn int_pow<T: Int>(x: T, y: T) -> T {
    let (one, two) = (T::one(), T::one() + T::one());
    if y < T::zero() && x != one && x != -one {
        return T::zero();
    }
    // 1 and −1 are their own inverses, so that the sign of y does not matter to them.
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
    /// xʸ, element by element, with broadcasting and type promotion. 0⁰ is 1. Of integers, negative powers are cut toward zero.
    /// [torch.pow](https://docs.pytorch.org/docs/stable/generated/torch.pow.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn pow(&self, other: &Self) -> Result<Self> {
        self.binary(other, Pow)
    }

    /// [`Tensor::pow`] in place.
    ///
    /// # Errors
    /// As [`Tensor::pow`] and [`Tensor::copy_`].
    pub fn pow_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.pow(other))
    }
}
