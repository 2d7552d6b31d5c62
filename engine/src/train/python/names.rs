//! Foreign text in Python: string literals, and attributes that hold layers. Text from a file
//! reaches a script only through [`literal`], or as an attribute's name checked by this module.

use crate::{Error, Result};

/// Returns a string literal of Python. Letters and digits of any script are unchanged; characters
/// that could end the literal, break the line or change the direction of text are escaped.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c if u32::from(c) > 0xffff => out += &format!("\\U{:08x}", u32::from(c)),
            c => out += &format!("\\u{:04x}", u32::from(c)),
        }
    }
    out.push('"');
    out
}

/// Returns a JSON value as Python.
pub fn value(json: &serde_json::Value) -> String {
    use serde_json::Value;
    match json {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => literal(text),
        Value::Array(list) => format!("[{}]", list.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, v)| format!("{}: {}", literal(key), value(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// Returns `, key=value` for each entry except the name.
pub fn arguments(map: &serde_json::Map<String, serde_json::Value>) -> String {
    map.iter().filter(|(key, _)| *key != "name").map(|(key, v)| format!(", {key}={}", value(v))).collect()
}

/// Keywords, which Python does not accept as names.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Attributes of every `nn.Module`, except those that begin with `_`.
const OF_MODULE: &[&str] = &[
    "T_destination",
    "add_module",
    "apply",
    "bfloat16",
    "buffers",
    "call_super_init",
    "children",
    "compile",
    "cpu",
    "cuda",
    "double",
    "dump_patches",
    "eval",
    "extra_repr",
    "float",
    "forward",
    "get_buffer",
    "get_extra_state",
    "get_parameter",
    "get_submodule",
    "half",
    "ipu",
    "load_state_dict",
    "modules",
    "mtia",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "parameters",
    "register_backward_hook",
    "register_buffer",
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
    "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook",
    "register_module",
    "register_parameter",
    "register_state_dict_post_hook",
    "register_state_dict_pre_hook",
    "requires_grad_",
    "set_extra_state",
    "set_submodule",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "xpu",
    "zero_grad",
];

/// Ways to register a module under a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Registered {
    /// `self.name = …`.
    Attribute,
    /// `self.add_module("name", …)`, for a name that Python does not accept but PyTorch does.
    Module,
    /// `self._modules["name"] = …`, for a name that `nn.Module` uses for another attribute.
    Shadowed,
}

fn registered(name: &str) -> Registered {
    let letter = |(i, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || i > 0 && c.is_ascii_digit();
    if name.starts_with('_') || OF_MODULE.contains(&name) {
        Registered::Shadowed
    } else if name.chars().enumerate().all(letter) && !KEYWORDS.contains(&name) {
        Registered::Attribute
    } else {
        Registered::Module
    }
}

/// Returns the line that registers a module under a name without dots.
pub fn register(owner: &str, name: &str, made_by: &str) -> String {
    match registered(name) {
        Registered::Attribute => format!("{owner}.{name} = {made_by}"),
        Registered::Module => format!("{owner}.add_module({}, {made_by})", literal(name)),
        Registered::Shadowed => format!("{owner}._modules[{}] = {made_by}", literal(name)),
    }
}

/// Returns the expression for a module registered by [`register`].
pub fn module(owner: &str, name: &str) -> String {
    match registered(name) {
        Registered::Attribute => format!("{owner}.{name}"),
        Registered::Module => format!("{owner}.get_submodule({})", literal(name)),
        Registered::Shadowed => format!("{owner}._modules[{}]", literal(name)),
    }
}

/// Splits a layer's name at its dots.
///
/// # Errors
/// A component is empty: PyTorch has no such name.
pub fn parts(name: &str) -> Result<Vec<&str>> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Error::value(
            "export",
            format!("the layer name {name:?} has an empty part, PyTorch has no such name"),
        ));
    }
    Ok(parts)
}
