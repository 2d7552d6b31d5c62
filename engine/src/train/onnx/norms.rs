//! Normalization as ONNX operators.

use super::layers::{Layer, parameter_if};
use super::writer::{Writer, float, int};
use crate::train::model::Kind;
use crate::{Error, Result};

/// Adds a normalization, with the statistics of evaluation.
///
/// # Errors
/// A parameter is missing.
pub fn write(kind: &Kind, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    match kind {
        Kind::BatchNorm1d(spec) => running(spec.num_features, spec.eps, spec.affine, layer, x, to),
        Kind::BatchNorm2d(spec) => running(spec.num_features, spec.eps, spec.affine, layer, x, to),
        Kind::InstanceNorm2d(spec) if spec.track_running_stats => {
            running(spec.num_features, spec.eps, spec.affine, layer, x, to)
        }
        Kind::InstanceNorm2d(spec) => {
            let [weight, bias] = weights(spec.num_features, spec.affine, layer, to)?;
            Ok(to.op("InstanceNormalization", &[x, &weight, &bias], vec![float("epsilon", spec.eps)]))
        }
        Kind::GroupNorm(spec) => {
            let [weight, bias] = weights(spec.num_channels, spec.affine, layer, to)?;
            let attributes = vec![int("num_groups", spec.num_groups as i64), float("epsilon", spec.eps)];
            Ok(to.op("GroupNormalization", &[x, &weight, &bias], attributes))
        }
        Kind::LayerNorm(spec) => layer_norm(&spec.normalized_shape, spec.eps, layer.name, x, to),
        Kind::RMSNorm(spec) => {
            let shape = &spec.normalized_shape;
            let axes: Vec<i64> = (1..=shape.len() as i64).map(|dim| -dim).collect();
            let (axes, eps) = (to.integers(&axes), to.scalar(spec.eps.unwrap_or(f64::from(f32::EPSILON))));
            let square = to.op("Mul", &[x, x], vec![]);
            let mean = to.op("ReduceMean", &[&square, &axes], vec![]);
            let mean = to.op("Add", &[&mean, &eps], vec![]);
            let root = to.op("Sqrt", &[&mean], vec![]);
            let normal = to.op("Div", &[x, &root], vec![]);
            if !spec.elementwise_affine {
                return Ok(normal);
            }
            let weight = to.parameter(layer.name, "weight", shape)?;
            Ok(to.op("Mul", &[&normal, &weight], vec![]))
        }
        _ => Err(Error::internal("a layer that is no normalization")),
    }
}

/// Adds a normalization over the last dimensions.
///
/// # Errors
/// A parameter is missing.
pub fn layer_norm(shape: &[usize], eps: f64, name: &str, x: &str, to: &mut Writer<'_>) -> Result<String> {
    let weight = to.parameter(name, "weight", shape)?;
    let bias = to.parameter(name, "bias", shape)?;
    let attributes = vec![int("axis", -(shape.len() as i64)), float("epsilon", eps)];
    Ok(to.op("LayerNormalization", &[x, &weight, &bias], attributes))
}

/// Adds a normalization by running statistics.
fn running(features: usize, eps: f64, affine: bool, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    let [weight, bias] = weights(features, affine, layer, to)?;
    let mean = to.parameter(layer.name, "running_mean", &[features])?;
    let var = to.parameter(layer.name, "running_var", &[features])?;
    Ok(to.op("BatchNormalization", &[x, &weight, &bias, &mean, &var], vec![float("epsilon", eps)]))
}

/// Returns the names of weight and bias: those of the state dict, or ones and zeros.
fn weights(features: usize, affine: bool, layer: &Layer<'_>, to: &mut Writer<'_>) -> Result<[String; 2]> {
    let weight = parameter_if(affine, "weight", features, layer, to)?;
    let bias = parameter_if(affine, "bias", features, layer, to)?;
    let weight = weight.unwrap_or_else(|| to.constant("weight", &vec![1.0; features], &[features]));
    let bias = bias.unwrap_or_else(|| to.constant("bias", &vec![0.0; features], &[features]));
    Ok([weight, bias])
}
