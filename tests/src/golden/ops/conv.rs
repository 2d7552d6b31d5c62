//! The families `conv1d`, `conv2d` and `conv_transpose2d`.

use kindling::ops::{Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions, Padding};

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "conv1d" => conv1d(call),
        "conv2d" => conv2d(call),
        "conv_transpose2d" => conv_transpose2d(call),
        _ => return None,
    })
}

fn conv1d(call: &Call) -> Outcome {
    let options = Conv1dOptions {
        stride: single(call, "stride")?,
        padding: padding(call)?,
        dilation: single(call, "dilation")?,
        groups: single(call, "groups")?,
    };
    one(call.input("input")?.conv1d(call.input("weight")?, call.optional("bias"), &options))
}

fn conv2d(call: &Call) -> Outcome {
    let options = Conv2dOptions {
        stride: pair(call, "stride")?,
        padding: padding(call)?,
        dilation: pair(call, "dilation")?,
        groups: single(call, "groups")?,
    };
    one(call.input("input")?.conv2d(call.input("weight")?, call.optional("bias"), &options))
}

fn conv_transpose2d(call: &Call) -> Outcome {
    let options = ConvTranspose2dOptions {
        stride: pair(call, "stride")?,
        padding: pair(call, "padding")?,
        output_padding: pair(call, "output_padding")?,
        dilation: pair(call, "dilation")?,
        groups: single(call, "groups")?,
    };
    one(call.input("input")?.conv_transpose2d(call.input("weight")?, call.optional("bias"), &options))
}

fn padding(call: &Call) -> Result<Padding, Failure> {
    match call.attr("padding").as_str() {
        Some("same") => Ok(Padding::Same),
        Some("valid") => Ok(Padding::Valid),
        _ => pair(call, "padding").map(Padding::Explicit),
    }
}

/// One number.
pub(super) fn single(call: &Call, name: &str) -> Result<usize, Failure> {
    Ok(pair(call, name)?[1])
}

/// Two numbers; one counts twice.
pub(super) fn pair(call: &Call, name: &str) -> Result<[usize; 2], Failure> {
    match call.sizes(name)?[..] {
        [h, w] => Ok([h, w]),
        [both] => Ok([both, both]),
        ref other => Err(Failure::Harness(format!("{}: {name} should be one or two numbers, is {other:?}", call.op))),
    }
}
