//! Number of features of a `view`: `x.view(-1, 400)` is read as `Flatten`, which outputs all
//! features of a sample, and checked to output 400.

use super::super::TextError;
use super::super::kind::Kind;
use super::fault;
use super::graph::{Item, is_activation};
use super::interpreter::Frame;
use crate::nn::{Unflatten, product};

impl Frame {
    /// Adds a layer, after comparing its number of features with that of a view before it. Returns
    /// its node.
    ///
    /// # Errors
    /// The layer has another number of features than the view before it.
    pub fn record(&mut self, item: Item, input: usize, line: usize) -> Result<usize, TextError> {
        let Some(features) = self.features.get(&input).copied() else { return Ok(self.graph.layer(item, input)) };
        let kind = &item.layer.kind;
        let takes = match kind {
            Kind::Linear(linear) => Some(linear.in_features as u128),
            Kind::BatchNorm1d(norm) => Some(norm.num_features as u128),
            Kind::Unflatten(unflatten) => Some(product(&unflatten.unflattened_size)),
            // The layers of a block were compared already.
            Kind::Sequential(_) | Kind::Concat(_) | Kind::Residual(_) => return Ok(self.graph.layer(item, input)),
            _ => None,
        };
        if let Some(takes) = takes {
            if takes == features as u128 {
                return Ok(self.graph.layer(item, input));
            }
            let why = format!("{} takes {takes} inputs, and the view before it makes {features}", kind.name());
            return Err(fault(line, why));
        }
        if is_activation(kind) || matches!(kind, Kind::Dropout(_) | Kind::Softmax(_) | Kind::LogSoftmax(_)) {
            let node = self.graph.layer(item, input);
            self.features.insert(node, features);
            return Ok(node);
        }
        let input = self.checked(input, line);
        Ok(self.graph.layer(item, input))
    }

    /// Returns a node whose number of features, set by a view, is checked by an `Unflatten` layer.
    pub fn checked(&mut self, node: usize, line: usize) -> usize {
        match self.features.remove(&node) {
            Some(features) => {
                let kind = Unflatten { dim: 1, unflattened_size: vec![features] };
                self.graph.layer(Item::new(None, kind.into(), line), node)
            }
            _ => node,
        }
    }
}
