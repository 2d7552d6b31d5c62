//! IDX, the format of MNIST and Fashion-MNIST
//! ([LeCun](https://web.archive.org/web/20220331130319/https://yann.lecun.com/exdb/mnist/)): four
//! bytes for the type and the number of dimensions, a big-endian u32 per dimension, then the
//! elements.

use std::sync::Arc;

use super::catalog::{self, DataSet, Official};
use super::codecs::Codecs;
use super::files::Files;
use super::images::Images;
use super::layout::parts;
use super::limits::Split;
use super::splits::{OpenOptions, SplitMethod, Splits};
use crate::{Error, Result};

/// Maximum height and width of images.
const MAX_SIDE: usize = 4096;

/// Returns the official files of a set whose files are named as MNIST's.
fn official(set: &'static DataSet) -> Option<&'static Official> {
    set.official.as_ref()
}

fn names(split: Split) -> &'static [&'static str] {
    official(&catalog::MNIST).map_or(&[], |files| files.files(split))
}

/// Returns `true` for the name of a file of this format. Some copies have a dot where the official
/// names have a dash.
pub(super) fn wants(name: &str) -> bool {
    let plain = name.replace(".idx", "-idx");
    [Split::Train, Split::Test].into_iter().flat_map(names).any(|known| *known == plain)
}

fn find<'a>(files: &'a Files, name: &str) -> Option<&'a str> {
    files.find(name).or_else(|| files.find(&name.replace("-idx", ".idx")))
}

pub(super) fn claims(files: &Files) -> bool {
    names(Split::Train).iter().any(|name| find(files, name).is_some())
}

/// Reads the four files of a data set.
///
/// # Errors
/// A file is missing, damaged or truncated; a label is no class; or a limit exceeds the number of
/// images.
pub(super) async fn read_files(
    root: &str,
    files: &Files,
    options: &OpenOptions,
    codecs: &dyn Codecs,
) -> Result<Splits> {
    let mut splits = Vec::new();
    for split in [Split::Train, Split::Test] {
        let mut contents = Vec::new();
        for name in names(split) {
            let path = find(files, name).ok_or_else(|| Error::file(root, format!("{name} is missing")))?;
            contents.push((path, files.read(path, codecs).await?));
        }
        let [(images, pixels), (labels, label_bytes)] = contents.as_slice() else {
            return Err(Error::internal("a set in IDX has other files than images and labels"));
        };
        splits.push((split, [*images, *labels], pixels.clone(), label_bytes.clone()));
    }
    let first = splits.first().map_or(&[][..], |(.., label_bytes)| label_bytes.get(8..).unwrap_or_default());
    let path = find(files, names(Split::Train).first().copied().unwrap_or_default()).unwrap_or_default();
    let set = which(&format!("{root}/{path}"), first);
    let classes = official(set).or(official(&catalog::MNIST)).map_or(&[][..], |official| official.classes);
    let mut read = splits.iter().map(|(split, [images, labels], pixels, label_bytes)| {
        let limit = options.limits.of(*split);
        self::read((images, pixels), (labels, label_bytes), limit, classes).map(Arc::new)
    });
    match (read.next(), read.next()) {
        (Some(train), Some(test)) => Ok(Splits::new(set.title, set.name, SplitMethod::Official, train?, test?)),
        _ => Err(Error::internal("a set in IDX has other splits than training and test")),
    }
}

/// Returns the set that a path names, else the set with these first training labels.
fn which(path: &str, labels: &[u8]) -> &'static DataSet {
    let path = path.to_ascii_lowercase();
    let named = |set: &str| parts(&path).iter().any(|part| part.replace(['-', '_'], "") == set);
    if named("fashionmnist") || named("fashion") || labels.starts_with(&[9, 0, 0, 3, 0, 2, 7, 2, 5, 5]) {
        &catalog::FASHION_MNIST
    } else if named("mnist") || labels.starts_with(&[5, 0, 4, 1, 9, 2, 1, 3, 1, 4]) {
        &catalog::MNIST
    } else {
        &catalog::IDX
    }
}

/// Reads the first `limit` images of a file of images and a file of labels, each with its name for
/// errors.
///
/// # Errors
/// A file is damaged or truncated; the numbers of images and labels differ; a label is no class; or
/// the limit exceeds the number of images.
pub fn read(images: (&str, &[u8]), labels: (&str, &[u8]), limit: Option<usize>, classes: &[&str]) -> Result<Images> {
    let (sizes, pixels) = parse::<3>(images.0, images.1)?;
    let ([count], label_bytes) = parse::<1>(labels.0, labels.1)?;
    let [n, height, width] = sizes;
    if count != n {
        let problem = format!("has {count} labels, {} has {n} images: they do not belong together", images.0);
        return Err(Error::file(labels.0, problem));
    }
    if let Some(limit) = limit
        && limit > n
    {
        let problem = format!("{limit} images are asked for, {n} are there: lower the limit");
        return Err(Error::file(images.0, problem));
    }
    if let Some((index, label)) =
        label_bytes.iter().enumerate().find(|(_, label)| usize::from(**label) >= classes.len())
    {
        let last = classes.len().saturating_sub(1);
        let problem =
            format!("label {index} is {label}, classes are 0 … {last}; the file is damaged or of another set");
        return Err(Error::file(labels.0, problem));
    }
    let mut read = Images::new([1, height, width], classes.iter().map(|name| (*name).to_owned()).collect());
    let wanted = limit.unwrap_or(n);
    read.reserve(wanted);
    for (image, label) in pixels.chunks_exact((height * width).max(1)).zip(label_bytes).take(wanted) {
        read.push(image, usize::from(*label))?;
    }
    Ok(read)
}

/// Returns the sizes of `N` dimensions, and the bytes after them.
fn parse<'a, const N: usize>(name: &str, data: &'a [u8]) -> Result<([usize; N], &'a [u8])> {
    let header = 4 + 4 * N;
    if data.len() < header || data[..4] != [0, 0, 8, N as u8] {
        let problem = format!("is no IDX file of bytes with {N} dimensions: it must begin with 00 00 08 0{N}");
        return Err(Error::file(name, problem));
    }
    let mut sizes = [0usize; N];
    for (size, word) in sizes.iter_mut().zip(data[4..header].as_chunks::<4>().0) {
        *size = u32::from_be_bytes(*word) as usize;
    }
    let expected = sizes.iter().try_fold(1usize, |a, b| a.checked_mul(*b));
    if expected != Some(data.len() - header) {
        let problem = format!(
            "describes {} but holds {} bytes; it is cut off or damaged",
            sizes.map(|s| s.to_string()).join("×"),
            data.len() - header
        );
        return Err(Error::file(name, problem));
    }
    if sizes.iter().skip(1).any(|size| !(1..=MAX_SIDE).contains(size)) {
        return Err(Error::file(name, format!("images of {}×{} are not supported", sizes[1], sizes[N - 1])));
    }
    Ok((sizes, &data[header..]))
}
