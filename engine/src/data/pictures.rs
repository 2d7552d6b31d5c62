//! Images as pixels: decoded, and as bytes of one shape.

use std::borrow::Cow;

use image::imageops::{self, FilterType};

pub use image::RgbImage;

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

/// A picture from its pixels, a byte each of red, green, blue and opacity; what is not opaque is laid on white.
///
/// # Errors
/// Another number of bytes than the size wants, or none.
pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<RgbImage> {
    let rule = || format!("{} bytes are not {width}×{height} pixels of 4 bytes", rgba.len());
    if rgba.is_empty() {
        return Err(Error::shape("pictures", rule()));
    }
    let (pixels, _) = rgba.as_chunks::<4>();
    let on_white = |&[r, g, b, a]: &[u8; 4]| {
        [r, g, b].map(|c| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8)
    };
    let rgb = pixels.iter().flat_map(on_white).collect();
    let picture = RgbImage::from_raw(width, height, rgb).filter(|p| p.len() / 3 * 4 == rgba.len());
    picture.ok_or_else(|| Error::shape("pictures", rule()))
}

/// A picture as `channels`×`height`×`width` bytes: its larger side is cut equally at both ends to the proportions
/// asked for, then it is scaled with an antialiased bilinear filter.
///
/// # Errors
/// A number of channels other than 1 (grey) and 3 (red, green, blue).
pub fn to_chw(picture: &RgbImage, [channels, height, width]: [usize; 3]) -> Result<Vec<u8>> {
    let (w, h) = picture.dimensions();
    let scaled = if (w as usize, h as usize) == (width, height) {
        Cow::Borrowed(picture)
    } else {
        // The largest part of the picture's middle with these proportions.
        let (cut_w, cut_h) = if u64::from(w) * height as u64 > u64::from(h) * width as u64 {
            (((u64::from(h) * width as u64) / height.max(1) as u64).max(1) as u32, h)
        } else {
            (w, ((u64::from(w) * height as u64) / width.max(1) as u64).max(1) as u32)
        };
        let middle = imageops::crop_imm(picture, (w - cut_w) / 2, (h - cut_h) / 2, cut_w, cut_h).to_image();
        Cow::Owned(imageops::resize(&middle, width as u32, height as u32, FilterType::Triangle))
    };
    match channels {
        1 => {
            let (pixels, _) = scaled.as_raw().as_chunks::<3>();
            Ok(pixels.iter().map(grey).collect())
        }
        3 => {
            let interleaved = scaled.as_raw();
            Ok((0..3).flat_map(|c| interleaved.iter().skip(c).step_by(3).copied()).collect())
        }
        other => Err(Error::shape("pictures", format!("{other} channels; 1 (grey) or 3 (colour) are possible"))),
    }
}

/// Returns the grey of a pixel by ITU-R 601-2, in PIL's integers (`Image.convert("L")`).
fn grey(&[red, green, blue]: &[u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

/// Bytes of a picture as it lies in memory, as red, green, blue a pixel: what PNG and the screen want.
pub fn to_rgb(chw: &[u8], channels: usize) -> Vec<u8> {
    let plane = chw.len() / channels.max(1);
    let channel = |c: usize| if channels == 3 { c * plane } else { 0 };
    (0..plane).flat_map(|i| [chw[channel(0) + i], chw[channel(1) + i], chw[channel(2) + i]]).collect()
}
