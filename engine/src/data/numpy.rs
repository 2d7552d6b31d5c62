//! Images and labels as NumPy arrays: Keras's `mnist.npz`, the files of MedMNIST, or `.npy` files
//! in a folder ([format](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)).
//!
//! Arrays are found by name, such as `x_train` and `y_train` or `train_images` and `train_labels`.
//! Without a split in their names (`x` and `y`), samples are split at random by class.

use std::sync::Arc;

use super::catalog;
use super::codecs::Codecs;
use super::dataset::Dataset;
use super::files::Files;
use super::images::Images;
use super::layout::{is_hidden, parts, split_of_word};
use super::limits::Split;
use super::splits::{OpenOptions, SplitMethod, Splits};
use crate::{Error, Result};

/// Maximum height and width of images.
const MAX_SIDE: usize = 4096;

/// Maximum number of classes.
const MAX_CLASSES: usize = 65_536;

/// Content of an array, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Images,
    Labels,
}

/// Returns the role and the split in an array's name; `None` for other names.
fn role(path: &str) -> Option<(Role, Option<Split>)> {
    let name = parts(path).last()?.to_ascii_lowercase();
    let (mut role, mut split) = (None, None);
    for word in name.strip_suffix(".npy")?.split('_') {
        match word {
            "x" | "image" | "images" | "data" if role.is_none() => role = Some(Role::Images),
            "y" | "label" | "labels" | "target" | "targets" if role.is_none() => role = Some(Role::Labels),
            word if split.is_none() => split = Some(split_of_word(word)?),
            _ => return None,
        }
    }
    Some((role?, split))
}

/// Returns `true` for the name of an array.
pub(super) fn wants(name: &str) -> bool {
    name.ends_with(".npy")
}

fn find(files: &Files, wanted: (Role, Option<Split>)) -> Option<&str> {
    files.paths().find(|path| !is_hidden(path) && role(path) == Some(wanted))
}

pub(super) fn claims(files: &Files) -> bool {
    [Some(Split::Train), None].iter().any(|split| find(files, (Role::Images, *split)).is_some())
}

/// Reads the arrays of every split.
///
/// # Errors
/// An array is missing, damaged or of another dtype or shape; or a limit exceeds the number of
/// images.
pub(super) async fn read(root: &str, files: &Files, options: &OpenOptions, codecs: &dyn Codecs) -> Result<Splits> {
    let has_splits = find(files, (Role::Images, Some(Split::Train))).is_some();
    let wanted: &[Option<Split>] =
        if has_splits { &[Some(Split::Train), Some(Split::Validation), Some(Split::Test)] } else { &[None] };
    let mut arrays = Vec::new();
    for split in wanted {
        let Some(path) = find(files, (Role::Images, *split)) else { continue };
        let images = Array::parse(path, files.read(path, codecs).await?)?.into_images(path)?;
        let Some(labels) = find(files, (Role::Labels, *split)) else {
            let problem = format!("has {path}, but no array of its labels, such as y_train beside x_train");
            return Err(Error::file(root, problem));
        };
        let targets = Array::parse(labels, files.read(labels, codecs).await?)?.into_labels(labels)?;
        if targets.len() != images.count {
            let problem = format!("has {} labels, {path} has {} images", targets.len(), images.count);
            return Err(Error::file(labels, problem));
        }
        arrays.push((*split, images, targets));
    }
    let classes = classes(root, arrays.iter().flat_map(|(.., targets)| targets))?;
    let shape = arrays.first().map_or([0; 3], |(_, images, _)| images.shape);
    let mut splits = Vec::new();
    for (split, images, targets) in &arrays {
        if images.shape != shape {
            let problem = format!("has images of {:?} and of {shape:?}: all splits have one shape", images.shape);
            return Err(Error::file(root, problem));
        }
        splits.push((*split, Arc::new(images.labeled(targets, &classes)?) as Arc<dyn Dataset>));
    }
    let (title, kind) = (catalog::NUMPY.title, catalog::NUMPY.name);
    let mut part = |wanted: Option<Split>| {
        let index = splits.iter().position(|(split, _)| *split == wanted)?;
        Some(splits.remove(index).1)
    };
    if let Some(all) = part(None) {
        return Splits::stratified(title, kind, &all, options);
    }
    let missing = |name: &str| Error::file(root, format!("has no arrays of a {name} split"));
    let train = part(Some(Split::Train)).ok_or_else(|| missing("training"))?;
    let (validation, test) = (part(Some(Split::Validation)), part(Some(Split::Test)));
    let Some(test) = test.clone().or_else(|| validation.clone()) else {
        return Splits::stratified(title, kind, &train, options);
    };
    let mut read = Splits::new(title, kind, SplitMethod::Official, train, test.clone());
    match validation {
        Some(validation) if !Arc::ptr_eq(&validation, &test) => {
            read.split.validation = validation.len();
            read.validation = Some(validation);
        }
        Some(_) => read.notes.push("there is no test split: the validation split is tested on".to_owned()),
        None => {}
    }
    read.limited(options.limits)
}

/// Returns the distinct labels, sorted; the names of the classes are their digits.
fn classes<'a>(root: &str, labels: impl Iterator<Item = &'a i64>) -> Result<Vec<i64>> {
    let mut classes: Vec<i64> = labels.copied().collect();
    classes.sort_unstable();
    classes.dedup();
    match classes.len() {
        2..=MAX_CLASSES => Ok(classes),
        n => Err(Error::file(root, format!("has {n} different labels; between 2 and {MAX_CLASSES} are supported"))),
    }
}

/// Pixels of images.
struct Pixels {
    count: usize,
    /// Channels, height and width.
    shape: [usize; 3],
    bytes: Vec<u8>,
    channels_last: bool,
}

