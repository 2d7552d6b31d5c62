//! Tensors and the contracts of operations and derivatives: shapes, layouts, and values that are
//! recorded before they are computed. The layer knows no operation and runs nothing.
//!
//! The contract is open: another crate adds an operation by implementing [`Function`], [`Op`], and
//! [`Pointwise`] or [`Kernel`], and calls it by [`Tensor::call`]. `engine/examples/06_custom_op.rs`
//! has one with a CPU loop, a WGSL function and a derivative; `tests/outside` one with a kernel.

mod as_strided;
mod function;
mod grad_mode;
mod layout;
mod op;
mod shape;
#[expect(clippy::module_inception, reason = "the file holds the type that the folder is named after")]
mod tensor;
mod value;

pub use as_strided::AsStrided;
pub use function::{Edge, Function, Hook, Node, Origin, Saves, Vjp};
pub use grad_mode::{GradMode, enable_grad, is_grad_enabled, no_grad};
pub use layout::{Cursor, Layout, Strides, row_major};
pub use op::{
    Bind, Compute, FloatKernel, Kernel, Launch, Op, Param, Pointwise, Program, Scalar, Scalars, Spec, View, ViewSpec,
    WgslFn, groups_1d, typed, typed_mut,
};
pub use shape::{Shape, wrap_dim};
pub use tensor::Tensor;
pub use value::{Operand, Recorded, State, Value};
