//! `AdaptiveAvgPool2d`: average pooling to a given output size.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, Pair, image_dims, stateless};
use crate::{Device, Result};

/// Average pooling with as many windows as the output has elements.
/// [torch.nn.AdaptiveAvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html)
///
/// ```
/// use kindling::nn::{AdaptiveAvgPool2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let images = Tensor::zeros([8, 3, 7, 5], &cpu)?;
/// assert_eq!(AdaptiveAvgPool2d::new(1).forward(&images)?.dims(), [8, 3, 1, 1]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAvgPool2d {
    /// Height and width of the output.
    pub output_size: Pair,
}

impl AdaptiveAvgPool2d {
    /// Creates a layer for an output height and width.
    pub fn new(output_size: impl Into<Pair>) -> Self {
        Self { output_size: output_size.into() }
    }
}

stateless!(AdaptiveAvgPool2d, |self, input| input.adaptive_avg_pool2d(self.output_size.0.map(Some)));

impl LayerConfig for AdaptiveAvgPool2d {
    fn kind(&self) -> &'static str {
        "AdaptiveAvgPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [channels, _, _] = image_dims(input)?;
        Ok(vec![channels, self.output_size.0[0], self.output_size.0[1]])
    }
}

impl Build for AdaptiveAvgPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
