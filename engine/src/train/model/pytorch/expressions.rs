//! Parser of Python's expressions, by precedence.

use std::rc::Rc;

use super::super::TextError;
use super::ast::{Argument, Comprehension, Expr, Function, Line, Node, Statement};
use super::fault;
use super::lexer::Token;
use super::stream::Parser;

/// Maximum depth of nested expressions.
const MAX_LEVELS: usize = 100;

/// Binary operators by precedence, the lowest first; those of a row are equal.
const BINARY: &[&[&str]] = &[&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "//", "%", "@"]];

/// Creates an expression, one level above its deepest part.
pub fn node(expr: Expr, line: usize, parts: &[&Node]) -> Result<Node, TextError> {
    let depth = 1 + parts.iter().map(|part| part.depth).max().unwrap_or_default();
    if depth > MAX_LEVELS {
        return Err(fault(line, format!("an expression has more than {MAX_LEVELS} levels")));
    }
    Ok(Node { expr, line, depth })
}

impl Parser {
    /// Parses an expression, or a tuple without parentheses.
    pub fn expressions(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let first = self.starred()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.take(",") {
            if self.ends_expression() {
                break;
            }
            list.push(self.starred()?);
        }
        sequence(Expr::Tuple, list, line)
    }

    fn ends_expression(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Newline | Token::Op(")" | "]" | "}" | "=" | ":" | ";")))
    }

    /// Parses an expression, possibly starred.
    pub fn starred(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        if self.take("*") {
            let value = self.expression()?;
            let depth = value.depth;
            return Ok(Node { expr: Expr::Starred(Box::new(value)), line, depth });
        }
        self.expression()
    }

    /// Parses an expression.
    pub fn expression(&mut self) -> Result<Node, TextError> {
        self.enter()?;
        let value = self.choice();
        self.leave();
        value
    }

    fn choice(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        if self.take_word("lambda") {
            return self.lambda(line);
        }
        let value = self.logic("or")?;
        if !self.take_word("if") {
            return Ok(value);
        }
        let condition = self.logic("or")?;
        self.expect_word("else")?;
        let other = self.expression()?;
        let parts = [value, condition, other];
        let depth = 1 + parts.iter().map(|part| part.depth).max().unwrap_or_default();
        Ok(Node { expr: Expr::Choice(Box::new(parts)), line, depth })
    }

    fn lambda(&mut self, line: usize) -> Result<Node, TextError> {
        let parameters = self.parameters(":")?;
        let value = self.expression()?;
        let depth = value.depth + 1;
        let body = vec![Line { statement: Statement::Return(Some(value)), line }];
        let function = Function { name: "lambda".into(), parameters, body, is_static: true, line };
        Ok(Node { expr: Expr::Lambda(Rc::new(function)), line, depth })
    }

    fn logic(&mut self, word: &'static str) -> Result<Node, TextError> {
        let line = self.line();
        let part = |parser: &mut Self| if word == "or" { parser.logic("and") } else { parser.negation() };
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.take_word(word) {
            list.push(part(self)?);
        }
        sequence(|list| Expr::Logic(word, list), list, line)
    }

    fn negation(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        if !self.take_word("not") {
            return self.comparison();
        }
        self.enter()?;
        let value = self.negation();
        self.leave();
        let value = value?;
        let depth = value.depth + 1;
        Ok(Node { expr: Expr::Unary("not", Box::new(value)), line, depth })
    }

    fn comparison(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let first = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(op) = self.comparator() {
            rest.push((op, self.binary(0)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let depth = 1 + rest.iter().map(|(_, part)| part.depth).fold(first.depth, usize::max);
        Ok(Node { expr: Expr::Compare(Box::new(first), rest), line, depth })
    }

    fn comparator(&mut self) -> Option<&'static str> {
        for op in ["<", ">", "<=", ">=", "==", "!="] {
            if self.take(op) {
                return Some(op);
            }
        }
        if self.take_word("is") {
            return Some(if self.take_word("not") { "is not" } else { "is" });
        }
        if self.take_word("in") {
            return Some("in");
        }
        if self.is_word("not") && self.is_word_after("in") {
            self.take_word("not");
            self.take_word("in");
            return Some("not in");
        }
        None
    }

    fn binary(&mut self, level: usize) -> Result<Node, TextError> {
        let Some(operators) = BINARY.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let line = self.line();
            let Some(op) = operators.iter().find(|op| self.is_op(op)) else { return Ok(left) };
            self.take(op);
            let right = self.binary(level + 1)?;
            let depth = 1 + left.depth.max(right.depth);
            left = Node { expr: Expr::Binary(op, Box::new(left), Box::new(right)), line, depth };
            limit(&left)?;
        }
    }

    fn unary(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        for op in ["-", "+", "~"] {
            if self.take(op) {
                self.enter()?;
                let value = self.unary();
                self.leave();
                let value = value?;
                let depth = value.depth + 1;
                return Ok(Node { expr: Expr::Unary(op, Box::new(value)), line, depth });
            }
        }
        let base = self.postfix()?;
        if !self.take("**") {
            return Ok(base);
        }
        self.enter()?;
        let exponent = self.unary();
        self.leave();
        let exponent = exponent?;
        let depth = 1 + base.depth.max(exponent.depth);
        Ok(Node { expr: Expr::Binary("**", Box::new(base), Box::new(exponent)), line, depth })
    }

    fn postfix(&mut self) -> Result<Node, TextError> {
        let mut value = self.atom()?;
        loop {
            let line = self.line();
            let depth = value.depth + 1;
            let (expr, depth) = if self.take(".") {
                (Expr::Attribute(Box::new(value), self.name()?), depth)
            } else if self.take("(") {
                let arguments = self.arguments()?;
                let inner = arguments.iter().map(|argument| argument.value.depth + 1).max().unwrap_or_default();
                (Expr::Call(Box::new(value), arguments), depth.max(inner))
            } else if self.take("[") {
                let index = self.subscript()?;
                let inner = index.depth + 1;
                self.expect("]")?;
                (Expr::Index(Box::new(value), Box::new(index)), depth.max(inner))
            } else {
                return Ok(value);
            };
            value = Node { expr, line, depth };
            limit(&value)?;
        }
    }

    fn subscript(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let mut parts = vec![self.slice()?];
        if !self.is_op(",") {
            return parts.pop().ok_or_else(|| fault(line, "an index is missing"));
        }
        while self.take(",") && !self.is_op("]") {
            parts.push(self.slice()?);
        }
        sequence(Expr::Tuple, parts, line)
    }

    fn slice(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let mut parts = [None, None, None];
        let mut colons = 0;
        for part in &mut parts {
            if !matches!(self.peek(), Some(Token::Op(":" | "]" | ","))) {
                *part = Some(Box::new(self.expression()?));
            }
            if colons == 2 || !self.take(":") {
                break;
            }
            colons += 1;
        }
        let depth = 1 + parts.iter().flatten().map(|part| part.depth).max().unwrap_or_default();
        match parts {
            [Some(index), None, None] if colons == 0 => Ok(*index),
            _ if colons == 0 => Err(fault(line, "an index is missing")),
            parts => Ok(Node { expr: Expr::Slice(parts), line, depth }),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, TextError> {
        let mut list = Vec::new();
        while !self.take(")") {
            let stars = if self.take("**") { 2 } else { usize::from(self.take("*")) };
            let name = match self.peek() {
                Some(Token::Name(name)) if stars == 0 && self.is_op_after("=") => Some(name.clone()),
                _ => None,
            };
            if name.is_some() {
                self.name()?;
                self.expect("=")?;
            }
            let value = self.expression()?;
            let value = if self.is_word("for") { self.comprehension(value)? } else { value };
            list.push(Argument { name, stars, value });
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(list)
    }

    /// Parses the part of a comprehension after its element.
    pub fn comprehension(&mut self, element: Node) -> Result<Node, TextError> {
        let line = self.line();
        self.expect_word("for")?;
        let target = self.targets()?;
        self.expect_word("in")?;
        let items = self.logic("or")?;
        let mut conditions = Vec::new();
        while self.take_word("if") {
            conditions.push(self.logic("or")?);
        }
        if self.is_word("for") {
            return Err(fault(line, "two loops in one list cannot be read"));
        }
        let depth = 1 + conditions.iter().map(|c| c.depth).fold(element.depth.max(items.depth), usize::max);
        let parts = Comprehension { element, target, items, conditions };
        Ok(Node { expr: Expr::Comprehension(Box::new(parts)), line, depth })
    }

    /// Parses the variables of a loop.
    pub fn targets(&mut self) -> Result<Node, TextError> {
        let line = self.line();
        let mut list = vec![self.postfix()?];
        if !self.is_op(",") {
            return list.pop().ok_or_else(|| fault(line, "a variable is missing"));
        }
        while self.take(",") && !self.is_word("in") {
            list.push(self.postfix()?);
        }
        sequence(Expr::Tuple, list, line)
    }
}

/// Creates an expression from a list.
pub fn sequence(made: impl FnOnce(Vec<Node>) -> Expr, list: Vec<Node>, line: usize) -> Result<Node, TextError> {
    let depth = 1 + list.iter().map(|part| part.depth).max().unwrap_or_default();
    let value = Node { expr: made(list), line, depth };
    limit(&value)?;
    Ok(value)
}

fn limit(value: &Node) -> Result<(), TextError> {
    if value.depth <= MAX_LEVELS {
        return Ok(());
    }
    Err(fault(value.line, format!("an expression has more than {MAX_LEVELS} levels")))
}
