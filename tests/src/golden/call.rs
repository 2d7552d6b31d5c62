//! A call of an operation, as described by a golden case: tensors by role, attributes by name.

use kindling::{Device, Tensor};
use serde_json::Value;

/// Reason of a case's failure.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Error of the engine.
    Engine(kindling::Error),
    /// The harness cannot replay the case, or the result is wrong.
    Harness(String),
    /// Name of an operation that the engine does not have.
    Missing(String),
}

impl From<kindling_torch::Error> for Failure {
    fn from(error: kindling_torch::Error) -> Self {
        match error {
            kindling_torch::Error::Engine(error) => Self::Engine(error),
            kindling_torch::Error::Python(message) => Self::Harness(message),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(error) => write!(f, "the engine refused: {error}"),
            Self::Harness(message) => f.write_str(message),
            Self::Missing(op) => write!(f, "the operation {op} does not exist"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<kindling::Error> for Failure {
    fn from(error: kindling::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Harness(format!("bad JSON: {error}"))
    }
}

/// Result of a call.
pub type Outcome = Result<Vec<Tensor>, Failure>;

/// A call to replay.
pub struct Call {
    /// Name of the operation in the suite.
    pub op: String,
    /// Roles of the tensors.
    pub roles: Vec<String>,
    /// Tensors, in the order of the roles.
    pub tensors: Vec<Tensor>,
    /// Attributes, by name.
    pub attrs: Value,
    /// Device to run on.
    pub device: Device,
}

impl Call {
    /// Returns the tensor of a role.
    ///
    /// # Errors
    /// There is no such tensor.
    pub fn input(&self, role: &str) -> Result<&Tensor, Failure> {
        self.optional(role).ok_or_else(|| Failure::Harness(format!("{} has no input {role}", self.op)))
    }

    /// Returns the tensor of a role, if there is one.
    pub fn optional(&self, role: &str) -> Option<&Tensor> {
        self.tensors.get(self.roles.iter().position(|r| r == role)?)
    }

    /// Returns an attribute; null if absent.
    pub fn attr(&self, name: &str) -> &Value {
        self.attrs.get(name).unwrap_or(&Value::Null)
    }

    /// Returns a number; the strings "inf", "-inf" and "nan" are numbers too.
    ///
    /// # Errors
    /// There is no number of that name.
    pub fn number(&self, name: &str) -> Result<f64, Failure> {
        number(self.attr(name)).ok_or_else(|| self.bad(name, "a number"))
    }

    /// Returns a number, or `None` for null.
    ///
    /// # Errors
    /// The attribute is neither.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.number(name).map(Some) }
    }

    /// Returns an integer.
    ///
    /// # Errors
    /// There is no integer of that name.
    pub fn int(&self, name: &str) -> Result<isize, Failure> {
        self.attr(name).as_i64().map(|i| i as isize).ok_or_else(|| self.bad(name, "an integer"))
    }

    /// Returns an integer, or `None` for null.
    ///
    /// # Errors
    /// The attribute is neither.
    pub fn optional_int(&self, name: &str) -> Result<Option<isize>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.int(name).map(Some) }
    }

    /// Returns a list of integers; a single one counts as a list.
    ///
    /// # Errors
    /// There is no list of that name.
    pub fn ints(&self, name: &str) -> Result<Vec<isize>, Failure> {
        let value = self.attr(name);
        let single = value.as_i64().map(|i| vec![i as isize]);
        let list = || value.as_array()?.iter().map(|v| v.as_i64().map(|i| i as isize)).collect();
        single.or_else(list).ok_or_else(|| self.bad(name, "a list of integers"))
    }

    /// Returns a list of integers, or `None` for null.
    ///
    /// # Errors
    /// The attribute is neither.
    pub fn optional_ints(&self, name: &str) -> Result<Option<Vec<isize>>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.ints(name).map(Some) }
    }

    /// Returns a list of sizes.
    ///
    /// # Errors
    /// There is no list of that name, or a size is negative, so that the engine cannot even be
    /// called.
    pub fn sizes(&self, name: &str) -> Result<Vec<usize>, Failure> {
        let sizes = self.ints(name)?.into_iter().map(usize::try_from).collect::<Result<_, _>>();
        sizes.map_err(|_| self.bad(name, "a list of sizes"))
    }

    /// Returns a bool.
    ///
    /// # Errors
    /// There is no bool of that name.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        self.attr(name).as_bool().ok_or_else(|| self.bad(name, "a bool"))
    }

    /// Returns a string.
    ///
    /// # Errors
    /// There is no string of that name.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.attr(name).as_str().ok_or_else(|| self.bad(name, "a string"))
    }

    fn bad(&self, name: &str, expected: &str) -> Failure {
        Failure::Harness(format!("{}: attribute {name} should be {expected}, is {}", self.op, self.attr(name)))
    }
}

/// Parses a JSON number, or one of the strings for numbers that JSON lacks.
pub fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some("nan") => Some(f64::NAN),
        _ => value.as_f64(),
    }
}
