//! Modules: layers and networks with a forward pass, whose parameters and buffers have PyTorch's
//! names. This file knows no particular layer.

use std::cell::{Cell, RefCell};

use super::{Counter, StateDict};
use crate::{Result, Tensor};

/// A layer or a network.
///
/// ```
/// use kindling::nn::{Linear, Module, members};
/// use kindling::{Device, Result, Tensor};
///
/// struct Net {
///     fc1: Linear,
///     fc2: Linear,
/// }
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         x.apply(&self.fc1)?.relu()?.apply(&self.fc2)
///     }
///
///     members!(fc1, fc2);
/// }
///
/// # fn main() -> Result<()> {
/// let device = Device::cpu();
/// let net = Net { fc1: Linear::new(4, 8, &device)?, fc2: Linear::new(8, 2, &device)? };
/// let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
/// assert_eq!(net.forward(&Tensor::zeros([3, 4], &device)?)?.dims(), [3, 2]);
/// # Ok(()) }
/// ```
pub trait Module {
    /// Computes the output for a batch.
    ///
    /// # Errors
    /// The input's shape, type or device does not match.
    fn forward(&self, input: &Tensor) -> Result<Tensor>;

    /// Registers the parameters, buffers and inner modules, in the order of PyTorch's definition.
    /// [`members!`](crate::members!) implements it, so that none is forgotten; containers with
    /// names of their own write it out.
    fn members<'a>(&'a self, to: &mut Members<'a>);

    /// Returns the parameters by name, such as `layer1.0.conv1.weight`.
    fn named_parameters(&self) -> Vec<(String, Tensor)> {
        self.all().into_iter().filter_map(|(name, member)| member.parameter().map(|p| (name, p.clone()))).collect()
    }

    /// Returns the parameters.
    fn parameters(&self) -> Vec<Tensor> {
        self.named_parameters().into_iter().map(|(_, parameter)| parameter).collect()
    }

    /// Returns the total number of elements of the parameters.
    fn num_parameters(&self) -> usize {
        self.parameters().iter().map(Tensor::numel).sum()
    }

    /// Returns the buffers, such as running statistics, by name.
    ///
    /// # Errors
    /// The device cannot compute.
    fn named_buffers(&self) -> Result<Vec<(String, Tensor)>> {
        let buffers = self.all().into_iter().filter(|(_, member)| member.parameter().is_none());
        buffers.filter_map(|(name, member)| member.value().transpose().map(|v| v.map(|v| (name, v)))).collect()
    }

    /// Returns a snapshot of parameters and buffers by PyTorch's names; later steps do not change
    /// it.
    ///
    /// # Errors
    /// The device cannot compute.
    fn state_dict(&self) -> Result<StateDict> {
        let mut dict = StateDict::default();
        for (name, member) in self.all() {
            if let Some(value) = member.value()? {
                dict.insert(name, value);
            }
        }
        Ok(dict)
    }

    /// Loads parameters and buffers. Nothing changes if one does not match.
    ///
    /// # Errors
    /// Missing or unexpected names, or other shapes: all of them, by name.
    fn load_state_dict(&self, dict: &StateDict) -> Result<()> {
        super::state_dict::load(&self.all(), dict)
    }

    /// Sets training or evaluation mode, for layers such as dropout and batch norm.
    fn train(&self, training: bool) {
        for (_, member) in self.all() {
            if let Member::Training(cell) = member {
                cell.set(training);
            }
        }
    }

    /// Sets evaluation mode: `train(false)`.
    fn eval(&self) {
        self.train(false);
    }

    /// Clears the gradients of the parameters.
    fn zero_grad(&self) {
        self.parameters().iter().for_each(|p| p.set_grad(None));
    }

    /// Returns all members of this and of the inner modules, by full name.
    #[doc(hidden)]
    fn all(&self) -> Vec<(String, Member<'_>)> {
        let mut members = Members::default();
        self.members(&mut members);
        members.found
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        (**self).forward(input)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        (**self).members(to);
    }
}

impl Tensor {
    /// Applies a module: `x.apply(&layer)` is `layer.forward(&x)`, so that a forward pass reads
    /// from left to right.
    ///
    /// ```
    /// use kindling::nn::{Conv2d, MaxPool2d};
    /// use kindling::{Device, Tensor};
    /// let cpu = Device::cpu();
    /// let (conv, pool) = (Conv2d::new(3, 6, 5, &cpu)?, MaxPool2d::new(2));
    /// let images = Tensor::zeros([4, 3, 32, 32], &cpu)?;
    /// assert_eq!(images.apply(&conv)?.relu()?.apply(&pool)?.dims(), [4, 6, 14, 14]);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As the module's [`Module::forward`].
    pub fn apply<M: Module + ?Sized>(&self, module: &M) -> Result<Self> {
        module.forward(self)
    }
}

