//! The language of the code, held: words of `docs/glossary.md`, openings of doc comments, lengths of
//! sentences and lines, and an example on every public operation, layer and optimizer.

use std::path::{Path, PathBuf};

use super::{files, name, root, text};

/// Folders held to the rules.
const FOLDERS: &[&str] =
    &["app", "bench", "cli", "engine", "gemm", "shaders", "tests/outside", "tests/src", "tests/web", "torch", "xtask"];

/// Words and phrases that the glossary replaces, with the chosen ones.
const WORDS: &[(&str, &str)] = &[
    ("behaviour", "behavior"),
    ("borne", "patience"),
    ("centre", "center"),
    ("colour", "color"),
    ("colours", "colors"),
    ("go on", "continue, resume"),
    ("goes on", "continues, resumes"),
    ("grey", "gray"),
    ("guess", "prediction"),
    ("guesses", "predictions"),
    ("initialisation", "initialization"),
    ("initialised", "initialized"),
    ("lets go", "releases"),
    ("melts", "is fused"),
    ("neighbour", "neighbor"),
    ("neighbouring", "neighboring"),
    ("neighbours", "neighbors"),
    ("nobody", "no reader, no holder"),
    ("normalisation", "normalization"),
    ("normalised", "normalized"),
    ("picture", "image"),
    ("pictures", "images"),
    ("remembered", "recorded, saved"),
    ("remembers", "records, saves"),
    ("side by side", "adjacent, in parallel"),
    ("so many", "number of"),
    ("somebody", "a holder, a reader"),
    ("whoever", "the caller"),
];

/// Keys that programs read from printed or stored JSON, which keep their names.
const STORED_KEYS: &[&str] = &["\"picture\""];

/// First words that a doc comment never has: it opens with a verb or a noun of the field.
const OPENINGS: &[&str] = &[
    "Everything",
    "How",
    "Nothing",
    "Something",
    "That",
    "These",
    "This",
    "Those",
    "What",
    "Whatever",
    "Where",
    "Whether",
    "Which",
    "Who",
];

/// Prefixes of constants; limits are `MAX_` and `MIN_`, with their unit.
const PREFIXES: &[&str] = &["ENOUGH_", "FEWEST_", "LEAST_", "LONGEST_", "MOST_", "SHORTEST_", "WORTH_"];

const MAX_SENTENCE_WORDS: usize = 30;
const MAX_PARAGRAPH_LINES: usize = 6;
const MAX_PROSE_COLUMNS: usize = 100;

fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let list = |folder: &&str| [files(&root().join(folder), "rs"), files(&root().join(folder), "wgsl")].concat();
    folders.iter().flat_map(list).collect()
}

/// Returns the words of a line, in lower case; identifiers are split at underscores and capitals.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        if !c.is_alphabetic() || c.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the replaced words and constants in a line, each with its replacement.
fn replaced(line: &str) -> Vec<String> {
    let renamed = STORED_KEYS.iter().fold(line.to_owned(), |line, key| line.replace(key, ""));
    let spaced = format!(" {} ", words(&renamed).join(" "));
    let word = |(old, new): &(&str, &str)| spaced.contains(&format!(" {old} ")).then(|| format!("`{old}`: {new}"));
    let constant = |prefix: &&str| {
        let at = ["const ", "static "].iter().find_map(|keyword| line.split_once(keyword))?;
        at.1.starts_with(prefix).then(|| format!("`{prefix}`: MAX_ or MIN_"))
    };
    WORDS.iter().filter_map(word).chain(PREFIXES.iter().filter_map(constant)).collect()
}

/// A paragraph of a comment: its first line, from 1, and its lines without slashes.
struct Paragraph {
    line: usize,
    opens_doc: bool,
    lines: Vec<String>,
}

impl Paragraph {
    fn sentences(&self) -> Vec<String> {
        let mut code = false;
        let prose: String = self
            .lines
            .join(" ")
            .chars()
            .filter(|c| {
                if *c == '`' {
                    code = !code;
                    false
                } else {
                    !code
                }
            })
            .collect();
        let ends = |sentence: &str| sentence.ends_with(['.', '?', '!']);
        let mut sentences = vec![String::new()];
        for word in prose.split_whitespace() {
            if sentences.last().is_some_and(|sentence| ends(sentence)) {
                sentences.push(String::new());
            }
            if let Some(sentence) = sentences.last_mut() {
                *sentence += " ";
                *sentence += word;
            }
        }
        sentences
    }
}

