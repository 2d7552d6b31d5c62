//! `Transpose`: two dimensions exchanged, as a layer: how a picture's patches become a sequence.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, Layer, stateless, times};
use crate::{Device, Result};

/// Dimensions `dim0` and `dim1` exchanged; the batch is dimension 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transpose {
    /// One.
    pub dim0: usize,
    /// The other.
    pub dim1: usize,
}

stateless!(Transpose, |self, input| input.transpose(self.dim0 as isize, self.dim1 as isize));

impl Layer for Transpose {
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

    fn parameters(&self) -> usize {
        0
    }

    fn fit(&mut self, _input: &[usize]) {}
}

impl Build for Transpose {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
