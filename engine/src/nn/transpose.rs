//! `Transpose`: two dimensions swapped, as a layer that turns an image's patches into a sequence.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless, times};
use crate::{Device, Result};

/// Swap of dimensions `dim0` and `dim1`; the batch is dimension 0.
///
/// ```
/// use kindling::nn::{Module, Transpose};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let patches = Tensor::zeros([2, 16, 9], &cpu)?;
/// assert_eq!(Transpose { dim0: 1, dim1: 2 }.forward(&patches)?.dims(), [2, 9, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transpose {
    /// First dimension to swap.
    pub dim0: usize,
    /// Second dimension to swap.
    pub dim1: usize,
}

stateless!(Transpose, |self, input| input.transpose(self.dim0 as isize, self.dim1 as isize));

impl LayerConfig for Transpose {
    fn kind(&self) -> &'static str {
        "Transpose"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let fits = |dim: usize| dim >= 1 && dim <= input.len();
        if !fits(self.dim0) || !fits(self.dim1) {
            let (a, b) = (self.dim0, self.dim1);
            return Err(format!("exchanges dimensions {a} and {b}; {} has 1 to {}", times(input), input.len()));
        }
        let mut output = input.to_vec();
        output.swap(self.dim0 - 1, self.dim1 - 1);
        Ok(output)
    }
}

impl Build for Transpose {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
