//! The activations as layers: `ReLU`, `GELU` and the like.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, Layer, stateless};
use crate::ops::Gelu;
use crate::{Device, Result};

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr),* } |$self:ident, $x:ident| $forward:expr;)*) => {$(
        $(#[$doc])*
        #[doc = concat!("[torch.nn.", stringify!($name), "](https://docs.pytorch.org/docs/stable/generated/torch.nn.", stringify!($name), ".html)")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        stateless!($name, |$self, $x| $forward);

        impl Layer for $name {
            fn kind(&self) -> &'static str {
                stringify!($name)
            }

            fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
                Ok(input.to_vec())
            }

            fn parameters(&self) -> usize {
                0
            }

            fn fit(&mut self, _input: &[usize]) {}
        }

        impl Build for $name {
            fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
                Ok(Box::new(self.clone()))
            }
        }
    )*};
}

activations! {
    /// x, unchanged.
    Identity {} |self, x| Ok(x.clone());
    /// max(x, 0).
    ReLU {} |self, x| x.relu();
    /// x for x > 0, else slope·x.
    LeakyReLU {
        /// The slope below zero.
        negative_slope: f64 = 0.01
    } |self, x| x.leaky_relu(self.negative_slope);
    /// x for x > 0, else α(eˣ − 1).
    ELU {
        /// What it falls to, negated.
        alpha: f64 = 1.0
    } |self, x| x.elu(self.alpha);
    /// x·Φ(x).
    GELU {
        /// Exact, or by tanh.
        approximate: GeluKind = GeluKind::None
    } |self, x| x.gelu(match self.approximate { GeluKind::None => Gelu::None, GeluKind::Tanh => Gelu::Tanh });
    /// x·sigmoid(x).
    SiLU {} |self, x| x.silu();
    /// 1/(1 + e⁻ˣ).
    Sigmoid {} |self, x| x.sigmoid();
    /// tanh x.
    Tanh {} |self, x| x.tanh();
    /// log(1 + eˣ).
    Softplus {
        /// The sharpness of the bend.
        beta: f64 = 1.0,
        /// Above this, over β, it is linear.
        threshold: f64 = 20.0
    } |self, x| x.softplus(self.beta, self.threshold);
    /// eˣ over the sum of all along a dimension.
    Softmax {
        /// The dimension.
        dim: isize = -1
    } |self, x| x.softmax(self.dim);
    /// The logarithm of the softmax.
    LogSoftmax {
        /// The dimension.
        dim: isize = -1
    } |self, x| x.log_softmax(self.dim);
}

/// How GELU is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeluKind {
    /// By the error function.
    #[default]
    None,
    /// By tanh.
    Tanh,
}
