//! The family `pool`.

use kindling::ops::{AvgPool2dOptions, MaxPool1dOptions, MaxPool2dOptions};

use super::super::{Call, Failure, Outcome};
use super::conv::{pair, single};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "max_pool1d" => max_pool1d(call),
        "max_pool2d" | "max_pool2d_with_indices" => max_pool2d(call),
        "avg_pool2d" => avg_pool2d(call),
        "adaptive_avg_pool2d" => adaptive_avg_pool2d(call),
        _ => return None,
    })
}

fn max_pool1d(call: &Call) -> Outcome {
    let options = MaxPool1dOptions {
        kernel_size: single(call, "kernel_size")?,
        stride: single(call, "stride")?,
        padding: single(call, "padding")?,
        dilation: single(call, "dilation")?,
        ceil_mode: call.flag("ceil_mode")?,
    };
    one(call.input("input")?.max_pool1d(&options))
}

fn max_pool2d(call: &Call) -> Outcome {
    let options = MaxPool2dOptions {
        kernel_size: pair(call, "kernel_size")?,
        stride: pair(call, "stride")?,
        padding: pair(call, "padding")?,
        dilation: pair(call, "dilation")?,
        ceil_mode: call.flag("ceil_mode")?,
    };
    let (maxima, indices) = call.input("input")?.max_pool2d_with_indices(&options)?;
    Ok(if call.op == "max_pool2d" { vec![maxima] } else { vec![maxima, indices] })
}

fn avg_pool2d(call: &Call) -> Outcome {
    let divisor = call.optional_int("divisor_override")?;
    let options = AvgPool2dOptions {
        kernel_size: pair(call, "kernel_size")?,
        stride: pair(call, "stride")?,
        padding: pair(call, "padding")?,
        ceil_mode: call.flag("ceil_mode")?,
        count_include_pad: call.flag("count_include_pad")?,
        divisor_override: divisor.map(|divisor| divisor.unsigned_abs()),
    };
    one(call.input("input")?.avg_pool2d(&options))
}

fn adaptive_avg_pool2d(call: &Call) -> Outcome {
    let bad = || Failure::Harness("output_size should be two sizes or nulls".to_owned());
    let list = call.attr("output_size").as_array().ok_or_else(bad)?;
    let [h, w] = list.as_slice() else { return Err(bad()) };
    let size = |value: &serde_json::Value| value.as_u64().map(|n| n as usize);
    one(call.input("input")?.adaptive_avg_pool2d([size(h), size(w)]))
}
