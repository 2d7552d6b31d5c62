//! Lists the golden files, so that the tests in the browser carry them all.

use std::fmt::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let golden = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../golden").canonicalize()?;
    let mut code =
        String::from("/// Families of operations and their golden files.\npub const OPS: &[(&str, &[u8])] = &[\n");
    let mut paths: Vec<_> = std::fs::read_dir(golden.join("ops"))?.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "safetensors")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(code, "    ({stem:?}, include_bytes!({:?})),", path.display().to_string())?;
    }
    code += "];\n";
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("golden.rs"), code)?;
    println!("cargo::rerun-if-changed={}", golden.join("ops").display());
    Ok(())
}
