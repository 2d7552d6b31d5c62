//! Replay of `ops/`: each family has a file that says how the suite's operations are called on the
//! engine.

mod attention;
mod batch_norm;
mod binary;
mod compare;
mod conv;
mod core;
mod cross_entropy;
mod dropout;
mod group_norm;
mod indexing;
mod interpolate;
mod join_split;
mod layer_norm;
mod linear;
mod losses;
mod matmul;
mod order;
mod pad;
mod pool;
mod rearrange;
mod reduce;
mod replay;
mod shape;
mod softmax;
mod unary;
mod unfold;
mod where_mask;

use kindling::{Result, Tensor};

use super::{Call, Failure, Outcome};

pub use replay::run;

/// The families that must pass whole, by the stem of their file in `golden/ops`.
pub const FAMILIES: &[&str] = &[
    "attention",
    "batch_norm",
    "binary",
    "compare",
    "compose",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "cumulative",
    "dropout",
    "embedding",
    "errors",
    "group_norm",
    "indexing",
    "interpolate",
    "interpolate_extra",
    "join_split",
    "layer_norm",
    "linear",
    "losses",
    "matmul",
    "nonfinite",
    "pad",
    "pool",
    "promotion",
    "rearrange",
    "reduce",
    "shape",
    "softmax",
    "sort_topk",
    "unary",
    "unary_extra",
    "unfold",
    "where_mask",
];

/// Every file's calls. `None` from a file means that it does not know the operation.
const CALLS: &[fn(&Call) -> Option<Outcome>] = &[
    attention::call,
    batch_norm::call,
    binary::call,
    compare::call,
    conv::call,
    core::call,
    cross_entropy::call,
    dropout::call,
    group_norm::call,
    indexing::call,
    interpolate::call,
    join_split::call,
    layer_norm::call,
    linear::call,
    losses::call,
    matmul::call,
    order::call,
    pad::call,
    pool::call,
    rearrange::call,
    reduce::call,
    shape::call,
    softmax::call,
    unary::call,
    unfold::call,
    where_mask::call,
];

/// Calls the operation that a case names.
///
/// # Errors
/// The engine refuses, or no file knows the operation.
pub fn call(call: &Call) -> Outcome {
    let known = CALLS.iter().find_map(|family| family(call));
    known.unwrap_or_else(|| Err(Failure::Missing(call.op.clone())))
}

/// Returns a single result.
pub(crate) fn one(tensor: Result<Tensor>) -> Outcome {
    Ok(vec![tensor?])
}
