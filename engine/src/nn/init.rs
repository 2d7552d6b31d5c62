//! Initialization of parameters, by PyTorch's names and distributions. Numbers are drawn on the
//! CPU, so that a seed gives the same network on every device.
//! [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)

mod random;

use crate::device::{Array, Device, Element};
use crate::{Error, Result, Tensor, dispatch};
use random::{erf_inv, normals, uniforms};

/// Nonlinearity with a recommended gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// None, or a convolution: gain 1.
    Linear,
    /// Sigmoid: gain 1.
    Sigmoid,
    /// Hyperbolic tangent: gain 5/3.
    Tanh,
    /// ReLU: gain √2.
    Relu,
    /// Leaky ReLU: gain √(2/(1 + slope²)); the default slope is 0.01.
    LeakyRelu(f64),
    /// SELU: gain 3/4.
    Selu,
}

/// Fan to normalize by: connections into or out of a neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fan {
    /// Fan in: preserves the variance of the forward pass.
    #[default]
    In,
    /// Fan out: preserves the variance of the backward pass.
    Out,
}

impl Nonlinearity {
    /// Parses PyTorch's name; `param` is the slope of `leaky_relu`.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn named(name: &str, param: Option<f64>) -> Result<Self> {
        Ok(match name {
            "linear" | "conv1d" | "conv2d" | "conv3d" | "conv_transpose1d" | "conv_transpose2d"
            | "conv_transpose3d" => Self::Linear,
            "sigmoid" => Self::Sigmoid,
            "tanh" => Self::Tanh,
            "relu" => Self::Relu,
            "leaky_relu" => Self::LeakyRelu(param.unwrap_or(0.01)),
            "selu" => Self::Selu,
            other => return Err(Error::value("calculate_gain", format!("unsupported nonlinearity {other}"))),
        })
    }
}

/// Returns the recommended gain of a nonlinearity.
/// [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
pub fn calculate_gain(nonlinearity: Nonlinearity) -> f64 {
    match nonlinearity {
        Nonlinearity::Linear | Nonlinearity::Sigmoid => 1.0,
        Nonlinearity::Tanh => 5.0 / 3.0,
        Nonlinearity::Relu => 2f64.sqrt(),
        Nonlinearity::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
        Nonlinearity::Selu => 0.75,
    }
}

/// Fills with U(low, high).
///
/// # Errors
/// The tensor is not floating point.
pub fn uniform_(tensor: &Tensor, low: f64, high: f64) -> Result<()> {
    fill(tensor, uniforms(tensor.numel())?.into_iter().map(|u| low + (high - low) * u).collect())
}

/// Fills with N(mean, std²).
///
/// # Errors
/// The tensor is not floating point.
pub fn normal_(tensor: &Tensor, mean: f64, std: f64) -> Result<()> {
    fill(tensor, normals(tensor.numel())?.into_iter().map(|x| mean + std * x).collect())
}

/// Fills with N(mean, std²), truncated to the range from `low` to `high`.
///
/// # Errors
/// The tensor is not floating point; `low` is not below `high`.
pub fn trunc_normal_(tensor: &Tensor, mean: f64, std: f64, low: f64, high: f64) -> Result<()> {
    if low >= high || std <= 0.0 {
        let rule = format!("needs a spread above 0 and low < high, got std {std}, low {low}, high {high}");
        return Err(Error::value("trunc_normal_", rule));
    }
    // By the inverse of the cumulative distribution, between its values at the bounds.
    let below = |x: f64| (1.0 + libm::erf((x - mean) / (std * 2f64.sqrt()))) / 2.0;
    let (from, to) = (below(low), below(high));
    let draw = |u: f64| mean + std * 2f64.sqrt() * erf_inv(2.0 * (from + (to - from) * u) - 1.0);
    fill(tensor, uniforms(tensor.numel())?.into_iter().map(|u| draw(u).clamp(low, high)).collect())
}

/// Fills with a number.
///
/// # Errors
/// The device cannot compute.
pub fn constant_(tensor: &Tensor, value: f64) -> Result<()> {
    fill(tensor, vec![value; tensor.numel()])
}

/// Fills with ones.
///
/// # Errors
/// The device cannot compute.
pub fn ones_(tensor: &Tensor) -> Result<()> {
    constant_(tensor, 1.0)
}

/// Fills with zeros.
///
/// # Errors
/// The device cannot compute.
pub fn zeros_(tensor: &Tensor) -> Result<()> {
    constant_(tensor, 0.0)
}

/// Fills with the identity matrix.
///
/// # Errors
/// The tensor is not a matrix.
pub fn eye_(tensor: &Tensor) -> Result<()> {
    let &[rows, columns] = tensor.dims() else {
        return Err(Error::shape("eye_", format!("expected a matrix, got the shape {}", tensor.shape())));
    };
    let at = |i: usize| f64::from(u8::from(i / columns == i % columns));
    fill(tensor, (0..rows * columns).map(at).collect())
}

/// Fills with a convolution that is the identity: 1 in the center of the kernel from a channel to
/// the same channel.
///
/// # Errors
/// The tensor does not have 3 to 5 dimensions.
pub fn dirac_(tensor: &Tensor) -> Result<()> {
    let dims = tensor.dims().to_vec();
    if !(3..=5).contains(&dims.len()) {
        return Err(Error::shape("dirac_", format!("expected 3 to 5 dimensions, got the shape {}", tensor.shape())));
    }
    let window: usize = dims[2..].iter().product();
    let middle = dims[2..].iter().fold(0, |at, size| at * size + size / 2);
    let mut data = vec![0.0; tensor.numel()];
    for channel in 0..dims[0].min(dims[1]) {
        data[(channel * dims[1] + channel) * window + middle] = 1.0;
    }
    fill(tensor, data)
}

