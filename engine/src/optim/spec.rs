//! Optimizers as plain data: what a training specification, a share link and a checkpoint hold. It builds them,
//! and knows nothing of their formulas.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AdadeltaOptions, AdagradOptions, AdamOptions, AdamWOptions, AdamaxOptions, MuonOptions, NAdamOptions, Numbers,
    Optimizer, RAdamOptions, RmsPropOptions, Rule, SgdOptions,
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

/// The same for each optimizer's options, by their own type: a program that only describes optimizers, as the page does,
/// holds none of what they compute.
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
    /// The names of all optimizers, as PyTorch spells them.
    pub const NAMES: [&'static str; 10] =
        ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Muon"];

    /// From JSON: `{"name": "Adam", "lr": 0.001}`. What is left out has PyTorch's default.
    ///
    /// # Errors
    /// No such optimizer, an unknown hyper-parameter, or a value of the wrong kind.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("optimizer", e))
    }

    /// By name and hyper-parameters, as PyTorch's constructor takes them.
    ///
    /// # Errors
    /// As [`OptimizerSpec::from_json`].
    pub fn from_attrs(name: &str, attrs: &Map<String, Value>) -> Result<Self> {
        let mut map = attrs.clone();
        map.insert("name".into(), Value::String(name.into()));
        crate::json::from_value(&Value::Object(map)).map_err(|e| Error::value("optimizer", e))
    }

    /// The same with some hyper-parameters changed: how parameter groups differ.
    ///
    /// # Errors
    /// As [`OptimizerSpec::from_json`].
    pub fn with(&self, attrs: &Map<String, Value>) -> Result<Self> {
        let mut all = self.attrs()?;
        all.extend(attrs.clone());
        Self::from_attrs(self.name(), &all)
    }

    /// The hyper-parameters by name.
    ///
    /// # Errors
    /// One that JSON cannot express.
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

    /// The optimizer's name.
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

    /// The rule, ready to be used.
    pub fn rule(&self) -> Box<dyn Rule> {
        of_each!(self.clone(), options => Box::new(options))
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        of_each!(self, options => options.lr())
    }

    /// The same with another learning rate.
    #[must_use]
    pub fn with_lr(&self, lr: f64) -> Self {
        of_each!(self.clone(), options => {
            let mut options = options;
            options.set_lr(lr);
            options.spec()
        })
    }

    /// Whether the hyper-parameters make sense.
    ///
    /// # Errors
    /// One is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        of_each!(self, options => options.check())
    }

    /// The optimizer over parameters, as one group. Muon, which moves matrices only, gets the parameters of two
    /// and more dimensions, and AdamW with the same learning rate and weight decay the others.
    ///
    /// # Errors
    /// A hyper-parameter out of its range; no parameters.
    pub fn build(&self, parameters: impl IntoIterator<Item = Tensor>) -> Result<Optimizer> {
        self.check()?;
        let Self::Muon(options) = self else { return Ok(Optimizer::of(parameters, self.rule())) };
        let (matrices, others): (Vec<_>, Vec<_>) = parameters.into_iter().partition(|p| p.ndim() >= 2);
        let mut optimizer = Optimizer::of(matrices, self.rule());
        if !others.is_empty() {
            let rest = AdamWOptions { lr: options.lr, weight_decay: options.weight_decay, ..Default::default() };
            optimizer.add_param_group(others, Box::new(rest))?;
        }
        Ok(optimizer)
    }
}
