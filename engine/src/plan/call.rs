//! The single entry point for calls of operations: checks operands, records the operation, and
//! links it for backward. Nothing is computed here.

use std::rc::Rc;

use super::{MAX_RECORDING_LEN, Recorder};
use crate::device::{DType, Device};
use crate::tensor::{Compute, Function, Layout, Node, Op, Recorded, Spec, State, Tensor, Value, is_grad_enabled};
use crate::{Error, Result};

impl Tensor {
    /// Calls an operation on at least one tensor: the engine's own, or one that another crate
    /// defines by implementing [`Op`](crate::tensor::Op). The operation is recorded, fused and
    /// differentiated like any other; `engine/examples/06_custom_op.rs` defines one.
    ///
    /// # Errors
    /// Operands on different devices, or operands that the operation refuses.
    pub fn call(op: impl Op, inputs: &[&Self]) -> Result<Self> {
        let first = inputs.first().ok_or_else(|| Error::internal("an operation without operands needs a device"))?;
        let device = first.device();
        if inputs.iter().any(|t| !t.device().same(&device)) {
            let places = inputs.iter().enumerate().map(|(i, t)| format!("operand {i} is on {}", t.device()));
            return Err(Error::Device { op: op.name(), places: places.collect::<Vec<_>>().join(", ") });
        }
        record(Rc::new(op), inputs, &device)
    }

    /// Calls an operation without operands, on a device.
    ///
    /// # Errors
    /// The operation refuses its arguments.
    pub(crate) fn create(op: impl Op, device: &Device) -> Result<Self> {
        record(Rc::new(op), &[], device)
    }

    /// Returns another layout of the same memory, as the result of `function`.
    pub(crate) fn view_as_function(&self, function: impl Function, layout: Layout) -> Self {
        let view = self.view_through(layout);
        if is_grad_enabled() && self.requires_grad() {
            Node::link(Rc::new(function), &[self], &view);
        }
        view
    }

    /// Records for backward that `function` made `self` of `inputs`, if gradients may flow.
    pub(crate) fn record_grad_fn(&self, function: Rc<dyn Function>, inputs: &[&Self]) {
        if self.wants_memory(inputs) {
            Node::link(function, inputs, self);
        }
    }

    /// Returns `true` if gradients may flow from this tensor to `inputs`.
    pub(crate) fn wants_memory(&self, inputs: &[&Self]) -> bool {
        is_grad_enabled() && self.dtype().is_float() && inputs.iter().any(|t| t.requires_grad())
    }
}

/// Refuses 64-bit types that a GPU lacks: floats always, integers if the operation has no WGSL
/// function that takes them as pairs of words.
fn exists_on_gpu(op: &dyn Op, operands: &[Spec], output: DType) -> Result<()> {
    if output == DType::F64 {
        return Err(Error::dtype(op.name(), "f64 exists on the CPU only: WebGPU has no 64-bit floats"));
    }
    if output != DType::I64 && operands.iter().all(|spec| spec.dtype != DType::I64) {
        return Ok(());
    }
    let dtypes: Vec<DType> = operands.iter().map(|spec| spec.dtype).collect();
    if let Compute::Pointwise(pointwise) = op.compute() {
        let function = pointwise.wgsl(&dtypes)?;
        let producer = format!("fn {}(", function.name);
        if function.pieces.iter().any(|piece| piece.contains(&producer)) {
            return Ok(());
        }
    }
    let rule = "WebGPU has no 64-bit integers, and this operation none of its own for them; convert with \
                .to_dtype(DType::I32), or move the tensor to the CPU";
    Err(Error::dtype(op.name(), rule))
}

fn record(op: Rc<dyn Op>, inputs: &[&Tensor], device: &Device) -> Result<Tensor> {
    let specs: Vec<Spec> = inputs.iter().map(|t| Spec { shape: t.shape().clone(), dtype: t.dtype() }).collect();
    let spec = op.infer(&specs)?;
    if !device.is_cpu() {
        exists_on_gpu(&*op, &specs, spec.dtype)?;
    }
    let operands = inputs.iter().map(|t| t.operand()).collect();
    let state = State::Recorded(Rc::new(Recorded { op: op.clone(), operands }));
    let value = Value::new(spec.shape.numel(), spec.dtype, device.clone(), state);
    let length = Recorder::of(device)?.push(&value);
    let output = Tensor::from_value(value, spec.shape);
    output.record_grad_fn(op, inputs);
    if length >= MAX_RECORDING_LEN {
        device.flush()?;
    }
    Ok(output)
}
