//! `RMSNorm`: the last dimensions divided by the root of their mean square, then scaled.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, default_true, is_true, product};
use super::layer_norm::{fit_last, keeps, sizes};
use super::{Module, init, members};
use crate::{Device, Result, Tensor};

/// Root mean square normalization: x/√(mean of x² + ε)·weight over the last dimensions.
/// [torch.nn.RMSNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html)
///
/// ```
/// use kindling::nn::{Module, RMSNorm};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = RMSNorm::new(&[2], &cpu)?;
/// let y = norm.forward(&Tensor::from_nested(&[[3.0_f32, 4.0]], &cpu)?)?.detach();
/// assert_eq!(y.to_string(), "tensor([[0.8485, 1.1314]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct RMSNorm {
    /// Scale, initially 1.
    pub weight: Option<Tensor>,
    spec: RMSNormSpec,
}

/// Hyper-parameters of [`RMSNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RMSNormSpec {
    /// Sizes of the last dimensions.
    #[serde(with = "sizes")]
    pub normalized_shape: Vec<usize>,
    /// Term added to the mean square; by default the distance of 1 to the next `f32`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
    /// Adds a weight; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub elementwise_affine: bool,
}

impl RMSNorm {
    /// Creates a layer over the last dimensions, with PyTorch's ε.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(normalized_shape: &[usize], device: &Device) -> Result<Self> {
        let normalized_shape = normalized_shape.to_vec();
        Self::from_spec(RMSNormSpec { normalized_shape, eps: None, elementwise_affine: true }, device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: RMSNormSpec, device: &Device) -> Result<Self> {
        let weight = match spec.elementwise_affine {
            true => Some(init::constant(&spec.normalized_shape, 1.0, device)?.requires_grad_(true)?),
            false => None,
        };
        Ok(Self { weight, spec })
    }
}

impl Module for RMSNorm {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let eps = self.spec.eps.unwrap_or(f64::from(f32::EPSILON));
        input.rms_norm(&self.spec.normalized_shape, self.weight.as_ref(), eps)
    }

    members!(weight, spec: _);
}

impl LayerConfig for RMSNormSpec {
    fn kind(&self) -> &'static str {
        "RMSNorm"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        keeps(&self.normalized_shape, input)
    }

    fn parameters(&self) -> u128 {
        if self.elementwise_affine { product(&self.normalized_shape) } else { 0 }
    }

    fn fit(&mut self, input: &[usize]) {
        fit_last(&mut self.normalized_shape, input);
    }
}

impl Build for RMSNormSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(RMSNorm::from_spec(self.clone(), device)?))
    }
}
