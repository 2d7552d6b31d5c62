//! `Residual`: what layers change is added to what they were given.

use super::module::forward_named;
use super::{Members, Module, Sequential};
use crate::{Result, Tensor};

/// activation(body(x) + shortcut(x)); without a shortcut, x itself is added. The members of the body stand beside
/// this module's own, those of the shortcut under `downsample`, as in torchvision's blocks.
pub struct Residual {
    body: Sequential,
    shortcut: Option<Sequential>,
    activation: Option<Box<dyn Module>>,
}

impl Residual {
    /// body(x) + x.
    pub fn new(body: Sequential) -> Self {
        Self { body, shortcut: None, activation: None }
    }

    /// Layers for what is added: where the body changes the shape.
    #[must_use]
    pub fn shortcut(mut self, shortcut: Sequential) -> Self {
        self.shortcut = Some(shortcut);
        self
    }

    /// A module after the sum.
    #[must_use]
    pub fn activation(mut self, activation: impl Module + 'static) -> Self {
        self.activation = Some(Box::new(activation));
        self
    }
}

impl Module for Residual {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let skipped = match &self.shortcut {
            Some(shortcut) => forward_named("downsample", shortcut, input)?,
            None => input.clone(),
        };
        let sum = forward_named("", &self.body, input)?.add(&skipped)?;
        self.activation.as_ref().map_or(Ok(sum.clone()), |activation| activation.forward(&sum))
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.module("", &self.body);
        if let Some(shortcut) = &self.shortcut {
            to.module("downsample", shortcut);
        }
        if let Some(activation) = &self.activation {
            to.module("relu", activation);
        }
    }
}
