//! `torch.nn`: layers are Kindling's, built from the same arguments; containers, parameters and
//! losses.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kindling::nn::{self, Build, Module, StateDict};
use kindling::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::python::{Args, Bound, Class, Error, Host, Instance, Interpreter, Object, Result, Value, dict, json};

type Maker = fn(Json, &Device) -> Result<Box<dyn Module>>;

fn build<S: DeserializeOwned + Build>(attrs: Json, device: &Device) -> Result<Box<dyn Module>> {
    Ok(parsed::<S>(attrs)?.build(device)?)
}

fn parsed<S: DeserializeOwned>(attrs: Json) -> Result<S> {
    serde_json::from_value(attrs).map_err(|e| Error::new(e.to_string()))
}

/// Arguments of convolutions.
const CONV: &[&str] =
    &["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"];

/// PyTorch's layers: name, arguments in order, and constructor.
const LAYERS: &[(&str, &[&str], Maker)] = &[
    ("Identity", &[], build::<nn::Identity>),
    ("Linear", &["in_features", "out_features", "bias"], build::<nn::LinearSpec>),
    ("Conv2d", CONV, build::<nn::Conv2dSpec>),
    ("Conv1d", CONV, build::<nn::Conv1dSpec>),
    (
        "ConvTranspose2d",
        &[
            "in_channels",
            "out_channels",
            "kernel_size",
            "stride",
            "padding",
            "output_padding",
            "groups",
            "bias",
            "dilation",
        ],
        build::<nn::ConvTranspose2dSpec>,
    ),
    ("BatchNorm1d", &["num_features", "eps", "momentum"], build::<nn::BatchNormSpec<1>>),
    ("BatchNorm2d", &["num_features", "eps", "momentum"], build::<nn::BatchNormSpec<2>>),
    ("LayerNorm", &["normalized_shape", "eps"], build::<nn::LayerNormSpec>),
    ("GroupNorm", &["num_groups", "num_channels", "eps", "affine"], build::<nn::GroupNormSpec>),
    (
        "InstanceNorm2d",
        &["num_features", "eps", "momentum", "affine", "track_running_stats"],
        build::<nn::InstanceNorm2dSpec>,
    ),
    ("RMSNorm", &["normalized_shape", "eps", "elementwise_affine"], build::<nn::RMSNormSpec>),
    ("Upsample", &["size", "scale_factor", "mode", "align_corners"], build::<nn::Upsample>),
    ("Embedding", &["num_embeddings", "embedding_dim", "padding_idx"], build::<nn::EmbeddingSpec>),
    ("Dropout", &["p", "inplace"], build::<nn::DropoutSpec>),
    ("Dropout2d", &["p", "inplace"], build::<nn::Dropout2dSpec>),
    (
        "MaxPool2d",
        &["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"],
        build::<nn::MaxPool2d>,
    ),
    ("AvgPool2d", &["kernel_size", "stride", "padding", "ceil_mode"], build::<nn::AvgPool2d>),
    ("AdaptiveAvgPool2d", &["output_size"], build::<nn::AdaptiveAvgPool2d>),
    ("Flatten", &["start_dim", "end_dim"], build::<nn::Flatten>),
    ("ReLU", &["inplace"], build::<nn::ReLU>),
    ("PReLU", &["num_parameters", "init"], build::<nn::PReLUSpec>),
    ("CELU", &["alpha", "inplace"], build::<nn::CELU>),
    ("GLU", &["dim"], build::<nn::GLU>),
    ("Hardtanh", &["min_val", "max_val", "inplace"], build::<nn::Hardtanh>),
    ("Softsign", &[], build::<nn::Softsign>),
    ("LeakyReLU", &["negative_slope", "inplace"], build::<nn::LeakyReLU>),
    ("ELU", &["alpha", "inplace"], build::<nn::ELU>),
    ("GELU", &["approximate"], build::<nn::GELU>),
    ("SiLU", &["inplace"], build::<nn::SiLU>),
    ("Sigmoid", &[], build::<nn::Sigmoid>),
    ("Tanh", &[], build::<nn::Tanh>),
    ("Softplus", &["beta", "threshold"], build::<nn::Softplus>),
    ("Softmax", &["dim"], build::<nn::Softmax>),
    ("LogSoftmax", &["dim"], build::<nn::LogSoftmax>),
];

