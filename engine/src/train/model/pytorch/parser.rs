//! Parser of Python's statements. Unsupported ones are recorded, and reported only when executed.

use std::rc::Rc;

use super::super::TextError;
use super::ast::{ClassBody, Function, Line, Node, Parameter, Statement};
use super::fault;
use super::lexer::Token;
use super::stream::Parser;

/// Augmented assignment operators.
const CHANGES: &[(&str, &str)] = &[("+=", "+"), ("-=", "-"), ("*=", "*"), ("/=", "/"), ("//=", "//"), ("**=", "**")];

/// Parses the statements of a program.
///
/// # Errors
/// Blocks are malformed.
pub fn program(tokens: Vec<(Token, usize)>) -> Result<Vec<Line>, TextError> {
    let mut parser = Parser::new(tokens, 0, 0);
    let mut lines = Vec::new();
    while parser.peek().is_some() {
        // A block without its header is indented text.
        if matches!(parser.peek(), Some(Token::Indent | Token::Dedent | Token::Newline)) {
            parser.next();
            continue;
        }
        parser.statement(&mut lines)?;
        parser.check_depth()?;
    }
    Ok(lines)
}

impl Parser {
    /// Parses a statement, or several on one line.
    fn statement(&mut self, lines: &mut Vec<Line>) -> Result<(), TextError> {
        let (line, before) = (self.line(), self.position());
        if let Some((statement, line)) = self.compound(line)? {
            lines.push(Line { statement, line });
            return Ok(());
        }
        loop {
            let line = self.line();
            match self.simple() {
                Ok(statement) if matches!(self.peek(), None | Some(Token::Newline | Token::Op(";"))) => {
                    lines.push(Line { statement, line });
                }
                result => {
                    let why = match result {
                        Ok(_) => fault(self.line(), format!("{} cannot be read here", self.found())),
                        Err(why) => why,
                    };
                    self.return_to(before);
                    self.skip_statement();
                    lines.push(Line { statement: Statement::Unreadable(why.why), line: why.line });
                    return Ok(());
                }
            }
            if self.take(";") && !matches!(self.peek(), None | Some(Token::Newline)) {
                continue;
            }
            if matches!(self.peek(), Some(Token::Newline)) {
                self.next();
            }
            return Ok(());
        }
    }

    /// Skips to the end of a statement and its block.
    fn skip_statement(&mut self) {
        while let Some(token) = self.next() {
            if token == Token::Newline {
                break;
            }
        }
        if self.peek() == Some(&Token::Indent) {
            let mut depth = 0;
            while let Some(token) = self.next() {
                depth += match token {
                    Token::Indent => 1,
                    Token::Dedent => -1,
                    _ => 0,
                };
                if depth == 0 {
                    break;
                }
            }
        }
    }

    /// Parses a compound statement with its line, if one begins here.
    fn compound(&mut self, line: usize) -> Result<Option<(Statement, usize)>, TextError> {
        let mut is_static = false;
        while self.take("@") {
            is_static |= self.is_word("staticmethod");
            while self.next().is_some_and(|token| token != Token::Newline) {}
        }
        let Some(Token::Name(word)) = self.peek() else { return Ok(None) };
        let before = self.position();
        let word = word.clone();
        self.next();
        let made = match word.as_str() {
            "if" => self.condition(),
            "for" => self.loop_(),
            "def" => self.function(is_static, line).map(|function| Statement::Function(Rc::new(function))),
            "class" => self.class(line),
            "while" | "with" | "try" | "async" | "except" | "finally" | "else" | "elif" => {
                self.skip_statement();
                return Ok(Some((Statement::Unreadable(format!("'{word}' is no part of a model")), line)));
            }
            _ => {
                self.return_to(before);
                return Ok(None);
            }
        };
        match made {
            Ok(statement) => Ok(Some((statement, line))),
            Err(error) => {
                self.return_to(before);
                self.skip_statement();
                Ok(Some((Statement::Unreadable(error.why), error.line)))
            }
        }
    }

    fn condition(&mut self) -> Result<Statement, TextError> {
        let condition = self.expression()?;
        let mut arms = vec![(Some(condition), self.block()?)];
        while self.take_word("elif") {
            let condition = self.expression()?;
            arms.push((Some(condition), self.block()?));
        }
        if self.take_word("else") {
            arms.push((None, self.block()?));
        }
        Ok(Statement::If(arms))
    }

    fn loop_(&mut self) -> Result<Statement, TextError> {
        let target = self.targets()?;
        self.expect_word("in")?;
        let items = self.expressions()?;
        Ok(Statement::For(target, items, self.block()?))
    }

    fn function(&mut self, is_static: bool, line: usize) -> Result<Function, TextError> {
        let name = self.name()?;
        self.expect("(")?;
        let parameters = self.parameters(")")?;
        if self.take("->") {
            self.expression()?;
        }
        Ok(Function { name, parameters, body: self.block()?, is_static, line })
    }

