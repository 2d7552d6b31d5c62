//! The architecture, executed: the order of the layers, the length of files, a header for every
//! module, a shader for every name. Rules of ARCHITECTURE.md that types cannot hold are held here.

#[path = "tidy/language.rs"]
mod language;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Layers from the bottom up; those in one row may use one another.
const LAYERS: &[&[&str]] = &[
    &["argsort", "error", "json"],
    &["device"],
    &["tensor"],
    &["plan"],
    &["ops"],
    &["autograd"],
    &["nn", "optim", "data", "format"],
    &["train", "tuning"],
];

/// Names that `lib.rs` re-exports, and the layer each comes from.
const REEXPORTS: &[(&str, &str)] = &[
    ("Error", "error"),
    ("Result", "error"),
    ("AutogradError", "error"),
    ("DType", "device"),
    ("Device", "device"),
    ("dispatch", "device"),
    ("shader", "device"),
    ("Tensor", "tensor"),
    ("Layout", "tensor"),
    ("Shape", "tensor"),
    ("no_grad", "tensor"),
    ("enable_grad", "tensor"),
    ("is_grad_enabled", "tensor"),
    ("block_on", "plan"),
    ("read_many", "plan"),
    ("argsort", "argsort"),
];

const LONGEST_FILE: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|n| n != "target" && n != "node_modules" && n != "golden") {
                    waiting.push(path);
                }
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&layer))
}

/// The first names after `crate::` in a text, through one level of braces; comments are left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let ident = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let Some(inner) = rest.strip_prefix('{') else {
            found.insert(ident(rest));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for c in inner.chars() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.insert(ident(item.trim()));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(c);
        }
        found.insert(ident(item.trim()));
    }
    found.remove("");
    found
}

/// Returns the upward imports of `text`, a file of `layer`.
fn upward(layer: &str, text: &str) -> Vec<String> {
    let Some(own) = rank(layer) else { return vec![format!("{layer} is not in the order of the layers")] };
    let place = |import: &String| {
        let layer = REEXPORTS.iter().find(|(name, _)| name == import).map_or(import.as_str(), |(_, layer)| layer);
        rank(layer).filter(|rank| *rank > own).map(|_| import.clone())
    };
    imports(text).iter().filter_map(place).collect()
}

#[test]
fn layers_depend_downward_only() {
    let src = root().join("engine/src");
    let mut wrong = Vec::new();
    for path in files(&src, "rs") {
        let relative = path.strip_prefix(&src).unwrap_or(&path);
        let layer = relative.iter().next().map(|s| s.to_string_lossy().replace(".rs", "")).unwrap_or_default();
        if layer == "lib" {
            continue;
        }
        wrong.extend(
            upward(&layer, &text(&path)).into_iter().map(|up| format!("{}: {layer} imports {up}", name(&path))),
        );
    }
    assert!(wrong.is_empty(), "imports that point upward:\n{}", wrong.join("\n"));
}

#[test]
fn the_layer_check_notices_an_upward_import() {
    assert_eq!(upward("device", "use crate::tensor::Shape;"), ["tensor"]);
    assert_eq!(upward("tensor", "use crate::{Result, device::Cpu, ops::{a, b}, Device};"), ["ops"]);
    assert!(upward("ops", "use crate::tensor::Shape; // crate::autograd\nuse crate::Tensor;").is_empty());
}

#[test]
fn every_module_has_a_header() {
    let bare: Vec<String> = ["engine", "gemm", "torch", "bench", "tests", "xtask", "app", "cli"]
        .iter()
        .flat_map(|dir| files(&root().join(dir), "rs"))
        .filter(|path| !text(path).starts_with("//!"))
        .map(|path| name(&path))
        .collect();
    assert!(bare.is_empty(), "files without a `//!` header:\n{}", bare.join("\n"));
}

