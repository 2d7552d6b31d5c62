//! Images in folders and archives: classes and splits as torchvision's ImageFolder has them, what is skipped is
//! said, every format and mode is read as PIL reads it.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::{DynamicImage, GrayAlphaImage, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use kindling::data::layout::Layout;
use kindling::data::{Limits, OpenOptions, Split, SplitMethod, Splits, images, open};
use kindling_tests::checks::refusal;
use serde::Deserialize;

/// A folder of its own, removed when the test has passed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kindling-images-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Writes `n` images into each folder.
    fn images(&self, folders: &[(&str, usize)]) {
        for (folder, n) in folders {
            (0..*n).for_each(|i| self.write(&format!("{folder}/{i}.png"), &png(4, 4, [9, i as u8, 9])));
        }
    }

    fn open(&self) -> Splits {
        open(&self.0, &OpenOptions::default()).unwrap()
    }

    fn refused(&self) -> String {
        refusal(open(&self.0, &OpenOptions::default()).map(|_| ()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    encoded(&RgbImage::from_pixel(width, height, Rgb(colour)).into(), ImageFormat::Png)
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Training, validation and test samples of each class.
fn counts(splits: &Splits) -> BTreeMap<String, [usize; 3]> {
    let mut counts: BTreeMap<String, [usize; 3]> =
        splits.train.classes().iter().map(|class| (class.clone(), [0; 3])).collect();
    let data = [Some(&splits.train), splits.validation.as_ref(), Some(&splits.test)];
    for (split, data) in data.into_iter().enumerate().filter_map(|(split, data)| Some((split, data?))) {
        for index in 0..data.len() {
            let class = &data.classes()[data.label(index).unwrap()];
            counts.get_mut(class).unwrap()[split] += 1;
        }
    }
    counts
}

fn expected(classes: &[(&str, [usize; 3])]) -> BTreeMap<String, [usize; 3]> {
    classes.iter().map(|(class, counts)| ((*class).to_owned(), *counts)).collect()
}

#[derive(Deserialize)]
struct Tree {
    files: Vec<String>,
    #[serde(default)]
    samples: BTreeMap<String, String>,
    #[serde(default)]
    splits: Vec<BTreeMap<String, String>>,
}

#[test]
fn classes_are_those_of_image_folder_on_random_trees() {
    let trees: Vec<Tree> = serde_json::from_str(include_str!("../data/imagefolder/trees.json")).unwrap();
    assert!(trees.len() >= 80);
    let endings = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];
    let is_image = |path: &&str| endings.iter().any(|ending| path.to_lowercase().ends_with(ending));
    for tree in trees {
        let paths: Vec<&str> = tree.files.iter().map(String::as_str).filter(is_image).collect();
        let layout = Layout::from_paths("a tree", &paths).unwrap();
        let found = |split: Option<Split>| -> BTreeMap<String, String> {
            let files = layout.files.iter().filter(|file| file.split == split);
            files.map(|file| (paths[file.index].to_owned(), layout.classes[file.class].clone())).collect()
        };
        if tree.splits.is_empty() {
            assert_eq!(found(None), tree.samples, "{:?}", tree.files);
        } else {
            for (split, samples) in [Split::Train, Split::Test, Split::Validation].into_iter().zip(&tree.splits) {
                assert_eq!(&found(Some(split)), samples, "{split}: {:?}", tree.files);
            }
        }
        let cover = tree.files.iter().any(|path| path == "cover.jpg");
        assert_eq!(layout.notes.iter().any(|note| note.contains("cover.jpg")), cover, "{:?}", layout.notes);
    }
}

#[test]
fn folders_that_people_have() {
    type Case<'a> = (&'a str, &'a [(&'a str, usize)], &'a [(&'a str, [usize; 3])]);
    let cases: &[Case<'_>] = &[
        ("plain", &[("a", 10), ("b", 10)], &[("a", [8, 0, 2]), ("b", [8, 0, 2])]),
        (
            "train and test",
            &[("Training/a", 3), ("Training/b", 3), ("Testing/a", 2), ("Testing/b", 1)],
            &[("a", [3, 0, 2]), ("b", [3, 0, 1])],
        ),
        (
            "three splits",
            &[("train/a", 4), ("train/b", 4), ("val/a", 2), ("val/b", 2), ("test/a", 3), ("test/b", 3)],
            &[("a", [4, 2, 3]), ("b", [4, 2, 3])],
        ),
        (
            "validation alone is tested on",
            &[("train/a", 4), ("train/b", 4), ("valid/a", 2), ("valid/b", 2)],
            &[("a", [4, 0, 2]), ("b", [4, 0, 2])],
        ),
        (
            "splits in classes",
            &[("a/train", 4), ("a/test", 1), ("b/train", 5), ("b/test", 2)],
            &[("a", [4, 0, 1]), ("b", [5, 0, 2])],
        ),
        (
            "classes of classes",
            &[("cats/in", 3), ("cats/out", 2), ("dogs/in", 5)],
            &[("cats", [4, 0, 1]), ("dogs", [4, 0, 1])],
        ),
        (
            "Intel's",
            &[
                ("seg_train/seg_train/sea", 4),
                ("seg_train/seg_train/ice", 4),
                ("seg_test/seg_test/sea", 1),
                ("seg_test/seg_test/ice", 1),
                ("seg_pred/seg_pred", 3),
            ],
            &[("ice", [4, 0, 1]), ("sea", [4, 0, 1])],
        ),
        ("a top folder", &[("set/2024/a", 5), ("set/2024/b", 5)], &[("a", [4, 0, 1]), ("b", [4, 0, 1])]),
        ("a class called test", &[("control", 5), ("test", 5)], &[("control", [4, 0, 1]), ("test", [4, 0, 1])]),
        (
            "a class called train",
            &[("train", 5), ("car", 5), ("plane", 5)],
            &[("car", [4, 0, 1]), ("plane", [4, 0, 1]), ("train", [4, 0, 1])],
        ),
        ("unlabelled test", &[("train/a", 5), ("train/b", 5), ("test", 4)], &[("a", [4, 0, 1]), ("b", [4, 0, 1])]),
        (
            "stem",
            &[
                ("alphabet_train/alphabet_train/A", 5),
                ("alphabet_train/alphabet_train/B", 5),
                ("alphabet_test/alphabet_test/A", 2),
                ("alphabet_test/alphabet_test/B", 2),
            ],
            &[("A", [5, 0, 2]), ("B", [5, 0, 2])],
        ),
    ];
    for (name, folders, wanted) in cases {
        let folder = Folder::new(&name.replace(' ', "-"));
        folder.images(folders);
        let splits = folder.open();
        assert_eq!(counts(&splits), expected(wanted), "{name}: {:?}", splits.notes);
        let by_folder = splits.split.method == SplitMethod::Folders;
        assert_eq!(by_folder, !matches!(splits.split.method, SplitMethod::Random { .. }), "{name}");
        for (left, word) in [("Intel's", "seg_pred"), ("unlabelled test", "test/0.png")] {
            assert!(*name != left || splits.notes.iter().any(|note| note.contains(word)), "{name}: {:?}", splits.notes);
        }
    }
    let folder = Folder::new("flat");
    folder.images(&[("train", 4), ("test", 4)]);
    assert!(folder.refused().contains("no folder for each class"), "{}", folder.refused());
    let folder = Folder::new("one");
    folder.images(&[("only", 4)]);
    assert!(folder.refused().contains("at least two"), "{}", folder.refused());
}

