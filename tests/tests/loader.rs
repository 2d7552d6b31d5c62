//! Batches: the right samples in the right order on every device, whatever way they take, and transforms that do what
//! torchvision's do.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::data::transforms::{Compose, Normalize, RandomCrop, RandomHorizontalFlip};
use kindling::data::{DataLoader, Dataset, Epoch, Samples, Shapes, Subset, Table, TableOptions};
use kindling::ops::{Crop, GatherBatch};
use kindling::{DType, Result, Tensor, block_on};
use kindling_tests::checks::{close, floats};
use kindling_tests::devices::devices;

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
    let table = Table::from_csv("t", b"1,10,a\n3,30,b\n", &TableOptions::default()).unwrap();
    let transform = Compose::new().then(Normalize::new(&[2.0, 20.0], &[1.0, 10.0]).unwrap());
    let loader = DataLoader::new(Arc::new(table)).batch_size(2).transform(transform);
    assert_eq!(batches(&loader, 0), [(vec![-1.0, -1.0, 1.0, 1.0], vec![0, 1])]);
}

#[test]
fn a_picture_that_is_not_there_is_an_error() {
    for device in devices() {
        let pixels = Tensor::from_slice(&[0u32; 3], [3], &device).unwrap();
        let scale = Tensor::from_slice(&[0.0f32, 1.0], [2, 1], &device).unwrap();
        let how = GatherBatch { images: 3, shape: [1, 2, 2], size: [2, 2] };
        let crop = Crop { image: 3, ..Crop::default() };
        let crops = Tensor::from_slice(&crop.words(), [1, 4], &device).unwrap();
        let error = block_on(pixels.gather_batch(&crops, &scale, how).unwrap().to_vec::<f32>()).unwrap_err();
        assert_eq!(error.to_string(), "gather_batch: index 3 is out of range for a dimension of size 3");
        let how = GatherBatch { images: 4, ..how };
        assert!(pixels.gather_batch(&crops, &scale, how).unwrap_err().to_string().contains("4 images of 1×2×2"));
    }
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
                device.flush().unwrap();
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
