//! One preprocessing: what is done to an image is Pillow's to the bit, and what model files say of it is checked.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use kindling::data::images::{self, RgbImage};
use kindling::data::preprocess::orientation::{apply_orientation, take_webp_orientation};
use kindling::data::preprocess::{Preprocessing, gray, to_chw};
use kindling::data::transforms::{Compose, Normalize};
use kindling::data::{DataLoader, OpenOptions, crc32, open};
use kindling::format::Normalization;
use kindling::train::TrainSpec;
use kindling::{Device, block_on};
use serde::Deserialize;

/// The image that `tests/data/preprocess/generate.py` makes.
fn image(width: u32, height: u32) -> RgbImage {
    let value = |x: u32, y: u32, c: u32| (x * 7 + y * 13 + c * 101 + x * y * 3 + (x * x + 5 * y) / 4 % 97) as u8;
    RgbImage::from_fn(width, height, |x, y| image::Rgb([0, 1, 2].map(|c| value(x, y, c))))
}

#[test]
fn a_browsers_image_is_oriented_as_by_the_crate_and_each_orientation_is_taken_once() {
    let plain = image(5, 3);
    for value in 1..=8 {
        let orientation = Orientation::from_exif(value).unwrap();
        let mut wanted = image::DynamicImage::from(plain.clone());
        wanted.apply_orientation(orientation);
        assert_eq!(apply_orientation(&plain, value), wanted.into_rgb8(), "orientation {value}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/preprocess/images");
    let file = std::fs::read(folder.join("exif8.webp")).unwrap();
    let mut stripped = file.clone();
    let orientation = take_webp_orientation(&mut stripped).unwrap();
    assert_eq!(orientation, 8);
    assert_eq!(take_webp_orientation(&mut stripped.clone()), Some(1));
    let decoded = images::decode("exif8.webp", &stripped).unwrap();
    assert_eq!(apply_orientation(&decoded, orientation), images::decode("exif8.webp", &file).unwrap());
    for length in 0..file.len() {
        take_webp_orientation(&mut file[..length].to_vec());
    }
    for name in ["rgb.png", "exif6.jpg", "lossless.webp"] {
        assert!(take_webp_orientation(&mut std::fs::read(folder.join(name)).unwrap()).is_none(), "{name}");
    }
}

#[derive(Deserialize)]
struct Resized {
    from: [u32; 2],
    to: [usize; 2],
    channels: usize,
    crc32: u32,
    first: Vec<u8>,
}

#[test]
fn images_are_cropped_and_scaled_as_pillow_fits_them() {
    let cases: Vec<Resized> = serde_json::from_str(include_str!("../data/preprocess/resize.json")).unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let Resized { from: [w, h], to: [width, height], channels, .. } = case;
        let made = to_chw(&image(w, h), [channels, height, width]).unwrap();
        assert_eq!(made[..8.min(made.len())], case.first, "{w}×{h} to {channels}×{height}×{width}");
        assert_eq!(crc32(&made), case.crc32, "{w}×{h} to {channels}×{height}×{width}");
    }
}

#[test]
fn gray_is_pillows() {
    let known = [([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29), ([255; 3], 255), ([0; 3], 0), ([77; 3], 77)];
    known.into_iter().for_each(|(rgb, want)| assert_eq!(gray(rgb), want, "{rgb:?}"));
}

#[test]
fn preprocessing_survives_a_file_and_foreign_steps_are_refused() {
    let stats = Normalization { mean: vec![0.5; 3], std: vec![0.25; 3] };
    let steps = Preprocessing::new([3, 20, 32], Some(&stats));
    let json = serde_json::to_string(&steps).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessing>(&json).unwrap(), steps);
    let foreign = json.replace("center-crop-bilinear-antialias", "squash");
    let error = serde_json::from_str::<Preprocessing>(&foreign).unwrap_err().to_string();
    assert!(error.contains("squash"), "{error}");
    let broken = [
        Preprocessing { version: 9, ..steps.clone() },
        Preprocessing { channels: 2, ..steps.clone() },
        Preprocessing { size: [0, 32], ..steps.clone() },
        Preprocessing { mean: vec![0.5], ..steps.clone() },
        Preprocessing { std: vec![0.0; 3], ..steps.clone() },
    ];
    broken.iter().for_each(|steps| assert!(steps.check().is_err(), "{steps:?}"));
    assert!(steps.apply(&RgbImage::new(0, 0)).is_err());
}

