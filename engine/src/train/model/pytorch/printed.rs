//! Output of `print(model)`: one layer per line, `(name): Kind(arguments)`, in blocks. Layers are
//! listed in the order of their creation, and read as a sequence: functional activations are not
//! printed.

use serde_json::Value as Json;

use super::super::kind::Sequence;
use super::super::limits::{MAX_LAYERS, check_depth};
use super::super::{LayerSpec, Parsed, TextError, arguments};
use super::ast::{Expr, Node, Statement};
use super::{fault, lexer, parser};

/// Returns `true` if `(name): …` is the first or second nonblank line.
pub fn is_printed(text: &str) -> bool {
    text.lines().filter(|line| !line.trim().is_empty()).take(2).any(|line| entry(line.trim()).is_some())
}

/// Splits `(name): rest`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix('(')?.split_once("): ")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    is_name.then_some((name, rest))
}

/// An open block.
struct Block {
    name: Option<String>,
    kind: String,
    line: usize,
    layers: Vec<LayerSpec>,
    lines: Vec<usize>,
}

/// Parses the layers.
///
/// # Errors
/// A line is not in this format; the error has its number and the reason.
pub fn parse(text: &str) -> Result<Parsed, TextError> {
    let root = Block { name: None, kind: "Sequential".into(), line: 1, layers: Vec::new(), lines: Vec::new() };
    let mut blocks = vec![root];
    let mut number = 0;
    for (i, line) in text.lines().enumerate() {
        let (at, line) = (i + 1, line.trim());
        if line.is_empty() {
            continue;
        }
        if line == ")" {
            close(&mut blocks, at)?;
            continue;
        }
        number += 1;
        if number > MAX_LAYERS {
            return Err(fault(at, format!("the model has more than {MAX_LAYERS} layers")));
        }
        let (name, rest) = match entry(line) {
            Some((name, rest)) => (Some(name.to_owned()), rest),
            None if blocks.len() == 1 => (None, line),
            None => return Err(fault(at, format!("expected (name): layer, found '{line}'"))),
        };
        if let Some((repeats, _)) = rest.split_once(" x ") {
            let why = "layers that print shortens cannot be read; write each on its own line";
            return Err(fault(at, format!("{repeats} x …: {why}")));
        }
        match rest.strip_suffix('(') {
            Some(kind) => {
                check_depth(blocks.len()).map_err(|why| fault(at, why))?;
                blocks.push(Block { name, kind: kind.to_owned(), line: at, layers: Vec::new(), lines: Vec::new() });
            }
            None => {
                let made = layer(rest, name, at)?;
                if let (Some(block), Some(layer)) = (blocks.last_mut(), made) {
                    push(block, layer, &[at]);
                }
            }
        }
    }
    let Some(mut root) = blocks.pop() else { return Err(fault(1, "there are no layers")) };
    if !blocks.is_empty() {
        return Err(fault(root.line, "the block is not closed"));
    }
    // The printed model itself is the only block.
    if let [LayerSpec { name: None, kind: super::super::Kind::Sequential(Sequence { layers }) }] =
        root.layers.as_mut_slice()
    {
        let layers = std::mem::take(layers);
        return Ok(Parsed { layers, lines: root.lines.split_off(1) });
    }
    if root.layers.is_empty() {
        return Err(fault(1, "there are no layers"));
    }
    Ok(Parsed { layers: root.layers, lines: root.lines })
}

fn push(block: &mut Block, mut layer: LayerSpec, lines: &[usize]) {
    if layer.name.as_deref() == Some(block.layers.len().to_string().as_str()) {
        layer.name = None;
    }
    block.layers.push(layer);
    block.lines.extend(lines);
}

fn close(blocks: &mut Vec<Block>, at: usize) -> Result<(), TextError> {
    let (block, blocks_above) = (blocks.pop(), blocks.len());
    let (Some(block), Some(outer)) = (block, blocks.last_mut()) else {
        return Err(fault(at, "')' closes nothing"));
    };
    if block.kind == "MultiheadAttention" {
        return Err(fault(block.line, "print does not show the number of heads of MultiheadAttention"));
    }
    // The model itself may have any class: its layers are read in order.
    let is_known = matches!(block.kind.as_str(), "Sequential" | "ModuleList");
    if !is_known && blocks_above > 1 {
        let why = "print does not show what its forward does; paste the class";
        return Err(fault(block.line, format!("{}: {why}", block.kind)));
    }
    let lines = [vec![block.line], block.lines].concat();
    let layer = LayerSpec { name: block.name, kind: Sequence { layers: block.layers }.into() };
    push(outer, layer, &lines);
    Ok(())
}

/// Parses a layer of one line; `None` for a loss or an empty `Sequential`.
fn layer(text: &str, name: Option<String>, line: usize) -> Result<Option<LayerSpec>, TextError> {
    let tokens = lexer::tokens(text).map_err(|error| fault(line, error.why))?;
    let program = parser::program(tokens).map_err(|error| fault(line, error.why))?;
    let [statement] = program.as_slice() else { return Err(fault(line, format!("'{text}' is no layer"))) };
    let (kind, given) = match &statement.statement {
        Statement::Expr(Node { expr: Expr::Call(kind, given), .. }) => (kind, given),
        Statement::Unreadable(why) => return Err(fault(line, why.clone())),
        _ => return Err(fault(line, format!("'{text}' is no layer"))),
    };
    let Expr::Name(kind) = &kind.expr else { return Err(fault(line, format!("'{text}' is no layer"))) };
    if kind.ends_with("Loss") {
        return Ok(None);
    }
    if kind == "Sequential" && given.is_empty() {
        return Ok(Some(LayerSpec { name, kind: Sequence::default().into() }));
    }
    let (mut positional, mut named) = (Vec::new(), Vec::new());
    for argument in given {
        let value =
            json(&argument.value).ok_or_else(|| fault(line, format!("an argument of {kind} cannot be read")))?;
        match &argument.name {
            Some(key) => named.push((key.clone(), value)),
            None => positional.push(value),
        }
    }
    let kind = arguments::layer(kind, positional, named).map_err(|why| fault(line, why))?;
    Ok(Some(LayerSpec { name, kind }))
}

/// Converts a literal; names become strings, as in `padding=same`.
fn json(node: &Node) -> Option<Json> {
    match &node.expr {
        Expr::None => Some(Json::Null),
        Expr::Bool(value) => Some(Json::from(*value)),
        Expr::Int(value) => Some(Json::from(*value)),
        Expr::Float(value) => Some(Json::from(*value)),
        Expr::Text(text) | Expr::Name(text) => Some(Json::from(text.as_str())),
        Expr::Tuple(list) | Expr::List(list) => list.iter().map(json).collect(),
        Expr::Unary("-", inner) => match inner.expr {
            Expr::Int(value) => Some(Json::from(-value)),
            Expr::Float(value) => Some(Json::from(-value)),
            _ => None,
        },
        _ => None,
    }
}
