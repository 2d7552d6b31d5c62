//! `ClassToken`: a trained vector prepended to every sequence, from which a transformer classifies.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, times};
use super::{Module, init, members};
use crate::{Device, Result, Tensor};

/// Class token: (N, L, E) → (N, 1 + L, E). The vector, `cls_token`, is drawn from N(0, 0.02²).
///
/// ```
/// use kindling::nn::{ClassToken, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let token = ClassToken::new(16, &cpu)?;
/// assert_eq!(token.forward(&Tensor::zeros([2, 9, 16], &cpu)?)?.dims(), [2, 10, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct ClassToken {
    /// Class token, 1×1×E.
    pub cls_token: Tensor,
}

/// Hyper-parameters of [`ClassToken`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTokenSpec {
    /// Length E of a vector.
    pub dim: usize,
}

impl ClassToken {
    /// Creates a layer for vectors of length `dim`.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(dim: usize, device: &Device) -> Result<Self> {
        let cls_token = Tensor::zeros([1, 1, dim], device)?;
        init::normal_(&cls_token, 0.0, 0.02)?;
        Ok(Self { cls_token: cls_token.requires_grad_(true)? })
    }
}

impl Module for ClassToken {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let batch = input.dims().first().copied().unwrap_or(1) as isize;
        Tensor::cat(&[&self.cls_token.expand(&[batch, -1, -1])?, input], 1)
    }

    members!(cls_token);
}

impl LayerConfig for ClassTokenSpec {
    fn kind(&self) -> &'static str {
        "ClassToken"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match *input {
            [length, dim] if dim == self.dim => Ok(vec![length.saturating_add(1), dim]),
            _ => Err(format!("expects length×{}, receives {}", self.dim, times(input))),
        }
    }

    fn parameters(&self) -> u128 {
        self.dim as u128
    }

    fn fit(&mut self, input: &[usize]) {
        self.dim = input.last().copied().unwrap_or(self.dim);
    }
}

impl Build for ClassTokenSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(ClassToken::new(self.dim, device)?))
    }
}
