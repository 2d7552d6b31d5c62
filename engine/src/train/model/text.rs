//! Models as text: one layer per line, as PyTorch's constructors. Arguments become JSON, which the
//! layers' own types check.

use serde_json::{Map, Value};

use super::LayerSpec;
use super::arguments::{self, python};
use super::kind::{Branches, Kind, Sequence};
use super::limits::{MAX_LAYERS, check_depth};
use crate::nn::residual::SHORTCUT_NAME;

/// Maximum depth of nested lists in an argument.
const MAX_LIST_DEPTH: usize = 8;

/// Parsed layers, with their lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// Layers.
    pub layers: Vec<LayerSpec>,
    /// First line of each layer, from 1, in the order of [`Summary::rows`](super::Summary::rows).
    pub lines: Vec<usize>,
}

/// An error in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Line, from 1.
    pub line: usize,
    /// Error, without the line.
    pub why: String,
}

/// Writes layers.
pub fn print(layers: &[LayerSpec]) -> String {
    let mut out = String::new();
    layers.iter().for_each(|layer| print_layer(layer, 0, &mut out));
    out
}

fn print_layer(layer: &LayerSpec, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    let name = layer.name.as_ref().map(|name| if name.is_empty() { "_: ".to_owned() } else { format!("{name}: ") });
    let head = format!("{indent}{}", name.unwrap_or_default());
    match &layer.kind {
        Kind::Sequential(sequence) | Kind::Concat(sequence) => {
            *out += &format!("{head}{} {{\n", layer.kind.name());
            sequence.layers.iter().for_each(|inner| print_layer(inner, depth + 1, out));
            *out += &format!("{indent}}}\n");
        }
        Kind::Residual(branches) => {
            let activation = branches.activation.as_deref().map(call).unwrap_or_default();
            let activation = if activation.is_empty() { activation } else { format!("({activation})") };
            *out += &format!("{head}Residual{activation} {{\n");
            branches.body.iter().for_each(|inner| print_layer(inner, depth + 1, out));
            if !branches.shortcut.is_empty() {
                let name = match branches.shortcut_name.as_str() {
                    SHORTCUT_NAME => String::new(),
                    "" => "_: ".to_owned(),
                    name => format!("{name}: "),
                };
                *out += &format!("{indent}}} {name}shortcut {{\n");
                branches.shortcut.iter().for_each(|inner| print_layer(inner, depth + 1, out));
            }
            *out += &format!("{indent}}}\n");
        }
        kind => *out += &format!("{head}{}\n", call(kind)),
    }
}

/// Writes `Kind(arguments)`: required ones by position, others by name, without defaults.
pub fn call(kind: &Kind) -> String {
    let Some(signature) = kind.signature() else { return kind.name().to_owned() };
    let map = kind.arguments();
    let default = Kind::from_arguments(signature.name, Map::new()).ok().map(|default| default.arguments());
    let mut arguments = Vec::new();
    for (i, argument) in signature.arguments.iter().enumerate() {
        match map.get(*argument) {
            Some(value) if i < signature.required => arguments.push(python(value)),
            Some(value) if default.as_ref().and_then(|d| d.get(*argument)) != Some(value) => {
                arguments.push(format!("{argument}={}", python(value)));
            }
            _ => {}
        }
    }
    format!("{}({})", signature.name, arguments.join(", "))
}

/// Parses layers.
///
/// # Errors
/// The first error and its line.
pub fn parse(text: &str) -> Result<Parsed, TextError> {
    let mut parser = Parser { rest: text, line: 1, last: 1, depth: 0, lines: Vec::new() };
    let layers = parser.layers();
    let layers = layers.and_then(|layers| match parser.peek() {
        None => Ok(layers),
        Some(found) => {
            parser.last = parser.line;
            Err(format!("unexpected '{found}'"))
        }
    });
    match layers {
        Ok(layers) => Ok(Parsed { layers, lines: parser.lines }),
        Err(why) => Err(TextError { line: parser.last, why }),
    }
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    /// Line of the last token: a missing token is reported there, not at the next one.
    last: usize,
    /// Number of blocks around the current position.
    depth: usize,
    /// First lines of the layers so far.
    lines: Vec<usize>,
}

