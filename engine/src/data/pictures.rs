//! Picture files sorted into classes by folder, as torchvision's `ImageFolder` has them: `…/CLASS/name.png`, with
//! `train/` and `test/` (or `val/`) above the classes if there are two halves. The paths and bytes may come from a
//! disk, a zip or a drop on the page.

use std::borrow::Cow;

use image::GrayImage;
use image::buffer::ConvertBuffer as _;
use image::imageops::{self, FilterType};

pub use image::RgbImage;

use super::limits::Split;
use crate::{Error, Result};

/// A picture file, by its place in the collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PictureFile {
    /// The path, which errors name.
    pub path: String,
    /// The folder it lies in.
    pub class: String,
    /// The half it belongs to, if the collection has halves.
    pub split: Option<SplitName>,
}

/// Names that the folder of a half goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SplitName {
    /// `train`, `training`.
    Train,
    /// `test`, `val`, `valid`, `validation`.
    Test,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Test => Self::Test,
        }
    }
}

impl PictureFile {
    /// What a path within a collection says: nothing if it is no picture or lies in no folder.
    pub fn from_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|p| !p.is_empty() && *p != ".").collect();
        let (file, folders) = parts.split_last()?;
        let (_, extension) = file.rsplit_once('.')?;
        let known = ["png", "jpg", "jpeg", "webp", "bmp"];
        // Hidden files and macOS's shadows in zips are no pictures.
        let hidden = parts.iter().any(|p| p.starts_with('.') || *p == "__MACOSX");
        if hidden || !known.contains(&extension.to_ascii_lowercase().as_str()) {
            return None;
        }
        let class = (*folders.last()?).to_owned();
        let split = folders.iter().rev().skip(1).find_map(|folder| match folder.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(SplitName::Train),
            "test" | "val" | "valid" | "validation" => Some(SplitName::Test),
            _ => None,
        });
        Some(Self { path: path.to_owned(), class, split })
    }
}

/// The classes of some files, in alphabetical order: as `ImageFolder` numbers them.
pub fn classes(files: &[PictureFile]) -> Vec<String> {
    let mut names: Vec<String> = files.iter().map(|file| file.class.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whatever is larger than this in either direction is refused before memory is taken for it.
pub const LARGEST_SIDE: u32 = 16_384;

/// Decodes a picture file: PNG, JPEG, WebP or BMP; turned as its EXIF data says, and laid on white where it is not opaque.
/// A browser has decoders of its own: the page is built without these.
///
/// # Errors
/// It is none of these, damaged, or too large.
#[cfg(feature = "codecs")]
pub fn decode(path: &str, bytes: &[u8]) -> Result<RgbImage> {
    use image::metadata::Orientation;
    use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

    const LARGEST: u64 = 1 << 30;
    let refuse = |problem: String| Error::file(path, format!("is no picture that can be read: {problem}"));
    let mut reader =
        ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(|e| refuse(e.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| refuse(e.to_string()))?;
    if decoder.total_bytes() > LARGEST {
        return Err(refuse(format!("it has {} bytes of pixels", decoder.total_bytes())));
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| refuse(e.to_string()))?;
    picture.apply_orientation(turned);
    if picture.color().has_alpha() {
        return from_rgba(picture.width(), picture.height(), picture.into_rgba8().as_raw());
    }
    Ok(picture.into_rgb8())
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
            let grey: GrayImage = scaled.convert();
            Ok(grey.into_raw())
        }
        3 => {
            let interleaved = scaled.as_raw();
            Ok((0..3).flat_map(|c| interleaved.iter().skip(c).step_by(3).copied()).collect())
        }
        other => Err(Error::shape("pictures", format!("{other} channels; 1 (grey) or 3 (colour) are possible"))),
    }
}

/// Bytes of a picture as it lies in memory, as red, green, blue a pixel: what PNG and the screen want.
pub fn to_rgb(chw: &[u8], channels: usize) -> Vec<u8> {
    let plane = chw.len() / channels.max(1);
    let channel = |c: usize| if channels == 3 { c * plane } else { 0 };
    (0..plane).flat_map(|i| [chw[channel(0) + i], chw[channel(1) + i], chw[channel(2) + i]]).collect()
}
