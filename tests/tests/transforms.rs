//! Transforms of images: torchvision's results, the same alone and within a gather, on every
//! device.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::data::transforms::{
    CenterCrop, ColorJitter, Compose, Normalize, RandomAffine, RandomCrop, RandomErasing, RandomHorizontalFlip,
    RandomVerticalFlip, Resize, Transform,
};
use kindling::data::{DataLoader, Images, Random, Shapes};
use kindling::ops::Adjust;
use kindling::{Device, Tensor};
use kindling_tests::checks::{close, floats};
use kindling_tests::devices::devices;

/// Creates three images of 2×5×7 whose bytes do not fill words.
fn odd() -> Images {
    let mut images = Images::new([2, 5, 7], vec!["a".into(), "b".into()]);
    for i in 0..3u32 {
        let bytes: Vec<u8> = (0..70).map(|p| (i * 71 + p * 13) as u8).collect();
        images.push(&bytes, (i % 2) as usize).unwrap();
    }
    images
}

/// Returns the image as floats, through a rule from (row, column) to (row, column) of the source.
fn through(picture: &[u8], size: [usize; 2], rule: impl Fn(i32, i32) -> (i32, i32)) -> Vec<f32> {
    let mut out = Vec::new();
    for c in 0..2 {
        for y in 0..size[0] as i32 {
            for x in 0..size[1] as i32 {
                let (v, u) = rule(y, x);
                let inside = (0..5).contains(&v) && (0..7).contains(&u);
                let byte = if inside { picture[(c * 5 + v as usize) * 7 + u as usize] } else { 0 };
                out.push(f32::from(byte) / 255.0);
            }
        }
    }
    out
}

#[test]
fn every_crop_and_flip_is_one_of_those_possible_and_all_occur() {
    let images = odd();
    for device in devices() {
        let transform = Compose::new()
            .then(RandomCrop::new([4, 6]).padding(1))
            .then(RandomHorizontalFlip::new(0.5))
            .then(RandomVerticalFlip::new(0.5));
        let loader = DataLoader::new(Arc::new(images.clone())).batch_size(3).transform(transform).device(&device);
        let mut seen = std::collections::BTreeSet::new();
        for epoch in 0..150 {
            let (batch, _) = loader.epoch(epoch).unwrap().next().unwrap().unwrap();
            let got = floats(&batch);
            for (i, got) in got.chunks(2 * 4 * 6).enumerate() {
                let picture = images.image(i).unwrap();
                let found = (-1..=2).flat_map(|t| (-1..=2).map(move |l| (t, l))).find_map(|(top, left)| {
                    [(false, false), (false, true), (true, false), (true, true)].into_iter().find_map(|(h, v)| {
                        let want = through(picture, [4, 6], |y, x| {
                            (top + if v { 3 - y } else { y }, left + if h { 5 - x } else { x })
                        });
                        want.iter().zip(got).all(|(w, g)| (w - g).abs() < 1e-6).then_some((top, left, h, v))
                    })
                });
                seen.insert(found.expect("a picture that no crop gives"));
            }
        }
        // Padded to 7×9, there are 4 positions for 4 rows and 4 for 6 columns, each mirrored in
        // four ways.
        assert!(seen.len() > 60, "only {} of 64 were seen", seen.len());
        assert!(seen.contains(&(2, 2, true, true)) || seen.contains(&(-1, -1, false, false)));
    }
}

#[test]
fn transforms_do_the_same_alone_and_in_a_gather() {
    let images = odd();
    let make = || -> Vec<Compose> {
        vec![
            Compose::new().then(RandomHorizontalFlip::new(0.5)).then(RandomCrop::new([4, 5]).padding(2)),
            Compose::new().then(CenterCrop::new([3, 10])).then(RandomVerticalFlip::new(0.5)),
            Compose::new().then(RandomCrop::new([3, 3])).then(RandomCrop::new([4, 4]).padding(3)),
            Compose::new().then(RandomVerticalFlip::new(1.0)).then(RandomHorizontalFlip::new(1.0)),
        ]
    };
    for device in devices() {
        let plain = DataLoader::new(Arc::new(images.clone())).batch_size(3).device(&device);
        let (raw, _) = plain.epoch(0).unwrap().next().unwrap().unwrap();
        for (fused, alone) in make().into_iter().zip(make()) {
            let loader = DataLoader::new(Arc::new(images.clone())).batch_size(3).seed(4).transform(fused);
            let (got, _) = loader.device(&device).epoch(7).unwrap().next().unwrap().unwrap();
            let random: Vec<Random> = (0..3).map(|i| Random::new(4).split(7).split(i)).collect();
            let want = alone.apply(&raw, &random).unwrap();
            assert_eq!(got.dims(), want.dims());
            close(&floats(&got), &floats(&want), 1e-6);
        }
    }
}

