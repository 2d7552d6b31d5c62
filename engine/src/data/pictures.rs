//! Images as pixels: decoded, and as bytes for a screen.

pub use image::RgbImage;

#[cfg(feature = "codecs")]
use crate::{Error, Result};

/// Greatest height and width of an image; a larger one is refused before memory is taken for it.
pub const LARGEST_SIDE: u32 = 16_384;

/// Decodes an image file: turned as its EXIF orientation says, and laid on white where it is not opaque.
///
/// # Errors
/// It is no image, damaged, too large, or in a format that is not read.
#[cfg(feature = "codecs")]
pub fn decode(path: &str, bytes: &[u8]) -> Result<RgbImage> {
    super::decode::decode(path, bytes).map_err(|why| Error::file(path, format!("is no image that can be read: {why}")))
}

/// Bytes of a picture as it lies in memory, as red, green, blue a pixel: what PNG and the screen want.
pub fn to_rgb(chw: &[u8], channels: usize) -> Vec<u8> {
    let plane = chw.len() / channels.max(1);
    let channel = |c: usize| if channels == 3 { c * plane } else { 0 };
    (0..plane).flat_map(|i| [chw[channel(0) + i], chw[channel(1) + i], chw[channel(2) + i]]).collect()
}
