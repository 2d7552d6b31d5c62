//! Node.js and the npm packages that `xtask/tools/package-lock.json` pins: binaryen (wasm-opt),
//! terser, playwright-core, axe-core, onnxruntime-web.

use super::job;
use crate::process::{command, which};
use crate::workspace::{cache, read, root, user_cache};
use std::path::{Path, PathBuf};

/// Returns the installed `node_modules`, if they match the lock file.
pub fn modules() -> Result<Option<PathBuf>, String> {
    let folder = folder()?.join("node_modules");
    // npm writes this file last.
    let complete = folder.join(".package-lock.json").is_file() && which("node").is_some();
    Ok(complete.then_some(folder))
}

/// Returns the Debian packages, on a machine without Node.js.
pub fn packages() -> &'static [&'static str] {
    match (which("node"), which("npm")) {
        (Some(_), Some(_)) => &[],
        (Some(_), None) => &["npm"],
        _ => &["nodejs", "npm"],
    }
}

/// Installs the pinned packages next to a copy of their lock file. None of them runs a script of
/// its own.
pub fn install() -> Result<(), String> {
    let folder = folder()?;
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    for name in ["package.json", "package-lock.json"] {
        let from = root().join("xtask/tools").join(name);
        std::fs::copy(&from, folder.join(name)).map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
    }
    let mut ci = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    ci.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).current_dir(&folder);
    job::run("npm", &mut [ci])
}

/// Makes our wasm-opt available to a plain `trunk build`: trunk looks into its own cache before it
/// downloads.
pub fn share_with_trunk() -> Result<(), String> {
    let Some(modules) = modules()? else {
        return Ok(());
    };
    let package = modules.join("binaryen");
    let manifest = read(&package.join("package.json"))?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).map_err(|error| format!("binaryen's package.json: {error}"))?;
    let version = manifest["version"].as_str().unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    link_into_trunk(&package.join("bin/wasm-opt"), &format!("wasm-opt-version_{major}/bin/wasm-opt"))
}

/// Links a tool into trunk's cache of downloaded tools.
#[cfg(unix)]
pub fn link_into_trunk(tool: &Path, name: &str) -> Result<(), String> {
    let app = if cfg!(target_os = "macos") { "dev.trunkrs.trunk" } else { "trunk" };
    let link = user_cache()?.join(app).join(name);
    if link.exists() {
        return Ok(());
    }
    let folder = link.parent().unwrap_or(&link);
    // A link to a missing tool is in the way.
    let _ = std::fs::remove_file(&link);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::os::unix::fs::symlink(tool, &link))
        .map_err(|error| format!("cannot link {}: {error}", link.display()))
}

/// On Windows a link requires rights that few accounts have; trunk downloads its tools there.
#[cfg(not(unix))]
pub fn link_into_trunk(_tool: &Path, _name: &str) -> Result<(), String> {
    let _ = user_cache;
    Ok(())
}

fn folder() -> Result<PathBuf, String> {
    let lock = read(&root().join("xtask/tools/package-lock.json"))?;
    Ok(cache()?.join(format!("node-{:016x}", fnv1a(lock.as_bytes()))))
}

/// Computes 64-bit FNV-1a, which names a folder after a lock file's contents; it need not be
/// secure.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn trunk_asks_for_the_wasm_opt_that_npm_brings() {
        let package: serde_json::Value =
            serde_json::from_str(include_str!("../../tools/package.json")).expect("package.json is JSON");
        let version = package["dependencies"]["binaryen"].as_str().expect("binaryen is pinned");
        let major = version.split('.').next().expect("a version has a first number");
        assert!(include_str!("../../../Trunk.toml").contains(&format!("wasm_opt = \"version_{major}\"")));
    }
}
