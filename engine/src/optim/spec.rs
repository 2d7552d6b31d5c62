//! Optimizers as plain data, for training specifications, share links and checkpoints. The module
//! builds them, and knows nothing of their formulas.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AdadeltaOptions, AdagradOptions, AdamOptions, AdamWOptions, AdamaxOptions, Hyperparameters, MuonOptions,
    NAdamOptions, Optimizer, RAdamOptions, RmsPropOptions, SgdOptions, UpdateRule,
};
use crate::{Error, Result, Tensor};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name")]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    #[serde(rename = "SGD", alias = "sgd")]
    Sgd(SgdOptions),
    /// Adam.
    #[serde(alias = "adam")]
    Adam(AdamOptions),
    /// Adam with decoupled weight decay.
    #[serde(alias = "adamw")]
    AdamW(AdamWOptions),
    /// RMSprop.
    #[serde(rename = "RMSprop", alias = "rmsprop")]
    RmsProp(RmsPropOptions),
    /// Adagrad.
    #[serde(alias = "adagrad")]
    Adagrad(AdagradOptions),
    /// Adadelta.
    #[serde(alias = "adadelta")]
    Adadelta(AdadeltaOptions),
    /// Adamax.
    #[serde(alias = "adamax")]
    Adamax(AdamaxOptions),
    /// Adam with Nesterov momentum.
    #[serde(alias = "nadam")]
    NAdam(NAdamOptions),
    /// Rectified Adam.
    #[serde(alias = "radam")]
    RAdam(RAdamOptions),
    /// Muon for matrices and convolutions; AdamW for everything else.
    #[serde(alias = "muon")]
    Muon(MuonOptions),
}

/// Evaluates an expression for each optimizer's options, by their own type: a program that only
/// describes optimizers, as the page does, contains none of their computations.
macro_rules! of_each {
    ($spec:expr, $options:ident => $what:expr) => {
        match $spec {
            Self::Sgd($options) => $what,
            Self::Adam($options) => $what,
            Self::AdamW($options) => $what,
            Self::RmsProp($options) => $what,
            Self::Adagrad($options) => $what,
            Self::Adadelta($options) => $what,
            Self::Adamax($options) => $what,
            Self::NAdam($options) => $what,
            Self::RAdam($options) => $what,
            Self::Muon($options) => $what,
        }
    };
}

impl OptimizerSpec {
    /// Names of all optimizers, in PyTorch's spelling.
    pub const NAMES: [&'static str; 10] =
        ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Muon"];

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

    /// Returns the optimizer's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "SGD",
            Self::Adam(_) => "Adam",
            Self::AdamW(_) => "AdamW",
            Self::RmsProp(_) => "RMSprop",
            Self::Adagrad(_) => "Adagrad",
            Self::Adadelta(_) => "Adadelta",
            Self::Adamax(_) => "Adamax",
            Self::NAdam(_) => "NAdam",
            Self::RAdam(_) => "RAdam",
            Self::Muon(_) => "Muon",
        }
    }

    /// Returns the update rule.
    pub fn rule(&self) -> Box<dyn UpdateRule> {
        of_each!(self.clone(), options => Box::new(options))
    }

    /// Returns the learning rate.
    pub fn lr(&self) -> f64 {
        of_each!(self, options => options.lr())
    }

    /// Returns a copy with another learning rate.
    #[must_use]
    pub fn with_lr(&self, lr: f64) -> Self {
        of_each!(self.clone(), options => {
            let mut options = options;
            options.set_lr(lr);
            options.spec()
        })
    }

    /// Checks the hyper-parameters.
    ///
    /// # Errors
    /// A hyper-parameter is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        of_each!(self, options => options.check())
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
