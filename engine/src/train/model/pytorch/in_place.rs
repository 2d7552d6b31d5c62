//! Operations in place: a tensor changed under its name, as by `ReLU(inplace=True)` or `x += y`.
//! Later uses of the tensor, under any name, get its new values.

use super::super::TextError;
use super::fault;
use super::interpreter::{Frame, Interpreter};
use super::value::{Tensor, Value};

impl Frame {
    /// Records that another node has a tensor's values. Tensors that share its storage become
    /// unknown.
    fn replace(&mut self, old: usize, new: usize) {
        self.forget(old);
        self.replaced.insert(old, Some(new));
    }

    /// Records that the values of a tensor, and of those that share its storage, are unknown.
    fn forget(&mut self, node: usize) {
        for shared in self.graph.shared(node) {
            self.replaced.entry(shared).or_insert(None);
        }
    }
}

impl Interpreter {
    /// Returns the node with a tensor's current values.
    ///
    /// # Errors
    /// The tensor belongs to another pass, or was changed by an unsupported operation.
    pub fn current(&mut self, tensor: Tensor, line: usize) -> Result<usize, TextError> {
        let frame = self.frame(line)?;
        if frame.id != tensor.frame {
            return Err(fault(line, "the tensor belongs to another module's forward pass"));
        }
        let mut node = tensor.node;
        while let Some(next) = frame.replaced.get(&node) {
            node = next.ok_or_else(|| {
                let why = "was changed in place, by a module or by way of a view; such a network cannot be read";
                fault(line, format!("a tensor that is used here {why}"))
            })?;
        }
        Ok(node)
    }

    /// Records that `made` was computed in place of `tensor`.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub fn in_place(&mut self, tensor: Tensor, made: Value, line: usize) -> Result<Value, TextError> {
        let old = self.current(tensor, line)?;
        if let Value::Tensor(new) = &made
            && new.node != old
        {
            self.frame(line)?.replace(old, new.node);
        }
        Ok(made)
    }

    /// Records that a module changed its input in place.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub fn changed(&mut self, tensor: Tensor, line: usize) -> Result<(), TextError> {
        let node = self.current(tensor, line)?;
        self.frame(line)?.forget(node);
        Ok(())
    }
}
