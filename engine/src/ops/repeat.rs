//! `repeat`: the tensor tiled along each dimension, read through strides of zero.

use crate::tensor::{Function, Layout, Saves, Shape, Strides, Tensor, Vjp};
use crate::{Error, Result};

struct Repeat {
    repeats: Vec<usize>,
}

impl Function for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (sizes, _) = interleave(&self.repeats, cx.shape(0));
        let counted: Vec<isize> = (0..self.repeats.len() as isize).map(|d| 2 * d).collect();
        let grad = grad.reshape_to(&sizes)?.sum_dim(&counted, false)?;
        Ok(vec![Some(grad.reshape_to(cx.shape(0))?)])
    }
}

/// Returns `[repeats[0], sizes[0], repeats[1], sizes[1], …]`, the shape padded with leading ones,
/// and the result's shape.
fn interleave(repeats: &[usize], shape: &Shape) -> (Shape, Shape) {
    let new = repeats.len() - shape.len();
    let size = |d: usize| d.checked_sub(new).map_or(1, |d| shape[d]);
    let pairs = repeats.iter().enumerate().flat_map(|(d, count)| [*count, size(d)]);
    let products = repeats.iter().enumerate().map(|(d, count)| count * size(d));
    (Shape::new(pairs), Shape::new(products))
}

impl Tensor {
    /// Creates a copy with this tensor repeated `repeats[d]` times along each dimension d; leading
    /// dimensions may be new.
    /// [torch.Tensor.repeat](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.repeat.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.repeat(&[2])?.to_string(), "tensor([1., 2., 1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fewer repeats than dimensions.
    pub fn repeat(&self, repeats: &[usize]) -> Result<Self> {
        let Some(new) = repeats.len().checked_sub(self.ndim()) else {
            let rule = format!("{} repeats were given for the dimensions of {}", repeats.len(), self.shape());
            return Err(Error::shape("repeat", rule));
        };
        let (pairs, shape) = interleave(repeats, self.shape());
        let stride = |d: usize| d.checked_sub(new).map_or(0, |d| self.stride()[d]);
        let strides: Strides = (0..repeats.len()).flat_map(|d| [0, stride(d)]).collect();
        let layout = Layout { shape: pairs, strides, offset: self.layout().offset };
        self.copy_through(Repeat { repeats: repeats.to_vec() }, layout, shape)
    }
}