#[test]
fn crops_that_do_not_fit_are_refused() {
    let transform = Compose::new().then(RandomCrop::new([40, 40]).padding(3));
    let loader = DataLoader::new(Arc::new(Shapes::new(5).generate(3))).transform(transform);
    let error = loader.epoch(0).unwrap().next().unwrap().unwrap_err().to_string();
    assert!(error.contains("40×40") && error.contains("32×32") && error.contains("padding of 3"), "{error}");
}

#[test]
fn normalize_and_resize() {
    for device in devices() {
        let x = Tensor::arange(0.0, 16.0, 1.0, &device).unwrap().reshape(&[1, 1, 4, 4]).unwrap();
        let small = Resize::new([2, 2]).unwrap().apply(&x, &[Random::new(0)]).unwrap();
        // PIL and torchvision with antialias: weights 3/7, 3/7, 1/7 in each direction.
        let line = |a: f32, b: f32, c: f32| (3.0 * a + 3.0 * b + c) / 7.0;
        let (low, high) = (line(0.0, 1.0, 2.0), line(3.0, 2.0, 1.0));
        close(&floats(&small), &[5.0 * low, 4.0 * low + high, 4.0 * high + low, 5.0 * high], 1e-4);
        assert!(Resize::new([0, 2]).is_err());
        assert!(Normalize::new(&[0.5], &[0.0]).is_err());
        let error = Normalize::new(&[0.5; 3], &[1.0; 3]).unwrap().apply(&x, &[Random::new(0)]).unwrap_err().to_string();
        assert!(error.contains("3 channels") && error.contains("[1, 1, 4, 4]"), "{error}");
    }
}

#[test]
fn erasing_leaves_a_rectangle_of_zeros() {
    for device in devices() {
        let x = Tensor::ones([40, 2, 20, 30], &device).unwrap();
        let random: Vec<Random> = (0..40).map(Random::new).collect();
        let none = RandomErasing::new(0.0).unwrap().apply(&x, &random).unwrap();
        assert!(floats(&none).iter().all(|x| *x == 1.0));
        let got = floats(&RandomErasing::new(1.0).unwrap().apply(&x, &random).unwrap());
        for picture in got.chunks(2 * 600) {
            let (first, second) = picture.split_at(600);
            assert_eq!(first, second);
            let erased: Vec<usize> = (0..600).filter(|i| first[*i] == 0.0).collect();
            let span = |f: fn(usize) -> usize| {
                let all: Vec<usize> = erased.iter().map(|i| f(*i)).collect();
                all.iter().max().unwrap() - all.iter().min().unwrap() + 1
            };
            let (rows, columns) = (span(|i| i / 30), span(|i| i % 30));
            assert_eq!(rows * columns, erased.len(), "what was erased is no rectangle");
            let part = erased.len() as f64 / 600.0;
            assert!((0.015..0.36).contains(&part), "{part} of the picture was erased");
        }
    }
}

#[test]
fn a_half_turn_reverses_both_axes() {
    for device in devices() {
        let x = Tensor::arange(0.0, 12.0, 1.0, &device).unwrap().reshape(&[1, 1, 3, 4]).unwrap();
        let map = Tensor::from_slice(&[-1.0f32, 0.0, 3.0, 0.0, -1.0, 2.0], [1, 6], &device).unwrap();
        let got = floats(&x.warp(&map, [3, 4]).unwrap());
        assert_eq!(got, (0..12).rev().map(|i| i as f32).collect::<Vec<_>>());
        // Nothing is translated, rotated or scaled: the image stays.
        let still = RandomAffine::new(0.0).unwrap().apply(&x, &[Random::new(1)]).unwrap();
        assert_eq!(floats(&still), floats(&x));
        let moved = RandomAffine::new(0.0).unwrap().translate([0.5, 0.0]).unwrap();
        for seed in 0..20 {
            let got = floats(&moved.apply(&x, &[Random::new(seed)]).unwrap());
            let fits = (-2..=2).any(|dx: i32| {
                let from = |i: usize| usize::try_from((i % 4) as i32 - dx).ok().filter(|x| *x < 4);
                got.iter().enumerate().all(|(i, g)| *g == from(i).map_or(0.0, |x| (i / 4 * 4 + x) as f32))
            });
            assert!(fits, "{got:?}");
        }
    }
}

