//! `kindling info` as a user runs it.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::process::Command;

use serde_json::Value;

#[test]
fn devices_are_named_and_measured() {
    let info = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kindling")).arg("info").args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let json: Value = serde_json::from_str(&info(&["--json"])).unwrap();
    let measured = |device: &Value| {
        let measured = &device["measured"];
        measured["gflops"].as_f64().unwrap() > 0.0 && measured["gbytes_per_second"].as_f64().unwrap() > 0.0
    };
    assert!(json["cpu"]["cores"].as_u64().unwrap() > 0 && measured(&json["cpu"]));
    assert!(json["gpu"]["error"].is_string() || measured(&json["gpu"]));
    let text = info(&[]);
    assert!(text.contains("GFLOP/s") && text.contains("--device auto means"), "{text}");
}

#[test]
fn kernels_are_measured_once_cached_and_shown() {
    let cache = std::env::temp_dir().join(format!("kindling-kernels-{}", std::process::id()));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kindling"));
        // On a busy machine, too, every kernel is measured.
        command.env("KINDLING_CACHE", &cache).env("KINDLING_TUNING_MS", "600000");
        command.args(arguments).output().unwrap()
    };
    // Its first convolution has 6 filters: every adapter has several variants to measure for it.
    let bench = "bench --work W1b4 --device gpu --steps 1 --reps 1 --warmup 1";
    let bench: Vec<&str> = bench.split(' ').collect();
    let first = run(&bench);
    if !first.status.success() {
        assert!(std::env::var_os("REQUIRE_GPU").is_none(), "{}", String::from_utf8_lossy(&first.stderr));
        return;
    }
    let cached = || {
        let file = std::fs::read_dir(cache.join("kernels")).unwrap().next().unwrap().unwrap().path();
        std::fs::read_to_string(file).unwrap()
    };
    let text = cached();
    assert!(run(&bench).status.success());
    assert_eq!(cached(), text, "measured again");
    let info: Value = serde_json::from_slice(&run(&["info", "--json"]).stdout).unwrap();
    let kernels = info["gpu"]["kernels"].as_object().unwrap();
    assert!(kernels.keys().any(|class| class.starts_with("conv2d f32 8×128×4096")), "{kernels:?}");
    // Damaged choices are measured again.
    let file = std::fs::read_dir(cache.join("kernels")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    assert!(run(&bench).status.success());
    assert!(serde_json::from_str::<Value>(&cached()).is_ok());
    std::fs::remove_dir_all(&cache).unwrap();
    let refused =
        Command::new(env!("CARGO_BIN_EXE_kindling")).env("KINDLING_TUNING_MS", "soon").args(&bench).output().unwrap();
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && error.contains("KINDLING_TUNING_MS"), "{error}");
}
