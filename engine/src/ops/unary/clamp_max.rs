//! `clamp_max`: min(x, max), the upper bound of [`Tensor::clamp`].

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct ClampMax {
    max: f64,
}

impl Unary for ClampMax {
    const NAME: &'static str = "clamp_max";
    const WGSL: &'static [&'static str] = shader!("clamp_max");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.max)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        let bound = T::c(self.max);
        if x > bound { bound } else { x }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, ClampMaxBackward { max: self.max })
    }
}

/// Gradient of clamp_max: `grad` strictly below the bound, else 0.
#[derive(Debug)]
struct ClampMaxBackward {
    max: f64,
}

impl Binary for ClampMaxBackward {
    const NAME: &'static str = "clamp_max_backward";
    const WGSL: &'static [&'static str] = ClampMax::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.max)]
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x < T::c(self.max) { grad } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self { max: self.max })?), None])
    }
}

impl Tensor {
    /// Computes min(x, `max`), element by element. NaN stays NaN; the gradient at the bound is 0.
    /// Integers stay integers if the bound is whole.
    /// [torch.clamp](https://docs.pytorch.org/docs/stable/generated/torch.clamp.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.clamp_max(1.0)?.to_string(), "tensor([-1.,  1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn clamp_max(&self, max: f64) -> Result<Self> {
        if self.computes_in_integers_with(max) {
            return self.minimum(&self.number_like(max)?);
        }
        self.unary(ClampMax { max })
    }
}