/// Returns the prose of a file's comments: no code, lists, tables, headings or links.
fn prose(text: &str) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let (mut fenced, mut previous, mut open) = (false, "", false);
    for (i, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let prefix = ["///", "//!", "//"].into_iter().find(|prefix| trimmed.starts_with(prefix)).unwrap_or_default();
        let rest = &trimmed[prefix.len()..];
        fenced = fenced && prefix == previous;
        let starts = prefix != previous;
        previous = prefix;
        if rest.trim_start().starts_with("```") && !prefix.is_empty() {
            fenced = !fenced;
            open = false;
            continue;
        }
        let marks = ["- ", "* ", "|", "# ", "uses:", "checked with:", "["];
        let listed = rest
            .strip_prefix(' ')
            .is_none_or(|rest| rest.starts_with(' ') || marks.iter().any(|mark| rest.starts_with(mark)));
        if prefix.is_empty() || fenced || listed || rest.trim().is_empty() {
            open = false;
            continue;
        }
        if !open || starts {
            paragraphs.push(Paragraph { line: i + 1, opens_doc: starts && prefix != "//", lines: Vec::new() });
        }
        open = true;
        if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.lines.push(rest.trim().to_owned());
        }
    }
    paragraphs
}

fn report(problems: &[String], rule: &str) {
    assert!(problems.is_empty(), "{rule} (docs/glossary.md):\n{}", problems.join("\n"));
}

#[test]
fn words_are_those_of_the_glossary() {
    let mut found = Vec::new();
    for path in sources(FOLDERS) {
        for (i, line) in text(&path).lines().enumerate() {
            found.extend(replaced(line).into_iter().map(|word| format!("{}:{}: {word}", name(&path), i + 1)));
        }
    }
    report(&found, "words that the glossary replaces");
}

#[test]
fn doc_comments_open_with_a_verb_or_a_noun() {
    let mut found = Vec::new();
    for path in sources(FOLDERS) {
        for paragraph in prose(&text(&path)).iter().filter(|paragraph| paragraph.opens_doc) {
            let first = paragraph.lines.first().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
            if OPENINGS.contains(&first) {
                found.push(format!("{}:{}: opens with `{first}`", name(&path), paragraph.line));
            }
        }
    }
    report(&found, "doc comments that open with a relative clause");
}

#[test]
fn sentences_paragraphs_and_lines_are_short() {
    let mut found = Vec::new();
    for path in sources(FOLDERS) {
        let text = text(&path);
        for paragraph in prose(&text) {
            let at = format!("{}:{}", name(&path), paragraph.line);
            for sentence in paragraph.sentences() {
                let count = sentence.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count();
                if count > MAX_SENTENCE_WORDS {
                    found.push(format!("{at}: {count} words in `{}…`", sentence.chars().take(60).collect::<String>()));
                }
            }
            if paragraph.lines.len() > MAX_PARAGRAPH_LINES {
                found.push(format!("{at}: {} lines in a paragraph", paragraph.lines.len()));
            }
            for (i, line) in text.lines().enumerate().skip(paragraph.line - 1).take(paragraph.lines.len()) {
                let unbreakable = line.contains("](") || line.trim_start().split(' ').count() == 2;
                if line.chars().count() > MAX_PROSE_COLUMNS && !line.trim_start().starts_with("/// `") && !unbreakable {
                    found.push(format!("{}:{}: {} columns", name(&path), i + 1, line.chars().count()));
                }
            }
        }
    }
    report(&found, "comments that are too long");
}

/// Returns the numbers of a Markdown text's prose lines beyond the limit, from 1: no code, tables,
/// headings or lines that are one link.
fn long_lines(text: &str) -> Vec<usize> {
    let mut fenced = false;
    let is_long = |line: &str| {
        fenced ^= line.trim_start().starts_with("```");
        let is_prose = !fenced && !line.starts_with("    ") && !line.starts_with(['|', '#', '!', '`']);
        is_prose && line.chars().count() > MAX_PROSE_COLUMNS && line.trim().contains(' ')
    };
    let long: Vec<bool> = text.lines().map(is_long).collect();
    long.iter().enumerate().filter_map(|(i, long)| long.then_some(i + 1)).collect()
}

