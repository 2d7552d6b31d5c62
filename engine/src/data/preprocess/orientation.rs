//! Orientation of WebP images by their EXIF data: decoders of browsers ignore it, unlike that of
//! JPEG and PNG.

use image::RgbImage;
use image::metadata::Orientation;

/// Removes the orientation from the EXIF data of a WebP file and returns it; `None` for other files
/// and without an orientation. A decoder that knows it does not apply it a second time.
///
/// The container is described in
/// [RFC 9649](https://www.rfc-editor.org/rfc/rfc9649.html#section-2.3): chunks of a name, a length
/// in little-endian order and bytes, padded to an even number.
pub fn take_webp_orientation(file: &mut [u8]) -> Option<Orientation> {
    if !file.starts_with(b"RIFF") || file.get(8..12)? != b"WEBP" {
        return None;
    }
    let mut start = 12;
    loop {
        let header = file.get(start..start + 8)?;
        let length = u32::from_le_bytes(header[4..].try_into().ok()?) as usize;
        let end = start.checked_add(8)?.checked_add(length)?;
        if header.starts_with(b"EXIF") {
            return Orientation::remove_from_exif_chunk(file.get_mut(start + 8..end)?);
        }
        start = end.checked_add(length % 2)?;
    }
}

/// Rotates and mirrors an image as Pillow's `ImageOps.exif_transpose` does.
pub fn apply_orientation(image: &RgbImage, orientation: Orientation) -> RgbImage {
    let value = orientation.to_exif();
    let (width, height) = image.dimensions();
    let (new_width, new_height) = if value >= 5 { (height, width) } else { (width, height) };
    RgbImage::from_fn(new_width, new_height, |x, y| {
        let (x, y) = match value {
            2 => (width - 1 - x, y),
            3 => (width - 1 - x, height - 1 - y),
            4 => (x, height - 1 - y),
            5 => (y, x),
            6 => (y, height - 1 - x),
            7 => (width - 1 - y, height - 1 - x),
            8 => (width - 1 - y, x),
            _ => (x, y),
        };
        *image.get_pixel(x, y)
    })
}
