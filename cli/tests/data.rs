//! `kindling data` and `kindling info` as a user runs them: their output and their refusals.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::path::Path;
use std::process::{Command, Output};

fn kindling(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kindling")).args(arguments).output().unwrap()
}

/// Expects exit code 2 and one line with these words.
fn refused(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    words.iter().for_each(|word| assert!(error.contains(word), "{word} is missing in: {error}"));
}

/// Writes CIFAR-10 files with a few records.
fn cifar(folder: &Path, train: usize, test: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let records = |n: usize| -> Vec<u8> {
        (0..n).flat_map(|i| std::iter::once((i % 10) as u8).chain((0..3072).map(move |p| (i + p) as u8))).collect()
    };
    std::fs::write(folder.join("data_batch_1.bin"), records(train)).unwrap();
    std::fs::write(folder.join("test_batch.bin"), records(test)).unwrap();
}

#[test]
fn describe_counts_and_refuses() {
    let folder = std::env::temp_dir().join(format!("kindling-cli-{}", std::process::id()));
    cifar(&folder, 25, 10);
    let path = folder.to_str().unwrap();
    let output = kindling(&["data", "describe", path, "--train-limit", "25", "--test-limit", "10"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("CIFAR-10: 25 to train, 10 to test, each 3×32×32\n"), "{text}");
    let output = kindling(&["data", "describe", path, "--train-limit", "25", "--test-limit", "10", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["classes"][4], serde_json::json!({ "name": "deer", "train": 3, "test": 1 }));

    refused(&kindling(&["data", "describe", path]), &[path, "25 training images found, 50000 expected"]);
    std::fs::write(folder.join("test_batch.bin"), [3u8; 100]).unwrap();
    refused(&kindling(&["data", "describe", path]), &["test_batch.bin", "100 bytes"]);
    std::fs::remove_dir_all(&folder).unwrap();
    refused(&kindling(&["data", "describe", path]), &[path, "fetch"]);
    assert_eq!(kindling(&["data", "fetch", "imagenet"]).status.code(), Some(2));
    refused(&kindling(&["data", "fetch", "cifar10", "--out", path, "--url", "http://127.0.0.1:1/x"]), &["127.0.0.1"]);
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn info_names_the_devices() {
    let output = kindling(&["info"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("cores") && text.contains("--device auto means"), "{text}");
    let output = kindling(&["info", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["cpu"]["cores"].as_u64().unwrap() >= 1);
    assert!(json["gpu"]["name"].is_string() || json["gpu"]["error"].is_string(), "{json}");
}

/// Returns a gray PNG of 8×8.
fn png(value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([value; 3])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn describe_tells_splits_and_what_was_skipped() {
    let folder = std::env::temp_dir().join(format!("kindling-cli-splits-{}", std::process::id()));
    for (split, n) in [("train/a", 4), ("train/b", 3), ("val/a", 2), ("val/b", 1), ("test/a", 2), ("test/b", 2)] {
        std::fs::create_dir_all(folder.join(split)).unwrap();
        (0..n).for_each(|i| std::fs::write(folder.join(split).join(format!("{i}.png")), png(i)).unwrap());
    }
    std::fs::write(folder.join("train/a/broken.jpg"), "<html>").unwrap();
    let path = folder.to_str().unwrap();
    let text = String::from_utf8(kindling(&["data", "describe", path]).stdout).unwrap();
    assert!(text.starts_with("images: 7 to train, 3 to validate, 4 to test, each 3×8×8\n"), "{text}");
    assert!(text.contains("note: ") && text.contains("broken.jpg"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&kindling(&["data", "describe", path, "--json"]).stdout).unwrap();
    assert_eq!(json["classes"][1], serde_json::json!({ "name": "b", "train": 3, "validation": 1, "test": 2 }));
    assert_eq!(json["split"]["method"], "folders");
    refused(&kindling(&["data", "describe", path, "--strict"]), &["broken.jpg", "HTML"]);
    let args = ["train", "--device", "cpu", "--preset", "softmax", "--epochs", "1", "--strict", "--data", path];
    refused(&kindling(&args), &["broken.jpg"]);
    for limit in ["1000000000000", "18446744073709551615"] {
        let flags = ["--train-limit", limit];
        refused(&kindling(&[&["data", "describe", path][..], &flags].concat()), &["limit", limit]);
        refused(&kindling(&[&["train", "--data", "shapes"][..], &flags].concat()), &["limit", limit]);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_data_set_on_this_machine_is_copied() {
    let folder = std::env::temp_dir().join(format!("kindling-cli-copy-{}", std::process::id()));
    let (from, to) = (folder.join("from"), folder.join("to"));
    cifar(&from.join("cifar-10-batches-bin"), 3, 2);
    std::fs::write(from.join("cifar-10-batches-bin/readme.html"), "x").unwrap();
    let fetch = |set: &str, from: &Path| {
        kindling(&["data", "fetch", set, "--out", to.to_str().unwrap(), "--from", from.to_str().unwrap()])
    };
    let output = fetch("cifar10", &from);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(to.join("cifar-10-batches-bin/test_batch.bin").is_file());
    assert!(!to.join("cifar-10-batches-bin/readme.html").exists());
    refused(&fetch("cifar100", &from), &["cifar-100-binary.tar.gz", "train.bin"]);
    std::fs::write(folder.join("cifar-10-binary.tar.gz"), "other").unwrap();
    refused(&fetch("cifar10", &folder.join("cifar-10-binary.tar.gz")), &["checksum"]);
    std::fs::remove_dir_all(&folder).unwrap();
}