impl Pixels {
    fn labeled(&self, labels: &[i64], classes: &[i64]) -> Result<Images> {
        let mut images = Images::new(self.shape, classes.iter().map(i64::to_string).collect());
        images.reserve(self.count);
        let [channels, height, width] = self.shape;
        let area = height * width;
        let mut planar = vec![0; channels * area];
        for (image, label) in self.bytes.chunks_exact(planar.len()).zip(labels) {
            if self.channels_last {
                for (i, pixel) in image.chunks_exact(channels).enumerate() {
                    pixel.iter().enumerate().for_each(|(channel, value)| planar[channel * area + i] = *value);
                }
            } else {
                planar.copy_from_slice(image);
            }
            images.push(&planar, classes.binary_search(label).unwrap_or_default())?;
        }
        Ok(images)
    }
}

/// A stored array: row-major elements.
struct Array {
    /// Byte order, kind and bytes per element, such as `<i8`.
    dtype: String,
    /// Bytes per element.
    size: usize,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    /// Parses a `.npy` file.
    fn parse(name: &str, mut bytes: Vec<u8>) -> Result<Self> {
        let damaged = |what: &str| Error::file(name, format!("is no .npy file that can be read: {what}"));
        let version = bytes.get(6).copied().filter(|_| bytes.starts_with(b"\x93NUMPY"));
        let begin = match version.ok_or_else(|| damaged("it must begin with \\x93NUMPY"))? {
            1 => 10,
            2 | 3 => 12,
            other => return Err(damaged(&format!("its format has the version {other}"))),
        };
        let length = bytes.get(8..begin).ok_or_else(|| damaged("it ends in its header"))?;
        let length = length.iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let end = begin + length;
        let header = bytes.get(begin..end).ok_or_else(|| damaged("it ends in its header"))?;
        let header = String::from_utf8_lossy(header);
        let value = |key: &str| {
            let (_, rest) = header.split_once(&format!("'{key}':"))?;
            Some(rest.trim_start().to_owned())
        };
        let dtype = value("descr").and_then(|text| Some(text.strip_prefix('\'')?.split_once('\'')?.0.to_owned()));
        let dtype = dtype.ok_or_else(|| damaged("its dtype is no plain number"))?;
        let shape = value("shape").and_then(|text| {
            let (sizes, _) = text.strip_prefix('(')?.split_once(')')?;
            let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
            sizes.map(|size| size.parse::<usize>().ok()).collect::<Option<Vec<_>>>()
        });
        let shape = shape.ok_or_else(|| damaged("its shape cannot be read"))?;
        if value("fortran_order").is_none_or(|order| !order.starts_with("False")) {
            return Err(damaged("it is in Fortran order; save np.ascontiguousarray of it"));
        }
        let size = dtype.get(2..).and_then(|size| size.parse::<usize>().ok()).unwrap_or(0);
        let expected = shape.iter().try_fold(size, |product, size| product.checked_mul(*size));
        bytes.drain(..end);
        if size == 0 || expected != Some(bytes.len()) {
            let sizes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
            return Err(damaged(&format!("{sizes} elements of {dtype} are not its {} bytes", bytes.len())));
        }
        Ok(Self { dtype, size, shape, bytes })
    }

    /// Converts to images: `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]` of 1 or 3 channels.
    fn into_images(self, name: &str) -> Result<Pixels> {
        if self.dtype != "|u1" {
            let problem = format!("holds elements of {}; images are bytes from 0 to 255 (uint8)", self.dtype);
            return Err(Error::file(name, problem));
        }
        let (count, shape, channels_last) = match *self.shape.as_slice() {
            [n, h, w] => (n, [1, h, w], true),
            [n, h, w, c @ (1 | 3)] => (n, [c, h, w], true),
            [n, c @ (1 | 3), h, w] => (n, [c, h, w], false),
            _ => {
                let problem = format!(
                    "has the shape {:?}; images are [N, H, W], [N, H, W, C] or [N, C, H, W] of 1 or 3 channels",
                    self.shape
                );
                return Err(Error::file(name, problem));
            }
        };
        let [_, height, width] = shape;
        if [height, width].iter().any(|side| !(1..=MAX_SIDE).contains(side)) || count == 0 {
            return Err(Error::file(name, format!("{count} images of {height}×{width} are not supported")));
        }
        Ok(Pixels { count, shape, bytes: self.bytes, channels_last })
    }

    /// Converts to labels: integers, `[N]` or `[N, 1]`.
    fn into_labels(self, name: &str) -> Result<Vec<i64>> {
        if !matches!(self.shape.as_slice(), [_] | [_, 1]) {
            let problem = format!("has the shape {:?}; labels are [N] or [N, 1], one class a sample", self.shape);
            return Err(Error::file(name, problem));
        }
        let (order, kind) = (self.dtype.chars().next(), self.dtype.chars().nth(1));
        if !matches!(kind, Some('i' | 'u' | 'b')) || !matches!(self.size, 1 | 2 | 4 | 8) {
            let problem = format!("holds elements of {}; labels are whole numbers", self.dtype);
            return Err(Error::file(name, problem));
        }
        let number = |bytes: &[u8]| {
            let digits: Vec<u8> =
                if order == Some('>') { bytes.to_vec() } else { bytes.iter().rev().copied().collect() };
            let is_negative = kind == Some('i') && digits[0] >= 0x80;
            digits.iter().fold(if is_negative { -1i64 } else { 0 }, |sum, byte| sum << 8 | i64::from(*byte))
        };
        Ok(self.bytes.chunks_exact(self.size).map(number).collect())
    }
}
