//! Values: what an operation gives, computed or still to be computed. A value is a flat, contiguous run of
//! elements that never changes; tensors are layouts over values, and a change in place gives a tensor's storage
//! a new value. It knows the contract of an operation, not any operation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Layout, Op};
use crate::device::{CpuBuffer, DType, Device, GpuBuffer};
use crate::{Error, Result};

/// A run of elements on a device, computed or recorded.
pub struct Value {
    /// How many elements.
    pub len: usize,
    /// Their type.
    pub dtype: DType,
    /// Where they are.
    pub device: Device,
    state: RefCell<State>,
    /// The place in the plan that is being made; see `plan::graph`.
    pub(crate) mark: Cell<usize>,
}

/// How far a value has come.
#[derive(Clone)]
pub enum State {
    /// Recorded: an operation to run on operands.
    Recorded(Rc<Recorded>),
    /// Computed, on the CPU.
    Cpu(Rc<CpuBuffer>),
    /// Computed, or on its way behind what has been submitted, on the GPU.
    Gpu(Rc<GpuBuffer>),
    /// Its computation was refused.
    Failed(Error),
}

/// An operation that was recorded.
pub struct Recorded {
    /// What to run.
    pub op: Rc<dyn Op>,
    /// On what.
    pub operands: Vec<Operand>,
}

/// A value read through a layout.
#[derive(Clone)]
pub struct Operand {
    /// The elements.
    pub value: Rc<Value>,
    /// How to read them.
    pub layout: Layout,
}

impl Value {
    /// A value in a given state.
    pub fn new(len: usize, dtype: DType, device: Device, state: State) -> Rc<Self> {
        Rc::new(Self { len, dtype, device, state: RefCell::new(state), mark: Cell::new(usize::MAX) })
    }

    /// How many words it takes on the GPU.
    pub fn words(&self) -> usize {
        self.len * self.dtype.words()
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// What is to be run for it, if it is not computed yet.
    pub fn recorded(&self) -> Option<Rc<Recorded>> {
        match &*self.state.borrow() {
            State::Recorded(recorded) => Some(recorded.clone()),
            _ => None,
        }
    }

    /// Replaces the state: it has been computed, or refused.
    pub fn settle(&self, state: State) {
        let old = self.state.replace(state);
        unlink(old);
    }

    /// The elements on the GPU.
    ///
    /// # Errors
    /// The computation was refused; or, a bug, it has not run.
    pub fn buffer(&self) -> Result<Rc<GpuBuffer>> {
        match &*self.state.borrow() {
            State::Gpu(buffer) => Ok(buffer.clone()),
            State::Failed(error) => Err(error.clone()),
            _ => Err(Error::internal("a value was read before it was computed")),
        }
    }

    /// The elements on the CPU.
    ///
    /// # Errors
    /// The computation was refused; or, a bug, it has not run.
    pub fn array(&self) -> Result<Rc<CpuBuffer>> {
        match &*self.state.borrow() {
            State::Cpu(array) => Ok(array.clone()),
            State::Failed(error) => Err(error.clone()),
            _ => Err(Error::internal("a value was read before it was computed")),
        }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        unlink(std::mem::replace(self.state.get_mut(), State::Failed(Error::internal("dropped"))));
    }
}

/// Drops a state without recursion: a chain of ten thousand recorded operations would overflow the stack, which
/// is small in wasm.
fn unlink(state: State) {
    let mut waiting = vec![state];
    while let Some(state) = waiting.pop() {
        let State::Recorded(recorded) = state else { continue };
        let Ok(recorded) = Rc::try_unwrap(recorded) else { continue };
        for operand in recorded.operands {
            if let Ok(mut value) = Rc::try_unwrap(operand.value) {
                waiting.push(std::mem::replace(value.state.get_mut(), State::Failed(Error::internal("dropped"))));
            }
        }
    }
}
