//! Optimizers as plain data, for training specifications, share links and checkpoints. The module
//! builds them, and knows nothing of their formulas.

use serde_json::{Map, Value};

use super::{AdamWOptions, Optimizer, OptimizerSpec};
use crate::{Error, Result, Tensor};

/// Defines [`OptimizerSpec`] from a row for each optimizer: its file, its type with its options,
/// and its name, PyTorch's first. The matches keep each optimizer's type: a program that only
/// describes optimizers, as the page does, contains none of their computations.
macro_rules! optimizers {
    ($($(#[doc = $doc:literal])+ $file:ident::$optimizer:ident($options:ident): $name:literal or $alias:literal;)+) => {
        $(pub use $file::{$optimizer, $options};)+

        /// An optimizer and its hyper-parameters, by PyTorch's names.
        ///
        /// ```
        /// use kindling::optim::OptimizerSpec;
        /// # fn main() -> kindling::Result<()> {
        /// let spec = OptimizerSpec::from_json(r#"{"name": "SGD", "lr": 0.01, "momentum": 0.9}"#)?;
        /// assert_eq!(spec.name(), "SGD");
        /// assert_eq!(spec.lr(), 0.01);
        /// assert!(OptimizerSpec::from_json(r#"{"name": "SGD", "momentun": 0.9}"#).is_err());
        /// # Ok(()) }
        /// ```
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "name")]
        pub enum OptimizerSpec {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $name, alias = $alias)]
                $optimizer($options),
            )+
        }

        impl OptimizerSpec {
            /// Names of all optimizers, in PyTorch's spelling.
            pub const NAMES: [&'static str; <[&str]>::len(&[$($name),+])] = [$($name),+];

            /// Returns the optimizer's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$optimizer(_) => $name,)+
                }
            }

            /// Returns the update rule.
            pub fn rule(&self) -> Box<dyn UpdateRule> {
                match self {
                    $(Self::$optimizer(options) => Box::new(options.clone()),)+
                }
            }

            /// Returns the learning rate.
            pub fn lr(&self) -> f64 {
                match self {
                    $(Self::$optimizer(options) => options.lr,)+
                }
            }

            /// Returns a copy with another learning rate.
            #[must_use]
            pub fn with_lr(&self, lr: f64) -> Self {
                match self {
                    $(Self::$optimizer(options) => Self::$optimizer($options { lr, ..options.clone() }),)+
                }
            }

            /// Checks the hyper-parameters.
            ///
            /// # Errors
            /// A hyper-parameter is out of its range; the error names it.
            pub fn check(&self) -> crate::Result<()> {
                match self {
                    $(Self::$optimizer(options) => options.check(),)+
                }
            }
        }
    };
}
pub(super) use optimizers;

impl OptimizerSpec {
    /// Parses JSON: `{"name": "Adam", "lr": 0.001}`. Omitted fields have PyTorch's defaults.
    ///
    /// # Errors
    /// An unknown optimizer or hyper-parameter, or an ill-typed value.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("optimizer", e))
    }

    /// Creates a spec from name and hyper-parameters, as PyTorch's constructor takes them.
    ///
    /// # Errors
    /// As [`OptimizerSpec::from_json`].
    pub fn from_attrs(name: &str, attrs: &Map<String, Value>) -> Result<Self> {
        let mut map = attrs.clone();
        map.insert("name".into(), Value::String(name.into()));
        crate::json::from_value(&Value::Object(map)).map_err(|e| Error::value("optimizer", e))
    }

    /// Returns a copy with some hyper-parameters changed, for parameter groups.
    ///
    /// # Errors
    /// As [`OptimizerSpec::from_json`].
    pub fn with(&self, attrs: &Map<String, Value>) -> Result<Self> {
        let mut all = self.attrs()?;
        all.extend(attrs.clone());
        Self::from_attrs(self.name(), &all)
    }

    /// Returns the hyper-parameters by name.
    ///
    /// # Errors
    /// A hyper-parameter that JSON cannot express.
    pub fn attrs(&self) -> Result<Map<String, Value>> {
        match crate::json::to_value(self) {
            Ok(Value::Object(mut map)) => {
                map.remove("name");
                Ok(map)
            }
            Ok(_) => Err(Error::internal("an optimizer's options are no map")),
            Err(e) => Err(Error::value("optimizer", e)),
        }
    }

    /// Builds the optimizer of one group of parameters. Muon, which updates matrices only, gets the
    /// parameters of two and more dimensions; AdamW with the same learning rate and weight decay
    /// gets the others.
    ///
    /// # Errors
    /// A hyper-parameter out of its range; no parameters.
    pub fn build(&self, parameters: impl IntoIterator<Item = Tensor>) -> Result<Optimizer> {
        self.check()?;
        let Self::Muon(options) = self else { return Ok(Optimizer::with_rule(parameters, self.rule())) };
        let (matrices, others): (Vec<_>, Vec<_>) = parameters.into_iter().partition(|p| p.ndim() >= 2);
        let mut optimizer = Optimizer::with_rule(matrices, self.rule());
        if !others.is_empty() {
            let rest = AdamWOptions { lr: options.lr, weight_decay: options.weight_decay, ..Default::default() };
            optimizer.add_param_group(others, Box::new(rest))?;
        }
        Ok(optimizer)
    }
}
