//! `Softmax` and `LogSoftmax`.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless};
use crate::{Device, Result};

/// Softmax along a dimension: eˣ over the sum of all.
/// [torch.nn.Softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html)
///
/// ```
/// use kindling::nn::{Module, Softmax};
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
/// assert_eq!(Softmax::default().forward(&x)?.to_string(), "tensor([0.0474, 0.9526])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Softmax {
    /// Dimension. By default 1, or 0 of inputs of 0, 1 or 3 dimensions, as in PyTorch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<isize>,
}

/// Logarithm of the softmax along a dimension.
/// [torch.nn.LogSoftmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html)
///
/// ```
/// use kindling::nn::{LogSoftmax, Module};
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
/// assert_eq!(LogSoftmax::default().forward(&x)?.to_string(), "tensor([-3.0486, -0.0486])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSoftmax {
    /// Dimension. By default 1, or 0 of inputs of 0, 1 or 3 dimensions, as in PyTorch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<isize>,
}

/// Returns the dimension that is meant, by PyTorch's rule for one that is left out.
fn dimension(dim: Option<isize>, dimensions: usize) -> isize {
    dim.unwrap_or(if matches!(dimensions, 0 | 1 | 3) { 0 } else { 1 })
}

/// Returns the shape of the result, which is that of the input.
///
/// # Errors
/// A dimension that the input does not have, or the batch, which PyTorch may mean by one left out.
fn checked(dim: Option<isize>, input: &[usize]) -> Result<Vec<usize>, String> {
    let dimensions = input.len() + 1;
    let n = dimensions as isize;
    match dim {
        None if dimension(dim, dimensions) == 0 => Err(format!(
            "needs dim: without it PyTorch takes dimension 0, the batch, of inputs of {dimensions} dimensions"
        )),
        Some(dim) if dim == 0 || dim == -n => {
            Err(format!("has dim={dim}, which is the batch of an input of {dimensions} dimensions; use dim=1"))
        }
        Some(dim) if !(-n..n).contains(&dim) => {
            Err(format!("takes dimension {dim}, which an input of {dimensions} dimensions does not have"))
        }
        Some(dim) if dim == 0 || dim == -n => {
            Err(format!("takes dim {dim}, which is the batch of an input of {dimensions} dimensions; give another dim"))
        }
        _ => Ok(input.to_vec()),
    }
}

stateless!(Softmax, |self, input| input.softmax(dimension(self.dim, input.dims().len())));
stateless!(LogSoftmax, |self, input| input.log_softmax(dimension(self.dim, input.dims().len())));

macro_rules! described {
    ($name:ident) => {
        impl LayerConfig for $name {
            fn kind(&self) -> &'static str {
                stringify!($name)
            }

            fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
                checked(self.dim, input)
            }
        }

        impl Build for $name {
            fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
                Ok(Box::new(self.clone()))
            }
        }
    };
}

described!(Softmax);
described!(LogSoftmax);
