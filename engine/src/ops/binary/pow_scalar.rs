//! `pow_scalar`: xᶜ for a number c. Common powers are simpler operations, as in PyTorch.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Error, Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct PowScalar {
    exponent: f64,
}

impl Unary for PowScalar {
    const NAME: &'static str = "pow_scalar";
    const WGSL: &'static [&'static str] = shader!("pow_scalar");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.exponent)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        match self.exponent {
            3.0 => x * x * x,
            -2.0 => (x * x).recip(),
            exponent => x.powf(T::c(exponent)),
        }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        if self.exponent == 0.0 {
            return grad.zeros_like(); // At 0 too, where x⁻¹ is infinite.
        }
        grad.mul(&cx.input(0)?.pow_scalar(self.exponent - 1.0)?.mul_scalar(self.exponent)?)
    }
}

impl Tensor {
    /// Computes xᶜ for a number c, element by element; 0⁰ is 1. Integers stay integers for an
    /// integral c and become f32 for another.
    /// [torch.pow](https://docs.pytorch.org/docs/stable/generated/torch.pow.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.pow_scalar(2.0)?.to_string(), "tensor([1., 9.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Integers to a negative integral power.
    pub fn pow_scalar(&self, exponent: f64) -> Result<Self> {
        if self.computes_in_integers_with(exponent) {
            if exponent < 0.0 {
                let rule =
                    format!("integers to the negative power {exponent} are not allowed; use to_dtype(F32) first");
                return Err(Error::value("pow", rule));
            }
            return self.pow(&self.number_like(exponent)?);
        }
        match exponent {
            0.5 => self.sqrt(),
            -0.5 => self.rsqrt(),
            1.0 => self.mul_scalar(1.0),
            2.0 => self.square(),
            -1.0 => self.reciprocal(),
            _ => self.unary(PowScalar { exponent }),
        }
    }
}
