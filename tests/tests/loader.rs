//! Batches: the right samples in the right order on every device, whatever way they take, and transforms that do what
//! torchvision's do.
#![cfg(not(target_arch = "wasm32"))]

use std::sync::Arc;

use kindling::data::transforms::{
    CenterCrop, ColorJitter, Compose, Normalize, RandomAffine, RandomCrop, RandomErasing, RandomHorizontalFlip,
    RandomVerticalFlip, Resize, Transform,
};
use kindling::data::{DataLoader, Dataset, Epoch, Images, Random, Samples, Shapes, Subset, Table};
use kindling::ops::{Adjust, GatherBatch, Place};
use kindling::{DType, Device, Result, Tensor, block_on};

fn devices() -> Vec<Device> {
    let mut devices = vec![Device::cpu()];
    match block_on(Device::gpu()) {
        Ok(gpu) => devices.push(gpu),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("{error}"),
        Err(error) => println!("skipped on the GPU: {error}"),
    }
    devices
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    block_on(tensor.to_vec::<f32>()).unwrap()
}

fn close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance, "element {i}: {g} is not {w}");
    }
}

fn shapes(n: usize) -> Arc<dyn Dataset> {
    Arc::new(Shapes::new(5).generate(n))
}

/// Every batch of an epoch, as numbers.
fn batches(loader: &DataLoader, epoch: u64) -> Vec<(Vec<f32>, Vec<i32>)> {
    let read = |batch: Result<(Tensor, Tensor)>| {
        let (images, labels) = batch.unwrap();
        (floats(&images), block_on(labels.to_vec::<i32>()).unwrap())
    };
    loader.epoch(epoch).unwrap().map(read).collect()
}

/// A data set that is read sample by sample, as one on a disk is.
struct Slow(Arc<dyn Dataset>);

impl Dataset for Slow {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn classes(&self) -> &[String] {
        self.0.classes()
    }

    fn label(&self, index: usize) -> Result<usize> {
        self.0.label(index)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        self.0.read(indices)
    }
}

#[test]
fn an_epoch_has_every_sample_once() {
    let data = shapes(23);
    let want: Vec<i32> = (0..23).map(|i| data.label(i).unwrap() as i32).collect();
    let plain = DataLoader::new(data.clone()).batch_size(5);
    assert_eq!(batches(&plain, 0).concat_labels(), want);
    assert_eq!((plain.len(), batches(&plain, 0)[4].1.len()), (5, 3));
    let dropped = DataLoader::new(data.clone()).batch_size(5).drop_last(true);
    assert_eq!((dropped.len(), batches(&dropped, 0).len()), (4, 4));
    let shuffled = DataLoader::new(data).batch_size(5).shuffle(true).seed(3);
    let first = batches(&shuffled, 0);
    assert_eq!(first, batches(&shuffled, 0));
    assert_ne!(first.concat_labels(), batches(&shuffled, 1).concat_labels());
    let sorted = |mut labels: Vec<i32>| {
        labels.sort_unstable();
        labels
    };
    assert_eq!(sorted(first.concat_labels()), sorted(want));
    assert!(DataLoader::new(shapes(3)).batch_size(0).epoch(0).is_err());
}

trait Labels {
    fn concat_labels(&self) -> Vec<i32>;
}

impl Labels for Vec<(Vec<f32>, Vec<i32>)> {
    fn concat_labels(&self) -> Vec<i32> {
        self.iter().flat_map(|(_, labels)| labels.clone()).collect()
    }
}

fn augmented(data: Arc<dyn Dataset>) -> DataLoader {
    let transform = Compose::new()
        .then(RandomCrop::new([32, 32]).padding(4))
        .then(RandomHorizontalFlip::new(0.5))
        .then(Normalize::new(&[0.5, 0.4, 0.3], &[0.25, 0.5, 1.0]).unwrap());
    DataLoader::new(data).batch_size(6).shuffle(true).seed(9).transform(transform)
}

