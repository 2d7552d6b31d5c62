//! Lists the golden files, so that the tests in the browser include them all.

use std::fmt::Write;
use std::path::Path;

/// Folders whose safetensors files are included, with their names in the code.
const FOLDERS: [(&str, &str); 3] = [("OPS", "ops"), ("OPTIM", "optim"), ("TRAIN", "train")];

/// Single files that are included.
const FILES: [(&str, &str); 3] = [
    ("AUTOGRAD", "autograd/cases.json"),
    ("AUTOGRAD_TENSORS", "autograd/cases.safetensors"),
    ("LR_SCHEDULERS", "optim/lr_schedulers.json"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let golden = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../golden").canonicalize()?;
    let mut code = String::new();
    for (name, folder) in FOLDERS {
        writeln!(
            code,
            "/// The safetensors files of `{folder}` by their stems.\npub const {name}: &[(&str, &[u8])] = &["
        )?;
        let mut paths: Vec<_> = std::fs::read_dir(golden.join(folder))?.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "safetensors")) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            writeln!(code, "    ({stem:?}, include_bytes!({:?})),", path.display().to_string())?;
        }
        code += "];\n";
        println!("cargo::rerun-if-changed={}", golden.join(folder).display());
    }
    for (name, file) in FILES {
        let path = golden.join(file).display().to_string();
        writeln!(code, "/// `{file}`.\npub const {name}: &[u8] = include_bytes!({path:?});")?;
        println!("cargo::rerun-if-changed={path}");
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("golden.rs"), code)?;
    Ok(())
}
