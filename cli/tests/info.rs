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
        let figures = &device["measured"];
        figures["gflops"].as_f64().unwrap() > 0.0 && figures["gbytes_per_second"].as_f64().unwrap() > 0.0
    };
    assert!(json["cpu"]["cores"].as_u64().unwrap() > 0 && measured(&json["cpu"]));
    assert!(json["gpu"]["error"].is_string() || measured(&json["gpu"]));
    let text = info(&[]);
    assert!(text.contains("GFLOP/s") && text.contains("--device auto means"), "{text}");
}