#[test]
fn all_ways_to_a_batch_give_the_same() {
    let want = batches(&augmented(shapes(20)), 2);
    for device in devices() {
        let ways = [
            augmented(shapes(20)).device(&device),
            augmented(Arc::new(Slow(shapes(20)))).device(&device),
            augmented(Arc::new(Slow(shapes(20)))).device(&device).workers(1),
            augmented(Arc::new(Slow(shapes(20)))).device(&device).workers(3),
        ];
        for loader in ways {
            let got = batches(&loader, 2);
            assert_eq!(got.concat_labels(), want.concat_labels());
            got.iter().zip(&want).for_each(|(g, w)| close(&g.0, &w.0, 1e-6));
            // From the middle on, they are the same as in the whole epoch.
            let rest: Vec<_> = Epoch::over(&loader, 2, 2).unwrap().map(|b| floats(&b.unwrap().0)).collect();
            assert_eq!(rest.len(), 2);
            rest.iter().zip(&want[2..]).for_each(|(g, w)| close(g, &w.0, 1e-6));
        }
    }
}

#[test]
fn a_part_of_a_part_shows_the_right_pictures() {
    let data = shapes(30);
    let half: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), (0..15).map(|i| i * 2).collect()).unwrap());
    let part: Arc<dyn Dataset> = Arc::new(Subset::new(half, vec![14, 3, 0]).unwrap());
    let whole: Arc<dyn Dataset> = Arc::new(Subset::new(data, vec![28, 6, 0]).unwrap());
    for device in devices() {
        let loader = |data: &Arc<dyn Dataset>| DataLoader::new(data.clone()).batch_size(3).device(&device);
        assert_eq!(batches(&loader(&part), 0), batches(&loader(&whole), 0));
    }
}

#[test]
fn leaving_an_epoch_early_ends_its_threads() {
    let slow: Arc<dyn Dataset> = Arc::new(Slow(shapes(40)));
    let loader = DataLoader::new(slow.clone()).batch_size(2).workers(4);
    assert!(loader.epoch(0).unwrap().next().unwrap().is_ok());
    // Each thread holds the data set until it notices that nobody waits.
    drop(loader);
    for _ in 0..200 {
        if Arc::strong_count(&slow) == 1 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} threads are still reading", Arc::strong_count(&slow) - 1);
}

#[test]
fn rows_of_a_table_are_normalized_by_column() {
    let table = Table::from_csv("t", b"1,10,a\n3,30,b\n", None).unwrap();
    let transform = Compose::new().then(Normalize::new(&[2.0, 20.0], &[1.0, 10.0]).unwrap());
    let loader = DataLoader::new(Arc::new(table)).batch_size(2).transform(transform);
    assert_eq!(batches(&loader, 0), [(vec![-1.0, -1.0, 1.0, 1.0], vec![0, 1])]);
}

#[test]
fn a_picture_that_is_not_there_is_an_error() {
    for device in devices() {
        let pixels = Tensor::from_slice(&[0u32; 3], [3], &device).unwrap();
        let scale = Tensor::from_slice(&[0.0f32, 1.0], [2, 1], &device).unwrap();
        let how = GatherBatch { pictures: 3, shape: [1, 2, 2], size: [2, 2] };
        let place = Place { picture: 3, ..Place::default() };
        let places = Tensor::from_slice(&place.words(), [1, 4], &device).unwrap();
        let error = block_on(pixels.gather_batch(&places, &scale, how).unwrap().to_vec::<f32>()).unwrap_err();
        assert_eq!(error.to_string(), "gather_batch: index 3 is out of range for a dimension of size 3");
        let how = GatherBatch { pictures: 4, ..how };
        assert!(pixels.gather_batch(&places, &scale, how).unwrap_err().to_string().contains("4 pictures of 1×2×2"));
    }
}

/// Three pictures of 2×5×7 whose bytes do not fill words.
fn odd() -> Images {
    let mut images = Images::new([2, 5, 7], vec!["a".into(), "b".into()]);
    for i in 0..3u32 {
        let bytes: Vec<u8> = (0..70).map(|p| (i * 71 + p * 13) as u8).collect();
        images.push(&bytes, (i % 2) as usize).unwrap();
    }
    images
}

