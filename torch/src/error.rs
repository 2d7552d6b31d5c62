//! Errors of a running program.

use std::fmt;

/// Reason of a program's stop.
#[derive(Clone, Debug)]
pub enum Error {
    /// Error of the engine: the program is wrong, or the engine is.
    Engine(kindling::Error),
    /// The program is wrong, or uses an unsupported construct, which the message names.
    Python(String),
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Creates an error of the program or of its interpreter.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Python(message.into())
    }

    /// Creates an error for an unsupported construct.
    pub fn unknown(what: impl fmt::Display) -> Self {
        Self::Python(format!("{what} is not in Kindling"))
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
    /// Converts errors that pass through the engine and back: it calls hooks and functions of the
    /// program.
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error,
            Error::Python(message) => Self::value("python", message),
        }
    }
}