/// Arguments supported with their default only.
const ONLY_DEFAULTS: &[(&str, &str)] =
    &[("inplace", "any"), ("dilation", "1"), ("return_indices", "false"), ("batch_first", "true")];

/// Modules that call a function with their arguments.
const FUNCTIONS: &[(&str, &str)] = &[
    ("BCELoss", "binary_cross_entropy"),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
    ("CrossEntropyLoss", "cross_entropy"),
    ("HuberLoss", "huber_loss"),
    ("KLDivLoss", "kl_div"),
    ("L1Loss", "l1_loss"),
    ("MSELoss", "mse_loss"),
    ("NLLLoss", "nll_loss"),
    ("SmoothL1Loss", "smooth_l1_loss"),
];

/// Creates a module or a parameter.
pub fn construct(cx: &Interpreter, name: &str, args: &Args) -> Result<Option<Value>> {
    if let Some((kind, names, make)) = LAYERS.iter().find(|(n, ..)| *n == name) {
        let attrs = attrs(&args.bind(name, names)?, names, kind.starts_with("Conv"))?;
        let module = make(attrs, &cx.device).map_err(|e| Error::new(format!("{name}: {e}")))?;
        return Ok(Some(Layer::object(kind, Kind::Plain(module))));
    }
    if let Some((kind, function)) = FUNCTIONS.iter().find(|(n, _)| *n == name) {
        if !args.positional.is_empty() {
            return Err(Error::unknown(format!("an argument of {kind} without a name")));
        }
        return Ok(Some(Layer::object(kind, Kind::Function(function, args.named.clone()))));
    }
    Ok(Some(match name {
        "Parameter" => {
            let a = args.bind(name, &["data", "requires_grad"])?;
            Value::Tensor(a.tensor("data")?.detach().requires_grad_(a.flag_or("requires_grad", true)?)?)
        }
        "Module" => {
            let (bases, attributes) = (vec![Value::Builtin("torch.nn.Module".into())], Default::default());
            let class = Rc::new(Class { name: "Module".into(), bases, attributes });
            Value::Object(Rc::new(Instance { class, attributes: Default::default() }))
        }
        "MultiheadAttention" => {
            const NAMES: &[&str] = &["embed_dim", "num_heads", "dropout", "batch_first"];
            let attrs = attrs(&args.bind(name, NAMES)?, NAMES, false)?;
            let attention = |is_causal: bool| -> Result<nn::MultiheadAttention> {
                let spec = nn::MultiheadAttentionSpec { is_causal, ..parsed(attrs.clone())? };
                Ok(nn::MultiheadAttention::from_spec(spec, &cx.device)?)
            };
            Layer::object("MultiheadAttention", Kind::Attention(Box::new([attention(false)?, attention(true)?])))
        }
        "TransformerEncoderLayer" => {
            #[rustfmt::skip]
            const NAMES: &[&str] =
                &["d_model", "nhead", "dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first", "norm_first"];
            let attrs = attrs(&args.bind(name, NAMES)?, NAMES, false)?;
            let encoder = |is_causal: bool| -> Result<nn::TransformerEncoderLayer> {
                let spec = nn::TransformerEncoderLayerSpec { is_causal, ..parsed(attrs.clone())? };
                Ok(nn::TransformerEncoderLayer::from_spec(&spec, &cx.device)?)
            };
            Layer::object("TransformerEncoderLayer", Kind::Encoder(Box::new([encoder(false)?, encoder(true)?])))
        }
        "Transformer.generate_square_subsequent_mask" => {
            let length = args.bind(name, &["sz", "device"])?.size_or("sz", 0)?;
            Value::Tensor(Tensor::full([length, length], f64::NEG_INFINITY, &cx.device)?.triu(1)?)
        }
        "Sequential" => match args.positional.as_slice() {
            [one @ Value::Dict(_)] => Container::object("Sequential", Container::pairs(one)?),
            modules => Container::object("Sequential", Container::numbered(modules.to_vec())),
        },
        "ModuleList" => {
            let modules = args.positional.first().map_or(Ok(Vec::new()), Value::items)?;
            Container::object("ModuleList", Container::numbered(modules))
        }
        "ModuleDict" => {
            let modules = args.positional.first().map_or(Ok(Vec::new()), Container::pairs)?;
            Container::object("ModuleDict", modules)
        }
        _ => return Ok(None),
    }))
}

