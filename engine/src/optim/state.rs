//! State of an optimizer: flat tensors and numbers of a run of parameters, by PyTorch's names, and
//! the same split by parameter. The module knows no rule.

use std::collections::BTreeMap;

use super::flat;
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// State of parameters that have always stepped together.
#[derive(Clone, Debug, Default)]
pub struct State {
    tensors: Named<Tensor>,
    numbers: Named<f64>,
}

/// Values by name; there are few.
type Named<T> = Vec<(&'static str, T)>;

fn find<T: Clone>(values: &Named<T>, name: &str) -> Option<T> {
    values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

fn replace<T>(values: &mut Named<T>, name: &'static str, value: T) {
    match values.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => values.push((name, value)),
    }
}

/// State of one parameter, by PyTorch's names.
pub type ParamState = BTreeMap<String, StateValue>;

/// An entry of a parameter's state.
#[derive(Clone, Debug)]
pub enum StateValue {
    /// Elements, in the parameter's shape.
    Tensor(Tensor),
    /// A number, such as the step count, which PyTorch stores as a tensor without dimensions.
    Number(f64),
}

impl State {
    /// Counts a step and returns its number, from 1. Rules with bias correction start with it.
    pub fn count(&mut self) -> f64 {
        let step = self.number("step", 0.0) + 1.0;
        self.set_number("step", step);
        step
    }

    /// Returns a tensor, if it has been set.
    pub fn get(&self, name: &str) -> Option<Tensor> {
        find(&self.tensors, name)
    }

    /// Returns a tensor; filled with `value` if it has not been set.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn get_or(&self, name: &str, value: f64, like: &Tensor) -> Result<Tensor> {
        self.get(name).map_or_else(|| like.full_like(value), Ok)
    }

    /// Replaces a tensor.
    pub fn set(&mut self, name: &'static str, value: &Tensor) {
        replace(&mut self.tensors, name, value.clone());
    }

    /// Returns a number, or `default` if it has not been set.
    pub fn number(&self, name: &str, default: f64) -> f64 {
        find(&self.numbers, name).unwrap_or(default)
    }

    /// Replaces a number.
    pub fn set_number(&mut self, name: &'static str, value: f64) {
        replace(&mut self.numbers, name, value);
    }

    /// Returns the state of the parameter at `offset`.
    pub(super) fn part(&self, offset: usize, shape: &Shape) -> Result<ParamState> {
        let mut part = ParamState::new();
        for (name, tensor) in &self.tensors {
            part.insert((*name).to_owned(), StateValue::Tensor(flat::part(tensor, offset, shape)?));
        }
        for (name, number) in &self.numbers {
            part.insert((*name).to_owned(), StateValue::Number(*number));
        }
        Ok(part)
    }

    /// Returns the state of the parameters at `slices`.
    pub(super) fn pick(&self, slices: &[(usize, Shape)]) -> Result<Self> {
        let mut tensors = Vec::with_capacity(self.tensors.len());
        for (name, tensor) in &self.tensors {
            let parts: Vec<Tensor> =
                slices.iter().map(|(offset, shape)| flat::part(tensor, *offset, shape)).collect::<Result<_>>()?;
            tensors.push((*name, flat::join(&parts)?));
        }
        Ok(Self { tensors, numbers: self.numbers.clone() })
    }

    /// Concatenates the states of a run's members; all have the same names and numbers.
    pub(super) fn of_parts(parts: &[&ParamState], names: &[&'static str]) -> Result<Self> {
        let mut state = Self::default();
        for name in names {
            let values: Vec<&StateValue> = parts.iter().filter_map(|part| part.get(*name)).collect();
            match values.first() {
                Some(StateValue::Number(number)) => state.set_number(name, *number),
                Some(StateValue::Tensor(_)) => {
                    let tensors: Vec<Tensor> = values
                        .iter()
                        .filter_map(|value| match value {
                            StateValue::Tensor(tensor) => Some(tensor.clone()),
                            StateValue::Number(_) => None,
                        })
                        .collect();
                    state.set(name, &flat::join(&tensors)?);
                }
                None => {}
            }
        }
        Ok(state)
    }
}

/// Returns a key that differs for parameters that cannot step together: names of the entries, and
/// the numbers.
pub(super) fn kind(state: &ParamState) -> Vec<(&str, Option<u64>)> {
    let number = |value: &StateValue| match value {
        StateValue::Number(number) => Some(number.to_bits()),
        StateValue::Tensor(_) => None,
    };
    state.iter().map(|(name, value)| (name.as_str(), number(value))).collect()
}
