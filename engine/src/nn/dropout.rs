//! `Dropout`: random elements set to zero in training, the others scaled up.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig};
use super::{Module, members};
use crate::{Device, Error, Result, Tensor};

/// Dropout: in training, each element is zero with probability p and else divided by 1 − p; the
/// identity in evaluation.
/// [torch.nn.Dropout](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html)
///
/// ```
/// use kindling::nn::{Dropout, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let dropout = Dropout::new(0.5)?;
/// dropout.eval();
/// assert_eq!(dropout.forward(&Tensor::ones([2], &cpu)?)?.to_string(), "tensor([1., 1.])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    training: Cell<bool>,
}

/// Hyper-parameters of [`Dropout`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropoutSpec {
    /// Probability of zeroing an element, 0.5 by default.
    pub p: f64,
}

impl Default for DropoutSpec {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

/// Checks a probability.
pub(super) fn check(p: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&p) { Ok(()) } else { Err(format!("has p = {p}, which must be between 0 and 1")) }
}

impl Dropout {
    /// Creates a layer with a probability.
    ///
    /// # Errors
    /// `p` is not between 0 and 1.
    pub fn new(p: f64) -> Result<Self> {
        check(p).map_err(|rule| Error::value("Dropout", rule))?;
        Ok(Self { p, training: Cell::new(true) })
    }
}

impl Module for Dropout {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.dropout(self.p, self.training.get())
    }

    members!(p: _, training);
}

impl LayerConfig for DropoutSpec {
    fn kind(&self) -> &'static str {
        "Dropout"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        check(self.p)?;
        Ok(input.to_vec())
    }
}

impl Build for DropoutSpec {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Dropout::new(self.p)?))
    }
}
