//! `Linear`: y = xWᵀ + b.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, default_true, is_true, product, times};
use super::{Module, init, members};
use crate::{Device, Result, Tensor};

/// Linear map y = xWᵀ + b over the last dimension. `weight` is out×in; both are drawn from
/// U(−1/√in, 1/√in).
/// [torch.nn.Linear](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html)
///
/// ```
/// use kindling::nn::{Linear, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let linear = Linear::new(784, 10, &cpu)?;
/// assert_eq!(linear.forward(&Tensor::zeros([8, 784], &cpu)?)?.dims(), [8, 10]);
/// assert_eq!(linear.num_parameters(), 7850);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Linear {
    /// Weight, out×in.
    pub weight: Tensor,
    /// Bias of each output.
    pub bias: Option<Tensor>,
}

/// Hyper-parameters of [`Linear`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSpec {
    /// Size of an input.
    pub in_features: usize,
    /// Size of an output.
    pub out_features: usize,
    /// Adds a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub bias: bool,
}

impl Linear {
    /// Creates a layer with a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(in_features: usize, out_features: usize, device: &Device) -> Result<Self> {
        Self::from_spec(&LinearSpec { in_features, out_features, bias: true }, device)
    }

    /// Creates a layer without a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn without_bias(in_features: usize, out_features: usize, device: &Device) -> Result<Self> {
        Self::from_spec(&LinearSpec { in_features, out_features, bias: false }, device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: &LinearSpec, device: &Device) -> Result<Self> {
        let bound = 1.0 / (spec.in_features.max(1) as f64).sqrt();
        let weight = init::parameter(&[spec.out_features, spec.in_features], bound, device)?;
        let bias = spec.bias.then(|| init::parameter(&[spec.out_features], bound, device)).transpose()?;
        Ok(Self { weight, bias })
    }
}

impl Module for Linear {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.linear(&self.weight, self.bias.as_ref())
    }

    members!(weight, bias);
}

impl LayerConfig for LinearSpec {
    fn kind(&self) -> &'static str {
        "Linear"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match input.split_last() {
            Some((last, rest)) if *last == self.in_features => Ok([rest, &[self.out_features]].concat()),
            Some((last, _)) => {
                let (total, hint) = (product(input), "; put a Flatten before it");
                let hint = if input.len() > 1 && total == self.in_features as u128 { hint } else { "" };
                let shape =
                    if input.len() > 1 { format!(" in the last dimension of {}", times(input)) } else { String::new() };
                Err(format!("expects {} inputs, receives {last}{shape}{hint}", self.in_features))
            }
            None => Err(format!("expects {} inputs, receives one number", self.in_features)),
        }
    }

    fn parameters(&self) -> u128 {
        (self.in_features as u128 + u128::from(self.bias)).saturating_mul(self.out_features as u128)
    }

    fn fit(&mut self, input: &[usize]) {
        self.in_features = input.last().copied().unwrap_or(self.in_features);
    }
}

impl Build for LinearSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Linear::from_spec(self, device)?))
    }
}
