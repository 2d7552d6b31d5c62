//! Tokens, and the position in them: what the readers of statements and expressions ask.

use super::super::TextError;
use super::fault;
use super::lexer::Token;

/// Levels of expressions that wait for others.
const MAX_DEPTH: usize = 60;

/// Tokens, and the position in them.
pub struct Parser {
    tokens: Vec<(Token, usize)>,
    position: usize,
    depth: usize,
    /// The first place that nests too deep: the text is refused, whatever is read of it.
    too_deep: Option<TextError>,
    /// The line of all tokens, if it is not 0: those of an f-string.
    line: usize,
}

impl Parser {
    /// A reader of tokens, all of which stand on `line` unless it is 0, within `depth` expressions.
    pub fn new(tokens: Vec<(Token, usize)>, line: usize, depth: usize) -> Self {
        Self { tokens, position: 0, depth, too_deep: None, line }
    }

    /// The next token.
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position).map(|(token, _)| token)
    }

    /// The line of the next token, or of the last one.
    pub fn line(&self) -> usize {
        let at = self.position.min(self.tokens.len().saturating_sub(1));
        if self.line > 0 { self.line } else { self.tokens.get(at).map_or(1, |(_, line)| *line) }
    }

    /// Takes the next token.
    pub fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.position += 1;
        token
    }

    /// Returns `true` if an operator is next.
    pub fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(next)) if *next == op)
    }

    /// Returns `true` if an operator comes after the next token.
    pub fn is_op_after(&self, op: &str) -> bool {
        matches!(self.tokens.get(self.position + 1), Some((Token::Op(next), _)) if *next == op)
    }

    /// Returns `true` if a keyword is next.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(next)) if next == word)
    }

    /// Returns `true` if a keyword comes after the next token.
    pub fn is_word_after(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.position + 1), Some((Token::Name(next), _)) if next == word)
    }

    /// Takes an operator, if it is next.
    pub fn take(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.position += usize::from(found);
        found
    }

    /// Takes a keyword, if it is next.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.position += usize::from(found);
        found
    }

    /// Takes an operator.
    ///
    /// # Errors
    /// It is not next.
    pub fn expect(&mut self, op: &str) -> Result<(), TextError> {
        if self.take(op) {
            return Ok(());
        }
        Err(fault(self.line(), format!("expected '{op}', found {}", self.found())))
    }

    /// Takes a keyword.
    ///
    /// # Errors
    /// It is not next.
    pub fn expect_word(&mut self, word: &str) -> Result<(), TextError> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(fault(self.line(), format!("expected '{word}', found {}", self.found())))
    }

    /// The next token in words.
    pub fn found(&self) -> String {
        match self.peek() {
            None => "the end".into(),
            Some(Token::Name(name)) => format!("'{name}'"),
            Some(Token::Int(number)) => number.to_string(),
            Some(Token::Float(number)) => number.to_string(),
            Some(Token::Text(..)) => "a string".into(),
            Some(Token::Op(op)) => format!("'{op}'"),
            Some(Token::Newline) => "the end of the line".into(),
            Some(Token::Indent | Token::Dedent) => "another indentation".into(),
        }
    }

    /// Takes a name.
    ///
    /// # Errors
    /// Something else is next.
    pub fn name(&mut self) -> Result<String, TextError> {
        match self.peek() {
            Some(Token::Name(name)) => {
                let name = name.clone();
                self.position += 1;
                Ok(name)
            }
            _ => Err(fault(self.line(), format!("expected a name, found {}", self.found()))),
        }
    }

    /// The position, to return to.
    pub fn position(&self) -> (usize, usize) {
        (self.position, self.depth)
    }

    /// Levels of blocks and expressions around the next token.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns to a position.
    pub fn return_to(&mut self, (position, depth): (usize, usize)) {
        (self.position, self.depth) = (position, depth);
    }

    /// Notes that an expression is begun within another.
    ///
    /// # Errors
    /// There are too many.
    pub fn enter(&mut self) -> Result<(), TextError> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let error = fault(self.line(), format!("blocks and expressions nest more than {MAX_DEPTH} levels deep"));
        self.too_deep.get_or_insert_with(|| error.clone());
        Err(error)
    }

    /// Refuses a text that nested too deep somewhere.
    ///
    /// # Errors
    /// The first place that did.
    pub fn check_depth(&self) -> Result<(), TextError> {
        self.too_deep.clone().map_or(Ok(()), Err)
    }

    /// Notes that an expression is read.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }
}
