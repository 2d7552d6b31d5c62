//! The family `unfold`.

use kindling::ops::UnfoldOptions;

use super::super::{Call, Outcome};
use super::conv::pair;
use super::one;

/// Calls it, if it is one of these.
pub fn call(call: &Call) -> Option<Outcome> {
    ["unfold", "fold"].contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let options = UnfoldOptions {
        kernel_size: pair(call, "kernel_size")?,
        dilation: pair(call, "dilation")?,
        padding: pair(call, "padding")?,
        stride: pair(call, "stride")?,
    };
    let input = call.input("input")?;
    one(if call.op == "fold" { input.fold(pair(call, "output_size")?, &options) } else { input.unfold(&options) })
}
