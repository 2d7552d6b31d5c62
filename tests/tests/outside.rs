//! The contract of operations from outside: `tests/outside` is a crate of no workspace, which adds an
//! operation through the public API and trains with it on the CPU and on the GPU.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::path::Path;
use std::process::Command;

#[test]
fn a_crate_outside_adds_an_operation_and_trains_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let outside = root.join("tests/outside");
    // With the workspace's versions, profiles and target folder, dependencies are compiled once.
    std::fs::copy(root.join("Cargo.lock"), outside.join("Cargo.lock")).unwrap();
    let binary = std::env::current_exe().unwrap();
    let target = binary.ancestors().nth(3).unwrap(); // target/debug/deps/outside-…
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--offline", "--config"])
        .arg(root.join("Cargo.toml"))
        .current_dir(&outside)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}");
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("cpu: 64 of 64 points"), "{printed}");
    assert!(printed.contains("gpu: 64 of 64 points") || printed.contains("1 skipped, no GPU"), "{printed}");
}
