//! Values: results of operations, computed or recorded. A value is a flat, contiguous run of
//! elements that never changes; tensors are layouts over values, and a change in place gives a
//! storage a new value. The module knows the contract of an operation only.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Layout, Op};
use crate::device::{CpuBuffer, DType, Device, GpuBuffer};
use crate::{Error, Result};

/// A run of elements on a device, computed or recorded.
pub struct Value {
    /// Number of elements.
    pub len: usize,
    /// Element type.
    pub dtype: DType,
    /// Device of the elements.
    pub device: Device,
    state: RefCell<State>,
    /// Index in the recording being made; see `plan::graph`.
    pub(crate) mark: Cell<usize>,
}

/// Progress of a value.
#[derive(Clone)]
pub enum State {
    /// Recorded: an operation to run on operands.
    Recorded(Rc<Recorded>),
    /// Computed, on the CPU.
    Cpu(Rc<CpuBuffer>),
    /// Computed on the GPU, or submitted there.
    Gpu(Rc<GpuBuffer>),
    /// Refused: its computation failed.
    Failed(Error),
}

/// A recorded operation.
pub struct Recorded {
    /// Operation to run.
    pub op: Rc<dyn Op>,
    /// Operands to run it on.
    pub operands: Vec<Operand>,
}

/// A value read through a layout.
#[derive(Clone)]
pub struct Operand {
    /// Elements.
    pub value: Rc<Value>,
    /// Layout through which they are read.
    pub layout: Layout,
}

impl Value {
    /// Creates a value in a given state.
    pub fn new(len: usize, dtype: DType, device: Device, state: State) -> Rc<Self> {
        Rc::new(Self { len, dtype, device, state: RefCell::new(state), mark: Cell::new(usize::MAX) })
    }

    /// Returns the number of words it takes on the GPU.
    pub fn words(&self) -> usize {
        self.len * self.dtype.words()
    }

    /// Returns its state.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Returns the recorded operation if it is not computed yet.
    pub fn recorded(&self) -> Option<Rc<Recorded>> {
        match &*self.state.borrow() {
            State::Recorded(recorded) => Some(recorded.clone()),
            _ => None,
        }
    }

    /// Replaces the state by a computed or a refused one.
    pub fn settle(&self, state: State) {
        let old = self.state.replace(state);
        unlink(old);
    }

    /// Returns the elements on the GPU.
    ///
    /// # Errors
    /// The computation was refused, or has not run (a bug).
    pub fn buffer(&self) -> Result<Rc<GpuBuffer>> {
        match &*self.state.borrow() {
            State::Gpu(buffer) => Ok(buffer.clone()),
            State::Failed(error) => Err(error.clone()),
            _ => Err(Error::internal("a value was read before it was computed")),
        }
    }

    /// Returns the elements on the CPU.
    ///
    /// # Errors
    /// The computation was refused, or has not run (a bug).
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

/// Drops a state without recursion: a chain of ten thousand recorded operations would overflow the
/// stack, which is small in wasm.
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
