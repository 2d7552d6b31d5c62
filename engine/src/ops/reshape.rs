//! `reshape` and `view`: the same elements in the same order with another shape. A layout if
//! strides allow it; else `reshape` copies first.

use crate::tensor::{Function, Saves, Shape, Tensor, Vjp};
use crate::{AutogradError, Error, Result};

struct Reshape {
    name: &'static str,
}

impl Function for Reshape {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.reshape_to(cx.shape(0))?)])
    }
}

/// Resolves the shape `sizes`; one −1 is inferred from the number of elements.
pub(super) fn infer(op: &'static str, shape: &Shape, sizes: &[isize]) -> Result<Shape> {
    let refuse =
        |why: &str| Err(Error::shape(op, format!("{sizes:?} is invalid for a tensor of shape {shape}: {why}")));
    let mut known = 1usize;
    let mut inferred = None;
    for (i, size) in sizes.iter().enumerate() {
        match (usize::try_from(*size), inferred) {
            (Ok(size), _) => known = known.saturating_mul(size),
            (Err(_), None) if *size == -1 => inferred = Some(i),
            (Err(_), Some(_)) if *size == -1 => return refuse("only one dimension can be inferred"),
            _ => return refuse("sizes cannot be negative"),
        }
    }
    let numel = shape.numel();
    let mut out: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
    match inferred {
        Some(_) if known == 0 => return refuse("with a size of 0, any number would do for −1"),
        Some(i) if numel.is_multiple_of(known) => out[i] = numel / known,
        None if known == numel => {}
        _ => return refuse("the numbers of elements differ"),
    }
    Ok(Shape::from(out))
}

impl Tensor {
    /// Returns the same elements with another shape; one size may be −1. A view if the strides
    /// allow it, else a copy.
    /// [torch.reshape](https://docs.pytorch.org/docs/stable/generated/torch.reshape.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::zeros([4, 6], &Device::cpu())?;
    /// assert_eq!(x.reshape(&[2, -1])?.dims(), [2, 12]);
    /// assert!(x.reshape(&[5, -1]).is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The numbers of elements differ, or −1 cannot be inferred.
    pub fn reshape(&self, sizes: &[isize]) -> Result<Self> {
        self.reshape_to(&infer("reshape", self.shape(), sizes)?)
    }

    /// Returns [`Tensor::reshape`] as a view, without a copy.
    /// [torch.Tensor.view](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.view(&[-1])?.to_string(), "tensor([1., 2., 3., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::reshape`]; or the strides require a copy.
    pub fn view(&self, sizes: &[isize]) -> Result<Self> {
        let shape = infer("view", self.shape(), sizes)?;
        let layout = self.layout().view(&shape).ok_or_else(|| {
            Error::autograd(
                AutogradError::ViewIncompatible,
                format!(
                    "view: size {shape} is not compatible with the size {} and stride {:?} of the input: at least one \
                     dimension spans two contiguous subspaces; use .reshape(...) instead",
                    self.shape(),
                    self.stride()
                ),
            )
        })?;
        Ok(self.view_as_function(Reshape { name: "view" }, layout))
    }

    /// Reshapes to a shape with the same number of elements.
    pub(crate) fn reshape_to(&self, shape: &Shape) -> Result<Self> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        self.reshape_as("reshape", shape)
    }

    /// Reshapes under the name of another operation: squeeze, flatten and the like.
    pub(crate) fn reshape_as(&self, name: &'static str, shape: &Shape) -> Result<Self> {
        match self.layout().view(shape) {
            Some(layout) => Ok(self.view_as_function(Reshape { name }, layout)),
            None if self.numel() == shape.numel() => self.contiguous()?.reshape_as(name, shape),
            None => Err(Error::shape(name, format!("{} and {shape} have different numbers of elements", self.shape()))),
        }
    }
}
