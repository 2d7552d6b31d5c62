//! Data sets of numbers that are made here: Shapes, parts and splits, statistics, orders.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::data::{
    Dataset, Images, Limits, OpenOptions, Random, Shapes, SplitMethod, SplitRecord, Splits, Subset, mean_std,
    random_split, stratify,
};
use kindling_tests::checks::refusal;
use proptest::prelude::*;

#[test]
fn shapes_are_balanced_and_the_same_everywhere() {
    let train = Shapes::new(0).generate(2000);
    assert!(train.class_counts().iter().all(|n| (150..250).contains(n)), "{:?}", train.class_counts());
    assert_eq!(train.image(3).unwrap(), Shapes::new(0).generate(4).image(3).unwrap());
    assert_ne!(train.image(3).unwrap(), Shapes::new(0).test().generate(4).image(3).unwrap());
    assert_ne!(train.image(3).unwrap(), Shapes::new(1).generate(4).image(3).unwrap());
    // Held fixed, so that a run on another machine or in another year sees the same pictures.
    let sum = train.image(0).unwrap().iter().fold(0u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(*b)));
    assert_eq!((train.label(0).unwrap(), sum), SHAPES_FIRST);
    // Every mean picture of a class is grey: no template tells the classes apart.
    let mut means = vec![[0.0f64; 3072]; 10];
    let counts = train.class_counts();
    for i in 0..train.len() {
        let label = train.label(i).unwrap();
        for (mean, byte) in means[label].iter_mut().zip(train.image(i).unwrap()) {
            *mean += f64::from(*byte) / counts[label] as f64;
        }
    }
    assert!(means.iter().flatten().all(|mean| (90.0..165.0).contains(mean)));
}

const SHAPES_FIRST: (usize, u32) = (4, 1_919_633_770);

#[test]
fn splits_share_nothing_and_are_the_same_for_a_seed() {
    let all: Arc<dyn Dataset> = Arc::new(Shapes::new(0).generate(50));
    let parts = random_split(all.clone(), &[30, 15, 5], 1).unwrap();
    let mut seen: Vec<usize> = parts.iter().flat_map(|p| p.part_of().unwrap().1.to_vec()).collect();
    let again = random_split(all.clone(), &[30, 15, 5], 1).unwrap();
    assert_eq!(parts[1].part_of().unwrap().1, again[1].part_of().unwrap().1);
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
    assert!(refusal(random_split(all.clone(), &[30, 15], 1)).contains("45"));
    assert!(refusal(Subset::new(all.clone(), vec![50])).contains("50"));
    let part = Subset::new(all.clone(), vec![7, 3]).unwrap();
    assert_eq!(part.read(&[1]).unwrap(), all.read(&[3]).unwrap());
    assert!(refusal(part.read(&[2])).contains("sample 2"));
}

#[test]
fn mean_and_deviation_of_channels() {
    let mut images = Images::new([2, 1, 2], vec!["a".into()]);
    images.push(&[0, 255, 51, 51], 0).unwrap();
    let stats = mean_std(&images).unwrap();
    assert!((stats[0].0 - 0.5).abs() < 1e-12 && (stats[0].1 - 0.5).abs() < 1e-12);
    assert!((stats[1].0 - 0.2).abs() < 1e-12 && stats[1].1 < 1e-7);
    assert!(refusal(images.push(&[0; 3], 0)).contains("3 bytes"));
    assert!(refusal(images.push(&[0; 4], 1)).contains("label 1"));
}

#[test]
fn a_random_split_has_its_share_of_each_class() {
    let labels: Vec<usize> = (0..100).map(|i| usize::from(i % 10 == 0)).chain([2]).collect();
    let parts = stratify(&labels, 0.2, 7).unwrap();
    let count = |indices: &[usize], class| indices.iter().filter(|i| labels[**i] == class).count();
    assert_eq!([0, 1, 2].map(|class| count(&parts.test, class)), [18, 2, 0]);
    assert_eq!([0, 1, 2].map(|class| count(&parts.train, class)), [72, 8, 1]);
    assert_eq!((parts.single.as_slice(), stratify(&labels, 0.2, 7).unwrap()), ([2].as_slice(), parts.clone()));
    assert_ne!(stratify(&labels, 0.2, 8).unwrap().test, parts.test);
    // scikit-learn's train_test_split(test_size=0.2, stratify=labels): 17 of 81, whatever the classes.
    for classes in [1, 2, 3, 5, 7] {
        let labels: Vec<usize> = (0..81).map(|i| i % classes).collect();
        assert_eq!(stratify(&labels, 0.2, 7).unwrap().test.len(), 17, "{classes} classes");
    }
    assert_eq!(stratify(&labels, 1.0, 7).unwrap().test.len(), 101);
    assert_eq!(stratify(&labels, 0.0, 7).unwrap().train.len(), 101);
    for share in [-0.1, 1.5, f64::NAN] {
        assert!(refusal(stratify(&labels, share, 7)).contains("share"));
    }
}

#[test]
fn a_recorded_split_is_repeated() {
    let mut images = Images::new([1, 1, 1], vec!["a".into(), "b".into(), "rare".into()]);
    for i in 0..41 {
        images.push(&[i], if i == 40 { 2 } else { usize::from(i % 2) }).unwrap();
    }
    let all: Arc<dyn Dataset> = Arc::new(images);
    let options = OpenOptions { seed: 3, test_share: 0.25, ..OpenOptions::default() };
    let first = Splits::stratified("t", "csv", &all, &options).unwrap();
    assert_eq!((first.split.train, first.split.test), (31, 10));
    assert!(first.notes.iter().any(|note| note.contains("rare")), "{:?}", first.notes);
    let text = serde_json::to_string(&first.split).unwrap();
    let record: SplitRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(record.method, SplitMethod::Random { seed: 3, test_share: 0.25, stratified: true });
    let again = Splits::stratified("t", "csv", &all, &OpenOptions::default().repeating(&record)).unwrap();
    assert_eq!(first.test.part_of().unwrap().1, again.test.part_of().unwrap().1);
}

#[test]
fn limits_above_what_is_there_are_refused() {
    for (train, test, word) in [(1_000_000_000_000, 10, "training"), (usize::MAX, 1, "training"), (1, 1 << 63, "test")]
    {
        let refused = refusal(Shapes::splits(train, test).map(|_| ()));
        assert!(refused.contains(word) && refused.contains("limit"), "{refused}");
    }
    let splits = Shapes::splits(30, 10).unwrap();
    let limits = Limits { train: Some(20), test: None };
    let limited = splits.clone().limited(limits).unwrap();
    assert_eq!((limited.train.len(), limited.test.len(), limited.split.train), (20, 10, 30));
    let refused = refusal(splits.limited(Limits { train: Some(31), test: None }).map(|_| ()));
    assert!(refused.contains("31 training samples are asked for, 30 are there"), "{refused}");
}

proptest! {
    #[test]
    fn a_permutation_has_every_number_once(n in 0usize..300, seed: u64) {
        let mut order = Random::new(seed).permutation(n);
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..n as u32));
    }
}
