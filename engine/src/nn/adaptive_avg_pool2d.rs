//! `AdaptiveAvgPool2d`: the means of as many windows as the result has elements.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, Layer, Pair, picture, stateless};
use crate::{Device, Result};

/// The means of as many windows as the result has elements.
/// [torch.nn.AdaptiveAvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAvgPool2d {
    /// Height and width of the result.
    pub output_size: Pair,
}

impl AdaptiveAvgPool2d {
    /// To a height and a width.
    pub fn new(output_size: impl Into<Pair>) -> Self {
        Self { output_size: output_size.into() }
    }
}

stateless!(AdaptiveAvgPool2d, |self, input| input.adaptive_avg_pool2d(self.output_size.0.map(Some)));

impl Layer for AdaptiveAvgPool2d {
    fn kind(&self) -> &'static str {
        "AdaptiveAvgPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [channels, _, _] = picture(input)?;
        Ok(vec![channels, self.output_size.0[0], self.output_size.0[1]])
    }

    fn parameters(&self) -> usize {
        0
    }

    fn fit(&mut self, _input: &[usize]) {}
}

impl Build for AdaptiveAvgPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
