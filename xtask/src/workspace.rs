//! Locations: the checkout, the tool cache, and the pinned versions.

use std::path::{Path, PathBuf};

/// Version of trunk. 0.22 requires a newer rustc than the workspace does.
pub const TRUNK: &str = "0.21.14";

/// Returns the checkout's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Returns the folder of tools shared by all checkouts of this user: `$KINDLING_CACHE`, or
/// `kindling` in the user's cache folder.
pub fn cache() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("KINDLING_CACHE") {
        return Ok(PathBuf::from(path));
    }
    user_cache().map(|path| path.join("kindling"))
}

/// Returns the user's cache folder, by the platform's convention.
pub fn user_cache() -> Result<PathBuf, String> {
    let (variable, below) = if cfg!(windows) {
        ("LOCALAPPDATA", "")
    } else if cfg!(target_os = "macos") {
        ("HOME", "Library/Caches")
    } else if std::env::var_os("XDG_CACHE_HOME").is_some() {
        ("XDG_CACHE_HOME", "")
    } else {
        ("HOME", ".cache")
    };
    std::env::var_os(variable)
        .map(|base| PathBuf::from(base).join(below))
        .ok_or_else(|| format!("${variable} is not set: name a folder for tools in $KINDLING_CACHE"))
}

/// Returns the version of `package` in Cargo.lock.
pub fn locked_version(package: &str) -> Result<String, String> {
    let lock = read(&root().join("Cargo.lock"))?;
    version_in_lock(&lock, package).map(str::to_owned).ok_or_else(|| format!("Cargo.lock has no package {package}"))
}

fn version_in_lock<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// Reads a text file, naming it in the error.
pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a text file and the folders above it, naming it in the error.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_a_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"ab\"\nversion = \"4\"\n";
        assert_eq!(version_in_lock(lock, "a"), Some("1.2.3"));
        assert_eq!(version_in_lock(lock, "ab"), Some("4"));
        assert_eq!(version_in_lock(lock, "b"), None);
    }
}
