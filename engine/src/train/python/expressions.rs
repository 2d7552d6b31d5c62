//! A layer as an expression of PyTorch: its constructor, its call, or a function of tensors.

use super::super::model::{Kind, call};

/// Returns the arguments for a mask by which position i attends to the positions up to i alone.
fn causal_mask(x: &str) -> String {
    format!("nn.Transformer.generate_square_subsequent_mask({x}.shape[1], device={x}.device), is_causal=True")
}

/// Returns `true` for a layer whose call has more arguments than its input.
pub fn takes_more(kind: &Kind) -> bool {
    match kind {
        Kind::TransformerEncoderLayer(encoder) => encoder.is_causal,
        kind => matches!(kind, Kind::MultiheadAttention(_)),
    }
}

/// Returns the call of a layer's module.
pub fn called(kind: &Kind, module: &str, x: &str) -> String {
    match kind {
        Kind::MultiheadAttention(attention) => {
            let mask = if attention.is_causal { format!(", attn_mask={}", causal_mask(x)) } else { String::new() };
            format!("{module}({x}, {x}, {x}, need_weights=False{mask})[0]")
        }
        Kind::TransformerEncoderLayer(encoder) if encoder.is_causal => {
            format!("{module}({x}, src_mask={})", causal_mask(x))
        }
        _ => format!("{module}({x})"),
    }
}

/// Returns a layer as an expression of tensors, for those that PyTorch has no module of. With an
/// empty name, their parameters are attributes of the class.
pub fn of_tensors(kind: &Kind, name: &str, x: &str) -> Option<String> {
    match kind {
        Kind::Transpose(t) => Some(format!("{x}.transpose({}, {})", t.dim0, t.dim1)),
        Kind::Select(s) => Some(format!("{x}.select({}, {})", s.dim, s.index)),
        Kind::ClassToken(_) if name.is_empty() => {
            Some(format!("torch.cat((self.cls_token.expand({x}.shape[0], -1, -1), {x}), 1)"))
        }
        Kind::PositionEmbedding(_) if name.is_empty() => Some(format!("{x} + self.pos_embed")),
        _ => None,
    }
}

/// Returns a layer without state as a function of `x`, if PyTorch has it with the layer's
/// arguments.
pub fn functional(kind: &Kind, x: &str) -> Option<String> {
    let name = match kind {
        Kind::ReLU(_) => "relu",
        Kind::ReLU6(_) => "relu6",
        Kind::LeakyReLU(_) => "leaky_relu",
        Kind::ELU(_) => "elu",
        Kind::GLU(_) => "glu",
        Kind::Upsample(_) => "interpolate",
        Kind::SELU(_) => "selu",
        Kind::GELU(_) => "gelu",
        Kind::SiLU(_) => "silu",
        Kind::Mish(_) => "mish",
        Kind::Hardswish(_) => "hardswish",
        Kind::Hardsigmoid(_) => "hardsigmoid",
        Kind::LogSigmoid(_) => "logsigmoid",
        Kind::Softplus(_) => "softplus",
        Kind::MaxPool2d(_) => "max_pool2d",
        Kind::AvgPool2d(_) => "avg_pool2d",
        Kind::AdaptiveAvgPool2d(_) => "adaptive_avg_pool2d",
        Kind::Sigmoid(_) => return Some(format!("torch.sigmoid({x})")),
        Kind::Tanh(_) => return Some(format!("torch.tanh({x})")),
        Kind::Softmax(softmax) => return Some(format!("torch.softmax({x}, {})", softmax.dim.unwrap_or(1))),
        Kind::LogSoftmax(softmax) => return Some(format!("torch.log_softmax({x}, {})", softmax.dim.unwrap_or(1))),
        Kind::Flatten(flatten) if flatten.end_dim == -1 => {
            return Some(format!("torch.flatten({x}, {})", flatten.start_dim));
        }
        Kind::Flatten(flatten) => {
            return Some(format!("torch.flatten({x}, {}, {})", flatten.start_dim, flatten.end_dim));
        }
        _ => return None,
    };
    let call = call(kind);
    let arguments = call.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).filter(|rest| !rest.is_empty());
    Some(match arguments {
        Some(arguments) => format!("nn.functional.{name}({x}, {arguments})"),
        None => format!("nn.functional.{name}({x})"),
    })
}

/// Returns the call of PyTorch's constructor.
pub fn constructor(kind: &Kind) -> String {
    let call = call(kind);
    match kind {
        // PyTorch warns without a dimension. It is 1 then: a model with an input of 3 dimensions
        // there is refused.
        Kind::Softmax(softmax) => format!("nn.Softmax(dim={})", softmax.dim.unwrap_or(1)),
        Kind::LogSoftmax(softmax) => format!("nn.LogSoftmax(dim={})", softmax.dim.unwrap_or(1)),
        Kind::MultiheadAttention(_) | Kind::TransformerEncoderLayer(_) => {
            // The mask is an argument of the call.
            format!("nn.{}, batch_first=True)", call.trim_end_matches(')').trim_end_matches(", is_causal=True"))
        }
        _ => format!("nn.{call}"),
    }
}
