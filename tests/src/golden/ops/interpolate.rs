//! The family `interpolate`.

use kindling::ops::{InterpolateMode, InterpolateOptions, InterpolateSize};

use super::super::call::number;
use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls it, if it is this one.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "interpolate").then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let size = match (call.attr("size").is_null(), call.attr("scale_factor").as_array()) {
        (true, Some(factors)) => InterpolateSize::ScaleFactor(factors.iter().filter_map(number).collect()),
        (false, None) => InterpolateSize::Size(call.sizes("size")?),
        _ => return Err(Failure::Harness("one of size and scale_factor should be given".into())),
    };
    let mode = match call.text("mode")? {
        "nearest" => InterpolateMode::Nearest,
        "nearest-exact" => InterpolateMode::NearestExact,
        "linear" => InterpolateMode::Linear,
        "bilinear" => InterpolateMode::Bilinear,
        "area" => InterpolateMode::Area,
        other => return Err(Failure::Harness(format!("the mode {other} is not known"))),
    };
    let align_corners = call.attr("align_corners").as_bool();
    one(call.input("input")?.interpolate(&InterpolateOptions { size, mode, align_corners }))
}
