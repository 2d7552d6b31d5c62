//! `erf`: the error function.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Erf;

impl Unary for Erf {
    const NAME: &'static str = "erf";
    const WGSL: &'static [&'static str] = shader!("erf");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.erf()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        let density = cx.input(0)?.square()?.neg()?.exp()?;
        grad.mul(&density.mul_scalar(std::f64::consts::FRAC_2_SQRT_PI)?)
    }
}

impl Tensor {
    /// Returns the error function 2/√π ∫₀ˣ exp(−t²) dt of each element. Integers become f32.
    /// [torch.erf](https://docs.pytorch.org/docs/stable/generated/torch.erf.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.erf()?.to_string(), "tensor([0.0000, 0.8427])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn erf(&self) -> Result<Self> {
        self.unary(Erf)
    }
}
