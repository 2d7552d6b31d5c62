//! Stream of tokens, for the parsers of statements and expressions.

use super::super::TextError;
use super::fault;
use super::lexer::Token;

/// Maximum depth of nested expressions.
const MAX_DEPTH: usize = 60;

/// Tokens, and the current position.
pub struct Parser {
    tokens: Vec<(Token, usize)>,
    position: usize,
    depth: usize,
    /// First position that exceeds the depth: the text is refused.
    too_deep: Option<TextError>,
    /// Line of all tokens of an f-string; 0 otherwise.
    line: usize,
}

impl Parser {
    /// Creates a stream within `depth` expressions. All tokens have the line `line`, unless that is
    /// 0.
    pub fn new(tokens: Vec<(Token, usize)>, line: usize, depth: usize) -> Self {
        Self { tokens, position: 0, depth, too_deep: None, line }
    }

    /// Returns the next token.
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position).map(|(token, _)| token)
    }

    /// Returns the line of the next token, or of the last one.
    pub fn line(&self) -> usize {
        let at = self.position.min(self.tokens.len().saturating_sub(1));
        if self.line > 0 { self.line } else { self.tokens.get(at).map_or(1, |(_, line)| *line) }
    }

    /// Consumes the next token.
    pub fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.position += 1;
        token
    }

    /// Returns `true` if an operator is next.
    pub fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(next)) if *next == op)
    }

    /// Returns `true` if the token after the next is an operator.
    pub fn is_op_after(&self, op: &str) -> bool {
        matches!(self.tokens.get(self.position + 1), Some((Token::Op(next), _)) if *next == op)
    }

    /// Returns `true` if a keyword is next.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(next)) if next == word)
    }

    /// Returns `true` if the token after the next is a keyword.
    pub fn is_word_after(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.position + 1), Some((Token::Name(next), _)) if next == word)
    }

    /// Consumes an operator, if it is next.
    pub fn take(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.position += usize::from(found);
        found
    }

    /// Consumes a keyword, if it is next.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.position += usize::from(found);
        found
    }

    /// Consumes an operator.
    ///
    /// # Errors
    /// Another token is next.
    pub fn expect(&mut self, op: &str) -> Result<(), TextError> {
        if self.take(op) {
            return Ok(());
        }
        Err(fault(self.line(), format!("expected '{op}', found {}", self.found())))
    }

    /// Consumes a keyword.
    ///
    /// # Errors
    /// Another token is next.
    pub fn expect_word(&mut self, word: &str) -> Result<(), TextError> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(fault(self.line(), format!("expected '{word}', found {}", self.found())))
    }

    /// Describes the next token.
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

    /// Consumes a name.
    ///
    /// # Errors
    /// Another token is next.
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

    /// Returns the position, for [`Self::return_to`].
    pub fn position(&self) -> (usize, usize) {
        (self.position, self.depth)
    }

    /// Returns the depth of blocks and expressions around the next token.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Restores a position.
    pub fn return_to(&mut self, (position, depth): (usize, usize)) {
        (self.position, self.depth) = (position, depth);
    }

    /// Enters a nested expression.
    ///
    /// # Errors
    /// The depth exceeds the maximum.
    pub fn enter(&mut self) -> Result<(), TextError> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let error = fault(self.line(), format!("blocks and expressions nest more than {MAX_DEPTH} levels deep"));
        self.too_deep.get_or_insert_with(|| error.clone());
        Err(error)
    }

    /// Refuses a text that exceeded the depth.
    ///
    /// # Errors
    /// The first position that did.
    pub fn check_depth(&self) -> Result<(), TextError> {
        self.too_deep.clone().map_or(Ok(()), Err)
    }

    /// Leaves a nested expression.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }
}
