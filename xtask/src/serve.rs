//! The page, built and served by trunk.

use crate::process::{command, path_with, run};
use crate::setup::{self, Tools};
use crate::workspace::root;
use std::path::PathBuf;
use std::process::Command;

/// Build profile of the served page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Release: as published.
    Release,
    /// Development: a quick build for work on the page itself.
    Dev,
}

/// Returns the folder of the built page.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Installs what is missing and serves the page until interrupted.
pub fn serve(mode: Mode) -> Result<(), String> {
    let tools = setup::ensure(setup::PAGE)?;
    let mut serve = trunk(&tools);
    serve.arg("serve");
    if mode == Mode::Release {
        serve.arg("--release");
    }
    println!("Building the page; it will be at http://127.0.0.1:8080");
    run(&mut serve)
}

/// Builds the page into `dist/` as published.
pub fn build(tools: &Tools) -> Result<(), String> {
    run(trunk(tools).args(["build", "--release"]))
}

/// Creates a `trunk` command, with our tools before all others and without its check for a newer
/// version.
pub fn trunk(tools: &Tools) -> Command {
    let wasm_opt = tools.node_modules.join(".bin");
    let mut trunk = command(&tools.trunk);
    trunk
        .arg("--skip-version-check")
        .env("PATH", path_with(&[&tools.wasm_bindgen, &wasm_opt]))
        // trunk reads it as its own option and takes only `true` and `false`.
        .env_remove("NO_COLOR");
    use_wasm_toolchain(&mut trunk, tools);
    trunk
}

/// Makes a command's cargo build for wasm32 if the current toolchain cannot.
pub fn use_wasm_toolchain(command: &mut Command, tools: &Tools) {
    if let Some(toolchain) = tools.wasm_toolchain {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
}
