//! The examples of `engine/examples`, each run on small data.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::Device;
use kindling::data::{Dataset, Images, SplitMethod, Splits};
use kindling_tests::devices::devices;

/// Declares an example as a module; its `main` only reads arguments and calls `run`.
macro_rules! example {
    ($name:ident, $path:literal) => {
        #[path = $path]
        #[allow(dead_code, reason = "`main` is the program's")]
        mod $name;
    };
}

example!(tensors, "../../engine/examples/01_tensors.rs");
example!(autograd, "../../engine/examples/02_autograd.rs");
example!(custom_function, "../../engine/examples/03_custom_function.rs");
example!(train_cifar10, "../../engine/examples/04_train_cifar10.rs");
example!(train_csv, "../../engine/examples/05_train_csv.rs");
example!(custom_op, "../../engine/examples/06_custom_op.rs");
example!(load_pytorch, "../../engine/examples/07_load_pytorch.rs");

#[test]
fn every_example_is_run_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples");
    let here = include_str!("examples.rs");
    let names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() >= 7, "{names:?}");
    let missing: Vec<&String> =
        names.iter().filter(|name| !here.contains(&format!("engine/examples/{name}\""))).collect();
    assert!(missing.is_empty(), "examples that no test runs: {missing:?}");
}

#[test]
fn tensors_are_shown_on_every_device() {
    devices().iter().for_each(|device| tensors::run(device).unwrap());
}

#[test]
fn a_line_is_fitted_by_gradient_descent() {
    for device in devices() {
        let [slope, intercept] = autograd::run(&device).unwrap();
        assert!((slope - 3.0).abs() < 1e-2 && (intercept + 1.0).abs() < 1e-2, "{slope} {intercept} on {device}");
    }
}

#[test]
fn a_straight_through_estimator_passes_the_gradient() {
    for device in devices() {
        let [rounded, passed] = custom_function::run(&device).unwrap();
        assert_eq!(rounded, [0.0; 5], "{device}");
        assert_eq!(passed, [0.0, 1.0, 1.0, 1.0, 0.0], "{device}");
    }
}

/// Returns gray images, half of them dark and half bright, with some noise.
fn dark_and_bright(n: usize) -> Arc<dyn Dataset> {
    let mut images = Images::new([3, 32, 32], vec!["dark".to_owned(), "bright".to_owned()]);
    for i in 0..n {
        let gray = |pixel: usize| (40 + 130 * (i % 2) + (i * 31 + pixel * 17) % 23) as u8;
        images.push(&(0..3 * 32 * 32).map(gray).collect::<Vec<u8>>(), i % 2).unwrap();
    }
    Arc::new(images)
}

#[test]
fn the_tutorials_network_learns() {
    let data = Splits::new("gray", "folder", SplitMethod::Official, dark_and_bright(128), dark_and_bright(32));
    let accuracy = train_cifar10::run(data, 5, &Device::cpu()).unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn rents_are_predicted_from_a_table() {
    let evaluation = train_csv::run(train_csv::flats().unwrap(), 20, &Device::cpu()).unwrap();
    let errors = evaluation.regression.unwrap();
    assert!(errors.r2 > 0.9, "{errors:?}");
}

#[test]
fn an_operation_of_ones_own_is_trained_with() {
    for device in devices() {
        let [before, after] = custom_op::run(&device).unwrap();
        assert!(after < before / 10.0, "{before} to {after} on {device}");
    }
}

#[test]
fn a_state_dict_of_pytorch_gives_pytorchs_logits() {
    let logits = load_pytorch::run(&load_pytorch::sample(), &Device::cpu()).unwrap();
    let expected = std::fs::read(load_pytorch::sample().with_file_name("logits.json")).unwrap();
    let expected: std::collections::BTreeMap<String, Vec<f32>> = serde_json::from_slice(&expected).unwrap();
    assert!(logits.iter().zip(&expected["plain.pt"]).all(|(a, b)| (a - b).abs() < 1e-5), "{logits:?}");
}
