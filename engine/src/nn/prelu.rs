//! `PReLU`: a leaky ReLU whose slope is trained.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, times};
use super::{Module, init, members};
use crate::{Device, Error, Result, Tensor};

/// Parametric ReLU: max(x, 0) + slope·min(x, 0), with one trained slope or one a channel.
/// [torch.nn.PReLU](https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html)
///
/// ```
/// use kindling::nn::{Module, PReLU, PReLUSpec};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let x = Tensor::from_nested(&[[-1.0_f32, 2.0]], &cpu)?;
/// let y = PReLU::from_spec(&PReLUSpec::default(), &cpu)?.forward(&x)?.detach();
/// assert_eq!(y.to_string(), "tensor([[-0.2500,  2.0000]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct PReLU {
    /// Slope for negative x, one or one a channel.
    pub weight: Tensor,
}

/// Hyper-parameters of [`PReLU`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PReLUSpec {
    /// Number of slopes: 1, the default, or the number of channels.
    pub num_parameters: usize,
    /// Initial slope, 0.25 by default.
    pub init: f64,
}

impl Default for PReLUSpec {
    fn default() -> Self {
        Self { num_parameters: 1, init: 0.25 }
    }
}

impl PReLU {
    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: &PReLUSpec, device: &Device) -> Result<Self> {
        Ok(Self { weight: init::constant(&[spec.num_parameters], spec.init as f32, device)?.requires_grad_(true)? })
    }
}

impl Module for PReLU {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let channels = if input.ndim() > 1 { input.dims()[1] } else { 1 };
        let slopes = self.weight.numel();
        if slopes != 1 && slopes != channels {
            let rule = format!("expected one slope or {channels}, one a channel, got {slopes} of {}", input.shape());
            return Err(Error::shape("PReLU", rule));
        }
        let mut shape = vec![1; input.ndim().saturating_sub(1).max(1)];
        shape[0] = slopes as isize;
        // The derivative at 0 is the slope, as in PyTorch.
        input.gt_scalar(0.0)?.where_(input, &input.mul(&self.weight.reshape(&shape)?)?)
    }

    members!(weight);
}

impl LayerConfig for PReLUSpec {
    fn kind(&self) -> &'static str {
        "PReLU"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match input.first() {
            Some(channels) if self.num_parameters != 1 && *channels != self.num_parameters => {
                Err(format!("has slopes for {} channels, receives {}", self.num_parameters, times(input)))
            }
            _ => Ok(input.to_vec()),
        }
    }

    fn parameters(&self) -> u128 {
        self.num_parameters as u128
    }

    fn fit(&mut self, input: &[usize]) {
        if self.num_parameters != 1 {
            self.num_parameters = input.first().copied().unwrap_or(self.num_parameters);
        }
    }
}

impl Build for PReLUSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(PReLU::from_spec(self, device)?))
    }
}
