//! `Residual`: a residual block, which adds its input to the output of its layers.

use super::module::forward_named;
use super::{Members, Module, Sequential};
use crate::{Result, Tensor};

/// Name of the shortcut in torchvision's blocks.
pub(crate) const SHORTCUT_NAME: &str = "downsample";

/// Residual block: activation(body(x) + shortcut(x)); without a shortcut, x itself is added. The
/// members of the body are on this module's level, those of the shortcut under `downsample`, as in
/// torchvision's blocks.
///
/// ```
/// use kindling::nn::{Linear, Module, ReLU, Residual, Sequential};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let block = Residual::new(Sequential::new().push(Linear::new(4, 4, &cpu)?)).activation(ReLU::default());
/// assert_eq!(block.forward(&Tensor::zeros([2, 4], &cpu)?)?.dims(), [2, 4]);
/// # Ok::<(), kindling::Error>(())
/// ```
pub struct Residual {
    body: Sequential,
    shortcut: Option<(String, Sequential)>,
    activation: Option<Box<dyn Module>>,
}

impl Residual {
    /// Creates a block for body(x) + x.
    pub fn new(body: Sequential) -> Self {
        Self { body, shortcut: None, activation: None }
    }

    /// Sets the layers of the shortcut, for a body that changes the shape.
    #[must_use]
    pub fn shortcut(self, shortcut: Sequential) -> Self {
        self.shortcut_named(SHORTCUT_NAME, shortcut)
    }

    /// Sets the layers of the shortcut and the prefix of their parameters; under an empty one they
    /// stand beside the block's own.
    #[must_use]
    pub fn shortcut_named(mut self, name: impl Into<String>, shortcut: Sequential) -> Self {
        self.shortcut = Some((name.into(), shortcut));
        self
    }

    /// Sets a module to apply after the sum.
    #[must_use]
    pub fn activation(mut self, activation: impl Module + 'static) -> Self {
        self.activation = Some(Box::new(activation));
        self
    }
}

impl Module for Residual {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let skipped = match &self.shortcut {
            Some((name, shortcut)) => forward_named(name, shortcut, input)?,
            None => input.clone(),
        };
        let sum = forward_named("", &self.body, input)?.add(&skipped)?;
        self.activation.as_ref().map_or(Ok(sum.clone()), |activation| activation.forward(&sum))
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.module("", &self.body);
        if let Some((name, shortcut)) = &self.shortcut {
            to.module(name, shortcut);
        }
        if let Some(activation) = &self.activation {
            to.module("relu", activation);
        }
    }
}
