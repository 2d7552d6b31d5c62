//! Convolutions as ONNX operators.

use super::layers::{Layer, parameter_if};
use super::writer::{Writer, int, ints};
use crate::nn::{ConvPadding, NamedPadding};
use crate::train::model::Kind;
use crate::{Error, Result};

/// Adds a convolution.
///
/// # Errors
/// A parameter is missing.
pub fn write(kind: &Kind, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> Result<String> {
    let (op, bias, weight, attributes) = match kind {
        Kind::Conv1d(spec) => {
            let weight = vec![spec.out_channels, spec.in_channels / spec.groups.max(1), spec.kernel_size];
            let pads = padding(spec.padding, [spec.kernel_size, 1], [spec.dilation, 1]);
            let attributes = vec![
                ints("kernel_shape", &[spec.kernel_size]),
                ints("strides", &[spec.stride]),
                ints("pads", &pads.map(|[length, _]| length)),
                ints("dilations", &[spec.dilation]),
                int("group", spec.groups as i64),
            ];
            ("Conv", spec.bias.then_some(spec.out_channels), weight, attributes)
        }
        Kind::Conv2d(spec) => {
            let [height, width] = spec.kernel_size.0;
            let weight = vec![spec.out_channels, spec.in_channels / spec.groups.max(1), height, width];
            let pads = padding(spec.padding, spec.kernel_size.0, spec.dilation.0);
            let attributes = vec![
                ints("kernel_shape", &spec.kernel_size.0),
                ints("strides", &spec.stride.0),
                ints("pads", &pads.concat()),
                ints("dilations", &spec.dilation.0),
                int("group", spec.groups as i64),
            ];
            ("Conv", spec.bias.then_some(spec.out_channels), weight, attributes)
        }
        Kind::ConvTranspose2d(spec) => {
            let [height, width] = spec.kernel_size.0;
            let weight = vec![spec.in_channels, spec.out_channels / spec.groups.max(1), height, width];
            let attributes = vec![
                ints("kernel_shape", &spec.kernel_size.0),
                ints("strides", &spec.stride.0),
                ints("pads", &[spec.padding.0; 2].concat()),
                ints("output_padding", &spec.output_padding.0),
                ints("dilations", &spec.dilation.0),
                int("group", spec.groups as i64),
            ];
            ("ConvTranspose", spec.bias.then_some(spec.out_channels), weight, attributes)
        }
        _ => return Err(Error::internal("a layer that is no convolution")),
    };
    let weight = to.parameter(layer.name, "weight", &weight)?;
    let bias = parameter_if(bias.is_some(), "bias", bias.unwrap_or_default(), layer, to)?;
    let inputs: Vec<&str> = [x, &weight].into_iter().chain(bias.as_deref()).collect();
    Ok(to.op(op, &inputs, attributes))
}

/// Returns the zeros before and after each side.
fn padding(padding: ConvPadding, kernel: [usize; 2], dilation: [usize; 2]) -> [[usize; 2]; 2] {
    match padding {
        ConvPadding::Sizes(padding) => [padding.0; 2],
        ConvPadding::Named(NamedPadding::Valid) => [[0; 2]; 2],
        ConvPadding::Named(NamedPadding::Same) => {
            // As PyTorch: the odd zero is at the end.
            let total = [0, 1].map(|i| dilation[i] * kernel[i].saturating_sub(1));
            [total.map(|n| n / 2), total.map(|n| n - n / 2)]
        }
    }
}
