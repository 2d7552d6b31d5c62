//! `sub`: x − y, with broadcasting.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::binary::Binary;

#[derive(Debug)]
struct Sub;

impl Binary for Sub {
    const NAME: &'static str = "sub";
    const WGSL: &'static [&'static str] = &[shader!("sub")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<fn(&Self, i32, i32) -> i32> = Some(|_, x, y| x.wrapping_sub(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x - y
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let other = if cx.needs(1) { Some(grad.neg()?) } else { None };
        Ok([Some(grad.clone()), other])
    }
}

impl Tensor {
    /// x − y, element by element, with broadcasting. [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn sub(&self, other: &Self) -> Result<Self> {
        self.binary(other, Sub)
    }
}
