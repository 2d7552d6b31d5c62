//! One call of an operation, as a golden case describes it: tensors by role, attributes by name.

use kindling::{Device, Tensor};
use serde_json::Value;

/// Why a case failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The engine refused.
    Engine(kindling::Error),
    /// The harness cannot replay it, or the result is wrong.
    Harness(String),
    /// The engine does not have the operation of this name.
    Missing(String),
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

/// What a call gives.
pub type Outcome = Result<Vec<Tensor>, Failure>;

/// A call to replay.
pub struct Call {
    /// The operation's name in the suite.
    pub op: String,
    /// The roles of the tensors.
    pub roles: Vec<String>,
    /// The tensors.
    pub tensors: Vec<Tensor>,
    /// The attributes.
    pub attrs: Value,
    /// Where to run.
    pub device: Device,
}

impl Call {
    /// The tensor of a role.
    ///
    /// # Errors
    /// There is none.
    pub fn input(&self, role: &str) -> Result<&Tensor, Failure> {
        self.optional(role).ok_or_else(|| Failure::Harness(format!("{} has no input {role}", self.op)))
    }

    /// The tensor of a role that may be absent.
    pub fn optional(&self, role: &str) -> Option<&Tensor> {
        self.tensors.get(self.roles.iter().position(|r| r == role)?)
    }

    /// An attribute as it stands; null if absent.
    pub fn attr(&self, name: &str) -> &Value {
        self.attrs.get(name).unwrap_or(&Value::Null)
    }

    /// A number; the strings "inf", "-inf" and "nan" are numbers too.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn number(&self, name: &str) -> Result<f64, Failure> {
        number(self.attr(name)).ok_or_else(|| self.bad(name, "a number"))
    }

    /// A number, or null.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.number(name).map(Some) }
    }

    /// An integer.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn int(&self, name: &str) -> Result<isize, Failure> {
        self.attr(name).as_i64().map(|i| i as isize).ok_or_else(|| self.bad(name, "an integer"))
    }

    /// An integer, or null.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_int(&self, name: &str) -> Result<Option<isize>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.int(name).map(Some) }
    }

    /// A list of integers; a single one counts as a list.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn ints(&self, name: &str) -> Result<Vec<isize>, Failure> {
        let value = self.attr(name);
        let single = value.as_i64().map(|i| vec![i as isize]);
        let list = || value.as_array()?.iter().map(|v| v.as_i64().map(|i| i as isize)).collect();
        single.or_else(list).ok_or_else(|| self.bad(name, "a list of integers"))
    }

    /// A list of integers, or null.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_ints(&self, name: &str) -> Result<Option<Vec<isize>>, Failure> {
        if self.attr(name).is_null() { Ok(None) } else { self.ints(name).map(Some) }
    }

    /// A list of sizes.
    ///
    /// # Errors
    /// There is none of that name, or one is negative; then the engine cannot even be asked.
    pub fn sizes(&self, name: &str) -> Result<Vec<usize>, Failure> {
        let sizes = self.ints(name)?.into_iter().map(usize::try_from).collect::<Result<_, _>>();
        sizes.map_err(|_| self.bad(name, "a list of sizes"))
    }

    /// A bool.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        self.attr(name).as_bool().ok_or_else(|| self.bad(name, "a bool"))
    }

    /// A string.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.attr(name).as_str().ok_or_else(|| self.bad(name, "a string"))
    }

    fn bad(&self, name: &str, expected: &str) -> Failure {
        Failure::Harness(format!("{}: attribute {name} should be {expected}, is {}", self.op, self.attr(name)))
    }
}

/// A JSON number, or one of the strings that stand for what JSON lacks.
pub fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some("nan") => Some(f64::NAN),
        _ => value.as_f64(),
    }
}
