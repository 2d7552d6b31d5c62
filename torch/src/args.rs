//! Arguments of calls, and their binding by builtin functions: by position or by name.

use kindling::Tensor;

use crate::{Error, Result, Value};

/// Arguments of a call.
#[derive(Clone, Default)]
pub struct Args {
    /// Positional arguments.
    pub positional: Vec<Value>,
    /// Named arguments.
    pub named: Vec<(String, Value)>,
}

impl Args {
    /// Creates positional arguments.
    pub fn of(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }

    /// Prepends an argument: a method's receiver.
    #[must_use]
    pub fn before(mut self, first: Value) -> Self {
        self.positional.insert(0, first);
        self
    }

    /// Binds them to a signature.
    ///
    /// # Errors
    /// Too many arguments, or a name that the signature lacks.
    pub fn bind(&self, function: &str, names: &'static [&'static str]) -> Result<Bound> {
        let mut values: Vec<Option<Value>> = vec![None; names.len()];
        if self.positional.len() > names.len() {
            let (most, got) = (names.len(), self.positional.len());
            return Err(Error::new(format!("{function}() takes {most} arguments, {got} were given")));
        }
        for (slot, value) in values.iter_mut().zip(&self.positional) {
            *slot = Some(value.clone());
        }
        for (name, value) in &self.named {
            let slot = names.iter().position(|n| n == name);
            let slot = slot.ok_or_else(|| Error::unknown(format!("the argument {name} of {function}")))?;
            if values[slot].is_some() {
                return Err(Error::new(format!("{function}() got multiple values for argument '{name}'")));
            }
            values[slot] = Some(value.clone());
        }
        Ok(Bound { function: function.to_owned(), names, values })
    }

    /// Returns the integers of a function that takes them one by one or as a sequence: everything
    /// after the first `skip` arguments, or the argument of that name.
    ///
    /// # Errors
    /// They are not integers.
    pub fn ints(&self, skip: usize, name: &str) -> Result<Vec<isize>> {
        let named = self.named.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let rest = self.positional.get(skip..).unwrap_or_default();
        match (named, rest) {
            (Some(value), _) => ints(&value),
            (None, [one]) => ints(one),
            (None, several) => several.iter().map(|v| Ok(v.as_int()? as isize)).collect(),
        }
    }
}

/// Returns an int or a sequence of them.
///
/// # Errors
/// The value is neither.
pub fn ints(value: &Value) -> Result<Vec<isize>> {
    match value {
        Value::List(_) | Value::Tuple(_) => value.items()?.iter().map(|v| Ok(v.as_int()? as isize)).collect(),
        other => Ok(vec![other.as_int()? as isize]),
    }
}

/// Arguments bound to a signature.
pub struct Bound {
    function: String,
    names: &'static [&'static str],
    values: Vec<Option<Value>>,
}

impl Bound {
    /// Returns an argument that was given and is not None.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let value = self.values[self.names.iter().position(|n| *n == name)?].as_ref();
        value.filter(|v| !matches!(v, Value::None))
    }

    /// Returns an argument.
    ///
    /// # Errors
    /// It was not given, or is None.
    pub fn need(&self, name: &str) -> Result<&Value> {
        self.get(name).ok_or_else(|| Error::new(format!("{}() needs the argument '{name}'", self.function)))
    }

    /// Returns a tensor.
    ///
    /// # Errors
    /// It was not given, or is not one.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.need(name)?.as_tensor()
    }

    /// Returns a tensor, if given.
    ///
    /// # Errors
    /// It has another type.
    pub fn optional_tensor(&self, name: &str) -> Result<Option<&Tensor>> {
        self.get(name).map(Value::as_tensor).transpose()
    }

    /// Returns the tensors of a sequence.
    ///
    /// # Errors
    /// It was not given, or has another type.
    pub fn tensors(&self, name: &str) -> Result<Vec<Tensor>> {
        self.need(name)?.items()?.iter().map(|v| v.as_tensor().cloned()).collect()
    }

    /// Returns an int.
    ///
    /// # Errors
    /// It was not given, or is not one.
    pub fn int(&self, name: &str) -> Result<isize> {
        Ok(self.need(name)?.as_int()? as isize)
    }

    /// Returns an int, if given.
    ///
    /// # Errors
    /// It has another type.
    pub fn optional_int(&self, name: &str) -> Result<Option<isize>> {
        self.get(name).map(|v| Ok(v.as_int()? as isize)).transpose()
    }

    /// Returns an int, or the default.
    ///
    /// # Errors
    /// It has another type.
    pub fn int_or(&self, name: &str, default: isize) -> Result<isize> {
        Ok(self.optional_int(name)?.unwrap_or(default))
    }

    /// Returns a size, or the default.
    ///
    /// # Errors
    /// It has another type, or is negative.
    pub fn size_or(&self, name: &str, default: usize) -> Result<usize> {
        match self.optional_int(name)? {
            None => Ok(default),
            Some(n) => usize::try_from(n).map_err(|_| self.bad(name, "a size")),
        }
    }

    /// Returns a number.
    ///
    /// # Errors
    /// It was not given, or is not one.
    pub fn number(&self, name: &str) -> Result<f64> {
        self.need(name)?.as_number()
    }

    /// Returns a number, or the default.
    ///
    /// # Errors
    /// It has another type.
    pub fn number_or(&self, name: &str, default: f64) -> Result<f64> {
        self.get(name).map_or(Ok(default), Value::as_number)
    }

    /// Returns a bool, or the default.
    ///
    /// # Errors
    /// It has another type.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool> {
        self.get(name).map_or(Ok(default), Value::truth)
    }

    /// Returns a string, or the default.
    ///
    /// # Errors
    /// It has another type.
    pub fn text_or(&self, name: &str, default: &str) -> Result<String> {
        match self.get(name) {
            None => Ok(default.to_owned()),
            Some(Value::Str(s)) => Ok(s.to_string()),
            Some(_) => Err(self.bad(name, "a str")),
        }
    }

    /// Returns an int or a sequence of them.
    ///
    /// # Errors
    /// It was not given, or has another type.
    pub fn ints(&self, name: &str) -> Result<Vec<isize>> {
        ints(self.need(name)?)
    }

    /// Returns an int or a sequence of them, if given.
    ///
    /// # Errors
    /// It has another type.
    pub fn optional_ints(&self, name: &str) -> Result<Option<Vec<isize>>> {
        self.get(name).map(ints).transpose()
    }

    /// Returns one size for every dimension; a single int applies to all.
    ///
    /// # Errors
    /// It has another type.
    pub fn sizes<const N: usize>(&self, name: &str, default: usize) -> Result<[usize; N]> {
        let Some(given) = self.optional_ints(name)? else { return Ok([default; N]) };
        let sizes: Vec<usize> =
            given.iter().map(|n| usize::try_from(*n).map_err(|_| self.bad(name, "sizes"))).collect::<Result<_>>()?;
        match sizes.as_slice() {
            [one] => Ok([*one; N]),
            _ => sizes.try_into().map_err(|_| self.bad(name, "one size or one for every dimension")),
        }
    }

    fn bad(&self, name: &str, expected: &str) -> Error {
        Error::new(format!("{}(): the argument '{name}' should be {expected}", self.function))
    }
}