/// Converts arguments to JSON, by their names.
fn attrs(a: &Bound, names: &'static [&'static str], has_dilation: bool) -> Result<Json> {
    let mut attrs = Map::new();
    for name in names {
        let Some(value) = a.get(name) else { continue };
        let value = json(value)?;
        match ONLY_DEFAULTS.iter().find(|(n, _)| n == name) {
            Some(("dilation", _)) if has_dilation => {}
            Some((_, only)) if *only == "any" || format!("{value}") == *only => continue,
            Some((_, only)) => return Err(Error::unknown(format!("{name} other than {only}"))),
            None => {}
        }
        attrs.insert((*name).to_owned(), value);
    }
    Ok(Json::Object(attrs))
}

/// A layer of Kindling.
pub struct Layer {
    class: &'static str,
    kind: Kind,
    training: Cell<bool>,
}

enum Kind {
    Plain(Box<dyn Module>),
    /// Without and with a causal mask; the state is the first one's.
    Attention(Box<[nn::MultiheadAttention; 2]>),
    /// As `Attention`.
    Encoder(Box<[nn::TransformerEncoderLayer; 2]>),
    Function(&'static str, Vec<(String, Value)>),
}

impl Layer {
    fn object(class: &'static str, kind: Kind) -> Value {
        Value::Object(Rc::new(Self { class, kind, training: Cell::new(true) }))
    }

    fn module(&self) -> Option<&dyn Module> {
        match &self.kind {
            Kind::Plain(module) => Some(&**module),
            Kind::Attention(modules) => Some(&modules[0]),
            Kind::Encoder(modules) => Some(&modules[0]),
            Kind::Function(..) => None,
        }
    }

    /// Returns `true` for a call with a causal mask, after copying the state to the layer for it.
    fn is_causal(&self, a: &Bound, mask: &str, causal: &dyn Module) -> Result<bool> {
        let is_causal = a.flag_or("is_causal", false)?;
        if a.get(mask).is_some() != is_causal {
            return Err(Error::unknown(format!("{mask} other than a causal one (is_causal=True)")));
        }
        if let (true, Some(module)) = (is_causal, self.module()) {
            causal.load_state_dict(&module.state_dict()?)?;
            causal.train(self.training.get());
        }
        Ok(is_causal)
    }

    /// Loads the tensors that `lookup` returns for its names.
    ///
    /// # Errors
    /// A tensor is missing or does not match.
    pub fn load(&self, lookup: &dyn Fn(&str) -> Result<kindling::Tensor>) -> Result<()> {
        let Some(module) = self.module() else { return Ok(()) };
        let names: Vec<String> = module.state_dict()?.names().map(str::to_owned).collect();
        let dict = names.into_iter().map(|name| lookup(&name).map(|t| (name, t))).collect::<Result<Vec<_>>>()?;
        Ok(module.load_state_dict(&StateDict::from_iter(dict))?)
    }
}

impl Object for Layer {
    fn class(&self) -> &str {
        self.class
    }

    fn get(&self, name: &str) -> Result<Option<Value>> {
        let named = |all: Vec<(String, kindling::Tensor)>| {
            dict(all.into_iter().map(|(n, t)| (Value::Str(n.into()), Value::Tensor(t))).collect())
        };
        let Some(module) = self.module() else {
            return Ok((name == "__is_module__").then_some(Value::Bool(true)));
        };
        Ok(match name {
            "__is_module__" => Some(Value::Bool(true)),
            "__parameters__" => Some(named(module.named_parameters())),
            "__buffers__" => Some(named(module.named_buffers()?)),
            "training" => Some(Value::Bool(self.training.get())),
            _ => {
                let all = module.named_parameters().into_iter().chain(module.named_buffers()?);
                all.into_iter().find(|(n, _)| n == name).map(|(_, t)| Value::Tensor(t))
            }
        })
    }

    fn set(&self, name: &str, value: Value) -> Result<()> {
        if name != "training" {
            return Err(Error::unknown(format!("setting {}.{name}", self.class)));
        }
        self.training.set(value.truth()?);
        if let Some(module) = self.module() {
            module.train(self.training.get());
        }
        Ok(())
    }