impl<'a> Parser<'a> {
    /// Returns the next character other than space and comments.
    fn peek(&mut self) -> Option<char> {
        loop {
            let next = self.rest.chars().next()?;
            if next == '#' {
                self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
            } else if next.is_whitespace() {
                self.line += usize::from(next == '\n');
                self.rest = &self.rest[next.len_utf8()..];
            } else {
                return Some(next);
            }
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
            self.last = self.line;
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(format!("expected '{wanted}', found {}", self.peek().map_or("the end".into(), |c| format!("'{c}'"))))
    }

    /// Reads letters, digits, `_`, `-` and `.`, possibly none.
    fn word(&mut self) -> &'a str {
        self.peek();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_-+.".contains(c))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if !word.is_empty() {
            self.rest = rest;
            self.last = self.line;
        }
        word
    }

    fn layers(&mut self) -> Result<Vec<LayerSpec>, String> {
        let mut layers = Vec::new();
        loop {
            while self.take(',') || self.take(';') {}
            match self.peek() {
                None | Some('}') => return Ok(layers),
                Some(_) => layers.push(self.layer()?),
            }
        }
    }

    fn layer(&mut self) -> Result<LayerSpec, String> {
        self.lines.push(self.line);
        if self.lines.len() > MAX_LAYERS {
            return Err(format!("the model has more than {MAX_LAYERS} layers"));
        }
        let mut word = self.word();
        let mut name = None;
        if self.take(':') {
            name = Some(if word == "_" { String::new() } else { word.to_owned() });
            word = self.word();
        }
        let word = word.strip_prefix("nn.").unwrap_or(word);
        let kind = match word {
            "Sequential" => Kind::Sequential(Sequence { layers: self.block()? }),
            "Concat" => Kind::Concat(Sequence { layers: self.block()? }),
            "Residual" => {
                let mut activation = None;
                if self.take('(') && !self.take(')') {
                    let word = self.word();
                    activation = Some(Box::new(self.call(word)?));
                    self.expect(')')?;
                }
                let body = self.block()?;
                match self.shortcut_name() {
                    Some(shortcut_name) => {
                        Kind::Residual(Branches { body, shortcut: self.block()?, shortcut_name, activation })
                    }
                    None => Kind::Residual(Branches { body, activation, ..Branches::default() }),
                }
            }
            word => self.call(word)?,
        };
        Ok(LayerSpec { name, kind })
    }

    /// Reads the word before a shortcut's block. Returns its name if it is not torchvision's.
    fn shortcut_name(&mut self) -> Option<String> {
        self.peek();
        let before = (self.rest, self.line, self.last);
        let word = self.word();
        let named = self.take(':');
        if (if named { self.word() } else { word }) == "shortcut" && self.peek() == Some('{') {
            return Some(match (named, word) {
                (false, _) => SHORTCUT_NAME.to_owned(),
                (true, "_") => String::new(),
                (true, name) => name.to_owned(),
            });
        }
        (self.rest, self.line, self.last) = before;
        None
    }

    fn block(&mut self) -> Result<Vec<LayerSpec>, String> {
        self.expect('{')?;
        self.depth += 1;
        check_depth(self.depth)?;
        let layers = self.layers()?;
        self.depth -= 1;
        self.expect('}')?;
        Ok(layers)
    }

    fn call(&mut self, word: &str) -> Result<Kind, String> {
        let (mut positional, mut named) = (Vec::new(), Vec::new());
        if self.take('(') {
            while !self.take(')') {
                match self.argument()? {
                    (Some(key), value) => named.push((key.to_owned(), value)),
                    (None, value) => positional.push(value),
                }
                if !self.take(',') && self.peek() != Some(')') {
                    return Err(format!("expected ',' or ')' after an argument of {word}"));
                }
            }
        }
        arguments::layer(word, positional, named)
    }

    fn argument(&mut self) -> Result<(Option<&'a str>, Value), String> {
        let before = (self.rest, self.line);
        let word = self.word();
        if !word.is_empty() && self.take('=') {
            return Ok((Some(word), self.value(0)?));
        }
        (self.rest, self.line) = before;
        Ok((None, self.value(0)?))
    }

    /// Reads a value; products of numbers, as in `16*5*5`, are multiplied.
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let mut value = self.factor(depth)?;
        while self.take('*') {
            let other = self.factor(depth)?;
            let product = value.as_u64().zip(other.as_u64()).and_then(|(a, b)| a.checked_mul(b));
            value = Value::from(product.ok_or("only whole numbers can be multiplied, up to 2^64")?);
        }
        Ok(value)
    }

    fn factor(&mut self, depth: usize) -> Result<Value, String> {
        let open = self.peek();
        if let Some(quote @ ('\'' | '"')) = open {
            let text = &self.rest[1..];
            let end = text.find(quote).ok_or("a text without its closing quote")?;
            self.rest = &text[end + 1..];
            return Ok(Value::String(text[..end].to_owned()));
        }
        if let Some(open @ ('(' | '[')) = open {
            if depth == MAX_LIST_DEPTH {
                return Err(format!("lists nest more than {MAX_LIST_DEPTH} levels deep"));
            }
            self.take(open);
            let close = if open == '(' { ')' } else { ']' };
            let mut list = Vec::new();
            while !self.take(close) {
                list.push(self.value(depth + 1)?);
                if !self.take(',') && self.peek() != Some(close) {
                    return Err(format!("expected ',' or '{close}' in a list"));
                }
            }
            return Ok(Value::Array(list));
        }
        match self.word() {
            "" => Err(format!("expected a value, found {}", open.map_or("the end".into(), |c| format!("'{c}'")))),
            "True" | "true" => Ok(Value::Bool(true)),
            "False" | "false" => Ok(Value::Bool(false)),
            "None" | "null" => Ok(Value::Null),
            word => Ok(crate::json::read(word).unwrap_or_else(|_| Value::String(word.to_owned()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_missing_is_missing_where_it_should_stand() {
        let wrong = |text: &str| parse(text).map_err(|error| error.line).expect_err("it is wrong");
        assert_eq!(wrong("ReLU()\nLinear(2, 3\nReLU()"), 2);
        assert_eq!(wrong("ReLU()\n\nNothing()"), 3);
        assert_eq!(wrong("ReLU()\n}"), 2);
        assert_eq!(wrong("Residual {\nReLU()\n"), 2);
        assert_eq!(parse("# net\nReLU()\nSequential {\n ReLU() }").map(|parsed| parsed.lines), Ok(vec![2, 3, 4]));
    }
}
