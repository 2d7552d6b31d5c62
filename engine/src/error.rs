//! Errors of the engine: one enum whose variants name the operation, the rule broken and the shapes
//! or devices that broke it. The module knows nothing of tensors; callers build the messages.

use std::fmt;

/// `std::result::Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: a sentence that names the operation and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shapes, sizes or arguments that do not match the operation.
    #[error("{op}: {rule}")]
    Shape {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Rule broken, with the offending shapes.
        rule: String,
    },
    /// Element type that the operation does not support.
    #[error("{op}: {rule}")]
    DType {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Rule broken, with the offending types.
        rule: String,
    },
    /// Operands on different devices.
    #[error("{op}: all operands must be on one device, but {places}; move them with .to(&device)")]
    Device {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Device of each operand.
        places: String,
    },
    /// Dimension out of range.
    #[error("{op}: dimension out of range (expected {low} to {high}, got {dim})")]
    Dim {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Dimension given.
        dim: isize,
        /// Minimum valid dimension.
        low: isize,
        /// Maximum valid dimension.
        high: isize,
    },
    /// Index of a tensor out of range; found when the value is computed.
    #[error("{op}: index {index} is out of range for a dimension of size {size}")]
    Index {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Index given.
        index: i64,
        /// Size of the indexed dimension.
        size: usize,
    },
    /// Value that the operation does not accept; found when the value is computed.
    #[error("{op}: {rule}")]
    Value {
        /// Operation, by PyTorch's name.
        op: &'static str,
        /// Rule broken.
        rule: String,
    },
    /// File, or bytes of a file, that cannot be read or written. It is left unchanged.
    #[error("{file}: {problem}")]
    File {
        /// Path or name of the file.
        file: String,
        /// Problem, its position, and the remedy.
        problem: String,
    },
    /// Broken rule of automatic differentiation.
    #[error("{message}")]
    Autograd {
        /// Rule broken.
        kind: AutogradError,
        /// PyTorch's reason, in a sentence.
        message: String,
    },
    /// No adapter, a lost device, or an error of the GPU.
    #[error("gpu: {0}")]
    Gpu(String),
    /// Broken invariant of the engine itself: a bug to report.
    #[error("internal error (please report it): {0}")]
    Internal(String),
}

/// Rules of autograd, as in PyTorch.
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
    /// `grad` for an input that the output does not depend on.
    GradUnused,
    /// A leaf that requires grad was changed in place.
    InplaceOnLeaf,
    /// A view of a leaf that requires grad was changed in place.
    InplaceOnLeafView,
    /// A tensor needed by backward was changed in place after it was saved.
    InplaceModifiedSaved,
    /// An in-place change of an expanded tensor, whose elements share memory.
    InplaceOnExpanded,
    /// Strides that do not allow a `view`.
    ViewIncompatible,
    /// Only floating-point tensors can require grad.
    RequiresGradInt,
}

impl AutogradError {
    /// Returns the golden suite's name of the rule, such as `graph_freed`.
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
    /// Creates a shape error: `op` fails because of `rule`.
    pub fn shape(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::Shape { op, rule: rule.to_string() }
    }

    /// Creates a dtype error: `op` fails because of `rule`.
    pub fn dtype(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::DType { op, rule: rule.to_string() }
    }

    /// Creates a value error: `op` fails because of `rule`.
    pub fn value(op: &'static str, rule: impl fmt::Display) -> Self {
        Self::Value { op, rule: rule.to_string() }
    }

    /// Creates a file error: `file` cannot be used because of `problem`.
    pub fn file(file: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self::File { file: file.to_string(), problem: problem.to_string() }
    }

    /// Creates an autograd error.
    pub fn autograd(kind: AutogradError, message: impl fmt::Display) -> Self {
        Self::Autograd { kind, message: message.to_string() }
    }

    /// Creates an error for a bug of the engine.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::Internal(message.to_string())
    }
}
