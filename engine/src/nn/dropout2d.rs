//! `Dropout2d`: random channels set to zero in training, the others scaled up.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::dropout::check;
use super::layer::{Build, LayerConfig, image_dims};
use super::{Module, members};
use crate::{Device, Error, Result, Tensor};

/// Dropout of channels (NCHW): in training, each channel of each image is zero with probability p
/// and else divided by 1 − p; the identity in evaluation.
/// [torch.nn.Dropout2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html)
///
/// ```
/// use kindling::nn::{Dropout2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let dropout = Dropout2d::new(1.0)?;
/// let x = Tensor::ones([1, 1, 1, 2], &cpu)?;
/// assert_eq!(dropout.forward(&x)?.to_string(), "tensor([[[[0., 0.]]]])");
/// dropout.eval();
/// assert_eq!(dropout.forward(&x)?.to_string(), "tensor([[[[1., 1.]]]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Dropout2d {
    p: f64,
    training: Cell<bool>,
}

/// Hyper-parameters of [`Dropout2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dropout2dSpec {
    /// Probability of zeroing a channel, 0.5 by default.
    pub p: f64,
}

impl Default for Dropout2dSpec {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl Dropout2d {
    /// Creates a layer with a probability.
    ///
    /// # Errors
    /// `p` is not between 0 and 1.
    pub fn new(p: f64) -> Result<Self> {
        check(p).map_err(|rule| Error::value("Dropout2d", rule))?;
        Ok(Self { p, training: Cell::new(true) })
    }
}

impl Module for Dropout2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let &[batch, channels, _, _] = input.dims() else {
            let rule = format!("expected images (N, C, H, W), got the shape {}", input.shape());
            return Err(Error::shape("Dropout2d", rule));
        };
        if !self.training.get() || self.p == 0.0 {
            return Ok(input.clone());
        }
        let factors = Tensor::ones([batch, channels, 1, 1], (input.dtype(), &input.device()))?.dropout(self.p, true)?;
        input.mul(&factors)
    }

    members!(p: _, training);
}

impl LayerConfig for Dropout2dSpec {
    fn kind(&self) -> &'static str {
        "Dropout2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        check(self.p)?;
        image_dims(input).map(|dims| dims.to_vec())
    }
}

impl Build for Dropout2dSpec {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Dropout2d::new(self.p)?))
    }
}
