//! Validity of every WGSL file, without a GPU. A file that is one piece of a kernel names the
//! others in a line `// joined with: a, b`, by their stems; files of pointwise functions are
//! complete.

use std::path::{Path, PathBuf};

fn shaders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "wgsl") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn check(source: &str) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let flags = naga::valid::ValidationFlags::all();
    naga::valid::Validator::new(flags, naga::valid::Capabilities::default() | naga::valid::Capabilities::SUBGROUP)
        .validate(&module)
        .map_err(|e| e.emit_to_string(source))?;
    Ok(())
}

fn joined(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mut source = text.clone();
    for line in text.lines().filter_map(|line| line.strip_prefix("// joined with:")) {
        for stem in line.split(',').map(str::trim) {
            let other = shaders().join(stem).with_extension("wgsl");
            source += "\n";
            source += &std::fs::read_to_string(&other).map_err(|e| format!("{}: {e}", other.display()))?;
        }
    }
    Ok(source)
}

#[test]
fn every_shader_is_valid() {
    let files = files(&shaders());
    assert!(files.len() > 10, "no shaders were found in {}", shaders().display());
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|path| {
            let error = joined(path).and_then(|source| check(&source)).err()?;
            Some(format!("{}: {error}", path.file_name().unwrap_or_default().to_string_lossy()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns `true` if `&&` and `||` are mixed without parentheses: naga accepts it, the WGSL of
/// browsers does not.
fn mixes_and_with_or(source: &str) -> bool {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut seen = vec![(false, false)];
    let mut pairs = code.as_bytes().windows(2);
    pairs.any(|pair| {
        match pair {
            [b'(' | b'[' | b'{', _] => seen.push((false, false)),
            [b')' | b']' | b'}', _] if seen.len() > 1 => drop(seen.pop()),
            [b';' | b',', _] => seen.iter_mut().last().into_iter().for_each(|s| *s = (false, false)),
            b"&&" => seen.iter_mut().last().into_iter().for_each(|s| s.0 = true),
            b"||" => seen.iter_mut().last().into_iter().for_each(|s| s.1 = true),
            _ => {}
        }
        seen.last() == Some(&(true, true))
    })
}

#[test]
fn no_shader_mixes_and_with_or() {
    let mixed: Vec<PathBuf> = files(&shaders())
        .into_iter()
        .filter(|path| mixes_and_with_or(&std::fs::read_to_string(path).unwrap_or_default()))
        .collect();
    assert!(mixed.is_empty(), "`&&` beside `||` needs parentheses in the browser: {mixed:?}");
    assert!(mixes_and_with_or("if (a && b || c) {}") && !mixes_and_with_or("if ((a && b) || c) {} x = d && e;"));
}

#[test]
fn every_shader_opens_with_what_it_computes() {
    let bare: Vec<PathBuf> = files(&shaders())
        .into_iter()
        .filter(|path| !std::fs::read_to_string(path).unwrap_or_default().starts_with("// "))
        .collect();
    assert!(bare.is_empty(), "shaders without a comment at the top: {bare:?}");
}

#[test]
fn the_check_notices_a_wrong_shader() {
    assert!(check("fn f(x: f32) -> f32 { return x + 1u; }").is_err());
    assert!(check("fn f(x: f32) -> f32 { return x + 1.0; }").is_ok());
}
