//! Removes comments and indentation from the shaders: they are for readers of `shaders/`, and a
//! page is downloaded.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let shaders = Path::new(&root).join("../shaders");
    println!("cargo:rerun-if-changed={}", shaders.display());
    for folder in ["", "shared"] {
        let (from, to) = (shaders.join(folder), Path::new(&out).join("shaders").join(folder));
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wgsl") {
                fs::write(to.join(path.file_name().unwrap_or_default()), bare(&fs::read_to_string(&path)?))?;
            }
        }
    }
    Ok(())
}

/// Removes comments. WGSL has no strings: everything after two slashes is a comment.
fn bare(wgsl: &str) -> String {
    let code = wgsl.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    code.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}
