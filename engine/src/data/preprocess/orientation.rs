//! Orientation of WebP images by their EXIF data: decoders of browsers ignore it, unlike that of
//! JPEG and PNG.

use image::RgbImage;

/// Removes the orientation from the EXIF data of a WebP file and returns it, from 1 (as stored) to
/// 8; `None` for other files and without an orientation. A decoder that knows the tag does not
/// apply it a second time.
///
/// The container is described in
/// [RFC 9649](https://www.rfc-editor.org/rfc/rfc9649.html#section-2.3): chunks of a name, a length
/// in little-endian order and bytes, padded to an even number.
pub fn take_webp_orientation(file: &mut [u8]) -> Option<u8> {
    if !file.starts_with(b"RIFF") || file.get(8..12)? != b"WEBP" {
        return None;
    }
    let mut start = 12;
    loop {
        let header = file.get(start..start + 8)?;
        let length = u32::from_le_bytes(header[4..].try_into().ok()?) as usize;
        let end = start.checked_add(8)?.checked_add(length)?;
        if header.starts_with(b"EXIF") {
            return take_exif_orientation(file.get_mut(start + 8..end)?);
        }
        start = end.checked_add(length % 2)?;
    }
}

/// Sets the tag `Orientation` (0x0112, a short) of EXIF data to 1 and returns its value.
fn take_exif_orientation(exif: &mut [u8]) -> Option<u8> {
    const ORIENTATION: usize = 0x0112;
    let is_little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |exif: &[u8], start: usize, length: usize| {
        let bytes = exif.get(start..start.checked_add(length)?)?;
        let join = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if is_little { bytes.iter().rfold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let directory = number(exif, 4, 4)?;
    for entry in 0..number(exif, directory, 2)? {
        let start = directory.checked_add(2 + 12 * entry)?;
        if number(exif, start, 2)? == ORIENTATION {
            let value = number(exif, start + 8, 2)?;
            exif.get_mut(start + 8..start + 10)?.copy_from_slice(if is_little { &[1, 0] } else { &[0, 1] });
            return u8::try_from(value).ok().filter(|value| (1..=8).contains(value));
        }
    }
    None
}

/// Rotates and mirrors an image by the value of the tag `Orientation`, as Pillow's
/// `ImageOps.exif_transpose` does.
pub fn apply_orientation(image: &RgbImage, orientation: u8) -> RgbImage {
    let (width, height) = image.dimensions();
    let (new_width, new_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    RgbImage::from_fn(new_width, new_height, |x, y| {
        let (x, y) = match orientation {
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
