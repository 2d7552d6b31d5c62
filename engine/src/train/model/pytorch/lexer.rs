//! Tokens of Python source: names, numbers, strings, operators, and the lines and blocks of
//! indentation. Comments are dropped.

use super::super::TextError;
use super::fault;

/// Maximum depth of nested brackets.
const MAX_BRACKETS: usize = 60;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or keyword.
    Name(String),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string without its quotes; `true` for an f-string.
    Text(String, bool),
    /// An operator or bracket.
    Op(&'static str),
    /// End of a statement.
    Newline,
    /// Start of a block.
    Indent,
    /// End of a block.
    Dedent,
}

/// Operators, longer ones first.
const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "->", ":=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=",
    "/=", "%=", "@=", "&=", "|=", "^=", "+", "-", "*", "/", "%", "@", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";",
    "=", "<", ">", "&", "|", "^", "~", "!",
];

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    brackets: Vec<(char, usize)>,
    indents: Vec<usize>,
    tokens: Vec<(Token, usize)>,
}

/// Returns the tokens, each with its line, from 1.
///
/// # Errors
/// A bracket or string is not closed; a character is not Python's; an indentation matches no block;
/// or a number is too large.
pub fn tokens(text: &str) -> Result<Vec<(Token, usize)>, TextError> {
    let mut lexer = Lexer { rest: text, line: 1, brackets: Vec::new(), indents: Vec::new(), tokens: Vec::new() };
    lexer.run()?;
    Ok(lexer.tokens)
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), TextError> {
        let mut at_start = true;
        loop {
            if at_start && self.brackets.is_empty() {
                self.indentation()?;
                at_start = false;
            }
            let Some(next) = self.rest.chars().next() else { break };
            match next {
                '\n' => {
                    self.skip(1);
                    if self.brackets.is_empty() {
                        self.end_statement();
                        at_start = true;
                    }
                    self.line += 1;
                }
                '\\' if self.rest[1..].trim_start_matches(['\r', ' ']).starts_with('\n') => {
                    self.skip(self.rest.find('\n').map_or(1, |i| i + 1));
                    self.line += 1;
                }
                '#' => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
                c if c.is_whitespace() || c == '\u{feff}' => self.skip(c.len_utf8()),
                c if c.is_ascii_digit() || c == '.' && self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    self.number()?;
                }
                '\'' | '"' => self.string(0)?,
                c if c == '_' || c.is_alphabetic() => self.name()?,
                _ => self.operator()?,
            }
        }
        if let Some((open, line)) = self.brackets.last() {
            return Err(fault(*line, format!("'{open}' is not closed")));
        }
        self.end_statement();
        while self.indents.len() > 1 {
            self.indents.pop();
            self.push(Token::Dedent);
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn push(&mut self, token: Token) {
        self.tokens.push((token, self.line));
    }

    fn end_statement(&mut self) {
        if !matches!(self.tokens.last(), None | Some((Token::Newline | Token::Indent | Token::Dedent, _))) {
            self.push(Token::Newline);
        }
    }

    /// Compares a line's indentation with that of the blocks around it.
    fn indentation(&mut self) -> Result<(), TextError> {
        let mut width = 0;
        loop {
            let blanks = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\u{feff}']).len();
            let (before, after) = self.rest.split_at(blanks);
            let is_blank = after.starts_with(['\n', '#']) || after.is_empty();
            if !is_blank {
                width += before.chars().map(|c| if c == '\t' { 8 } else { usize::from(c == ' ') }).sum::<usize>();
                self.rest = after;
                break;
            }
            let end = after.find('\n').map_or(after.len(), |i| i + 1);
            self.line += usize::from(end > 0 && after[..end].ends_with('\n'));
            self.rest = &after[end..];
            if self.rest.is_empty() {
                return Ok(());
            }
        }
        match self.indents.last() {
            None => self.indents.push(width),
            Some(last) if width > *last => {
                if self.indents.len() == MAX_BRACKETS {
                    return Err(fault(self.line, format!("blocks nest more than {MAX_BRACKETS} levels deep")));
                }
                self.indents.push(width);
                self.push(Token::Indent);
            }
            Some(_) => {
                while self.indents.last().is_some_and(|last| *last > width) && self.indents.len() > 1 {
                    self.indents.pop();
                    self.push(Token::Dedent);
                }
                // A first line with less indentation than the ones before restarts the blocks.
                if self.indents.len() == 1 {
                    self.indents = vec![width];
                } else if self.indents.last() != Some(&width) {
                    return Err(fault(self.line, "the indentation fits no block"));
                }
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), TextError> {
        let radix = match self.rest.get(..2) {
            Some("0x" | "0X") => 16,
            Some("0b" | "0B") => 2,
            Some("0o" | "0O") => 8,
            _ => 10,
        };
        let mut end = 0;
        let mut before = ' ';
        for c in self.rest.chars() {
            let sign = matches!(c, '+' | '-') && radix == 10 && matches!(before, 'e' | 'E');
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' && radix == 10 || sign) {
                break;
            }
            end += 1;
            before = c;
        }
        let word: String = self.rest[..end].chars().filter(|c| *c != '_').collect();
        let token = match i64::from_str_radix(if radix == 10 { &word } else { &word[2..] }, radix) {
            Ok(whole) => Token::Int(whole),
            Err(_) => {
                let is_whole = radix != 10 || word.chars().all(|c| c.is_ascii_digit());
                match crate::json::number(&word).filter(|_| !is_whole) {
                    Some(number) => Token::Float(number),
                    None => return Err(fault(self.line, format!("{word} is no number, or too large"))),
                }
            }
        };
        self.push(token);
        self.skip(end);
        Ok(())
    }

    fn name(&mut self) -> Result<(), TextError> {
        let end = self.rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let is_prefix = end <= 2 && word.chars().all(|c| "rbfuRBFU".contains(c));
        if is_prefix && self.rest[end..].starts_with(['\'', '"']) {
            return self.string(end);
        }
        self.push(Token::Name(word.to_owned()));
        self.skip(end);
        Ok(())
    }

    fn string(&mut self, prefix: usize) -> Result<(), TextError> {
        let kinds = self.rest[..prefix].to_ascii_lowercase();
        let (raw, formatted) = (kinds.contains('r'), kinds.contains('f'));
        let (begins, text) = (self.line, &self.rest[prefix..]);
        let quote = if text.starts_with('"') { '"' } else { '\'' };
        let triple: String = [quote; 3].iter().collect();
        let mark = if text.starts_with(&triple) { triple.as_str() } else { &triple[..1] };
        let body = &text[mark.len()..];
        let (mut out, mut chars) = (String::new(), body.char_indices());
        while let Some((at, c)) = chars.next() {
            if body[at..].starts_with(mark) {
                self.tokens.push((Token::Text(out, formatted), begins));
                let end = prefix + mark.len() + at + mark.len();
                self.skip(end);
                return Ok(());
            }
            match c {
                '\n' if mark.len() == 1 => break,
                '\\' => match chars.next() {
                    Some((_, escaped)) if raw => out.extend(['\\', escaped]),
                    Some((_, '\n')) => self.line += 1,
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, escaped)) => out.push(escaped),
                    None => break,
                },
                c => {
                    self.line += usize::from(c == '\n');
                    out.push(c);
                }
            }
        }
        Err(fault(begins, "a string is not closed"))
    }

    fn operator(&mut self) -> Result<(), TextError> {
        let Some(op) = OPERATORS.iter().find(|op| self.rest.starts_with(**op)) else {
            let found = self.rest.chars().next().unwrap_or(' ');
            return Err(fault(self.line, format!("'{}' is no part of Python", found.escape_default())));
        };
        match *op {
            "(" | "[" | "{" => {
                if self.brackets.len() == MAX_BRACKETS {
                    return Err(fault(self.line, format!("brackets nest more than {MAX_BRACKETS} levels deep")));
                }
                self.brackets.push((op.chars().next().unwrap_or('('), self.line));
            }
            ")" | "]" | "}" => match (self.brackets.pop(), *op) {
                (Some(('(', _)), ")") | (Some(('[', _)), "]") | (Some(('{', _)), "}") => {}
                (Some((open, line)), op) => {
                    return Err(fault(self.line, format!("'{op}' does not close '{open}' of line {line}")));
                }
                (None, op) => return Err(fault(self.line, format!("'{op}' closes nothing"))),
            },
            _ => {}
        }
        self.push(Token::Op(op));
        self.skip(op.len());
        Ok(())
    }
}
