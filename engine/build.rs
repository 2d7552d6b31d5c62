//! Prepares the shaders. Comments and indentation are removed: they are for readers of `shaders/`,
//! and a page is downloaded. The pieces that a file names in its header, `// uses: exp`, and those
//! that they use become one list, for `shader!`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Texts of `shaders/`, by path without extension.
pub type Shaders = BTreeMap<String, String>;

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("shaders");
    let folder = Path::new(&root).join("../shaders");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut shaders = Shaders::new();
    for prefix in ["", "shared/"] {
        fs::create_dir_all(out.join(prefix))?;
        for entry in fs::read_dir(folder.join(prefix))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wgsl") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                shaders.insert(format!("{prefix}{stem}"), fs::read_to_string(&path)?);
            }
        }
    }
    for (name, text) in &shaders {
        fs::write(out.join(format!("{name}.wgsl")), bare(text))?;
        let mut pieces = Vec::new();
        resolve(&shaders, name, &mut Vec::new(), &mut pieces).map_err(io::Error::other)?;
        let file = |piece| format!("    include_str!(concat!(env!(\"OUT_DIR\"), \"/shaders/{piece}.wgsl\")),\n");
        let files: String = pieces.into_iter().map(file).collect();
        fs::write(out.join(format!("{name}.rs")), format!("&[\n{files}] as &[&str]\n"))?;
    }
    Ok(())
}

/// Removes comments. WGSL has no strings: everything after two slashes is a comment.
fn bare(wgsl: &str) -> String {
    let code = wgsl.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    code.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

/// Returns the names in a shader's header.
pub fn uses(wgsl: &str) -> impl Iterator<Item = &str> {
    wgsl.lines().filter_map(|line| line.strip_prefix("// uses:")).flat_map(|list| list.split(',')).map(str::trim)
}

/// Appends a shader to `pieces`, once, after those it uses. `path` leads to it.
///
/// # Errors
/// A shader that is used and does not exist, or that uses itself.
pub fn resolve<'a>(
    shaders: &'a Shaders,
    name: &'a str,
    path: &mut Vec<&'a str>,
    pieces: &mut Vec<&'a str>,
) -> Result<(), String> {
    if pieces.contains(&name) {
        return Ok(());
    }
    let user = path.last().copied().unwrap_or(name);
    let Some(text) = shaders.get(name) else {
        return Err(format!("shaders/{user}.wgsl uses `{name}`, but there is no shaders/{name}.wgsl"));
    };
    if path.contains(&name) {
        return Err(format!("shaders/{user}.wgsl closes a circle: {} uses {name}", path.join(" uses ")));
    }
    path.push(name);
    uses(text).try_for_each(|used| resolve(shaders, used, path, pieces))?;
    path.pop();
    pieces.push(name);
    Ok(())
}
