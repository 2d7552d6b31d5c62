//! NumPy's arrays as data sets: files that NumPy wrote (`tests/data/numpy/generate.py`), and damaged ones.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use kindling::block_on;
use kindling::data::codecs::Native;
use kindling::data::{Dataset, Limits, OpenOptions, Reader, Samples, SplitMethod, Splits, open};
use kindling_tests::checks::refusal;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/numpy").join(name)
}

fn read(files: &[(&str, Vec<u8>)]) -> kindling::Result<Splits> {
    let mut reader = Reader::new("set", OpenOptions::default());
    for (name, bytes) in files {
        reader.begin(name, Some(bytes.len() as u64))?;
        reader.data(bytes)?;
        reader.end()?;
    }
    block_on(reader.finish(&Native))
}

/// The pixels of `generate.py`, from the element with this index.
fn pixels(first: usize, count: usize) -> Vec<u8> {
    (first..first + count).map(|i| ((7 * i + 3) % 256) as u8).collect()
}

fn labels(data: &dyn Dataset) -> Vec<usize> {
    (0..data.len()).map(|i| data.label(i).unwrap()).collect()
}

#[test]
fn a_file_like_keras_has_two_splits_of_gray_images() {
    let splits = open(&path("keras.npz"), &OpenOptions::default()).unwrap();
    assert_eq!((splits.kind, splits.train.len(), splits.test.len()), ("numpy", 12, 6));
    assert_eq!((splits.train.shape(), splits.split.method), (&[1, 4, 3][..], SplitMethod::Official));
    assert_eq!(splits.train.classes(), ["0", "1", "2"]);
    assert_eq!(labels(splits.test.as_ref()), [0, 1, 2, 2, 1, 0]);
    assert_eq!(splits.train.read(&[2]).unwrap(), Samples::Bytes(pixels(24, 12)));
    assert_eq!(splits.test.read(&[0]).unwrap(), Samples::Bytes(pixels(60, 12)));
    let limits = Limits { train: Some(5), test: Some(2) };
    let few = open(&path("keras.npz"), &OpenOptions { limits, ..OpenOptions::default() }).unwrap();
    assert_eq!((few.train.len(), few.test.len()), (5, 2));
}

#[test]
fn a_file_like_medmnist_has_a_validation_split_and_channels_come_first() {
    let splits = open(&path("medmnist.npz"), &OpenOptions::default()).unwrap();
    let validation = splits.validation.unwrap();
    assert_eq!((splits.train.len(), validation.len(), splits.test.len()), (8, 4, 5));
    assert_eq!((splits.train.shape(), splits.train.classes().len()), (&[3, 3, 4][..], 3));
    assert_eq!(labels(splits.train.as_ref())[..3], [1, 2, 1]);
    let last = pixels(36, 36);
    let planar: Vec<u8> = (0..3).flat_map(|channel| last.iter().skip(channel).step_by(3).copied()).collect();
    assert_eq!(validation.read(&[1]).unwrap(), Samples::Bytes(planar));
}

#[test]
fn arrays_without_a_split_are_split_by_class() {
    let splits = open(&path("plain.npz"), &OpenOptions::default()).unwrap();
    assert_eq!((splits.train.len(), splits.test.len()), (16, 4));
    assert_eq!((splits.train.classes(), splits.train.shape()), (&["-5".to_owned(), "295".into()][..], &[3, 2, 2][..]));
    assert_eq!(labels(splits.test.as_ref()).iter().sum::<usize>(), 2);
}

/// A `.npy` file of version 1.
fn npy(dtype: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), bytes].concat()
}

#[test]
fn loose_files_are_read_and_what_is_wrong_is_named() {
    let images = npy("|u1", "4, 2, 2", &[9; 16]);
    let y = npy("|u1", "4,", &[0, 1, 0, 1]);
    let pair = |x: &[u8], y: &[u8]| read(&[("set/x.npy", x.to_vec()), ("set/y.npy", y.to_vec())]);
    assert_eq!(pair(&images, &y).unwrap().train.shape(), [1, 2, 2]);
    for (result, words) in [
        (read(&[("set/x.npy", images.clone())]), "no array of its labels"),
        (pair(&images, &npy("|u1", "3,", &[0, 1, 0])), "3 labels"),
        (pair(&images, &npy("|u1", "4,", &[1; 4])), "1 different labels"),
        (pair(&images, &npy("<f4", "4,", &[0; 16])), "whole numbers"),
        (pair(&images, &npy("|u1", "2, 2", &[0, 1, 0, 1])), "one class a sample"),
        (pair(&images, &npy("|u1", "0,", &[])), "0 labels"),
        (pair(&npy("<f4", "4, 1, 1", &[0; 16]), &y), "uint8"),
        (pair(&npy("|u1", "4, 2, 2", &[9; 15]), &y), "not its 15 bytes"),
        (pair(&npy("|u1", "4, 5", &[9; 20]), &y), "[N, H, W]"),
        (pair(&npy("|u1", "0, 2, 2", &[]), &y), "0 images"),
        (pair(&npy("|O", "4, 2, 2", &[9; 16]), &y), "not its 16 bytes"),
        (pair(&npy("|u1", "4, 18446744073709551615, 2", &[9; 16]), &y), "not its 16 bytes"),
        (pair(b"\x93NUMPY\x09\x00", &y), "version 9"),
        (pair(b"\x93NUMPY\x02\x00\xff\xff\xff\xff", &y), "ends in its header"),
        (pair(b"PK", &y), "\\x93NUMPY"),
    ] {
        let text = refusal(result);
        assert!(text.contains(words), "{words}: {text}");
    }
    let mut column_major = images.clone();
    let at = images.windows(5).position(|window| window == b"False").unwrap();
    column_major[at..at + 5].copy_from_slice(b"True ");
    assert!(refusal(pair(&column_major, &y)).contains("Fortran order"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_arrays_are_refused_or_read_and_never_panic(at in 0usize..90, value: u8, cut in 0usize..90) {
        let mut images = npy("|u1", "4, 2, 2", &[9; 16]);
        let labels = npy("<i4", "4,", &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        let index = at % images.len();
        images[index] = value;
        let mut short = labels.clone();
        short.truncate(labels.len().saturating_sub(cut));
        drop(read(&[("x.npy", images.clone()), ("y.npy", labels)]));
        drop(read(&[("x.npy", images), ("y.npy", short)]));
    }
}
