//! Parts of expressions: literals, names, brackets, strings.

use super::super::TextError;
use super::ast::{Expr, Node};
use super::expressions::{node, sequence};
use super::fault;
use super::lexer::{self, Token};
use super::stream::Parser;

impl Parser {
    /// Parses a literal, a name, or an expression in brackets.
    pub fn atom(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let Some(token) = self.next() else { return Err(fault(line, "a value is missing at the end")) };
        let expr = match token {
            Token::Int(value) => Expr::Int(value),
            Token::Float(value) => Expr::Float(value),
            Token::Text(text, formatted) => return self.text(text, formatted, line),
            Token::Op("...") => Expr::None,
            Token::Op("(") => return self.parenthesis(line),
            Token::Op("[") => return self.list(line),
            Token::Op("{") => return self.dict(line),
            Token::Name(name) => match name.as_str() {
                "None" => Expr::None,
                "True" => Expr::Bool(true),
                "False" => Expr::Bool(false),
                "await" | "yield" | "def" | "class" | "return" | "import" | "for" | "in" | "is" | "if" | "else" => {
                    return Err(fault(line, format!("'{name}' cannot stand here")));
                }
                _ => Expr::Name(name),
            },
            Token::Op(op) => return Err(fault(line, format!("'{op}' stands where a value should be"))),
            Token::Newline | Token::Indent | Token::Dedent => return Err(fault(line, "a value is missing")),
        };
        node(expr, line, &[])
    }

    fn parenthesis(&mut self, line: usize) -> Result<Node, TextError> {
        if self.take(")") {
            return node(Expr::Tuple(Vec::new()), line, &[]);
        }
        let first = self.starred()?;
        if self.is_word("for") {
            let list = self.comprehension(first)?;
            self.expect(")")?;
            return Ok(list);
        }
        if self.take(")") {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.take(",") && !self.is_op(")") {
            list.push(self.starred()?);
        }
        self.expect(")")?;
        sequence(Expr::Tuple, list, line)
    }

    fn list(&mut self, line: usize) -> Result<Node, TextError> {
        let mut list = Vec::new();
        while !self.take("]") {
            let element = self.starred()?;
            if self.is_word("for") {
                let made = self.comprehension(element)?;
                self.expect("]")?;
                return Ok(made);
            }
            list.push(element);
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        sequence(Expr::List, list, line)
    }

    fn dict(&mut self, line: usize) -> Result<Node, TextError> {
        let mut pairs = Vec::new();
        while !self.take("}") {
            let key = self.expression()?;
            self.expect(":")?;
            pairs.push((key, self.expression()?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        let depth = 1 + pairs.iter().map(|(_, value)| value.depth).max().unwrap_or_default();
        Ok(Node { expr: Expr::Dict(pairs), line, depth })
    }

    /// Concatenates adjacent string literals.
    fn text(&mut self, mut text: String, mut formatted: bool, line: usize) -> Result<Node, TextError> {
        while let Some(Token::Text(more, format)) = self.peek() {
            text += more;
            formatted |= *format;
            self.next();
        }
        if formatted { format_parts(&text, line, self.depth() + 1) } else { node(Expr::Text(text), line, &[]) }
    }
}

/// Splits an f-string into text and expressions.
fn format_parts(text: &str, line: usize, depth: usize) -> Result<Node, TextError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        parts.push(node(Expr::Text(rest[..open].to_owned()), line, &[])?);
        let inner = &rest[open + 1..open + close];
        let tokens = lexer::tokens(inner).map_err(|error| fault(line, error.why))?;
        parts.push(Parser::new(tokens, line, depth).expression()?);
        rest = &rest[open + close + 1..];
    }
    parts.push(node(Expr::Text(rest.to_owned()), line, &[])?);
    sequence(Expr::Format, parts, line)
}
