//! Attention as ONNX operators.

use super::layers::{Layer, linear, reshape};
use super::norms::layer_norm;
use super::writer::{Writer, int, ints, string};
use crate::Result;
use crate::nn::{EncoderActivation, MultiheadAttentionSpec, TransformerEncoderLayerSpec};

/// Adds self-attention: softmax(QKᵀ/√d)·V for each head, and the output's projection.
pub fn attention(spec: &MultiheadAttentionSpec, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    let (dim, heads, length) = (spec.embed_dim, spec.num_heads, layer.input[0]);
    let weight = to.parameter(layer.name, "in_proj_weight", &[3 * dim, dim])?;
    let bias = to.parameter(layer.name, "in_proj_bias", &[3 * dim])?;
    let projected = linear(x, 2, &weight, Some(&bias), to);
    let parts = to.ops("Split", &[&projected], vec![int("axis", -1), int("num_outputs", 3)], 3);
    let parts: Vec<String> = parts
        .iter()
        .map(|part| {
            let split = reshape(part, &[length, heads, dim / heads], to);
            to.op("Transpose", &[&split], vec![ints("perm", &[0, 2, 1, 3])])
        })
        .collect();
    let scale = to.scalar(1.0 / ((dim / heads) as f64).sqrt());
    let query = to.op("Mul", &[&parts[0], &scale], vec![]);
    let key = to.op("Transpose", &[&parts[1]], vec![ints("perm", &[0, 1, 3, 2])]);
    let mut scores = to.op("MatMul", &[&query, &key], vec![]);
    if spec.is_causal {
        let later = |i: usize| if i % length > i / length { f64::NEG_INFINITY } else { 0.0 };
        let mask: Vec<f64> = (0..length * length).map(later).collect();
        let mask = to.constant("mask", &mask, &[length, length]);
        scores = to.op("Add", &[&scores, &mask], vec![]);
    }
    let weights = to.op("Softmax", &[&scores], vec![int("axis", -1)]);
    let mixed = to.op("MatMul", &[&weights, &parts[2]], vec![]);
    let mixed = to.op("Transpose", &[&mixed], vec![ints("perm", &[0, 2, 1, 3])]);
    let mixed = reshape(&mixed, &[length, dim], to);
    let weight = to.parameter(layer.name, "out_proj.weight", &[dim, dim])?;
    let bias = to.parameter(layer.name, "out_proj.bias", &[dim])?;
    Ok(linear(&mixed, 2, &weight, Some(&bias), to))
}

/// Adds a layer of a Transformer encoder: attention and a network of two linear layers, each with
/// a residual connection and a normalization before or after it.
pub fn encoder(spec: &TransformerEncoderLayerSpec, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    let name = |part: &str| if layer.name.is_empty() { part.to_owned() } else { format!("{}.{part}", layer.name) };
    let shape = [spec.d_model];
    let norm = |i: usize, x: &str, to: &mut Writer<'_>| {
        layer_norm(&shape, spec.layer_norm_eps, &name(&format!("norm{i}")), x, to)
    };
    let attend = |x: &str, to: &mut Writer<'_>| {
        let name = name("self_attn");
        attention(&spec.attention(), &Layer { name: &name, input: layer.input, output: layer.output }, x, to)
    };
    let feed_forward = |x: &str, to: &mut Writer<'_>| -> Result<String> {
        let weight = to.parameter(&name("linear1"), "weight", &[spec.dim_feedforward, spec.d_model])?;
        let bias = to.parameter(&name("linear1"), "bias", &[spec.dim_feedforward])?;
        let hidden = linear(x, layer.input.len(), &weight, Some(&bias), to);
        let hidden = match spec.activation {
            EncoderActivation::Relu => to.op("Relu", &[&hidden], vec![]),
            EncoderActivation::Gelu => to.op("Gelu", &[&hidden], vec![string("approximate", "none")]),
        };
        let weight = to.parameter(&name("linear2"), "weight", &[spec.d_model, spec.dim_feedforward])?;
        let bias = to.parameter(&name("linear2"), "bias", &[spec.d_model])?;
        Ok(linear(&hidden, layer.input.len(), &weight, Some(&bias), to))
    };
    if spec.norm_first {
        let normal = norm(1, x, to)?;
        let attended = attend(&normal, to)?;
        let x = to.op("Add", &[x, &attended], vec![]);
        let normal = norm(2, &x, to)?;
        let fed = feed_forward(&normal, to)?;
        return Ok(to.op("Add", &[&x, &fed], vec![]));
    }
    let attended = attend(x, to)?;
    let sum = to.op("Add", &[x, &attended], vec![]);
    let x = norm(1, &sum, to)?;
    let fed = feed_forward(&x, to)?;
    let sum = to.op("Add", &[&x, &fed], vec![]);
    norm(2, &sum, to)
}
