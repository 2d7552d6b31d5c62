//! Activations as ONNX operators.

use super::layers::Layer;
use super::writer::{Writer, float, int, sizes, string};
use crate::nn::{GeluKind, Softplus};
use crate::train::model::Kind;
use crate::{Error, Result};

/// Adds an activation.
///
/// # Errors
/// A parameter is missing; or ONNX has no equivalent.
pub fn write(kind: &Kind, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    Ok(match kind {
        Kind::ReLU(_) => to.op("Relu", &[x], vec![]),
        Kind::LeakyReLU(leaky) => to.op("LeakyRelu", &[x], vec![float("alpha", leaky.negative_slope)]),
        Kind::ELU(elu) => to.op("Elu", &[x], vec![float("alpha", elu.alpha)]),
        Kind::GELU(gelu) => {
            let approximate = if gelu.approximate == GeluKind::Tanh { "tanh" } else { "none" };
            to.op("Gelu", &[x], vec![string("approximate", approximate)])
        }
        Kind::SiLU(_) => {
            let gate = to.op("Sigmoid", &[x], vec![]);
            to.op("Mul", &[x, &gate], vec![])
        }
        Kind::Sigmoid(_) => to.op("Sigmoid", &[x], vec![]),
        Kind::ReLU6(_) => clip(0.0, 6.0, x, to),
        Kind::SELU(_) => to.op("Selu", &[x], vec![]),
        Kind::Mish(_) => to.op("Mish", &[x], vec![]),
        Kind::Hardswish(_) => to.op("HardSwish", &[x], vec![]),
        Kind::Hardsigmoid(_) => to.op("HardSigmoid", &[x], vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)]),
        Kind::LogSigmoid(_) => {
            let negative = to.op("Neg", &[x], vec![]);
            let softplus = to.op("Softplus", &[&negative], vec![]);
            to.op("Neg", &[&softplus], vec![])
        }
        Kind::Tanh(_) => to.op("Tanh", &[x], vec![]),
        Kind::Softplus(spec) => softplus(spec, x, to),
        Kind::Softmax(softmax) => to.op("Softmax", &[x], vec![int("axis", softmax.dim.unwrap_or(1) as i64)]),
        Kind::LogSoftmax(softmax) => to.op("LogSoftmax", &[x], vec![int("axis", softmax.dim.unwrap_or(1) as i64)]),
        Kind::PReLU(spec) => {
            let slopes = to.parameter(layer.name, "weight", &[spec.num_parameters])?;
            // A slope for each channel is broadcast over the sides of an image.
            let sides = vec![1; layer.input.len().saturating_sub(1)];
            let shape = to.integers(&sizes(&[&[spec.num_parameters], sides.as_slice()].concat()));
            let slopes = to.op("Reshape", &[&slopes, &shape], vec![]);
            to.op("PRelu", &[x, &slopes], vec![])
        }
        Kind::CELU(celu) => to.op("Celu", &[x], vec![float("alpha", celu.alpha)]),
        Kind::GLU(glu) => {
            let halves = to.ops("Split", &[x], vec![int("axis", glu.dim as i64), int("num_outputs", 2)], 2);
            let gate = to.op("Sigmoid", &[&halves[1]], vec![]);
            to.op("Mul", &[&halves[0], &gate], vec![])
        }
        Kind::Hardtanh(hardtanh) => clip(hardtanh.min_val, hardtanh.max_val, x, to),
        Kind::Softsign(_) => to.op("Softsign", &[x], vec![]),
        _ => return Err(Error::value("export", format!("ONNX files have no {}", kind.name()))),
    })
}

fn clip(low: f64, high: f64, x: &str, to: &mut Writer<'_>) -> String {
    let (low, high) = (to.scalar(low), to.scalar(high));
    to.op("Clip", &[x, &low, &high], vec![])
}

/// Adds softplus(x) = log(1 + exp(βx))/β, which is x where βx exceeds the threshold.
fn softplus(spec: &Softplus, x: &str, to: &mut Writer<'_>) -> String {
    let beta = to.scalar(spec.beta);
    let scaled = to.op("Mul", &[x, &beta], vec![]);
    let soft = to.op("Softplus", &[&scaled], vec![]);
    let soft = to.op("Div", &[&soft, &beta], vec![]);
    let threshold = to.scalar(spec.threshold);
    let is_linear = to.op("Greater", &[&scaled, &threshold], vec![]);
    to.op("Where", &[&is_linear, x, &soft], vec![])
}
