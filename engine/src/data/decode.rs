//! Decoding of image files by the crate `image`. The page is built without it: browsers have their
//! own decoders.

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};

use super::images::MAX_SIDE;
use super::preprocess::to_rgb8;

/// Maximum bytes of an image's pixels.
const MAX_PIXEL_BYTES: u64 = 1 << 30;

/// Decodes an image file. If the first bytes identify no format, the extension of the name does.
///
/// # Errors
/// A sentence without the file's name: no image, damaged, too large, or in an unsupported format.
pub fn decode(path: &str, bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let cursor = std::io::Cursor::new(bytes);
    let mut reader = ImageReader::new(cursor).with_guessed_format().map_err(|e| e.to_string())?;
    if reader.format().is_none() {
        // TGA files have no signature.
        let named = ImageFormat::from_path(path).ok().filter(|format| *format == ImageFormat::Tga);
        reader.set_format(named.ok_or_else(|| foreign(bytes))?);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_PIXEL_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    if decoder.total_bytes() > MAX_PIXEL_BYTES {
        return Err(format!("it has {} bytes of pixels", decoder.total_bytes()));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    image.apply_orientation(orientation);
    to_rgb8(image).map_err(|e| e.to_string())
}

/// Describes bytes that are no supported image.
fn foreign(bytes: &[u8]) -> String {
    let text = bytes.trim_ascii_start();
    let is = |signature: &str| {
        text.get(..signature.len()).is_some_and(|start| start.eq_ignore_ascii_case(signature.as_bytes()))
    };
    if is("<!doctype html") || is("<html") {
        "it is a page of HTML".into()
    } else if is("<svg") || is("<?xml") {
        "it is SVG or another XML file, not an image of pixels".into()
    } else if bytes.get(4..8) == Some(b"ftyp") {
        "it is HEIC, AVIF or a video, which are not read: save it as PNG or JPEG".into()
    } else {
        "it is in no known image format".into()
    }
}
