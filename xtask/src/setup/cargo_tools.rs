//! Programs from crates.io: trunk, and wasm-bindgen in the version of Cargo.lock.

use super::job;
use crate::process::{command, output, which};
use crate::workspace::{TRUNK, cache, locked_version};
use std::path::PathBuf;
use std::process::Command;

/// Returns the `trunk` to use: one on `PATH` of a version that reads our Trunk.toml, or our own.
pub fn trunk() -> Option<PathBuf> {
    let fits = |program: &PathBuf| {
        let version = output(Command::new(program).arg("--version")).unwrap_or_default();
        version.starts_with("trunk 0.21.") || version.starts_with("trunk 0.22.")
    };
    which("trunk").filter(fits).or_else(|| Some(own_trunk().ok()?.join("bin").join(exe("trunk"))).filter(fits))
}

/// Returns the folder of `wasm-bindgen` and `wasm-bindgen-test-runner`, if they are installed.
pub fn wasm_bindgen() -> Result<Option<PathBuf>, String> {
    // The version is in the folder's name, so nothing has to be started.
    let folder = wasm_bindgen_root()?.join("bin");
    let complete = folder.join(exe("wasm-bindgen")).is_file() && folder.join(exe("wasm-bindgen-test-runner")).is_file();
    Ok(complete.then_some(folder))
}

/// Installs trunk on the user's path, unless another version is there already.
pub fn install_trunk() -> Result<(), String> {
    let root = if which("trunk").is_some() { Some(own_trunk()?) } else { None };
    install("trunk", &format!("trunk@{TRUNK}"), root)
}

/// Installs wasm-bindgen-cli into a folder named after its version; projects of other versions keep
/// theirs.
pub fn install_wasm_bindgen() -> Result<(), String> {
    let version = locked_version("wasm-bindgen")?;
    install("wasm-bindgen", &format!("wasm-bindgen-cli@{version}"), Some(wasm_bindgen_root()?))
}

/// Removes intermediate files of the compilation.
pub fn clean_up() {
    if let Ok(folder) = build_folder() {
        // Nothing depends on its removal.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Makes our wasm-bindgen available to a plain `trunk serve`: trunk looks into its own cache before
/// it downloads.
pub fn share_with_trunk() -> Result<(), String> {
    let Some(folder) = wasm_bindgen()? else {
        return Ok(());
    };
    let version = locked_version("wasm-bindgen")?;
    super::node::link_into_trunk(&folder.join("wasm-bindgen"), &format!("wasm-bindgen-{version}/wasm-bindgen"))
}

/// Installs a tool with the dependencies locked by its authors, which are known to compile. A
/// registry mirror may lack the newest of them; this shows within seconds, and then the newest
/// available are used.
fn install(name: &str, package: &str, root: Option<PathBuf>) -> Result<(), String> {
    let cargo_install = |locked: bool| -> Result<Command, String> {
        let mut install = command("cargo");
        install.args(["install", package]);
        if locked {
            install.arg("--locked");
        }
        if let Some(root) = &root {
            install.arg("--root").arg(root);
        }
        // Not the tools' own release profiles: trunk's (fat LTO, one codegen unit) takes over ten
        // minutes, for a program that mostly waits for others.
        install
            .env("CARGO_TARGET_DIR", build_folder()?)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env_remove("RUSTFLAGS");
        Ok(install)
    };
    job::run(name, &mut [cargo_install(true)?]).or_else(|locked| {
        println!("  {name}: not with its locked dependencies; trying newer ones");
        job::run(name, &mut [cargo_install(false)?]).map_err(|newer| format!("{locked}\n{newer}"))
    })
}

fn own_trunk() -> Result<PathBuf, String> {
    Ok(cache()?.join(format!("trunk-{TRUNK}")))
}

fn wasm_bindgen_root() -> Result<PathBuf, String> {
    Ok(cache()?.join(format!("wasm-bindgen-{}", locked_version("wasm-bindgen")?)))
}

fn build_folder() -> Result<PathBuf, String> {
    Ok(cache()?.join("build"))
}

fn exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
