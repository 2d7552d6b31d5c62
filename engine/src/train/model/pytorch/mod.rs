//! Models as PyTorch code: `nn.Sequential(…)`, classes of `nn.Module`, lists of assignments, and
//! the output of `print(model)`. The code is interpreted with symbolic tensors; nothing is
//! computed, and only the code's own text is accessible.

mod ast;
mod atoms;
mod calls;
mod eval;
mod expressions;
mod graph;
mod in_place;
mod interpreter;
mod lexer;
mod library;
mod methods;
mod modules;
mod objects;
mod operators;
mod parser;
mod printed;
mod program;
mod stream;
mod tensors;
mod value;
mod views;

use super::{Parsed, TextError};
use lexer::Token;

/// Creates an error on a line.
fn fault(line: usize, why: impl Into<String>) -> TextError {
    TextError { line: line.max(1), why: why.into() }
}

/// Parses layers from Python or from the output of `print(model)`; `None` for other texts.
///
/// # Errors
/// The code is invalid or unsupported; the error has the line and the reason.
pub fn parse(text: &str) -> Option<Result<Parsed, TextError>> {
    let text = without_prompts(text);
    if printed::is_printed(&text) {
        return Some(printed::parse(&text));
    }
    let tokens = match lexer::tokens(&text) {
        Ok(tokens) => tokens,
        Err(error) => return has_python_words(&text).then_some(Err(error)),
    };
    is_python(&tokens).then(|| parser::program(tokens).and_then(|program| program::layers(&program)))
}

/// Removes the prompts of consoles and notebooks; line numbers stay.
fn without_prompts(text: &str) -> String {
    let has_prompts = text.lines().any(|line| line.starts_with(">>> "));
    let line = |line: &str| -> String {
        let plain = line.strip_prefix(">>> ").or_else(|| line.strip_prefix("... ")).unwrap_or(line);
        match if has_prompts { plain } else { line } {
            skipped if skipped.starts_with("```") || skipped.starts_with(['%', '!']) => String::new(),
            code => code.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns `true` for words that begin a statement of Python, and no layer's line.
fn is_statement(word: &str) -> bool {
    matches!(word, "import" | "from" | "class" | "def" | "if" | "for" | "while" | "with")
}

fn has_python_words(text: &str) -> bool {
    text.lines().any(|line| line.split([' ', '.', '(']).next().is_some_and(|w| is_statement(w) || w == "nn"))
}

/// Returns `true` for Python: a statement's word, an assignment, a call of `nn.…` or `Sequential`.
fn is_python(tokens: &[(Token, usize)]) -> bool {
    let mut depth = 0_usize;
    let mut at_start = true;
    for (i, (token, _)) in tokens.iter().enumerate() {
        let next = tokens.get(i + 1).map(|(token, _)| token);
        match token {
            Token::Name(word) if at_start && is_statement(word) && matches!(next, Some(Token::Name(_))) => return true,
            Token::Name(word)
                if at_start && matches!(word.as_str(), "nn" | "torch") && next == Some(&Token::Op(".")) =>
            {
                return true;
            }
            Token::Name(word) if word == "Sequential" && next == Some(&Token::Op("(")) => return true,
            Token::Op("(" | "[" | "{") => depth += 1,
            Token::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Op("=") if depth == 0 => return true,
            _ => {}
        }
        at_start = matches!(token, Token::Newline | Token::Indent | Token::Dedent);
    }
    false
}
