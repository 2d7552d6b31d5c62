//! What can go wrong when a program runs.

use std::fmt;

/// Why a program stopped.
#[derive(Clone, Debug)]
pub enum Error {
    /// The engine refused: what the program did is wrong, or the engine is.
    Engine(kindling::Error),
    /// The program is wrong, or uses something that this interpreter does not know; the message names it.
    Python(String),
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of the program or of the interpreter.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Python(message.into())
    }

    /// A construct that this interpreter does not know.
    pub fn unknown(what: impl fmt::Display) -> Self {
        Self::Python(format!("{what} is not known to this interpreter"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) => write!(f, "{error}"),
            Self::Python(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl From<kindling::Error> for Error {
    fn from(error: kindling::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for kindling::Error {
    /// Through the engine and back: hooks and functions written in the program are called by the engine.
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error,
            Error::Python(message) => Self::value("python", message),
        }
    }
}

impl From<Error> for crate::golden::Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => Self::Engine(error),
            Error::Python(message) => Self::Harness(message),
        }
    }
}
