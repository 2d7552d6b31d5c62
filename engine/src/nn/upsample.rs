//! `Upsample`: images sampled at another size.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, Pair, image_dims, times};
use crate::ops::{InterpolateMode, InterpolateOptions};
use crate::{Device, Result, Tensor};

/// Images (N, C, H, W) sampled at a size, or at ⌊size·factor⌋.
/// [torch.nn.Upsample](https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html)
///
/// ```
/// use kindling::nn::{Module, Upsample};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let x = Tensor::from_nested(&[[[[1.0_f32, 2.0]]]], &cpu)?;
/// let y = Upsample::by_factor(2.0).forward(&x)?;
/// assert_eq!(y.to_string(), "tensor([[[[1., 1., 2., 2.],\n          [1., 1., 2., 2.]]]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upsample {
    /// Height and width of the output; either this or `scale_factor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Pair>,
    /// Factors of height and width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_factor: Option<Factors>,
    /// Way to compute an element, `nearest` by default.
    pub mode: UpsampleMode,
    /// For `bilinear`: keeps the positions of the outermost elements; `false` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align_corners: Option<bool>,
}

/// Factors of height and width; one number means both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected one factor or two")]
pub enum Factors {
    /// A factor of both.
    One(f64),
    /// Factors of height and of width.
    Two([f64; 2]),
}

/// Way to compute an element of [`Upsample`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpsampleMode {
    /// The element at ⌊i·scale⌋.
    #[default]
    Nearest,
    /// The element whose center is nearest.
    NearestExact,
    /// A mix of four neighbors.
    Bilinear,
}

impl Upsample {
    /// Creates a layer that multiplies height and width, by `nearest`.
    pub fn by_factor(factor: f64) -> Self {
        Self { scale_factor: Some(Factors::One(factor)), ..Self::default() }
    }

    /// Returns the operation's options for images of a height and a width.
    ///
    /// # Errors
    /// Not exactly one of size and factor; `align_corners` of another mode; an empty output.
    fn options(&self, sides: &[usize]) -> Result<InterpolateOptions, String> {
        let mode = match self.mode {
            UpsampleMode::Nearest => InterpolateMode::Nearest,
            UpsampleMode::NearestExact => InterpolateMode::NearestExact,
            UpsampleMode::Bilinear => InterpolateMode::Bilinear,
        };
        if self.align_corners.is_some() && mode != InterpolateMode::Bilinear {
            return Err("takes align_corners with mode='bilinear' only".into());
        }
        let mut options = match (self.size, self.scale_factor) {
            (Some(Pair(size)), None) => InterpolateOptions::new(&size, mode),
            (None, Some(Factors::One(factor))) => InterpolateOptions::by_factor(&[factor; 2], mode),
            (None, Some(Factors::Two(factors))) => InterpolateOptions::by_factor(&factors, mode),
            _ => return Err("needs either size or scale_factor".into()),
        };
        options.align_corners = self.align_corners;
        match options.output_size(sides) {
            Ok(_) => Ok(options),
            Err(_) => Err(format!("makes no image of {} at this size", times(sides))),
        }
    }
}

impl Module for Upsample {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let sides = input.dims().get(2..).unwrap_or_default();
        input.interpolate(&self.options(sides).map_err(|rule| crate::Error::shape("Upsample", rule))?)
    }

    crate::members!(size: _, scale_factor: _, mode: _, align_corners: _);
}

impl LayerConfig for Upsample {
    fn kind(&self) -> &'static str {
        "Upsample"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [channels, sides @ ..] = image_dims(input)?;
        let output = self.options(&sides)?.output_size(&sides).unwrap_or_default();
        Ok([[channels].as_slice(), &output].concat())
    }
}

impl Build for Upsample {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}