#[test]
fn files_are_short_enough_to_read() {
    let long: Vec<String> = ["engine", "gemm", "torch", "shaders", "tests", "xtask", "app", "cli"]
        .iter()
        .flat_map(|dir| [files(&root().join(dir), "rs"), files(&root().join(dir), "wgsl")].concat())
        .map(|path| (text(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{}: {lines} lines", name(&path)))
        .collect();
    assert!(long.is_empty(), "files over {LONGEST_FILE} lines; split them by theme:\n{}", long.join("\n"));
}

#[test]
fn every_shader_is_used() {
    let sources: String = files(&root().join("engine/src"), "rs").iter().map(|path| text(path)).collect();
    let shaders = root().join("shaders");
    let texts: String = files(&shaders, "wgsl").iter().map(|path| text(path)).collect();
    let headers = texts.lines().filter_map(|line| line.strip_prefix("// uses:"));
    let pieces: BTreeSet<String> =
        headers.flat_map(|list| list.split(',')).map(|name| name.trim().to_owned()).collect();
    let unused: Vec<String> = files(&shaders, "wgsl")
        .iter()
        .filter_map(|path| path.strip_prefix(&shaders).ok().map(|p| p.with_extension("").display().to_string()))
        .filter(|stem| !sources.contains(&format!("shader!(\"{stem}\")")) && !pieces.contains(stem))
        .collect();
    assert!(unused.is_empty(), "shaders that no operation and no used shader names: {unused:?}");
}

#[test]
fn documents_name_files_that_exist() {
    let folders = ["app/", "cli/", "docs/", "engine/", "gemm/", "shaders/", "tests/", "torch/", "xtask/"];
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = text(&root().join(document));
        let named =
            text.split('`').skip(1).step_by(2).filter(|word| folders.iter().any(|folder| word.starts_with(folder)));
        // `x.rs` and `x.wgsl` are those of the reader's addition; braces list several files.
        let named: Vec<&str> = named.filter(|path| !path.contains("/x.") && !path.contains([' ', '{'])).collect();
        assert!(named.len() > 10, "{document} names {named:?}");
        let gone: Vec<&&str> = named.iter().filter(|path| !root().join(path).exists()).collect();
        assert!(gone.is_empty(), "{document} names what does not exist: {gone:?}");
    }
}

#[test]
fn only_readback_opening_and_measuring_wait() {
    let allowed = [
        "device/mod.rs",
        "device/gpu/mod.rs",
        "device/gpu/readback.rs",
        "plan/read.rs",
        "plan/measure.rs",
        "ops/gemm/tuner.rs",
    ];
    let src = root().join("engine/src");
    let waits: Vec<String> = files(&src, "rs")
        .into_iter()
        .filter(|path| {
            let layer = path.strip_prefix(&src).unwrap_or(path).display().to_string();
            ["device/", "tensor/", "plan/", "ops/", "autograd/", "nn/", "optim/"].iter().any(|l| layer.starts_with(l))
                && !allowed.contains(&layer.as_str())
        })
        .filter(|path| text(path).lines().any(|l| !l.trim_start().starts_with("//") && l.contains("async fn")))
        .map(|path| name(&path))
        .collect();
    assert!(
        waits.is_empty(),
        "`async` outside of reading, opening a device and measuring its kernels:\n{}",
        waits.join("\n")
    );
}

/// Calls that write, rename or offer a file.
const WRITES: [&str; 8] = [
    "fs::write(",
    "fs::rename(",
    "fs::copy(",
    "hard_link(",
    "File::create",
    "File::options(",
    "OpenOptions::new(",
    "create_object_url",
];

/// Source files that write, but for their tests.
fn writers() -> Vec<String> {
    let is_test = |path: &Path| name(path).contains("/tests/") || name(path).ends_with("tests.rs");
    ["engine", "gemm", "tests/web", "xtask", "app", "cli"]
        .iter()
        .flat_map(|dir| files(&root().join(dir), "rs"))
        .filter(|path| !is_test(path))
        .filter(|path| {
            let text = text(path);
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            code.lines().any(|l| !l.trim_start().starts_with("//") && WRITES.iter().any(|w| l.contains(w)))
        })
        .map(|path| name(&path))
        .collect()
}

#[test]
fn every_file_that_writes_is_in_the_list() {
    let list = text(&root().join("docs/outputs.md"));
    let named: BTreeSet<&str> = list.split('`').filter(|word| word.ends_with(".rs")).collect();
    let gone: Vec<&&str> = named.iter().filter(|path| !root().join(path).is_file()).collect();
    assert!(gone.is_empty(), "docs/outputs.md names files that do not exist: {gone:?}");
    let writers = writers();
    assert!(writers.len() > 5, "the search for writers finds {writers:?}");
    let missing: Vec<&String> = writers.iter().filter(|path| !named.contains(path.as_str())).collect();
    assert!(missing.is_empty(), "files that write and are not in docs/outputs.md: {missing:?}");
}

#[test]
fn all_that_the_program_prints_is_escaped() {
    let prints = ["println!(", "print!(", "stdout()", "stderr()"];
    let others: Vec<String> = files(&root().join("cli/src"), "rs")
        .into_iter()
        .filter(|path| !name(path).ends_with("output.rs"))
        .filter(|path| prints.iter().any(|word| text(path).contains(word)))
        .map(|path| name(&path))
        .collect();
    assert!(others.is_empty(), "printed without cli/src/output.rs: {others:?}");
}
