//! Rust's standard library for wasm32-unknown-unknown: from rustup; if rustup cannot download,
//! built from Debian's sources by Debian's compiler, which is then used for wasm32 only.

use super::job;
use crate::process::{command, output};
use crate::workspace::{cache, write};
use std::path::{Path, PathBuf};

const TARGET: &str = "wasm32-unknown-unknown";

/// Name of the toolchain that `build_std` registers with rustup.
const TOOLCHAIN: &str = "kindling-wasm";

/// Packages of Debian's Rust with its sources; the linker is a separate one.
pub const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/// Returns the toolchain for wasm32: `Some(None)` for the current one, `Some(Some(name))` for
/// another, `None` if there is none.
pub fn wasm_toolchain() -> Option<Option<&'static str>> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    if has_target(Path::new(&sysroot)) {
        return Some(None);
    }
    let own = toolchain_folder().ok()?;
    let ready = has_target(&own) && Path::new("/usr/bin/rustc").is_file() && is_linked();
    ready.then_some(Some(TOOLCHAIN))
}

/// Requests the target from rustup. Returns `false` without rustup, or if it cannot download.
pub fn add_target() -> bool {
    let mut add = command("rustup");
    add.args(["target", "add", TARGET]).env("RUST_BACKTRACE", "0");
    let added = job::run("wasm32 target", &mut [add]);
    if let Err(message) = &added {
        println!("  {message}\n  wasm32 target: to be built from Debian's sources instead");
    }
    added.is_ok()
}

/// Builds the standard library in a temporary crate and creates a toolchain around it: Debian's
/// programs with our own sysroot. Nothing is written below /usr.
pub fn build_std() -> Result<(), String> {
    let folder = toolchain_folder()?;
    let debian = |program: &str| format!("/usr/bin/{program}");
    let host_sysroot = output(command(debian("rustc")).args(["--print", "sysroot"]))
        .ok_or("Debian's rustc (/usr/bin/rustc) does not start")?;

    let krate = cache()?.join("wasm-std");
    write(&krate.join("Cargo.toml"), "[package]\nname = \"std-for-wasm\"\nedition = \"2024\"\n\n[workspace]\n")?;
    write(&krate.join("src/lib.rs"), "//! Empty: built for the standard library that comes with it.\n")?;
    let mut build = command(debian("cargo"));
    build
        .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,test"])
        .current_dir(&krate)
        .env("RUSTC", debian("rustc"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", krate.join("target"))
        .env_remove("RUSTFLAGS");
    job::run("wasm32 standard library", &mut [build])?;

    let libraries = krate.join("target").join(TARGET).join("release/deps");
    let rustlib = folder.join("lib/rustlib");
    let _ = std::fs::remove_dir_all(&folder);
    copy_libraries(&libraries, &rustlib.join(TARGET).join("lib"))?;
    lay_toolchain(&folder, &host_sysroot)?;
    let _ = std::fs::remove_dir_all(&krate);

    let mut link = command("rustup");
    link.args(["toolchain", "link", TOOLCHAIN]).arg(&folder);
    job::run("wasm32 toolchain", &mut [link])?;
    println!(
        "  wasm32 target: rustup toolchain `{TOOLCHAIN}`. xtask chooses it by itself; by hand: \
         RUSTUP_TOOLCHAIN={TOOLCHAIN} trunk serve"
    );
    Ok(())
}

/// Copies the std crates, without the temporary crate's own library.
fn copy_libraries(from: &Path, to: &Path) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("cannot copy the standard library to {}: {error}", to.display());
    std::fs::create_dir_all(to).map_err(cannot)?;
    for entry in std::fs::read_dir(from).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.ends_with(".rlib") && !name.starts_with("libstd_for_wasm") {
            std::fs::copy(&path, to.join(name)).map_err(cannot)?;
        }
    }
    Ok(())
}

/// Creates a folder that rustup can link: `bin/rustc` is Debian's with our sysroot, which borrows
/// Debian's host libraries.
#[cfg(unix)]
fn lay_toolchain(folder: &Path, host_sysroot: &str) -> Result<(), String> {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let cannot = |error: std::io::Error| format!("cannot lay a toolchain in {}: {error}", folder.display());
    let theirs = Path::new(host_sysroot).join("lib/rustlib");
    for entry in std::fs::read_dir(&theirs).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        if entry.file_name() != TARGET {
            symlink(entry.path(), folder.join("lib/rustlib").join(entry.file_name())).map_err(cannot)?;
        }
    }
    let here = folder.display();
    let scripts = [
        ("rustc", format!("exec /usr/bin/rustc --sysroot '{here}' \"$@\"")),
        ("rustdoc", format!("exec /usr/bin/rustdoc --sysroot '{here}' \"$@\"")),
        ("cargo", format!("RUSTC='{here}/bin/rustc' RUSTDOC='{here}/bin/rustdoc' exec /usr/bin/cargo \"$@\"")),
    ];
    for (name, text) in scripts {
        let path = folder.join("bin").join(name);
        write(&path, &format!("#!/bin/sh\n{text}\n"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).map_err(cannot)?;
    }
    Ok(())
}

/// Debian's packages exist on Debian only.
#[cfg(not(unix))]
fn lay_toolchain(_folder: &Path, _host_sysroot: &str) -> Result<(), String> {
    Err(format!("rustup could not add {TARGET}: run `rustup target add {TARGET}`"))
}

fn toolchain_folder() -> Result<PathBuf, String> {
    Ok(cache()?.join(TOOLCHAIN))
}

fn has_target(sysroot: &Path) -> bool {
    let folder = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    std::fs::read_dir(folder).is_ok_and(|mut files| files.any(|file| file.is_ok()))
}

fn is_linked() -> bool {
    output(command("rustup").args(["toolchain", "list"]))
        .is_some_and(|list| list.lines().any(|line| line.split_whitespace().next() == Some(TOOLCHAIN)))
}
