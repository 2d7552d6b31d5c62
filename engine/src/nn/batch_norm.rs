//! `BatchNorm1d`, `BatchNorm2d`: each channel normalized to mean 0 and variance 1 over the batch,
//! then scaled and shifted.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, check_channels, default_true, is_true, times};
use super::{Counter, Module, init, members};
use crate::{Device, Error, Result, Tensor};

/// Batch normalization: (x − mean)/√(var + ε)·weight + bias for each channel. In training the
/// statistics are the batch's, and the running statistics are updated; in evaluation the running
/// ones are used.
///
/// ```
/// use kindling::nn::{BatchNorm, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = BatchNorm::<2>::new(3, &cpu)?;
/// norm.eval(); // Uses the running statistics from here on.
/// assert_eq!(norm.forward(&Tensor::zeros([1, 3, 4, 4], &cpu)?)?.dims(), [1, 3, 4, 4]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct BatchNorm<const RANK: usize> {
    /// Scale of each channel, initially 1.
    pub weight: Option<Tensor>,
    /// Shift of each channel, initially 0.
    pub bias: Option<Tensor>,
    /// Running mean, initially 0.
    pub running_mean: Tensor,
    /// Running variance, initially 1.
    pub running_var: Tensor,
    /// Number of training batches.
    pub num_batches_tracked: Counter,
    training: Cell<bool>,
    spec: BatchNormSpec<RANK>,
}

/// Batch normalization of (N, C) or (N, C, L).
/// [torch.nn.BatchNorm1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html)
///
/// ```
/// use kindling::nn::{BatchNorm1d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = BatchNorm1d::new(1, &cpu)?;
/// let x = Tensor::from_nested(&[[1.0_f32], [3.0]], &cpu)?;
/// let y = norm.forward(&x)?.detach().flatten(0, -1)?;
/// assert_eq!(y.to_string(), "tensor([-1.0000,  1.0000])");
/// assert_eq!(norm.running_mean.to_string(), "tensor([0.2000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type BatchNorm1d = BatchNorm<1>;

/// Batch normalization of (N, C, H, W).
/// [torch.nn.BatchNorm2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html)
///
/// ```
/// use kindling::nn::{BatchNorm2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = BatchNorm2d::new(3, &cpu)?;
/// assert_eq!(norm.forward(&Tensor::zeros([8, 3, 4, 4], &cpu)?)?.dims(), [8, 3, 4, 4]);
/// # Ok::<(), kindling::Error>(())
/// ```
pub type BatchNorm2d = BatchNorm<2>;

/// Hyper-parameters of [`BatchNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormSpec<const RANK: usize> {
    /// Number of channels.
    pub num_features: usize,
    /// Term added to the variance, 1e-5 by default.
    #[serde(default = "default_eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
    /// Weight of the batch's statistics in the running ones, 0.1 by default.
    #[serde(default = "default_momentum", skip_serializing_if = "is_momentum")]
    pub momentum: f64,
    /// Adds a weight and a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub affine: bool,
}

pub(super) fn default_eps() -> f64 {
    1e-5
}

pub(super) fn is_eps(x: &f64) -> bool {
    *x == default_eps()
}

pub(super) fn default_momentum() -> f64 {
    0.1
}

pub(super) fn is_momentum(x: &f64) -> bool {
    *x == default_momentum()
}

impl<const RANK: usize> BatchNormSpec<RANK> {
    /// Creates hyper-parameters with PyTorch's ε and momentum.
    pub fn new(num_features: usize) -> Self {
        Self { num_features, eps: default_eps(), momentum: default_momentum(), affine: true }
    }

    const KIND: &'static str = if RANK == 1 { "BatchNorm1d" } else { "BatchNorm2d" };

    fn takes(dims: usize) -> bool {
        if RANK == 1 { dims == 1 || dims == 2 } else { dims == RANK + 1 }
    }
}

impl<const RANK: usize> BatchNorm<RANK> {
    /// Creates a layer with PyTorch's ε and momentum.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(num_features: usize, device: &Device) -> Result<Self> {
        Self::from_spec(BatchNormSpec::new(num_features), device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: BatchNormSpec<RANK>, device: &Device) -> Result<Self> {
        let n = spec.num_features;
        let [weight, bias] = init::scale_and_shift(spec.affine, n, device)?;
        Ok(Self {
            weight,
            bias,
            running_mean: init::constant(&[n], 0.0, device)?,
            running_var: init::constant(&[n], 1.0, device)?,
            num_batches_tracked: Counter::default(),
            training: Cell::new(true),
            spec,
        })
    }
}

impl<const RANK: usize> Module for BatchNorm<RANK> {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        if !BatchNormSpec::<RANK>::takes(input.ndim().saturating_sub(1)) {
            let rule = format!(
                "expected {} dimensions, got the shape {}",
                if RANK == 1 { "2 or 3" } else { "4" },
                input.shape()
            );
            return Err(Error::shape(BatchNormSpec::<RANK>::KIND, rule));
        }
        let training = self.training.get();
        let (mean, var) = (Some(&self.running_mean), Some(&self.running_var));
        let (weight, bias) = (self.weight.as_ref(), self.bias.as_ref());
        let output = input.batch_norm(mean, var, weight, bias, training, self.spec.momentum, self.spec.eps)?;
        if training {
            self.num_batches_tracked.add_one();
        }
        Ok(output)
    }

    members!(weight, bias, running_mean: buffer, running_var: buffer, num_batches_tracked, training, spec: _);
}

impl<const RANK: usize> LayerConfig for BatchNormSpec<RANK> {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if Self::takes(input.len()) {
            return check_channels(self.num_features, input).map(|()| input.to_vec());
        }
        let expected = if RANK == 1 { "features or channels×length" } else { "channels×height×width" };
        Err(format!("expects {expected}, receives {}", times(input)))
    }

    fn parameters(&self) -> u128 {
        if self.affine { self.num_features as u128 * 2 } else { 0 }
    }

    fn has_state(&self) -> bool {
        true
    }

    fn fit(&mut self, input: &[usize]) {
        self.num_features = input.first().copied().unwrap_or(self.num_features);
    }
}

impl<const RANK: usize> Build for BatchNormSpec<RANK> {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(BatchNorm::from_spec(self.clone(), device)?))
    }
}