/// A member of a module.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    /// A trained tensor.
    Parameter(&'a Tensor),
    /// A stored tensor that is not trained.
    Buffer(&'a Tensor),
    /// A counter, stored as a tensor without dimensions.
    Counter(&'a Counter),
    /// Training mode of the module.
    Training(&'a Cell<bool>),
}

impl<'a> Member<'a> {
    fn parameter(self) -> Option<&'a Tensor> {
        match self {
            Self::Parameter(tensor) => Some(tensor),
            _ => None,
        }
    }

    fn value(self) -> Result<Option<Tensor>> {
        match self {
            Self::Parameter(tensor) | Self::Buffer(tensor) => Ok(Some(tensor.detach().snapshot())),
            Self::Counter(counter) => counter.value().map(Some),
            Self::Training(_) => Ok(None),
        }
    }
}

/// Collects the members of modules by name.
#[derive(Default)]
pub struct Members<'a> {
    prefix: String,
    found: Vec<(String, Member<'a>)>,
}

impl<'a> Members<'a> {
    /// Registers a parameter.
    pub fn parameter(&mut self, name: &str, tensor: &'a Tensor) {
        self.push(name, Member::Parameter(tensor));
    }

    /// Registers a buffer.
    pub fn buffer(&mut self, name: &str, tensor: &'a Tensor) {
        self.push(name, Member::Buffer(tensor));
    }

    /// Registers a counter.
    pub fn counter(&mut self, name: &str, counter: &'a Counter) {
        self.push(name, Member::Counter(counter));
    }

    /// Registers the cell of the training mode.
    pub fn training(&mut self, cell: &'a Cell<bool>) {
        self.push("", Member::Training(cell));
    }

    /// Registers an inner module; under an empty name its members are on this module's level.
    pub fn module(&mut self, name: &str, module: &'a dyn Module) {
        self.within(name, |members| module.members(members));
    }

    /// Runs `register`, whose registrations have their names below `name`; under an empty name they
    /// are on this level.
    pub(super) fn within(&mut self, name: &str, register: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        if !name.is_empty() {
            self.prefix.push_str(name);
            self.prefix.push('.');
        }
        register(self);
        self.prefix.truncate(length);
    }

    fn push(&mut self, name: &str, member: Member<'a>) {
        self.found.push((format!("{}{name}", self.prefix), member));
    }
}

/// Current path of a forward pass, and the results observed so far.
type Seen = (String, Vec<(String, Tensor)>);

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Runs `f` and returns its result with the outputs of all layers that ran, by full name in the
/// order of completion.
pub fn observe<T>(f: impl FnOnce() -> T) -> (T, Vec<(String, Tensor)>) {
    let before = SEEN.replace(Some(Default::default()));
    let result = f();
    let seen = SEEN.replace(before).map(|(_, seen)| seen).unwrap_or_default();
    (result, seen)
}

/// Runs an inner module under its name, so that [`observe`] records its output; containers call it.
///
/// # Errors
/// An error of the module.
pub fn forward_named(name: &str, module: &dyn Module, input: &Tensor) -> Result<Tensor> {
    let output = under_name(name, || module.forward(input))?;
    if !name.is_empty() {
        observe_output(name, &output);
    }
    Ok(output)
}

/// Runs `f`; names that [`observe`] records in it stand below `name`, which may be empty.
pub(crate) fn under_name<T>(name: &str, f: impl FnOnce() -> T) -> T {
    let length = SEEN.with_borrow_mut(|seen| {
        seen.as_mut().map(|(prefix, _)| {
            let length = prefix.len();
            if !name.is_empty() {
                prefix.push_str(if length == 0 { "" } else { "." });
                prefix.push_str(name);
            }
            length
        })
    });
    let result = f();
    SEEN.with_borrow_mut(|seen| {
        if let (Some((prefix, _)), Some(length)) = (seen.as_mut(), length) {
            prefix.truncate(length);
        }
    });
    result
}

/// Records the output of a layer for [`observe`].
pub(crate) fn observe_output(name: &str, output: &Tensor) {
    SEEN.with_borrow_mut(|seen| {
        if let Some((prefix, seen)) = seen.as_mut() {
            let dot = if prefix.is_empty() { "" } else { "." };
            seen.push((format!("{prefix}{dot}{name}"), output.clone()));
        }
    });
}