/// Fills with U(−a, a), a = gain·√(6/(fan_in + fan_out)): Glorot and Bengio.
///
/// # Errors
/// Fewer than two dimensions.
pub fn xavier_uniform_(tensor: &Tensor, gain: f64) -> Result<()> {
    let (fan_in, fan_out) = fans("xavier_uniform_", tensor)?;
    let bound = gain * (6.0 / (fan_in + fan_out)).sqrt();
    uniform_(tensor, -bound, bound)
}

/// Fills with N(0, std²), std = gain·√(2/(fan_in + fan_out)).
///
/// # Errors
/// Fewer than two dimensions.
pub fn xavier_normal_(tensor: &Tensor, gain: f64) -> Result<()> {
    let (fan_in, fan_out) = fans("xavier_normal_", tensor)?;
    normal_(tensor, 0.0, gain * (2.0 / (fan_in + fan_out)).sqrt())
}

/// Fills with U(−a, a), a = gain·√(3/fan): He and others.
///
/// # Errors
/// Fewer than two dimensions.
pub fn kaiming_uniform_(tensor: &Tensor, fan: Fan, nonlinearity: Nonlinearity) -> Result<()> {
    let bound = 3f64.sqrt() * kaiming_std("kaiming_uniform_", tensor, fan, nonlinearity)?;
    uniform_(tensor, -bound, bound)
}

/// Fills with N(0, std²), std = gain/√fan.
///
/// # Errors
/// Fewer than two dimensions.
pub fn kaiming_normal_(tensor: &Tensor, fan: Fan, nonlinearity: Nonlinearity) -> Result<()> {
    let std = kaiming_std("kaiming_normal_", tensor, fan, nonlinearity)?;
    normal_(tensor, 0.0, std)
}

/// Fills with a random matrix whose rows (or columns, if there are fewer) are orthogonal and have
/// length `gain`; dimensions after the first are merged.
///
/// # Errors
/// Fewer than two dimensions.
pub fn orthogonal_(tensor: &Tensor, gain: f64) -> Result<()> {
    fans("orthogonal_", tensor)?;
    let rows = tensor.dims()[0];
    let columns = tensor.numel() / rows.max(1);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = normals(count * length)?.chunks(length.max(1)).map(<[f64]>::to_vec).collect();
    for i in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(i);
        let Some(vector) = rest.first_mut() else { continue };
        // A second pass removes the rounding errors of the first.
        for other in before.iter().chain(before.iter()) {
            let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
            vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|a| *a /= norm);
    }
    let at = |i: usize| {
        let (row, column) = (i / columns, i % columns);
        gain * if rows <= columns { vectors[row][column] } else { vectors[column][row] }
    };
    fill(tensor, (0..rows * columns).map(at).collect())
}

fn kaiming_std(op: &'static str, tensor: &Tensor, fan: Fan, nonlinearity: Nonlinearity) -> Result<f64> {
    let (fan_in, fan_out) = fans(op, tensor)?;
    let fan = if fan == Fan::In { fan_in } else { fan_out };
    Ok(calculate_gain(nonlinearity) / fan.max(1.0).sqrt())
}

/// Returns the fan in and the fan out of each neuron.
fn fans(op: &'static str, tensor: &Tensor) -> Result<(f64, f64)> {
    let dims = tensor.dims();
    if dims.len() < 2 {
        let rule = format!("fan in and fan out need at least two dimensions, got the shape {}", tensor.shape());
        return Err(Error::shape(op, rule));
    }
    let window: usize = dims[2..].iter().product();
    Ok(((dims[1] * window) as f64, (dims[0] * window) as f64))
}

fn fill(tensor: &Tensor, data: Vec<f64>) -> Result<()> {
    let new = dispatch!(tensor.dtype(), floats T => {
        let data: Vec<T> = data.iter().map(|x| T::from_f64(*x)).collect();
        Tensor::from_array(T::array(data), tensor.shape().clone(), &tensor.device())?
    }, return Err(Error::dtype("init", format!("only floats are initialized, this tensor is {}", tensor.dtype()))));
    tensor.set_(&new)
}

/// Creates a parameter drawn from U(−bound, bound).
pub(super) fn parameter(shape: &[usize], bound: f64, device: &Device) -> Result<Tensor> {
    let numbers = uniforms(shape.iter().product())?.into_iter().map(|u| ((2.0 * u - 1.0) * bound) as f32);
    Tensor::from_array(Array::F32(numbers.collect()), shape, device)?.requires_grad_(true)
}

/// Creates a tensor filled with a number.
pub(super) fn constant(shape: &[usize], value: f32, device: &Device) -> Result<Tensor> {
    Tensor::from_array(Array::F32(vec![value; shape.iter().product()]), shape, device)
}

/// Creates a weight of ones and a bias of zeros, of `n` elements each; none unless `affine`.
pub(super) fn scale_and_shift(affine: bool, n: usize, device: &Device) -> Result<[Option<Tensor>; 2]> {
    let parameter = |value: f32| affine.then(|| constant(&[n], value, device)?.requires_grad_(true)).transpose();
    Ok([parameter(1.0)?, parameter(0.0)?])
}

/// Creates the weight of a convolution and a bias of `bias` elements, if any, drawn from U(−b, b),
/// b = 1/√fan_in.
pub(super) fn filters(shape: &[usize], bias: Option<usize>, device: &Device) -> Result<(Tensor, Option<Tensor>)> {
    let fan_in = shape[1..].iter().product::<usize>().max(1);
    let bound = 1.0 / (fan_in as f64).sqrt();
    let weight = parameter(shape, bound, device)?;
    Ok((weight, bias.map(|n| parameter(&[n], bound, device)).transpose()?))
}
