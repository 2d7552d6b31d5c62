//! `GLU`: one half of a dimension, gated by the sigmoid of the other.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless, times};
use crate::{Device, Result};

/// Gated linear unit: a·sigmoid(b) for the two halves a and b along `dim`.
/// [torch.nn.GLU](https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html)
///
/// ```
/// use kindling::nn::{GLU, Module};
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[[1.0_f32, 2.0, 0.0, 0.0]], &Device::cpu())?;
/// assert_eq!(GLU::default().forward(&x)?.to_string(), "tensor([[0.5000, 1.0000]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GLU {
    /// Dimension to halve, −1 by default; the batch is dimension 0.
    pub dim: isize,
}

impl Default for GLU {
    fn default() -> Self {
        Self { dim: -1 }
    }
}

stateless!(GLU, |self, input| input.glu(self.dim));

impl LayerConfig for GLU {
    fn kind(&self) -> &'static str {
        "GLU"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let n = input.len() as isize + 1;
        let at = if self.dim < 0 { self.dim.saturating_add(n) } else { self.dim };
        let mut output = input.to_vec();
        match usize::try_from(at - 1).ok().and_then(|at| output.get_mut(at)) {
            Some(size) if size.is_multiple_of(2) => *size /= 2,
            Some(size) => return Err(format!("halves dimension {}, whose size {size} is odd", self.dim)),
            None if at == 0 => return Err(format!("has dim={}, which is the batch; use dim=1", self.dim)),
            None => return Err(format!("halves dimension {}, which {} does not have", self.dim, times(input))),
        }
        Ok(output)
    }
}

impl Build for GLU {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
