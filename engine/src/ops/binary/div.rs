//! `div`: x / y, with broadcasting; integers are divided as floats.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Div;

impl Binary for Div {
    const NAME: &'static str = "div";
    const WGSL: &'static [&'static str] = shader!("div");
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x / y
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let y = cx.input(1)?;
        let input = if cx.needs(0) { Some(grad.div(&y)?) } else { None };
        // d(x/y)/dy = −x/y², by two divisions: y² could overflow.
        let other = if cx.needs(1) { Some(grad.neg()?.mul(&cx.input(0)?.div(&y)?.div(&y)?)?) } else { None };
        Ok([input, other])
    }
}

impl Tensor {
    /// Computes x / y, element by element, with broadcasting and type promotion. Integers are
    /// divided as floats.
    /// [torch.div](https://docs.pytorch.org/docs/stable/generated/torch.div.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let y = Tensor::from_nested(&[4.0_f32, 5.0], &cpu)?;
    /// assert_eq!(x.div(&y)?.to_string(), "tensor([0.2500, 0.4000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn div(&self, other: &Self) -> Result<Self> {
        self.binary(other, Div)
    }

    /// In-place version of [`Tensor::div`].
    ///
    /// # Errors
    /// As [`Tensor::div`] and [`Tensor::copy_`].
    pub fn div_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.div(other))
    }
}
