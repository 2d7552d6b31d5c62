//! Every way in which the engine refuses: one enum whose variants name the operation, the rule that was
//! broken and the shapes or devices that broke it. It knows nothing of tensors; messages are built by those
//! who refuse.

use std::fmt;

/// `std::result::Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in a sentence that says which operation refused and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shapes, sizes or arguments that do not fit the operation.
    #[error("{op}: {rule}")]
    Shape {
        /// The operation that refused, by PyTorch's name.
        op: &'static str,
        /// The rule that was broken, with the offending shapes.
        rule: String,
    },
    /// An element type that the operation does not take.
    #[error("{op}: {rule}")]
    DType {
        /// The operation that refused.
        op: &'static str,
        /// The rule that was broken, with the offending types.
        rule: String,
    },
    /// Operands on different devices.
    #[error("{op}: all operands must be on one device, but {places}; move them with .to(&device)")]
    Device {
        /// The operation that refused.
        op: &'static str,
        /// Which operand is where.
        places: String,
    },
    /// A dimension that the tensor does not have.
    #[error("{op}: dimension out of range (expected {low} to {high}, got {dim})")]
    Dim {
        /// The operation that refused.
        op: &'static str,
        /// The dimension asked for.
        dim: isize,
        /// The lowest that would do.
        low: isize,
        /// The highest that would do.
        high: isize,
    },
    /// An index read from a tensor that lies outside of what it indexes; found when the value is computed.
    #[error("{op}: index {index} is out of range for a dimension of size {size}")]
    Index {
        /// The operation that refused.
        op: &'static str,
        /// The index found.
        index: i64,
        /// The size of the indexed dimension.
        size: usize,
    },
    /// A value that the operation does not accept; found when the value is computed.
    #[error("{op}: {rule}")]
    Value {
        /// The operation that refused.
        op: &'static str,
        /// The rule that was broken.
        rule: String,
    },
    /// A file, or bytes that should have been one, that cannot be read or written. Nothing was changed by it.
    #[error("{file}: {problem}")]
    File {
        /// The file's path or name.
        file: String,
        /// What is wrong with it, where, and what to do.
        problem: String,
    },
    /// A rule of automatic differentiation was broken.
    #[error("{message}")]
    Autograd {
        /// Which rule.
        kind: AutogradError,
        /// PyTorch's reason, in a sentence.
        message: String,
    },
    /// No adapter, a lost device, or something that the GPU refused.
    #[error("gpu: {0}")]
    Gpu(String),
    /// A broken invariant of the engine itself: a bug worth reporting.
    #[error("internal error (please report it): {0}")]
    Internal(String),
}

/// The rules of autograd that can be broken, as PyTorch has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AutogradError {
    /// Backward through a graph whose saved tensors were freed by an earlier backward.
    GraphFreed,
    /// Backward from a tensor of several elements without a gradient for it.
    GradOfNonScalar,
    /// The gradient given has another shape than the tensor.
    GradShapeMismatch,
    /// The tensor does not require grad and has no function that made it.
    NoGradFn,
    /// `grad` was asked for an input that the output does not depend on.
    GradUnused,
    /// A leaf that requires grad was changed in place.
    InplaceOnLeaf,
    /// A view of a leaf that requires grad was changed in place.
    InplaceOnLeafView,
    /// Something that backward needs was changed in place since it was saved.
    InplaceModifiedSaved,
    /// An in-place change of an expanded tensor, whose elements share memory.
    InplaceOnExpanded,
    /// `view` cannot be made of these strides.
    ViewIncompatible,
    /// Only floating-point tensors can require grad.
    RequiresGradInt,
}

impl AutogradError {
    /// The kind as the golden suite spells it, such as `graph_freed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::GraphFreed => "graph_freed",
            Self::GradOfNonScalar => "grad_of_non_scalar",
            Self::GradShapeMismatch => "grad_shape_mismatch",
            Self::NoGradFn => "no_grad_fn",
            Self::GradUnused => "grad_unused",
            Self::InplaceOnLeaf => "inplace_on_leaf",
            Self::InplaceOnLeafView => "inplace_on_leaf_view",
            Self::InplaceModifiedSaved => "inplace_modified_saved",
            Self::InplaceOnExpanded => "inplace_on_expanded",
            Self::ViewIncompatible => "view_incompatible",
            Self::RequiresGradInt => "requires_grad_int",
        }
    }
}

impl Error {
    /// A shape error: `op` refused because of `rule`.
    pub fn shape(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::Shape { op, rule: rule.to_string() }
    }

    /// A dtype error: `op` refused because of `rule`.
    pub fn dtype(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::DType { op, rule: rule.to_string() }
    }

    /// A value error: `op` refused because of `rule`.
    pub fn value(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::Value { op, rule: rule.to_string() }
    }

    /// `file` cannot be used because of `problem`.
    pub fn file(file: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self::File { file: file.to_string(), problem: problem.to_string() }
    }

    /// An autograd error of a kind.
    pub fn autograd(kind: AutogradError, message: impl fmt::Display) -> Self {
        Self::Autograd { kind, message: message.to_string() }
    }

    /// A bug of the engine.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::Internal(message.to_string())
    }
}