#[test]
fn lines_of_markdown_are_short() {
    let folders = ["docs", "engine", "tests"].map(|folder| files(&root().join(folder), "md")).concat();
    let top = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"].map(|name| root().join(name));
    let mut found = Vec::new();
    for path in folders.into_iter().chain(top) {
        found.extend(long_lines(&text(&path)).into_iter().map(|line| format!("{}:{line}", name(&path))));
    }
    report(&found, "lines of prose over 100 columns");
    let long = "word ".repeat(30);
    assert_eq!(long_lines(&format!("```\n{long}\n```\n| {long}|\n{long}\nshort")), [5]);
}

/// Returns the items of a file, by name, with `true` for those whose docs have an example.
fn items(text: &str, item: impl Fn(&str) -> Option<String>) -> Vec<(String, bool)> {
    let (mut example, mut found) = (false, Vec::new());
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("///") {
            example |= trimmed.contains("```");
        } else if !trimmed.starts_with("#[") {
            found.extend(item(line).map(|name| (name, example)));
            example = false;
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn without_example(path: &Path, item: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lacks = |(item, example): (String, bool)| (!example).then(|| format!("{}: {item}", name(path)));
    items(&text(path), item).into_iter().filter_map(lacks).collect()
}

/// Operations in place have the example of their base operation.
#[test]
fn every_operation_has_an_example() {
    let mut found = Vec::new();
    for path in files(&root().join("engine/src/ops"), "rs") {
        let text = text(&path);
        let methods = text.split("\nimpl Tensor {").nth(1).unwrap_or_default();
        let public: Vec<String> = methods.split("\n    pub fn ").skip(1).map(identifier).collect();
        let operation = |line: &str| line.strip_prefix("    pub fn ").map(identifier);
        found.extend(without_example(&path, |line| {
            operation(line).filter(|name| public.contains(name) && !name.ends_with('_'))
        }));
    }
    report(&found, "operations without an example in their docs");
}

#[test]
fn every_layer_loss_and_optimizer_has_an_example() {
    let mut found = Vec::new();
    for path in files(&root().join("engine/src/nn"), "rs") {
        let text = text(&path);
        let is_module = |name: &str| {
            ["Module for ", "Loss for ", "stateless!("]
                .iter()
                .any(|key| text.split(key).skip(1).any(|rest| identifier(rest) == name))
        };
        let activation = path.ends_with("activation.rs");
        found.extend(without_example(&path, |line| match line.strip_prefix("pub struct ").map(identifier) {
            Some(name) => is_module(&name).then_some(name),
            None if activation && line.starts_with("    ") && line.contains('{') => {
                let name = identifier(line.trim_start());
                (!line.starts_with("     ") && name.starts_with(char::is_uppercase)).then_some(name)
            }
            None => None,
        }));
    }
    for path in files(&root().join("engine/src/optim"), "rs") {
        found.extend(without_example(&path, |line| {
            line.strip_prefix("pub type ").filter(|line| line.contains("= Optimizer<")).map(identifier)
        }));
    }
    report(&found, "layers, losses and optimizers without an example in their docs");
}

#[test]
fn the_language_checks_notice_what_they_forbid() {
    assert_eq!(replaced("let pictureCount = guess_of(x); // goes on").len(), 3);
    assert_eq!(replaced("const MOST_ROWS: usize = 3;"), ["`MOST_`: MAX_ or MIN_"]);
    assert!(replaced("the images of an epoch").is_empty());
    let doc = prose("/// Whether it is so. Then\n/// more.\n///\n/// ```\n/// How\n/// ```\nfn f() {} // How\n");
    assert_eq!((doc.len(), doc[0].opens_doc, doc[0].sentences().len()), (1, true, 2));
    let found = items("/// ```\n/// ```\n#[inline]\npub fn a() {}\npub fn b() {}", |line| {
        line.strip_prefix("pub fn ").map(identifier)
    });
    assert_eq!(found, [("a".to_owned(), true), ("b".to_owned(), false)]);
}
