//! Models built from specifications.

use super::kind::Kind;
use super::{LayerSpec, ModelSpec};
use crate::nn::{Concat, Members, Module, Residual, Sequential, forward_named};
use crate::{Device, Error, Result, Tensor};

/// A module and the specification it was built from.
pub struct Model {
    spec: ModelSpec,
    layers: Sequential,
}

impl Model {
    /// Returns the specification.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Returns the layers and their names.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &dyn Module)> {
        self.layers.iter()
    }
}

impl Module for Model {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        if input.dims().get(1..) != Some(self.spec.input.as_slice()) {
            let expected: String = self.spec.input.iter().map(|size| format!(", {size}")).collect();
            let rule = format!("{} expects inputs of shape [N{expected}], got {}", self.spec.name, input.shape());
            return Err(Error::shape("model", rule));
        }
        forward_named("", &self.layers, input)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        self.layers.members(to);
    }
}

impl ModelSpec {
    /// Builds the model on a device, initialized as PyTorch does.
    ///
    /// # Errors
    /// A layer does not fit; or the device fails.
    pub fn build(&self, device: &Device) -> Result<Model> {
        self.check()?;
        Ok(Model { spec: self.clone(), layers: sequential(&self.layers, device)? })
    }
}

fn sequential(layers: &[LayerSpec], device: &Device) -> Result<Sequential> {
    layers.iter().enumerate().try_fold(Sequential::new(), |sequence, (i, layer)| {
        Ok(sequence.named(layer.name_at(i), module(&layer.kind, device)?))
    })
}

fn module(kind: &Kind, device: &Device) -> Result<Box<dyn Module>> {
    match kind {
        Kind::Sequential(sequence) => Ok(Box::new(sequential(&sequence.layers, device)?)),
        Kind::Concat(sequence) => Ok(Box::new(Concat::new(sequential(&sequence.layers, device)?))),
        Kind::Residual(branches) => {
            let mut residual = Residual::new(sequential(&branches.body, device)?);
            if !branches.shortcut.is_empty() {
                residual = residual.shortcut_named(&branches.shortcut_name, sequential(&branches.shortcut, device)?);
            }
            if let Some(activation) = &branches.activation {
                residual = residual.activation(module(activation, device)?);
            }
            Ok(Box::new(residual))
        }
        kind => match kind.build() {
            Some(layer) => layer.build(device),
            None => Err(Error::internal("a layer that is neither one nor made of some")),
        },
    }
}
