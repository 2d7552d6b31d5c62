//! `Sequential`: modules in sequence.

use super::module::forward_named;
use super::{Members, Module};
use crate::{Result, Tensor};

/// Modules in sequence, each with a name: its index, as in PyTorch, or a given one.
/// [torch.nn.Sequential](https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html)
///
/// ```
/// use kindling::nn::{Linear, Module, ReLU, Sequential};
/// use kindling::{Device, Tensor};
/// # fn main() -> kindling::Result<()> {
/// let device = Device::cpu();
/// let net = Sequential::new()
///     .push(Linear::new(4, 8, &device)?)
///     .push(ReLU::default())
///     .push(Linear::new(8, 2, &device)?);
/// assert_eq!(net.forward(&Tensor::zeros([1, 4], &device)?)?.dims(), [1, 2]);
/// assert_eq!(net.named_parameters()[2].0, "2.weight");
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Sequential {
    modules: Vec<(String, Box<dyn Module>)>,
}

impl Sequential {
    /// Creates an empty sequence: the identity.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a module under its index.
    #[must_use]
    pub fn push(self, module: impl Module + 'static) -> Self {
        let name = self.modules.len().to_string();
        self.named(name, module)
    }

    /// Appends a module under a name; under an empty one, its parameters are on this module's
    /// level.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, module: impl Module + 'static) -> Self {
        self.modules.push((name.into(), Box::new(module)));
        self
    }

    /// Iterates over the modules and their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &dyn Module)> {
        self.modules.iter().map(|(name, module)| (name.as_str(), &**module))
    }
}

impl Module for Sequential {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        self.iter().try_fold(input.clone(), |x, (name, module)| forward_named(name, module, &x))
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        for (name, module) in &self.modules {
            to.module(name, module);
        }
    }
}