#[test]
fn colors_change_by_torchvisions_formulas() {
    for device in devices() {
        let rgb = [0.2f32, 0.6, 0.4, 0.9, 0.5, 0.1];
        let x = Tensor::from_slice(&rgb, [1, 3, 1, 2], &device).unwrap();
        let adjusted = |factors: [f32; 4], order: &[Adjust]| {
            let factors = Tensor::from_slice(&factors, [1, 4], &device).unwrap();
            let orders = Tensor::from_slice(&[Adjust::order(order)], [1], &device).unwrap();
            floats(&x.color_jitter(&factors, &orders).unwrap())
        };
        let gray = |r: f32, g: f32, b: f32| 0.2989 * r + 0.587 * g + 0.114 * b;
        let grays = [gray(0.2, 0.4, 0.5), gray(0.6, 0.9, 0.1)];
        let mean = (grays[0] + grays[1]) / 2.0;
        close(&adjusted([2.0, 1.0, 1.0, 0.0], &[Adjust::Brightness]), &[0.4, 1.0, 0.8, 1.0, 1.0, 0.2], 1e-6);
        let want: Vec<f32> = rgb.iter().map(|x| (0.5 * x + 0.5 * mean).clamp(0.0, 1.0)).collect();
        close(&adjusted([1.0, 0.5, 1.0, 0.0], &[Adjust::Contrast]), &want, 1e-6);
        let want: Vec<f32> =
            rgb.iter().enumerate().map(|(i, x)| (1.5 * x - 0.5 * grays[i % 2]).clamp(0.0, 1.0)).collect();
        close(&adjusted([1.0, 1.0, 1.5, 0.0], &[Adjust::Saturation]), &want, 1e-6);
        // A third of the circle moves red to green, green to blue, blue to red.
        let want = [0.5, 0.1, 0.2, 0.6, 0.4, 0.9];
        close(&adjusted([1.0, 1.0, 1.0, 1.0 / 3.0], &[Adjust::Hue]), &want, 1e-5);
        // Brightness first changes the mean gray for contrast, contrast first does not.
        let brighter: Vec<f32> = rgb.iter().map(|x| (x * 1.1).min(1.0)).collect();
        let mean = (gray(brighter[0], brighter[2], brighter[4]) + gray(brighter[1], brighter[3], brighter[5])) / 2.0;
        let want: Vec<f32> = brighter.iter().map(|x| (0.5 * x + 0.5 * mean).clamp(0.0, 1.0)).collect();
        close(&adjusted([1.1, 0.5, 1.0, 0.0], &[Adjust::Brightness, Adjust::Contrast]), &want, 1e-6);
        assert_eq!(adjusted([9.0, 9.0, 9.0, 0.4], &[]), rgb);
    }
}

#[test]
fn jitter_is_the_same_on_every_device_and_differs_by_picture() {
    let jitter = ColorJitter::new(0.4, 0.4, 0.4, 0.1).unwrap();
    let random: Vec<Random> = (0..50).map(Random::new).collect();
    let values: Vec<f32> = (0..50 * 3 * 70).map(|i| Random::new(3).unit(i)).collect();
    let run = |device: &Device| {
        let x = Tensor::from_slice(&values, [50, 3, 7, 10], device).unwrap();
        floats(&jitter.apply(&x, &random).unwrap())
    };
    let want = run(&Device::cpu());
    for device in devices() {
        close(&run(&device), &want, 2e-5);
    }
    assert!(want.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!(ColorJitter::new(0.0, 0.0, 0.0, 0.6).is_err());
    // A gray image keeps its one channel.
    let x = Tensor::from_slice(&values[..70], [1, 1, 7, 10], &Device::cpu()).unwrap();
    assert_eq!(jitter.apply(&x, &random[..1]).unwrap().dims(), [1, 1, 7, 10]);
}
