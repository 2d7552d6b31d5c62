//! `BatchNorm1d`, `BatchNorm2d`: every channel brought to mean 0 and variance 1 over the batch, then scaled.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::layer::{Build, Layer, times};
use super::{Counter, Members, Module, init};
use crate::{Device, Error, Result, Tensor};

/// (x − mean)/√(var + ε)·weight + bias for each channel; in training over the batch, while the running statistics
/// follow; in use with the running statistics.
#[derive(Debug)]
pub struct BatchNorm<const RANK: usize> {
    /// The scales, at first 1.
    pub weight: Option<Tensor>,
    /// What is added, at first 0.
    pub bias: Option<Tensor>,
    /// The running mean, at first 0.
    pub running_mean: Tensor,
    /// The running variance, at first 1.
    pub running_var: Tensor,
    /// Batches seen in training.
    pub num_batches_tracked: Counter,
    training: Cell<bool>,
    spec: BatchNormSpec<RANK>,
}

/// Over (N, C) or (N, C, L).
/// [torch.nn.BatchNorm1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html)
pub type BatchNorm1d = BatchNorm<1>;

/// Over (N, C, H, W).
/// [torch.nn.BatchNorm2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html)
pub type BatchNorm2d = BatchNorm<2>;

/// The hyper-parameters of [`BatchNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormSpec<const RANK: usize> {
    /// Channels.
    pub num_features: usize,
    /// Added to the variance.
    #[serde(default = "eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
    /// How fast the running statistics follow.
    #[serde(default = "momentum", skip_serializing_if = "is_momentum")]
    pub momentum: f64,
}

pub(super) fn eps() -> f64 {
    1e-5
}

pub(super) fn is_eps(x: &f64) -> bool {
    *x == eps()
}

fn momentum() -> f64 {
    0.1
}

fn is_momentum(x: &f64) -> bool {
    *x == momentum()
}

impl<const RANK: usize> BatchNormSpec<RANK> {
    /// With PyTorch's ε and momentum.
    pub fn new(num_features: usize) -> Self {
        Self { num_features, eps: eps(), momentum: momentum() }
    }

    const KIND: &'static str = if RANK == 1 { "BatchNorm1d" } else { "BatchNorm2d" };

    fn takes(dims: usize) -> bool {
        if RANK == 1 { dims == 1 || dims == 2 } else { dims == RANK + 1 }
    }
}

impl<const RANK: usize> BatchNorm<RANK> {
    /// With PyTorch's ε and momentum.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(num_features: usize, device: &Device) -> Result<Self> {
        Self::of(BatchNormSpec::new(num_features), device)
    }

    /// A layer of these hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn of(spec: BatchNormSpec<RANK>, device: &Device) -> Result<Self> {
        let n = spec.num_features;
        Ok(Self {
            weight: Some(init::constant(&[n], 1.0, device)?.requires_grad_(true)?),
            bias: Some(init::constant(&[n], 0.0, device)?.requires_grad_(true)?),
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

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        if let (Some(weight), Some(bias)) = (&self.weight, &self.bias) {
            to.parameter("weight", weight);
            to.parameter("bias", bias);
        }
        to.buffer("running_mean", &self.running_mean);
        to.buffer("running_var", &self.running_var);
        to.counter("num_batches_tracked", &self.num_batches_tracked);
        to.training(&self.training);
    }
}

impl<const RANK: usize> Layer for BatchNormSpec<RANK> {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match input.first() {
            Some(channels) if Self::takes(input.len()) && *channels == self.num_features => Ok(input.to_vec()),
            Some(channels) if Self::takes(input.len()) => {
                Err(format!("expects {} channels, receives {channels} of {}", self.num_features, times(input)))
            }
            _ if RANK == 1 => Err(format!("expects features or channels×length, receives {}", times(input))),
            _ => Err(format!("expects channels×height×width, receives {}", times(input))),
        }
    }

    fn parameters(&self) -> usize {
        2 * self.num_features
    }

    fn fit(&mut self, input: &[usize]) {
        self.num_features = input.first().copied().unwrap_or(self.num_features);
    }
}

impl<const RANK: usize> Build for BatchNormSpec<RANK> {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(BatchNorm::of(self.clone(), device)?))
    }
}
