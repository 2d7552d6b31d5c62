//! `add`: x + y, with broadcasting.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::binary::Binary;

#[derive(Debug)]
struct Add;

impl Binary for Add {
    const NAME: &'static str = "add";
    const WGSL: &'static [&'static str] = &[shader!("add")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<fn(&Self, i32, i32) -> i32> = Some(|_, x, y| x.wrapping_add(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x + y
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([Some(grad.clone()), Some(grad.clone())])
    }
}

impl Tensor {
    /// x + y, element by element, with broadcasting. [torch.add](https://docs.pytorch.org/docs/stable/generated/torch.add.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn add(&self, other: &Self) -> Result<Self> {
        self.binary(other, Add)
    }
}
