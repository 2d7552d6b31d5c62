//! `Flatten`: dimensions merged into one.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless, times};
use crate::{Device, Result};

/// Flattening of the dimensions from `start_dim` to `end_dim`, both included; by default all but
/// the batch, dimension 0.
/// [torch.nn.Flatten](https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html)
///
/// ```
/// use kindling::nn::{Flatten, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let images = Tensor::zeros([8, 3, 4, 4], &cpu)?;
/// assert_eq!(Flatten::default().forward(&images)?.dims(), [8, 48]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flatten {
    /// First dimension to merge, 1 by default.
    pub start_dim: isize,
    /// Last dimension to merge, −1 by default.
    pub end_dim: isize,
}

impl Default for Flatten {
    fn default() -> Self {
        Self { start_dim: 1, end_dim: -1 }
    }
}

stateless!(Flatten, |self, input| input.flatten(self.start_dim, self.end_dim));

impl LayerConfig for Flatten {
    fn kind(&self) -> &'static str {
        "Flatten"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let n = input.len() as isize + 1;
        let at = |dim: isize| if dim < 0 { dim + n } else { dim };
        let (start, end) = (at(self.start_dim), at(self.end_dim));
        if !(0..n).contains(&start) || !(0..n).contains(&end) || start > end {
            return Err(format!(
                "joins dimensions {} to {}, which an input of {n} dimensions does not have",
                self.start_dim, self.end_dim
            ));
        }
        if (start, end) == (0, 0) {
            return Ok(input.to_vec());
        }
        if start == 0 {
            return Err(format!(
                "merges the batch dimension with others: start_dim={} is dimension 0 of an input of {n} dimensions; \
                 use start_dim=1",
                self.start_dim
            ));
        }
        let (start, end) = (start as usize - 1, end as usize);
        let joined = input[start..end].iter().try_fold(1_usize, |joined, size| joined.checked_mul(*size));
        let Some(joined) = joined else { return Err(format!("joins {}, which is too large", times(input))) };
        Ok([&input[..start], &[joined], &input[end..]].concat())
    }
}

impl Build for Flatten {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