    /// Parses parameters up to a closing token.
    pub fn parameters(&mut self, close: &str) -> Result<Vec<Parameter>, TextError> {
        let mut list = Vec::new();
        while !self.take(close) {
            let stars = if self.take("**") { 2 } else { usize::from(self.take("*")) };
            if stars == 1 && self.is_op(",") || self.take("/") {
                self.take(",");
                continue;
            }
            let name = self.name()?;
            if close == ")" && self.take(":") {
                self.expression()?;
            }
            let default = if self.take("=") { Some(self.expression()?) } else { None };
            list.push(Parameter { name, stars, default });
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(list)
    }

    fn class(&mut self, line: usize) -> Result<Statement, TextError> {
        let name = self.name()?;
        let mut bases = Vec::new();
        if self.take("(") {
            while !self.take(")") {
                bases.push(self.expression()?);
                if self.take("=") {
                    bases.pop();
                    self.expression()?;
                }
                if !self.take(",") {
                    self.expect(")")?;
                    break;
                }
            }
        }
        Ok(Statement::Class(Rc::new(ClassBody { name, bases, body: self.block()?, line })))
    }

    /// Parses the statements after a colon: on the same line, or indented below it.
    fn block(&mut self) -> Result<Vec<Line>, TextError> {
        self.expect(":")?;
        self.enter()?;
        let lines = self.block_after_colon();
        self.leave();
        lines
    }

    fn block_after_colon(&mut self) -> Result<Vec<Line>, TextError> {
        let mut lines = Vec::new();
        if !matches!(self.peek(), Some(Token::Newline)) {
            self.statement(&mut lines)?;
            return Ok(lines);
        }
        self.next();
        if self.peek() != Some(&Token::Indent) {
            return Err(fault(self.line(), "an indented block is missing"));
        }
        self.next();
        while !matches!(self.peek(), None | Some(Token::Dedent)) {
            self.statement(&mut lines)?;
        }
        self.next();
        Ok(lines)
    }

    fn simple(&mut self) -> Result<Statement, TextError> {
        let word = match self.peek() {
            Some(Token::Name(word)) => word.clone(),
            _ => String::new(),
        };
        match word.as_str() {
            "pass" => {
                self.next();
                Ok(Statement::Pass)
            }
            "break" | "continue" => {
                self.next();
                Ok(if word == "break" { Statement::Break } else { Statement::Continue })
            }
            "return" => {
                self.next();
                let is_bare = matches!(self.peek(), None | Some(Token::Newline | Token::Op(";")));
                Ok(Statement::Return(if is_bare { None } else { Some(self.expressions()?) }))
            }
            "import" | "from" => self.import(),
            "assert" | "del" | "global" | "nonlocal" => {
                while !matches!(self.peek(), None | Some(Token::Newline | Token::Op(";"))) {
                    self.next();
                }
                Ok(Statement::Pass)
            }
            "raise" => {
                while !matches!(self.peek(), None | Some(Token::Newline | Token::Op(";"))) {
                    self.next();
                }
                Ok(Statement::Unreadable("an exception is raised here".into()))
            }
            _ => self.assignment(),
        }
    }

    fn import(&mut self) -> Result<Statement, TextError> {
        let mut found = Vec::new();
        let from = if self.take_word("from") {
            while self.take(".") {}
            let path = if self.is_word("import") { String::new() } else { self.path()? };
            self.expect_word("import")?;
            Some(path)
        } else {
            self.expect_word("import")?;
            None
        };
        let is_listed = self.take("(");
        while !matches!(self.peek(), None | Some(Token::Newline | Token::Op(";" | ")"))) {
            if self.take("*") || self.take(",") {
                continue;
            }
            let path = self.path()?;
            let alias = if self.take_word("as") { Some(self.name()?) } else { None };
            found.push(match (&from, alias) {
                (Some(from), alias) => (alias.unwrap_or_else(|| path.clone()), format!("{from}.{path}")),
                (None, Some(alias)) => (alias, path),
                // `import a.b` binds `a`.
                (None, None) => {
                    let root = path.split('.').next().unwrap_or_default().to_owned();
                    (root.clone(), root)
                }
            });
        }
        if is_listed {
            self.expect(")")?;
        }
        Ok(Statement::Import(found))
    }

    fn path(&mut self) -> Result<String, TextError> {
        let mut path = self.name()?;
        while self.take(".") {
            path = format!("{path}.{}", self.name()?);
        }
        Ok(path)
    }

    fn assignment(&mut self) -> Result<Statement, TextError> {
        let first = self.expressions()?;
        for (op, plain) in CHANGES {
            if self.take(op) {
                return Ok(Statement::Change(first, plain, self.expressions()?));
            }
        }
        if self.take(":") {
            self.expression()?;
            if !self.is_op("=") {
                return Ok(Statement::Pass);
            }
        }
        let mut parts: Vec<Node> = vec![first];
        while self.take("=") {
            parts.push(self.expressions()?);
        }
        match parts.pop() {
            Some(value) if parts.is_empty() => Ok(Statement::Expr(value)),
            Some(value) => Ok(Statement::Assign(parts, value)),
            None => Err(fault(self.line(), "a statement is missing")),
        }
    }
}
