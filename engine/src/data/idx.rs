//! IDX, the format of MNIST and Fashion-MNIST
//! ([LeCun](https://web.archive.org/web/20220331130319/https://yann.lecun.com/exdb/mnist/)): four bytes of type
//! and dimensions, a big-endian u32 a dimension, then the bytes.

use std::io::Read;

use super::images::Images;
use super::limits::Split;
use crate::{Error, Result};

/// The files of a split, as they are called unpacked; packed they end in `.gz`.
pub fn files(split: Split) -> [&'static str; 2] {
    match split {
        Split::Train => ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
        Split::Test => ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    }
}

/// The first `limit` pictures of a file of pictures and a file of labels, each plain or gzipped, and their names
/// for errors.
///
/// # Errors
/// A file is damaged, ends too early, or they do not belong together.
pub fn read(pictures: (&str, &[u8]), labels: (&str, &[u8]), limit: Option<usize>) -> Result<Images> {
    let (sizes, pixels) = parse::<3>(pictures.0, pictures.1)?;
    let ([count], marks) = parse::<1>(labels.0, labels.1)?;
    let [n, height, width] = sizes;
    if count != n {
        let problem = format!("has {count} labels, {} has {n} pictures: they do not belong together", pictures.0);
        return Err(Error::file(labels.0, problem));
    }
    if let Some(limit) = limit
        && limit > n
    {
        let problem = format!("{limit} pictures were asked for, {n} are there");
        return Err(Error::file(pictures.0, problem));
    }
    let classes = marks.iter().copied().max().map_or(0, |most| usize::from(most) + 1).max(10);
    let mut images = Images::new([1, height, width], (0..classes).map(|i| i.to_string()).collect());
    let wanted = limit.unwrap_or(n);
    images.reserve(wanted);
    for (i, label) in marks.iter().take(wanted).enumerate() {
        let picture = &pixels[i * height * width..(i + 1) * height * width];
        images.push(picture, usize::from(*label))?;
    }
    Ok(images)
}

/// The sizes of `N` dimensions, and the bytes.
fn parse<const N: usize>(name: &str, bytes: &[u8]) -> Result<([usize; N], Vec<u8>)> {
    const MOST: u64 = 1 << 31;
    let data = match bytes {
        [0x1f, 0x8b, ..] => {
            let mut data = Vec::new();
            flate2::read::GzDecoder::new(bytes)
                .take(MOST)
                .read_to_end(&mut data)
                .map_err(|e| Error::file(name, format!("is damaged or ends too early: {e}")))?;
            data
        }
        _ => bytes.to_vec(),
    };
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
    if sizes.iter().skip(1).any(|size| !(1..=4096).contains(size)) {
        return Err(Error::file(name, format!("pictures of {}×{} are not supported", sizes[1], sizes[N - 1])));
    }
    Ok((sizes, data[header..].to_vec()))
}
