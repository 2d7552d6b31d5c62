//! `options!`: the hyper-parameters of an optimizer, each stated once. The file knows no optimizer.

/// Defines the options of an optimizer: documentation, type and PyTorch's default of each. An
/// option that opens with a dot is also a method of the optimizer.
///
/// ```ignore
/// options! {
///     Sgd(SgdOptions), momentum = momentum;
///
///     /// Learning rate.
///     lr: f64 = 1e-3;
///     /// Momentum factor.
///     .momentum: f64 = 0.0;
/// }
/// ```
///
/// becomes the struct `SgdOptions` with its defaults, for Rust and JSON; `Sgd::new(parameters, lr)`
/// and `Sgd::momentum(self, momentum)`; and `Hyperparameters`. There `momentum = betas[0]` names
/// the option that one-cycle schedules change.
macro_rules! options {
    (
        $optimizer:ident($options:ident) $(, momentum = $momentum:ident $([$i:literal])?)?;
        $($(#[doc = $doc:literal])+ $($option:ident)? $(. $method:ident)?: $type:ty = $default:expr;)+
    ) => {
        #[doc = concat!("Hyper-parameters of [`", stringify!($optimizer), "`], with PyTorch's defaults.")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $options {
            $(
                $(#[doc = $doc])+
                #[doc = concat!(" Default: `", stringify!($default), "`.")]
                pub $($option)? $($method)?: $type,
            )+
        }

        impl Default for $options {
            fn default() -> Self {
                Self { $($($option)? $($method)?: $default,)+ }
            }
        }

        impl $optimizer {
            /// Creates an optimizer of these parameters with a learning rate.
            pub fn new(parameters: impl IntoIterator<Item = $crate::Tensor>, lr: f64) -> Self {
                Self::with_rule(parameters, $options { lr, ..$options::default() })
            }

            $($crate::optim::options::method! {
                $(#[doc = $doc])+
                #[doc = concat!(" Default: `", stringify!($default), "`.")]
                $(. $method)?: $type
            })+
        }

        impl $crate::optim::Hyperparameters for $options {
            fn lr(&self) -> f64 {
                self.lr
            }

            fn set_lr(&mut self, lr: f64) {
                self.lr = lr;
            }

            fn momentum(&self) -> Option<f64> {
                None $(.or(Some(self.$momentum $([$i])?)))?
            }

            fn set_momentum(&mut self, _momentum: f64) {
                $(self.$momentum $([$i])? = _momentum;)?
            }

            fn spec(&self) -> $crate::optim::OptimizerSpec {
                $crate::optim::OptimizerSpec::$optimizer(self.clone())
            }

            fn set_spec(&mut self, spec: &$crate::optim::OptimizerSpec) -> $crate::Result<()> {
                match spec {
                    $crate::optim::OptimizerSpec::$optimizer(options) => {
                        *self = options.clone();
                        Ok(())
                    }
                    other => Err($crate::optim::rule::another(stringify!($optimizer), other)),
                }
            }
        }
    };
}

/// Defines the method of an option that has one.
macro_rules! method {
    ($(#[$doc:meta])+ : $type:ty) => {};
    ($(#[$doc:meta])+ . $option:ident: $type:ty) => {
        #[doc = concat!("Sets `", stringify!($option), "`.\n\n")]
        $(#[$doc])+
        #[must_use]
        pub fn $option(self, $option: $type) -> Self {
            self.with(|options| options.$option = $option)
        }
    };
}

pub(super) use {method, options};
