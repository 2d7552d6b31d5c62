//! Activation layers: `ReLU`, `GELU` and the like.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, stateless};
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

        impl LayerConfig for $name {
            fn kind(&self) -> &'static str {
                stringify!($name)
            }

            fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
                Ok(input.to_vec())
            }
        }

        impl Build for $name {
            fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
                Ok(Box::new(self.clone()))
            }
        }
    )*};
}

activations! {
    /// Identity: returns x unchanged.
    ///
    /// ```
    /// use kindling::nn::{Identity, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Identity::default().forward(&x)?.to_string(), "tensor([-1.,  2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Identity {} |self, x| Ok(x.clone());
    /// Rectified linear unit: max(x, 0).
    ///
    /// ```
    /// use kindling::nn::{Module, ReLU};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(ReLU::default().forward(&x)?.to_string(), "tensor([0., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ReLU {} |self, x| x.relu();
    /// Leaky ReLU: x for x > 0, else slope·x.
    ///
    /// ```
    /// use kindling::nn::{LeakyReLU, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(LeakyReLU::default().forward(&x)?.to_string(), "tensor([-0.0100,  2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    LeakyReLU {
        /// Slope for negative x, 0.01 by default.
        negative_slope: f64 = 0.01
    } |self, x| x.leaky_relu(self.negative_slope);
    /// Exponential linear unit: x for x > 0, else α(eˣ − 1).
    ///
    /// ```
    /// use kindling::nn::{ELU, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(ELU::default().forward(&x)?.to_string(), "tensor([-0.6321,  2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ELU {
        /// Negative limit α, 1 by default.
        alpha: f64 = 1.0
    } |self, x| x.elu(self.alpha);
    /// Gaussian error linear unit: x·Φ(x).
    ///
    /// ```
    /// use kindling::nn::{GELU, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(GELU::default().forward(&x)?.to_string(), "tensor([-0.1587,  1.9545])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    GELU {
        /// Formula: exact (the default), or by tanh.
        approximate: GeluKind = GeluKind::None
    } |self, x| x.gelu(match self.approximate { GeluKind::None => Gelu::None, GeluKind::Tanh => Gelu::Tanh });
    /// Sigmoid linear unit: x·sigmoid(x).
    ///
    /// ```
    /// use kindling::nn::{Module, SiLU};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(SiLU::default().forward(&x)?.to_string(), "tensor([-0.2689,  1.7616])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    SiLU {} |self, x| x.silu();
    /// Sigmoid: 1/(1 + e⁻ˣ).
    ///
    /// ```
    /// use kindling::nn::{Module, Sigmoid};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Sigmoid::default().forward(&x)?.to_string(), "tensor([0.2689, 0.8808])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Sigmoid {} |self, x| x.sigmoid();
    /// Rectified linear unit with a limit of 6: min(max(x, 0), 6).
    ///
    /// ```
    /// use kindling::nn::{Module, ReLU6};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 8.0], &Device::cpu())?;
    /// assert_eq!(ReLU6::default().forward(&x)?.to_string(), "tensor([0., 6.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ReLU6 {} |self, x| x.relu6();
    /// Scaled exponential linear unit: 1.0507·x for x > 0, else 1.7581(eˣ − 1).
    ///
    /// ```
    /// use kindling::nn::{Module, SELU};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(SELU::default().forward(&x)?.to_string(), "tensor([-1.1113,  2.1014])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    SELU {} |self, x| x.selu();
    /// Mish: x·tanh(log(1 + eˣ)).
    ///
    /// ```
    /// use kindling::nn::{Mish, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Mish::default().forward(&x)?.to_string(), "tensor([-0.3034,  1.9440])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Mish {} |self, x| x.mish();
    /// Piecewise SiLU: x·min(max(x + 3, 0), 6)/6.
    ///
    /// ```
    /// use kindling::nn::{Hardswish, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Hardswish::default().forward(&x)?.to_string(), "tensor([-0.3333,  1.6667])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Hardswish {} |self, x| x.hardswish();
    /// Piecewise linear sigmoid: min(max(x + 3, 0), 6)/6.
    ///
    /// ```
    /// use kindling::nn::{Hardsigmoid, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Hardsigmoid::default().forward(&x)?.to_string(), "tensor([0.3333, 0.8333])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Hardsigmoid {} |self, x| x.hardsigmoid();
    /// Linear between two limits: min(max(x, min_val), max_val).
    ///
    /// ```
    /// use kindling::nn::{Hardtanh, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-0.5_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Hardtanh::default().forward(&x)?.to_string(), "tensor([-0.5000,  1.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Hardtanh {
        /// Lower limit, −1 by default.
        min_val: f64 = -1.0,
        /// Upper limit, 1 by default.
        max_val: f64 = 1.0
    } |self, x| x.clamp(Some(self.min_val), Some(self.max_val));
    /// Softsign: x/(1 + |x|).
    ///
    /// ```
    /// use kindling::nn::{Module, Softsign};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 3.0], &Device::cpu())?;
    /// assert_eq!(Softsign::default().forward(&x)?.to_string(), "tensor([-0.5000,  0.7500])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Softsign {} |self, x| x.div(&x.abs()?.add_scalar(1.0)?);
    /// Continuously differentiable exponential linear unit: x for x > 0, else α(e^(x/α) − 1).
    ///
    /// ```
    /// use kindling::nn::{CELU, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(CELU { alpha: 2.0 }.forward(&x)?.to_string(), "tensor([-0.7869,  2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    CELU {
        /// Negative limit α, 1 by default.
        alpha: f64 = 1.0
    } |self, x| x.div_scalar(self.alpha)?.elu(1.0)?.mul_scalar(self.alpha);
    /// Logarithm of the sigmoid: log(1/(1 + e⁻ˣ)).
    ///
    /// ```
    /// use kindling::nn::{LogSigmoid, Module};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(LogSigmoid::default().forward(&x)?.to_string(), "tensor([-1.3133, -0.1269])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    LogSigmoid {} |self, x| x.logsigmoid();
    /// Hyperbolic tangent.
    ///
    /// ```
    /// use kindling::nn::{Module, Tanh};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Tanh::default().forward(&x)?.to_string(), "tensor([-0.7616,  0.9640])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Tanh {} |self, x| x.tanh();
    /// Softplus: log(1 + e^(βx))/β.
    ///
    /// ```
    /// use kindling::nn::{Module, Softplus};
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &Device::cpu())?;
    /// assert_eq!(Softplus::default().forward(&x)?.to_string(), "tensor([0.3133, 2.1269])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    Softplus {
        /// Sharpness β of the bend, 1 by default.
        beta: f64 = 1.0,
        /// Linear where β·x exceeds this, 20 by default.
        threshold: f64 = 20.0
    } |self, x| x.softplus(self.beta, self.threshold);
}

/// Formula of GELU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeluKind {
    /// Exact, by the error function.
    #[default]
    None,
    /// Approximation by tanh.
    Tanh,
}
