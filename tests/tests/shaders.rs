//! Validity of every WGSL file, without a GPU, and of its header: `// uses: a, shared/b` names the
//! pieces whose names it mentions, which the engine's `build.rs` adds to every kernel. Where Rust
//! chooses a piece, `// checked with: c` names one of the choices, for these tests.

#[path = "../../engine/build.rs"]
#[expect(dead_code, reason = "cargo runs the rest, these tests the rules")]
mod build;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use build::Shaders;

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

/// Returns the shaders, by the names that headers have for them.
fn texts() -> Shaders {
    let name = |path: &Path| path.strip_prefix(shaders()).unwrap_or(path).with_extension("").display().to_string();
    files(&shaders()).iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap_or_default())).collect()
}

/// Returns the pieces that a shader is checked with, where Rust chooses.
fn choices(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.lines().filter_map(|line| line.strip_prefix("// checked with:"));
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// Returns the pieces of a kernel with this shader.
fn pieces<'a>(texts: &'a Shaders, name: &'a str) -> Result<Vec<&'a str>, String> {
    let mut pieces = Vec::new();
    build::resolve(texts, name, &mut Vec::new(), &mut pieces)?;
    choices(&texts[name]).try_for_each(|piece| build::resolve(texts, piece, &mut Vec::new(), &mut pieces))?;
    Ok(pieces)
}

/// Returns the problems of a shader's header: pieces it lacks, and pieces it does not need.
fn header_problems(texts: &Shaders, name: &str) -> Result<Vec<String>, String> {
    let pieces = pieces(texts, name)?;
    let providers = |user: &str| -> Vec<&str> {
        let mentioned = mentioned(&texts[user]);
        let provides = |piece: &&str| *piece != user && !declared(&texts[*piece]).is_disjoint(&mentioned);
        pieces.iter().copied().filter(provides).collect()
    };
    let direct = providers(name);
    let mut needed = direct.clone();
    let mut next = 0;
    while let Some(user) = needed.get(next).copied() {
        let more = providers(user).into_iter().filter(|piece| !needed.contains(piece));
        needed.extend(more.collect::<Vec<_>>());
        next += 1;
    }
    let text = &texts[name];
    let (uses, choices): (Vec<&str>, Vec<&str>) = (build::uses(text).collect(), choices(text).collect());
    let missing = direct.iter().filter(|piece| !uses.contains(piece) && !choices.contains(piece));
    let unused = uses.iter().filter(|piece| !direct.contains(piece));
    let unused = unused.chain(choices.iter().filter(|piece| !needed.contains(piece)));
    let missing = missing.map(|piece| format!("{name} mentions a name of {piece}, which its header lacks"));
    Ok(missing.chain(unused.map(|piece| format!("{name} needs nothing of {piece}, which its header names"))).collect())
}

/// Splits WGSL without comments into identifiers, numbers and single characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.lines().flat_map(|line| line.split("//").next().unwrap_or_default().chars().chain(['\n'])) {
        let is_word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut().filter(|_| is_word && in_word) {
            Some(word) => word.push(c),
            None if !c.is_whitespace() => tokens.push(c.to_string()),
            None => {}
        }
        in_word = is_word;
    }
    tokens
}

/// Returns the names that a shader declares for others.
fn declared(text: &str) -> BTreeSet<String> {
    let (mut depth, mut names) = (0, BTreeSet::new());
    let tokens = tokens(text);
    for (i, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "fn" | "struct" | "alias" | "const" | "override" if depth == 0 => names.extend(tokens.get(i + 1).cloned()),
            // `var name`, or `var<storage, read> name`.
            "var" if depth == 0 => {
                let is_space = tokens.get(i + 1).is_some_and(|token| token == "<");
                let skip = if is_space { tokens[i..].iter().position(|token| token == ">").unwrap_or(0) } else { 0 };
                names.extend(tokens.get(i + skip + 1).cloned());
            }
            _ => {}
        }
    }
    names
}

/// Returns the names that a shader mentions and does not declare itself: not its variables,
/// parameters and fields (`name: type`), and no members (`.name`).
fn mentioned(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text);
    let mut own = declared(text);
    for pair in tokens.windows(2) {
        match [pair[0].as_str(), pair[1].as_str()] {
            ["let" | "var" | "const", name] => drop(own.insert(name.to_owned())),
            [name, ":"] => drop(own.insert(name.to_owned())),
            _ => {}
        }
    }
    let is_name = |token: &str| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let names = tokens.iter().enumerate().filter(|(i, token)| is_name(token) && (*i == 0 || tokens[i - 1] != "."));
    names.map(|(_, name)| name.clone()).filter(|name| !own.contains(name)).collect()
}

#[test]
fn every_shader_is_valid() {
    let texts = texts();
    assert!(texts.len() > 10, "no shaders were found in {}", shaders().display());
    let validate = |name: &str| {
        let source: String = pieces(&texts, name)?.into_iter().map(|piece| texts[piece].as_str()).collect();
        check(&source)
    };
    let wrong: Vec<String> =
        texts.keys().filter_map(|name| validate(name).err().map(|error| format!("{name}: {error}"))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn headers_name_the_pieces_that_a_shader_uses_and_no_others() {
    let texts = texts();
    let problems: Result<Vec<_>, String> = texts.keys().map(|name| header_problems(&texts, name)).collect();
    let problems = problems.unwrap().concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_header_check_notices_what_is_missing_and_what_is_unused() {
    let shader = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let texts: Shaders = [
        ("a", "// uses: b, c\n// checked with: d\nfn a(x: f32) -> f32 { let f = 1.0; return b(x) * e + f; }"),
        ("b", "// uses: e\nfn b(x: f32) -> f32 { return x + e; }"),
        (
            "c",
            "// checked with: d, e\nfn f() { var f = b * 2.0; f = d; }\nvar<workgroup, read_write> g: array<f32, 2>;",
        ),
        ("d", "const d = e;"),
        ("e", "const e = 1.0; // a(1.0)"),
    ]
    .map(shader)
    .into();
    let want = [
        "a mentions a name of e, which its header lacks",
        "a needs nothing of c, which its header names",
        "a needs nothing of d, which its header names",
    ];
    assert_eq!(header_problems(&texts, "a").unwrap(), want);
    assert_eq!(header_problems(&texts, "b").unwrap(), [""; 0]);
    assert_eq!(header_problems(&texts, "c").unwrap(), [""; 0]);
    assert!(declared(&texts["c"]).iter().eq(["f", "g"]));
}

#[test]
fn the_build_adds_each_piece_once_and_refuses_unknown_pieces_and_circles() {
    let shader = |(name, uses): (&str, &str)| (name.to_owned(), format!("// {name}\n// uses: {uses}\n"));
    let mut texts: Shaders = [("a", "b, c"), ("b", "c"), ("d", "gone"), ("e", "f"), ("f", "e")].map(shader).into();
    texts.insert("c".to_owned(), "// c\n".to_owned());
    let resolve = |name| {
        let mut pieces = Vec::new();
        build::resolve(&texts, name, &mut Vec::new(), &mut pieces).map(|()| pieces)
    };
    assert_eq!(resolve("a"), Ok(vec!["c", "b", "a"]));
    assert_eq!(resolve("d"), Err("shaders/d.wgsl uses `gone`, but there is no shaders/gone.wgsl".to_owned()));
    assert_eq!(resolve("e"), Err("shaders/f.wgsl closes a circle: e uses f uses e".to_owned()));
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
