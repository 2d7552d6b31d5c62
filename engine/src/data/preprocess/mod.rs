//! Preprocessing of images before a model, as plain data that model files store, and the function
//! that applies it. Each step equals Pillow's to the bit, so that an exported script has the same
//! pixels.

pub mod orientation;
mod resample;

use std::borrow::Cow;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::format::Normalization;
use crate::{Error, Result};

/// Version of [`Preprocessing`] that this code writes; later ones are refused.
pub const VERSION: u32 = 1;

/// Steps from a decoded image to a model's input, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Version of this structure.
    pub version: u32,
    /// Applies the orientation of the EXIF data.
    pub exif: bool,
    /// Color behind pixels that are not opaque.
    pub alpha: Background,
    /// Channels of the input: 1 for gray, 3 for red, green and blue.
    pub channels: usize,
    /// Conversion to gray.
    pub gray: Gray,
    /// Height and width of the input, in pixels.
    pub size: [usize; 2],
    /// Method of resizing.
    pub resize: Resize,
    /// Mean of each channel, of values from 0 to 1; empty if inputs are not normalized.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel; empty if inputs are not normalized.
    pub std: Vec<f64>,
}

/// Color behind pixels that are not opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// White, as in `Image.paste` onto white with the opacity as mask.
    White,
}

/// Conversion from color to gray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gray {
    /// `(19595·R + 38470·G + 7471·B + 32768) / 65536`, as Pillow's `convert("L")`: ITU-R 601's
    /// luma.
    #[serde(rename = "L601")]
    L601,
}

/// Method of resizing to the input's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resize {
    /// Center crop in the input's aspect ratio, resized by an antialiased bilinear filter,
    /// horizontally first:
    /// [`ImageOps.fit`](https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.fit).
    #[serde(rename = "center-crop-bilinear-antialias")]
    CenterCrop,
}

impl Preprocessing {
    /// Creates the steps to inputs of `channels`×`height`×`width`.
    pub fn new([channels, height, width]: [usize; 3], normalization: Option<&Normalization>) -> Self {
        let Normalization { mean, std } = normalization.cloned().unwrap_or_default();
        Self {
            version: VERSION,
            exif: true,
            alpha: Background::White,
            channels,
            gray: Gray::L601,
            size: [height, width],
            resize: Resize::CenterCrop,
            mean,
            std,
        }
    }

    /// Returns channels, height and width of the input.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.size[0], self.size[1]]
    }

    /// Checks that [`Preprocessing::apply`] supports these settings.
    ///
    /// # Errors
    /// The version is later; the size is 0; channels are neither 1 nor 3; or the numbers of means
    /// and deviations differ from them.
    pub fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::value("preprocessing", rule));
        if self.version == 0 || self.version > VERSION {
            return refuse(format!("version {} is not known; this program reads 1 to {VERSION}", self.version));
        }
        check_shape(self.shape())?;
        let (mean, std) = (self.mean.len(), self.std.len());
        if mean != std || (mean != 0 && mean != self.channels) {
            return refuse(format!("{mean} means and {std} deviations for {} channels", self.channels));
        }
        if self.mean.iter().any(|m| !m.is_finite()) || self.std.iter().any(|s| !s.is_finite() || *s <= 0.0) {
            return refuse("means must be finite and deviations above 0".into());
        }
        Ok(())
    }

    /// Returns the bytes of the input, channels first. The device normalizes by
    /// [`Preprocessing::mean`] and `std`.
    ///
    /// # Errors
    /// The image has no pixels, or channels are neither 1 nor 3.
    pub fn apply(&self, image: &RgbImage) -> Result<Vec<u8>> {
        to_chw(image, self.shape())
    }
}

/// Maximum height and width; larger ones are refused before memory is allocated.
const MAX_SIDE: usize = 16_384;

fn check_shape([channels, height, width]: [usize; 3]) -> Result<()> {
    if channels != 1 && channels != 3 {
        return Err(Error::shape("images", format!("{channels} channels; 1 (gray) or 3 (color) are possible")));
    }
    if [height, width].iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
        return Err(Error::shape("images", format!("{height}×{width} pixels; sides are 1 to {MAX_SIDE}")));
    }
    Ok(())
}

/// Returns `channels`×`height`×`width` bytes of an image: gray if `channels` is 1, center-cropped
/// and resized.
///
/// # Errors
/// The image has no pixels, or channels are neither 1 nor 3.
pub fn to_chw(image: &RgbImage, shape: [usize; 3]) -> Result<Vec<u8>> {
    check_shape(shape)?;
    let [channels, height, width] = shape;
    if image.as_raw().is_empty() {
        return Err(Error::shape("images", "the image has no pixels"));
    }
    let pixels = match channels {
        1 => Cow::Owned(image.as_raw().as_chunks::<3>().0.iter().map(|rgb| gray(*rgb)).collect()),
        _ => Cow::Borrowed(image.as_raw().as_slice()),
    };
    let from = [image.height() as usize, image.width() as usize];
    let fitted = resample::fit(pixels, from, [height, width], channels);
    Ok((0..channels).flat_map(|c| fitted.iter().skip(c).step_by(channels).copied()).collect())
}

/// Converts a pixel to gray by Pillow's weights, [`Gray::L601`].
pub fn gray([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 0x8000) >> 16) as u8
}

/// Creates an image from RGBA bytes, composited on white.
///
/// # Errors
/// The number of bytes contradicts the size, or is 0.
pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<RgbImage> {
    let rule = || format!("{} bytes are not {width}×{height} pixels of 4 bytes", rgba.len());
    if rgba.is_empty() {
        return Err(Error::shape("images", rule()));
    }
    let (pixels, _) = rgba.as_chunks::<4>();
    let on_white = |&[r, g, b, a]: &[u8; 4]| {
        [r, g, b].map(|c| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8)
    };
    let rgb = pixels.iter().flat_map(on_white).collect();
    let image = RgbImage::from_raw(width, height, rgb).filter(|image| image.len() / 3 * 4 == rgba.len());
    image.ok_or_else(|| Error::shape("images", rule()))
}

/// Converts a decoded image to RGB bytes: composited on white where it is not opaque, 16-bit values
/// cut to their high byte, as in Pillow.
///
/// # Errors
/// The image has no pixels.
#[cfg(feature = "codecs")]
pub fn to_rgb8(image: image::DynamicImage) -> Result<RgbImage> {
    use image::DynamicImage as Any;
    let (width, height) = (image.width(), image.height());
    let high = |wide: &[u16]| wide.iter().map(|x| (x >> 8) as u8).collect::<Vec<u8>>();
    let rgba = match &image {
        Any::ImageRgb16(wide) => return from_rgb(width, height, high(wide.as_raw())),
        Any::ImageLuma16(wide) => {
            let rgb = high(wide.as_raw()).into_iter().flat_map(|x| [x; 3]).collect();
            return from_rgb(width, height, rgb);
        }
        Any::ImageRgba16(wide) => high(wide.as_raw()),
        Any::ImageLumaA16(wide) => wide
            .as_raw()
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|[l, a]| [*l, *l, *l, *a].map(|x| (x >> 8) as u8))
            .collect(),
        other if other.color().has_alpha() => image.into_rgba8().into_raw(),
        _ => return Ok(image.into_rgb8()),
    };
    from_rgba(width, height, &rgba)
}

#[cfg(feature = "codecs")]
fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<RgbImage> {
    RgbImage::from_raw(width, height, rgb).ok_or_else(|| Error::internal("an image's bytes contradict its size"))
}
