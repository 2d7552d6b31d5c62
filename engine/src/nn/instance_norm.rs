//! `InstanceNorm2d`: each channel of each image normalized to mean 0 and variance 1.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::batch_norm::{default_eps, default_momentum, is_eps, is_momentum};
use super::layer::{Build, LayerConfig, check_channels, image_dims, is_false, times};
use super::{Counter, Members, Module, init};
use crate::{Device, Error, Result, Tensor};

/// Instance normalization of (N, C, H, W): (x − mean)/√(var + ε), with mean and variance over each
/// channel of each image; then ·weight + bias if `affine`. With `track_running_stats`, evaluation
/// uses running statistics that training updates; else both use the image's.
/// [torch.nn.InstanceNorm2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html)
///
/// ```
/// use kindling::nn::{InstanceNorm2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = InstanceNorm2d::new(1, &cpu)?;
/// let y = norm.forward(&Tensor::from_nested(&[[[[1.0_f32, 3.0]]]], &cpu)?)?;
/// assert_eq!(y.flatten(0, -1)?.to_string(), "tensor([-1.0000,  1.0000])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct InstanceNorm2d {
    /// Scale of each channel, initially 1.
    pub weight: Option<Tensor>,
    /// Shift of each channel, initially 0.
    pub bias: Option<Tensor>,
    running: Option<Running>,
    training: Cell<bool>,
    spec: InstanceNorm2dSpec,
}

/// Running statistics and the number of training batches.
#[derive(Debug)]
struct Running {
    mean: Tensor,
    var: Tensor,
    batches: Counter,
}

/// Hyper-parameters of [`InstanceNorm2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceNorm2dSpec {
    /// Number of channels.
    pub num_features: usize,
    /// Term added to the variance, 1e-5 by default.
    #[serde(default = "default_eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
    /// Weight of the batch's statistics in the running ones, 0.1 by default.
    #[serde(default = "default_momentum", skip_serializing_if = "is_momentum")]
    pub momentum: f64,
    /// Adds a weight and a bias; `false` by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub affine: bool,
    /// Keeps running statistics for evaluation; `false` by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub track_running_stats: bool,
}

impl InstanceNorm2dSpec {
    /// Creates hyper-parameters with PyTorch's defaults: no parameters, no running statistics.
    pub fn new(num_features: usize) -> Self {
        let (eps, momentum) = (default_eps(), default_momentum());
        Self { num_features, eps, momentum, affine: false, track_running_stats: false }
    }
}

impl InstanceNorm2d {
    /// Creates a layer with PyTorch's defaults: no parameters, no running statistics.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(num_features: usize, device: &Device) -> Result<Self> {
        Self::from_spec(InstanceNorm2dSpec::new(num_features), device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: InstanceNorm2dSpec, device: &Device) -> Result<Self> {
        let n = spec.num_features;
        let [weight, bias] = init::scale_and_shift(spec.affine, n, device)?;
        let statistic = |value: f32| init::constant(&[n], value, device);
        let running = match spec.track_running_stats {
            true => Some(Running { mean: statistic(0.0)?, var: statistic(1.0)?, batches: Counter::default() }),
            false => None,
        };
        Ok(Self { weight, bias, running, training: Cell::new(true), spec })
    }
}

impl Module for InstanceNorm2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        if input.ndim() != 4 {
            let rule = format!("expected 4 dimensions, got the shape {}", input.shape());
            return Err(Error::shape("InstanceNorm2d", rule));
        }
        let uses_input = self.training.get() || self.running.is_none();
        let running = self.running.as_ref();
        let (mean, var) = (running.map(|r| &r.mean), running.map(|r| &r.var));
        let (weight, bias) = (self.weight.as_ref(), self.bias.as_ref());
        let output = input.instance_norm(mean, var, weight, bias, uses_input, self.spec.momentum, self.spec.eps)?;
        if let Some(running) = running.filter(|_| self.training.get()) {
            running.batches.add_one();
        }
        Ok(output)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        let Self { weight, bias, running, training, spec: _ } = self;
        for (name, tensor) in [("weight", weight), ("bias", bias)] {
            tensor.iter().for_each(|tensor| to.parameter(name, tensor));
        }
        if let Some(Running { mean, var, batches }) = running {
            to.buffer("running_mean", mean);
            to.buffer("running_var", var);
            to.counter("num_batches_tracked", batches);
        }
        to.training(training);
    }
}

impl LayerConfig for InstanceNorm2dSpec {
    fn kind(&self) -> &'static str {
        "InstanceNorm2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [_, height, width] = image_dims(input)?;
        check_channels(self.num_features, input)?;
        if height.saturating_mul(width) == 1 {
            return Err(format!("needs more than one element a channel, receives {}", times(input)));
        }
        Ok(input.to_vec())
    }

    fn parameters(&self) -> u128 {
        if self.affine { self.num_features as u128 * 2 } else { 0 }
    }

    fn has_state(&self) -> bool {
        self.affine || self.track_running_stats
    }

    fn fit(&mut self, input: &[usize]) {
        self.num_features = input.first().copied().unwrap_or(self.num_features);
    }
}

impl Build for InstanceNorm2dSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(InstanceNorm2d::from_spec(self.clone(), device)?))
    }
}
