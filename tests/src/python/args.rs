//! Arguments of calls, and how what is built in takes them: by position or by name.

use kindling::Tensor;

use super::{Error, Result, Value};

/// The arguments of a call.
#[derive(Clone, Default)]
pub struct Args {
    /// Those without a name.
    pub positional: Vec<Value>,
    /// Those with one.
    pub named: Vec<(String, Value)>,
}

impl Args {
    /// Arguments without names.
    pub fn of(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }

    /// The same with one more in front: a method's receiver.
    #[must_use]
    pub fn before(mut self, first: Value) -> Self {
        self.positional.insert(0, first);
        self
    }

    /// Matches them to a signature.
    ///
    /// # Errors
    /// Too many, or a name that the signature lacks.
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

    /// For functions that take their integers one by one or as one sequence: everything after the first `skip`
    /// arguments, or the argument of that name.
    ///
    /// # Errors
    /// They are no integers.
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

/// An int or a sequence of them.
///
/// # Errors
/// It is neither.
pub fn ints(value: &Value) -> Result<Vec<isize>> {
    match value {
        Value::List(_) | Value::Tuple(_) => value.items()?.iter().map(|v| Ok(v.as_int()? as isize)).collect(),
        other => Ok(vec![other.as_int()? as isize]),
    }
}

/// Arguments matched to a signature.
pub struct Bound {
    function: String,
    names: &'static [&'static str],
    values: Vec<Option<Value>>,
}

impl Bound {
    /// An argument that was given and is not None.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let value = self.values[self.names.iter().position(|n| *n == name)?].as_ref();
        value.filter(|v| !matches!(v, Value::None))
    }

    /// An argument.
    ///
    /// # Errors
    /// It was not given, or is None.
    pub fn need(&self, name: &str) -> Result<&Value> {
        self.get(name).ok_or_else(|| Error::new(format!("{}() needs the argument '{name}'", self.function)))
    }

    /// A tensor.
    ///
    /// # Errors
    /// It was not given, or is none.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.need(name)?.as_tensor()
    }

    /// A tensor, if given.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_tensor(&self, name: &str) -> Result<Option<&Tensor>> {
        self.get(name).map(Value::as_tensor).transpose()
    }

    /// Tensors in a sequence.
    ///
    /// # Errors
    /// It was not given, or is something else.
    pub fn tensors(&self, name: &str) -> Result<Vec<Tensor>> {
        self.need(name)?.items()?.iter().map(|v| v.as_tensor().cloned()).collect()
    }

    /// An int.
    ///
    /// # Errors
    /// It was not given, or is none.
    pub fn int(&self, name: &str) -> Result<isize> {
        Ok(self.need(name)?.as_int()? as isize)
    }

    /// An int, if given.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_int(&self, name: &str) -> Result<Option<isize>> {
        self.get(name).map(|v| Ok(v.as_int()? as isize)).transpose()
    }

    /// An int, or the default.
    ///
    /// # Errors
    /// It is something else.
    pub fn int_or(&self, name: &str, default: isize) -> Result<isize> {
        Ok(self.optional_int(name)?.unwrap_or(default))
    }

    /// A size, or the default.
    ///
    /// # Errors
    /// It is something else, or negative.
    pub fn size_or(&self, name: &str, default: usize) -> Result<usize> {
        match self.optional_int(name)? {
            None => Ok(default),
            Some(n) => usize::try_from(n).map_err(|_| self.bad(name, "a size")),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// It was not given, or is none.
    pub fn number(&self, name: &str) -> Result<f64> {
        self.need(name)?.as_number()
    }

    /// A number, or the default.
    ///
    /// # Errors
    /// It is something else.
    pub fn number_or(&self, name: &str, default: f64) -> Result<f64> {
        self.get(name).map_or(Ok(default), Value::as_number)
    }

    /// A bool, or the default.
    ///
    /// # Errors
    /// It is something else.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool> {
        self.get(name).map_or(Ok(default), Value::truth)
    }

    /// A string, or the default.
    ///
    /// # Errors
    /// It is something else.
    pub fn text_or(&self, name: &str, default: &str) -> Result<String> {
        match self.get(name) {
            None => Ok(default.to_owned()),
            Some(Value::Str(s)) => Ok(s.to_string()),
            Some(_) => Err(self.bad(name, "a str")),
        }
    }

    /// An int or a sequence of them.
    ///
    /// # Errors
    /// It was not given, or is something else.
    pub fn ints(&self, name: &str) -> Result<Vec<isize>> {
        ints(self.need(name)?)
    }

    /// An int or a sequence of them, if given.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional_ints(&self, name: &str) -> Result<Option<Vec<isize>>> {
        self.get(name).map(ints).transpose()
    }

    /// One size for every dimension: a single int counts for all.
    ///
    /// # Errors
    /// It is something else.
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
