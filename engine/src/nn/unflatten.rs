//! `Unflatten`: one dimension as several.

use serde::{Deserialize, Deserializer, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, Sizes, product, stateless, times};
use crate::{Device, Result};

/// Dimension `dim` as dimensions of given sizes; the batch is dimension 0.
/// [torch.nn.Unflatten](https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html)
///
/// ```
/// use kindling::nn::{Module, Unflatten};
/// use kindling::{Device, Tensor};
/// let rows = Tensor::zeros([8, 48], &Device::cpu())?;
/// let layer = Unflatten { dim: 1, unflattened_size: vec![3, 4, 4] };
/// assert_eq!(layer.forward(&rows)?.dims(), [8, 3, 4, 4]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unflatten {
    /// Dimension that is taken apart, at least 1.
    pub dim: usize,
    /// Sizes of the new dimensions.
    #[serde(deserialize_with = "sizes")]
    pub unflattened_size: Vec<usize>,
}

fn sizes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
    Sizes::read(from, "a list of sizes, of at least 0").map(|sizes| sizes.0)
}

stateless!(Unflatten, |self, input| {
    let dims = input.dims();
    let (before, after) = (dims.get(..self.dim), dims.get(self.dim + 1..));
    let sizes = [before.unwrap_or(dims), &self.unflattened_size, after.unwrap_or_default()].concat();
    input.reshape(&sizes.iter().map(|size| *size as isize).collect::<Vec<_>>())
});

impl LayerConfig for Unflatten {
    fn kind(&self) -> &'static str {
        "Unflatten"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let Some(at) = self.dim.checked_sub(1).filter(|at| *at < input.len()) else {
            return Err(format!("takes dimension {} apart, of 1 to {}", self.dim, input.len()));
        };
        if product(&self.unflattened_size) != input[at] as u128 {
            return Err(format!("makes {} of {} elements", times(&self.unflattened_size), input[at]));
        }
        Ok([&input[..at], &self.unflattened_size, &input[at + 1..]].concat())
    }
}

impl Build for Unflatten {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
