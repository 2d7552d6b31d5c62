//! `Select`: one element of a dimension, as a layer, such as a transformer's class token.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless, times};
use crate::{Device, Result};

/// Selection of element `index` of dimension `dim`, which is removed; the batch is dimension 0.
///
/// ```
/// use kindling::nn::{Module, Select};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let tokens = Tensor::zeros([2, 10, 16], &cpu)?;
/// assert_eq!(Select { dim: 1, index: 0 }.forward(&tokens)?.dims(), [2, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// Dimension to select from.
    pub dim: usize,
    /// Index of the element, negative from the end.
    pub index: isize,
}

stateless!(Select, |self, input| input.select(self.dim as isize, self.index));

impl LayerConfig for Select {
    fn kind(&self) -> &'static str {
        "Select"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let size = self.dim.checked_sub(1).and_then(|d| input.get(d)).copied();
        match size.map(|size| size as isize) {
            Some(size) if self.index >= -size && self.index < size => {
                let mut output = input.to_vec();
                output.remove(self.dim - 1);
                Ok(output)
            }
            _ => Err(format!(
                "takes element {} of dimension {}, which {} does not have",
                self.index,
                self.dim,
                times(input)
            )),
        }
    }
}

impl Build for Select {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