#[test]
fn what_cannot_be_read_is_skipped_and_said() {
    let folder = Folder::new("broken");
    folder.images(&[("cat", 6), ("dog", 6)]);
    folder.write("cat/666.jpg", b"");
    folder.write("dog/11702.jpg", b"<!DOCTYPE html><html>");
    folder.write("dog/notes.txt", b"stray");
    folder.write("dog/Thumbs.db", b"hidden");
    folder.write("bird/0.heic", b"\0\0\0\x18ftypheic");
    folder.write("bird/1.png", &png(4, 4, [0; 3])[..40]);
    let splits = folder.open();
    let notes = splits.notes.join("\n");
    for word in ["4 of 16 images", "666.jpg", "empty", "11702.jpg", "HTML", "0.heic", "HEIC", "notes.txt", "\"bird\""] {
        assert!(notes.contains(word), "{word} is missing in {notes}");
    }
    assert!(!notes.contains("Thumbs"), "{notes}");
    assert_eq!(splits.train.classes(), ["cat", "dog"]);
    assert_eq!(splits.train.len() + splits.test.len(), 12);
    let strict = OpenOptions { strict: true, ..OpenOptions::default() };
    let refused = refusal(open(&folder.0, &strict).map(|_| ()));
    assert!(["666.jpg", "11702.jpg", "0.heic", "1.png"].iter().all(|name| refused.contains(name)), "{refused}");
}

#[test]
fn one_size_whatever_the_seed() {
    let folder = Folder::new("sizes");
    for i in 0..6u8 {
        folder.write(&format!("a/{i}.png"), &png(20, 32, [i, 0, 0]));
        folder.write(&format!("b/{i}.png"), &png(if i < 2 { 300 } else { 20 }, 32, [i, 9, 0]));
    }
    for seed in 0..8 {
        let splits = open(&folder.0, &OpenOptions { seed, ..OpenOptions::default() }).unwrap();
        assert_eq!(splits.train.shape(), [3, 32, 20]);
        assert!(
            splits.notes.iter().any(|note| note.contains("2 of 12") && note.contains("32×20")),
            "{:?}",
            splits.notes
        );
    }
    let options = OpenOptions { size: Some([8, 10]), channels: 1, ..OpenOptions::default() };
    assert_eq!(open(&folder.0, &options).unwrap().test.shape(), [1, 8, 10]);
    let limits = Limits { train: Some(99), test: None };
    let refused = refusal(open(&folder.0, &OpenOptions { limits, ..OpenOptions::default() }).map(|_| ()));
    assert!(refused.contains("99 training samples are asked for, 9 are there"), "{refused}");
    let limits = Limits { train: Some(3), test: Some(1) };
    let splits = open(&folder.0, &OpenOptions { limits, ..OpenOptions::default() }).unwrap();
    assert_eq!((splits.train.len(), splits.test.len(), splits.split.train), (3, 1, 9));
}

