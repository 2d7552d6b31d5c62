//! Layers as ONNX operators: each kind, or the family that it belongs to.

use super::writer::{Writer, int, ints, sizes};
use super::{activations, attention, convolutions, norms, pools};
use crate::train::model::Kind;
use crate::{Error, Result};

/// Name and shapes of a layer; shapes are without the batch.
pub struct Layer<'a> {
    /// Prefix of its parameters.
    pub name: &'a str,
    /// Shape of its input.
    pub input: &'a [usize],
    /// Shape of its output.
    pub output: &'a [usize],
}

/// Adds a layer, applied to the value `x`. Returns the name of its value.
///
/// # Errors
/// A parameter is missing; or ONNX has no equivalent.
pub fn write(kind: &Kind, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    Ok(match kind {
        Kind::Identity(_) | Kind::Dropout(_) | Kind::Dropout2d(_) => x.to_owned(),
        Kind::Linear(spec) => {
            let weight = to.parameter(layer.name, "weight", &[spec.out_features, spec.in_features])?;
            let bias = parameter_if(spec.bias, "bias", spec.out_features, layer, to)?;
            linear(x, layer.input.len(), &weight, bias.as_deref(), to)
        }
        Kind::Conv1d(_) | Kind::Conv2d(_) | Kind::ConvTranspose2d(_) => convolutions::write(kind, layer, x, to)?,
        Kind::MaxPool2d(pool) => pools::max_pool2d(pool, layer, x, to),
        Kind::AvgPool2d(pool) => pools::avg_pool2d(pool, layer, x, to),
        Kind::AdaptiveAvgPool2d(pool) => pools::adaptive_avg_pool2d(pool, layer, x, to),
        Kind::Upsample(upsample) => pools::upsample(upsample, x, to),
        Kind::Embedding(spec) => {
            let weight = to.parameter(layer.name, "weight", &[spec.num_embeddings, spec.embedding_dim])?;
            let indices = to.op("Cast", &[x], vec![int("to", i64::from(crate::format::proto::onnx::INT64))]);
            to.op("Gather", &[&weight, &indices], vec![int("axis", 0)])
        }
        Kind::Flatten(flatten) if flatten.start_dim == 0 => {
            return Err(Error::value("export", "ONNX files have a batch dimension, and Flatten(0) joins it to others"));
        }
        Kind::Flatten(_) | Kind::Unflatten(_) => reshape(x, layer.output, to),
        Kind::Transpose(t) => {
            let mut order: Vec<usize> = (0..=layer.input.len()).collect();
            order.swap(t.dim0, t.dim1);
            to.op("Transpose", &[x], vec![ints("perm", &order)])
        }
        Kind::Select(select) => {
            let index = to.integers(&[select.index as i64]);
            let taken = to.op("Gather", &[x, &index], vec![int("axis", select.dim as i64)]);
            let axis = to.integers(&[select.dim as i64]);
            to.op("Squeeze", &[&taken, &axis], vec![])
        }
        Kind::ClassToken(spec) => {
            let token = to.parameter(layer.name, "cls_token", &[1, 1, spec.dim])?;
            let batch = to.op("Shape", &[x], vec![int("start", 0), int("end", 1)]);
            let rest = to.integers(&[1, spec.dim as i64]);
            let shape = to.op("Concat", &[&batch, &rest], vec![int("axis", 0)]);
            let tokens = to.op("Expand", &[&token, &shape], vec![]);
            to.op("Concat", &[&tokens, x], vec![int("axis", 1)])
        }
        Kind::PositionEmbedding(spec) => {
            let embedding = to.parameter(layer.name, "pos_embed", &[1, spec.length, spec.dim])?;
            to.op("Add", &[x, &embedding], vec![])
        }
        Kind::MultiheadAttention(spec) => attention::attention(spec, layer, x, to)?,
        Kind::TransformerEncoderLayer(spec) => attention::encoder(spec, layer, x, to)?,
        Kind::BatchNorm1d(_)
        | Kind::BatchNorm2d(_)
        | Kind::LayerNorm(_)
        | Kind::GroupNorm(_)
        | Kind::InstanceNorm2d(_)
        | Kind::RMSNorm(_) => norms::write(kind, layer, x, to)?,
        Kind::Sequential(_) | Kind::Concat(_) | Kind::Residual(_) => {
            return Err(Error::internal("a block in the place of a layer"));
        }
        kind => activations::write(kind, layer, x, to)?,
    })
}

/// Adds a vector of the state dict, if the layer has it.
pub fn parameter_if(
    is_there: bool,
    name: &str,
    size: usize,
    layer: &Layer<'_>,
    to: &mut Writer<'_>,
) -> Result<Option<String>> {
    is_there.then(|| to.parameter(layer.name, name, &[size])).transpose()
}

/// Adds x·Wᵀ + b for rows, or for sequences of rows.
pub fn linear(x: &str, dims: usize, weight: &str, bias: Option<&str>, to: &mut Writer<'_>) -> String {
    if dims == 1 {
        let inputs: Vec<&str> = [x, weight].into_iter().chain(bias).collect();
        return to.op("Gemm", &inputs, vec![int("transB", 1)]);
    }
    let transposed = to.op("Transpose", &[weight], vec![ints("perm", &[1, 0])]);
    let product = to.op("MatMul", &[x, &transposed], vec![]);
    match bias {
        Some(bias) => to.op("Add", &[&product, bias], vec![]),
        None => product,
    }
}

/// Gives a value another shape, the batch excepted.
pub fn reshape(x: &str, shape: &[usize], to: &mut Writer<'_>) -> String {
    // Zero copies the size of the batch.
    let shape = to.integers(&[&[0], sizes(shape).as_slice()].concat());
    to.op("Reshape", &[x, &shape], vec![])
}