    fn call(&self, host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        match (method, &self.kind) {
            ("__call__" | "forward", Kind::Plain(module)) => {
                let a = args.bind(self.class, &["input"])?;
                Ok(Value::Tensor(module.forward(a.tensor("input")?)?))
            }
            ("__call__" | "forward", Kind::Encoder(modules)) => {
                let [module, causal] = &**modules;
                let a = args.bind(self.class, &["src", "src_mask", "src_key_padding_mask", "is_causal"])?;
                let module = if self.is_causal(&a, "src_mask", causal)? { causal } else { module };
                Ok(Value::Tensor(module.forward(a.tensor("src")?)?))
            }
            ("__call__" | "forward", Kind::Attention(modules)) => {
                let [module, causal] = &**modules;
                const NAMES: &[&str] = &["query", "key", "value", "need_weights", "attn_mask", "is_causal"];
                let a = args.bind(self.class, NAMES)?;
                if a.flag_or("need_weights", true)? {
                    return Err(Error::unknown("attention that gives its weights (need_weights=False)"));
                }
                let module = if self.is_causal(&a, "attn_mask", causal)? { causal } else { module };
                let (query, key, value) = (a.tensor("query")?, a.tensor("key")?, a.tensor("value")?);
                let mixed = match query.is(key) && key.is(value) {
                    true => module.forward(query)?,
                    false => module.attend(query, key, value)?,
                };
                Ok(Value::tuple([Value::Tensor(mixed), Value::None]))
            }
            ("__call__" | "forward", Kind::Function(function, named)) => {
                let mut args = args;
                args.named.extend(named.iter().cloned());
                kindling_torch::functional(host, function, &args)?.ok_or_else(|| Error::unknown(*function))
            }
            _ => Err(Error::unknown(format!("{}.{method}", self.class))),
        }
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

/// Modules in sequence or by name.
struct Container {
    class: &'static str,
    modules: RefCell<Vec<(String, Value)>>,
    training: Cell<bool>,
}

impl Container {
    fn object(class: &'static str, modules: Vec<(String, Value)>) -> Value {
        Value::Object(Rc::new(Self { class, modules: RefCell::new(modules), training: Cell::new(true) }))
    }

    fn numbered(modules: Vec<Value>) -> Vec<(String, Value)> {
        modules.into_iter().enumerate().map(|(i, module)| (i.to_string(), module)).collect()
    }

    fn pairs(value: &Value) -> Result<Vec<(String, Value)>> {
        let Value::Dict(dict) = value else { return Err(Error::new("a dict of modules is needed")) };
        let name = |key: &Value| if let Value::Str(s) = key { s.to_string() } else { format!("{key:?}") };
        Ok(dict.borrow().iter().map(|(key, module)| (name(key), module.clone())).collect())
    }

    fn values(&self) -> Vec<Value> {
        self.modules.borrow().iter().map(|(_, module)| module.clone()).collect()
    }
}

impl Object for Container {
    fn class(&self) -> &str {
        self.class
    }

    fn get(&self, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "__is_module__" => Some(Value::Bool(true)),
            "__children__" => {
                let modules = self.modules.borrow();
                let named = modules.iter().map(|(n, m)| (Value::Str(n.as_str().into()), m.clone()));
                Some(dict(named.collect()))
            }
            "__items__" if self.class != "ModuleDict" => Some(Value::list(self.values())),
            "training" => Some(Value::Bool(self.training.get())),
            _ => None,
        })
    }

    fn set(&self, name: &str, value: Value) -> Result<()> {
        if name != "training" {
            return Err(Error::unknown(format!("setting {}.{name}", self.class)));
        }
        self.training.set(value.truth()?);
        Ok(())
    }

    fn call(&self, host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        let one =
            || args.positional.first().cloned().ok_or_else(|| Error::new(format!("{method}() needs an argument")));
        match method {
            "__call__" | "forward" if self.class == "Sequential" => {
                self.values().iter().try_fold(one()?, |x, module| host.call(module, Args::of(vec![x])))
            }
            "append" => {
                let number = self.modules.borrow().len().to_string();
                self.modules.borrow_mut().push((number, one()?));
                Ok(Value::None)
            }
            "keys" | "values" | "items" | "__getitem__" => {
                let named = self.get("__children__")?.unwrap_or(Value::None);
                match method {
                    "__getitem__" => Interpreter::of(host)?.item(&named, &one()?),
                    _ => crate::python::builtins::method(Interpreter::of(host)?, &named, method, args),
                }
            }
            _ => Err(Error::unknown(format!("{}.{method}", self.class))),
        }
    }

    fn any(&self) -> &dyn Any {
        self
    }
}