/// Images of all formats and modes, and the pixels that an exported script makes of each, for color and gray.
fn images() -> Vec<(PathBuf, BTreeMap<String, String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/preprocess");
    let pixels = std::fs::read_to_string(folder.join("pixels.json")).unwrap();
    let pixels: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&pixels).unwrap();
    pixels.into_iter().map(|(name, made)| (folder.join("images").join(name), made)).collect()
}

/// The largest difference that a decoder may make: those of JPEG and of lossy WebP round differently.
fn tolerance(path: &Path) -> u8 {
    let name = path.file_name().unwrap().to_string_lossy();
    match () {
        _ if name == "cmyk.jpg" => 4,
        _ if name.ends_with(".jpg") || name == "lossy.webp" => 3,
        _ => 0,
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn training_evaluation_and_prediction_see_the_pixels_that_the_script_sees() {
    let images = images();
    assert!(images.len() >= 40);
    let place = std::env::temp_dir().join(format!("kindling-preprocess-{}", std::process::id()));
    let (mut wrong, mut skipped) = (Vec::new(), Vec::new());
    for (path, made) in images {
        let file = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (mode, channels) in [("RGB", 3), ("L", 1)] {
            let stats = Normalization { mean: vec![0.25; channels], std: vec![0.5; channels] };
            let steps = Preprocessing::new([channels, 8, 8], Some(&stats));
            let decoded = match images::decode(&name, &file) {
                Ok(image) => image,
                Err(error) => {
                    skipped.push(format!("{name}: {error}"));
                    continue;
                }
            };
            let predicted = steps.apply(&decoded).unwrap();
            let most = predicted.iter().zip(bytes(&made[mode])).map(|(a, b)| a.abs_diff(b)).max();
            if most > Some(tolerance(&path)) {
                wrong.push(format!("{name} {mode}: differs by {most:?}"));
            }
            for sample in ["train/a", "train/b", "test/a", "test/b"] {
                std::fs::create_dir_all(place.join(sample)).unwrap();
                std::fs::write(place.join(sample).join(&name), &file).unwrap();
            }
            let options = OpenOptions { size: Some([8, 8]), channels, ..OpenOptions::default() };
            let data = open(&place, &options).unwrap();
            let (spec, device) = (TrainSpec::default(), Device::cpu());
            let loaders = [
                spec.train_loader(&data.train, &stats, &device).unwrap(),
                spec.test_loader(&data.test, &stats, &device).unwrap(),
                DataLoader::new(data.test.clone())
                    .transform(Compose::new().then(Normalize::new(&steps.mean, &steps.std).unwrap())),
            ];
            let want: Vec<f32> = predicted.iter().map(|x| (f32::from(*x) / 255.0 - 0.25) / 0.5).collect();
            for loader in loaders {
                let (inputs, _) = loader.epoch(0).unwrap().next().unwrap().unwrap();
                let got = block_on(inputs.to_vec::<f32>()).unwrap();
                let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
                assert!(got.chunks(want.len()).all(|sample| sample.iter().zip(&want).all(near)), "{name} {mode}");
            }
            std::fs::remove_dir_all(&place).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Formats that this build has no decoder for.
    let foreign = |line: &String| [".gif", ".tif", ".ppm"].iter().any(|ending| line.contains(ending));
    assert!(skipped.iter().all(foreign), "{skipped:?}");
}
