//! Pooling and resizing as ONNX operators.

use super::layers::Layer;
use super::writer::{Writer, int, ints, sizes, string};
use crate::nn::{AdaptiveAvgPool2d, AvgPool2d, Factors, MaxPool2d, Upsample, UpsampleMode};

/// Returns the padding at the end of each side with which pooling without `ceil_mode` has the
/// layer's output size.
fn end_padding(layer: &Layer<'_>, reach: [usize; 2], stride: [usize; 2], begin: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|i| {
        let (input, output) = (layer.input[i + 1], layer.output[i + 1]);
        (output.saturating_sub(1) * stride[i] + reach[i]).saturating_sub(input + begin[i])
    })
}

/// Adds a maximum over windows.
pub fn max_pool2d(pool: &MaxPool2d, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> String {
    let (kernel, dilation, begin) = (pool.kernel_size.0, pool.dilation.0, pool.padding.0);
    let stride = pool.stride.unwrap_or(pool.kernel_size).0;
    let reach = [0, 1].map(|i| dilation[i] * (kernel[i] - 1) + 1);
    let end = end_padding(layer, reach, stride, begin);
    let attributes = vec![
        ints("kernel_shape", &kernel),
        ints("strides", &stride),
        ints("pads", &[begin, end].concat()),
        ints("dilations", &dilation),
    ];
    to.op("MaxPool", &[x], attributes)
}

/// Adds an average over windows. Zeros that count as elements are added first; the padding of
/// ONNX's operator then counts nowhere, as the part of a window beyond the padding in PyTorch.
pub fn avg_pool2d(pool: &AvgPool2d, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> String {
    let (kernel, padding) = (pool.kernel_size.0, pool.padding.0);
    let stride = pool.stride.unwrap_or(pool.kernel_size).0;
    let end = end_padding(layer, kernel, stride, padding);
    let (mut x, mut begin, mut end) = (x.to_owned(), padding, end);
    let zeros = match (pool.divisor_override, pool.count_include_pad) {
        (Some(_), _) => Some([begin, end]),
        (None, true) if padding != [0; 2] => Some([begin, padding]),
        (None, _) => None,
    };
    if let Some([first, last]) = zeros {
        let pads = to.integers(&sizes(&[&[0, 0], first.as_slice(), &[0, 0], &last].concat()));
        x = to.op("Pad", &[&x, &pads], vec![]);
        (begin, end) = ([0; 2], [0, 1].map(|i| end[i].saturating_sub(last[i])));
    }
    let attributes = vec![
        ints("kernel_shape", &kernel),
        ints("strides", &stride),
        ints("pads", &[begin, end].concat()),
        int("count_include_pad", 0),
    ];
    let average = to.op("AveragePool", &[&x], attributes);
    match pool.divisor_override {
        Some(divisor) => {
            let factor = to.scalar((kernel[0] * kernel[1]) as f64 / divisor as f64);
            to.op("Mul", &[&average, &factor], vec![])
        }
        None => average,
    }
}

/// Adds averages over ranges of rows and columns: windows of one size where sizes divide, else
/// products with matrices of weights.
pub fn adaptive_avg_pool2d(pool: &AdaptiveAvgPool2d, layer: &Layer<'_>, x: &str, to: &mut Writer<'_>) -> String {
    let (input, output) = ([layer.input[1], layer.input[2]], pool.output_size.0);
    if (0..2).all(|i| input[i].is_multiple_of(output[i])) {
        let window = [0, 1].map(|i| input[i] / output[i]);
        return to.op("AveragePool", &[x], vec![ints("kernel_shape", &window), ints("strides", &window)]);
    }
    // weights[o][i] is 1/n if element i belongs to range o of n elements.
    let weights = |size: usize, n: usize| {
        let range = move |o: usize| (o * size / n, ((o + 1) * size).div_ceil(n));
        (0..n).flat_map(move |o| {
            let (first, end) = range(o);
            (0..size).map(move |i| if (first..end).contains(&i) { 1.0 / (end - first) as f64 } else { 0.0 })
        })
    };
    let rows: Vec<f64> = weights(input[0], output[0]).collect();
    let columns: Vec<f64> = weights(input[1], output[1]).collect();
    let rows = to.constant("rows", &rows, &[output[0], input[0]]);
    let columns = to.constant("columns", &columns, &[output[1], input[1]]);
    let columns = to.op("Transpose", &[&columns], vec![ints("perm", &[1, 0])]);
    let narrow = to.op("MatMul", &[x, &columns], vec![]);
    to.op("MatMul", &[&rows, &narrow], vec![])
}

/// Adds a change of an image's size.
pub fn upsample(upsample: &Upsample, x: &str, to: &mut Writer<'_>) -> String {
    // The positions of PyTorch: https://onnx.ai/onnx/operators/onnx__Resize.html
    let (mode, coordinates) = match (upsample.mode, upsample.align_corners) {
        (UpsampleMode::Nearest, _) => ("nearest", "asymmetric"),
        (UpsampleMode::Bilinear, Some(true)) => ("linear", "align_corners"),
        (UpsampleMode::Bilinear, _) => ("linear", "half_pixel"),
        (UpsampleMode::NearestExact, _) => ("nearest", "half_pixel"),
    };
    let rounding = if upsample.mode == UpsampleMode::Nearest { "floor" } else { "round_prefer_ceil" };
    let attributes = vec![
        ints("axes", &[2, 3]),
        string("mode", mode),
        string("coordinate_transformation_mode", coordinates),
        string("nearest_mode", rounding),
    ];
    match (upsample.size, upsample.scale_factor) {
        (Some(size), _) => {
            let size = to.integers(&sizes(&size.0));
            to.op("Resize", &[x, "", "", &size], attributes)
        }
        (None, factors) => {
            let factors = match factors {
                Some(Factors::Two(factors)) => factors,
                Some(Factors::One(factor)) => [factor; 2],
                None => [1.0; 2],
            };
            let factors = to.constant("scales", &factors, &[2]);
            to.op("Resize", &[x, "", &factors], attributes)
        }
    }
}