#[test]
fn every_format_and_mode_is_read() {
    let rgb = RgbImage::from_fn(6, 5, |x, y| Rgb([40 * x as u8, 50 * y as u8, 30]));
    let image = DynamicImage::from(rgb.clone());
    let lossless = [
        ("png", ImageFormat::Png),
        ("bmp", ImageFormat::Bmp),
        ("tiff", ImageFormat::Tiff),
        ("webp", ImageFormat::WebP),
        ("qoi", ImageFormat::Qoi),
        ("tga", ImageFormat::Tga),
        ("ppm", ImageFormat::Pnm),
    ];
    for (ending, format) in lossless {
        let read = images::decode(&format!("x.{ending}"), &encoded(&image, format)).unwrap();
        assert_eq!(read, rgb, "{ending}");
    }
    let icon = DynamicImage::from(RgbaImage::from_pixel(4, 4, Rgba([1, 2, 3, 255])));
    assert_eq!(images::decode("x.ico", &encoded(&icon, ImageFormat::Ico)).unwrap().get_pixel(0, 0), &Rgb([1, 2, 3]));
    let gif = images::decode("x.gif", &encoded(&icon, ImageFormat::Gif)).unwrap();
    assert_eq!((gif.dimensions(), gif.get_pixel(0, 0)), ((4, 4), &Rgb([1, 2, 3])));
    let jpeg = images::decode("x.jpg", &encoded(&RgbImage::from_pixel(8, 8, Rgb([100; 3])).into(), ImageFormat::Jpeg));
    assert!(jpeg.unwrap().as_raw().iter().all(|byte| byte.abs_diff(100) <= 1));
    // 16 bits become their high byte; grey becomes three equal channels; what is not opaque lies on white.
    let deep = image::ImageBuffer::from_pixel(2, 2, Rgb([0x1234u16, 0x8000, 0xffff]));
    let read = images::decode("x.png", &encoded(&deep.into(), ImageFormat::Png)).unwrap();
    assert!(read.get_pixel(1, 1).0.iter().zip([0x12u8, 0x80, 0xff]).all(|(a, b)| a.abs_diff(b) <= 1), "{read:?}");
    let grey = image::GrayImage::from_pixel(2, 2, Luma([77]));
    let read = images::decode("x.png", &encoded(&grey.into(), ImageFormat::Png)).unwrap();
    assert_eq!(read.get_pixel(0, 0), &Rgb([77; 3]));
    let soft = GrayAlphaImage::from_pixel(1, 1, LumaA([0, 51]));
    let read = images::decode("x.png", &encoded(&soft.into(), ImageFormat::Png)).unwrap();
    assert_eq!(read.get_pixel(0, 0), &Rgb([204; 3]));
    let mut soft = RgbaImage::from_pixel(3, 1, Rgba([200, 0, 0, 255]));
    soft.put_pixel(1, 0, Rgba([200, 0, 0, 0]));
    soft.put_pixel(2, 0, Rgba([0, 0, 0, 51]));
    let read = images::decode("x.png", &encoded(&soft.into(), ImageFormat::Png)).unwrap();
    assert_eq!(read.as_raw()[..], [200, 0, 0, 255, 255, 255, 204, 204, 204]);
    // The name does not decide, where the content does.
    assert_eq!(images::decode("x.jpg", &encoded(&image, ImageFormat::Png)).unwrap(), rgb);
    assert!(refusal(images::decode("page.jpg", b"<html>")).contains("HTML"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_stay_apart() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::new("bytes");
    for name in [b"b\xfe".as_slice(), b"b\xff"] {
        let class = folder.0.join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir_all(&class).unwrap();
        (0..5).for_each(|i| std::fs::write(class.join(format!("{i}.png")), png(4, 4, [i; 3])).unwrap());
    }
    assert_eq!(counts(&folder.open()), expected(&[("b‹fe›", [4, 0, 1]), ("b‹ff›", [4, 0, 1])]));
}

#[test]
fn links_to_folders_around_them_end() {
    #[cfg(unix)]
    {
        let folder = Folder::new("links");
        folder.images(&[("a", 5), ("b", 5)]);
        std::os::unix::fs::symlink(&folder.0, folder.0.join("a/again")).unwrap();
        assert_eq!(counts(&folder.open()), expected(&[("a", [4, 0, 1]), ("b", [4, 0, 1])]));
    }
}