/// The picture as floats, seen through a rule from (row, column) to (row, column) of the source.
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
            let (got, _) = batches(&loader, epoch).remove(0);
            for (i, got) in got.chunks(2 * 4 * 6).enumerate() {
                let picture = images.picture(i).unwrap();
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
        // Padded to 7×9, there are 4 places for 4 rows and 4 for 6 columns, each mirrored in four ways.
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
    let loader = DataLoader::new(shapes(3)).transform(transform);
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
        // Nothing moves, turns or scales: the picture stays.
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
fn colours_change_by_torchvisions_formulas() {
    for device in devices() {
        let rgb = [0.2f32, 0.6, 0.4, 0.9, 0.5, 0.1];
        let x = Tensor::from_slice(&rgb, [1, 3, 1, 2], &device).unwrap();
        let adjusted = |factors: [f32; 4], order: &[Adjust]| {
            let factors = Tensor::from_slice(&factors, [1, 4], &device).unwrap();
            let orders = Tensor::from_slice(&[Adjust::order(order)], [1], &device).unwrap();
            floats(&x.color_jitter(&factors, &orders).unwrap())
        };
        let grey = |r: f32, g: f32, b: f32| 0.2989 * r + 0.587 * g + 0.114 * b;
        let greys = [grey(0.2, 0.4, 0.5), grey(0.6, 0.9, 0.1)];
        let mean = (greys[0] + greys[1]) / 2.0;
        close(&adjusted([2.0, 1.0, 1.0, 0.0], &[Adjust::Brightness]), &[0.4, 1.0, 0.8, 1.0, 1.0, 0.2], 1e-6);
        let want: Vec<f32> = rgb.iter().map(|x| (0.5 * x + 0.5 * mean).clamp(0.0, 1.0)).collect();
        close(&adjusted([1.0, 0.5, 1.0, 0.0], &[Adjust::Contrast]), &want, 1e-6);
        let want: Vec<f32> =
            rgb.iter().enumerate().map(|(i, x)| (1.5 * x - 0.5 * greys[i % 2]).clamp(0.0, 1.0)).collect();
        close(&adjusted([1.0, 1.0, 1.5, 0.0], &[Adjust::Saturation]), &want, 1e-6);
        // A third of the circle moves red to green, green to blue, blue to red.
        let want = [0.5, 0.1, 0.2, 0.6, 0.4, 0.9];
        close(&adjusted([1.0, 1.0, 1.0, 1.0 / 3.0], &[Adjust::Hue]), &want, 1e-5);
        // Brightness first changes the grey that contrast goes away from, contrast first does not.
        let brighter: Vec<f32> = rgb.iter().map(|x| (x * 1.1).min(1.0)).collect();
        let mean = (grey(brighter[0], brighter[2], brighter[4]) + grey(brighter[1], brighter[3], brighter[5])) / 2.0;
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
    // A grey picture keeps its one channel.
    let x = Tensor::from_slice(&values[..70], [1, 1, 7, 10], &Device::cpu()).unwrap();
    assert_eq!(jitter.apply(&x, &random[..1]).unwrap().dims(), [1, 1, 7, 10]);
}

#[test]
fn steady_batches_make_nothing_new() {
    for device in devices() {
        let loader = augmented(shapes(60)).device(&device);
        let mut before = None;
        for epoch in 0..3 {
            for batch in loader.epoch(epoch).unwrap() {
                let (images, labels) = batch.unwrap();
                assert_eq!(labels.dtype(), DType::I32);
                let total = images.sum().unwrap();
                kindling::plan::flush(&device).unwrap();
                drop((images, labels, total));
                let now = device.counters();
                if epoch > 0 {
                    let before = before.get_or_insert(now);
                    assert_eq!(now.plans_created, before.plans_created);
                    assert_eq!(now.pipelines_created, before.pipelines_created);
                    assert_eq!(now.buffers_created, before.buffers_created);
                }
            }
        }
    }
}
