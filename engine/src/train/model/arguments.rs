//! Arguments of PyTorch's constructors: their order, those of the layers, and those that are
//! accepted with one value only, or refused by name with the reason.

use serde_json::{Map, Value};

use super::kind::{Kind, SIGNATURES, Signature};

/// PyTorch's arguments in order, for kinds that take others than [`Signature::arguments`].
const ORDER: &[(&str, &[&str])] = &[
    ("Linear", &["in_features", "out_features", "bias", "device", "dtype"]),
    ("Conv2d", CONV),
    ("Conv1d", CONV),
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
            "padding_mode",
            "device",
            "dtype",
        ],
    ),
    ("MaxPool2d", &["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"]),
    ("BatchNorm1d", BATCH_NORM),
    ("BatchNorm2d", BATCH_NORM),
    ("GroupNorm", &["num_groups", "num_channels", "eps", "affine", "device", "dtype"]),
    ("InstanceNorm2d", BATCH_NORM),
    ("LayerNorm", &["normalized_shape", "eps", "elementwise_affine", "bias", "device", "dtype"]),
    ("RMSNorm", &["normalized_shape", "eps", "elementwise_affine", "device", "dtype"]),
    ("Upsample", &["size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"]),
    ("Dropout", &["p", "inplace"]),
    ("Dropout2d", &["p", "inplace"]),
    (
        "Embedding",
        &[
            "num_embeddings",
            "embedding_dim",
            "padding_idx",
            "max_norm",
            "norm_type",
            "scale_grad_by_freq",
            "sparse",
            "device",
            "dtype",
        ],
    ),
    (
        "MultiheadAttention",
        &[
            "embed_dim",
            "num_heads",
            "dropout",
            "bias",
            "add_bias_kv",
            "add_zero_attn",
            "kdim",
            "vdim",
            "batch_first",
            "device",
            "dtype",
        ],
    ),
    (
        "TransformerEncoderLayer",
        &[
            "d_model",
            "nhead",
            "dim_feedforward",
            "dropout",
            "activation",
            "layer_norm_eps",
            "batch_first",
            "norm_first",
            "bias",
            "device",
            "dtype",
        ],
    ),
    ("ReLU", &["inplace"]),
    ("ReLU6", &["inplace"]),
    ("LeakyReLU", &["negative_slope", "inplace"]),
    ("ELU", &["alpha", "inplace"]),
    ("CELU", &["alpha", "inplace"]),
    ("PReLU", &["num_parameters", "init", "device", "dtype"]),
    ("Hardtanh", &["min_val", "max_val", "inplace"]),
    ("SELU", &["inplace"]),
    ("SiLU", &["inplace"]),
    ("Mish", &["inplace"]),
    ("Hardswish", &["inplace"]),
    ("Hardsigmoid", &["inplace"]),
];

const CONV: &[&str] = &[
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
    "padding_mode",
    "device",
    "dtype",
];

const BATCH_NORM: &[&str] = &["num_features", "eps", "momentum", "affine", "track_running_stats", "device", "dtype"];

/// Arguments that no layer holds: the value that is accepted, as Python writes it, and the reason
/// for refusing others. An empty value accepts everything.
const FIXED: &[(&str, &str, &str)] = &[
    ("inplace", "", ""),
    ("device", "", ""),
    ("norm_type", "", ""),
    ("dtype", "None", "parameters are float32"),
    ("padding_mode", "'zeros'", "images are padded with zeros only"),
    ("return_indices", "False", "a layer gives one result"),
    ("recompute_scale_factor", "None", "positions are scaled by the factor itself"),
    ("track_running_stats", "True", "evaluation uses the running statistics"),
    ("elementwise_affine", "True", "the layer has a weight and a bias"),
    ("bias", "True", "the layer has a bias"),
    ("max_norm", "None", "vectors are not renormalized"),
    ("scale_grad_by_freq", "False", "gradients are not scaled by frequency"),
    ("sparse", "False", "gradients are dense"),
    ("add_bias_kv", "False", "keys and values have no extra bias"),
    ("add_zero_attn", "False", "keys and values have no extra row"),
    ("kdim", "None", "keys have the length embed_dim"),
    ("vdim", "None", "values have the length embed_dim"),
    ("batch_first", "True", "sequences are (batch, length, features)"),
];

/// Returns the name and the arguments of a layer.
pub fn signature(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// Returns a layer by PyTorch's name and the arguments of its constructor, by position and by name.
///
/// # Errors
/// The layer is unknown; or an argument is unknown, missing, given twice, of the wrong type, or
/// unsupported.
pub fn layer(name: &str, positional: Vec<Value>, named: Vec<(String, Value)>) -> Result<Kind, String> {
    let signature = signature(name).ok_or_else(|| unknown(name))?;
    // PyTorch's `Identity` accepts any arguments.
    let (positional, named) = if name == "Identity" { Default::default() } else { (positional, named) };
    let order = order(signature);
    if positional.len() > order.len() {
        return Err(format!("{name} takes at most {} arguments, got {}", order.len(), positional.len()));
    }
    let by_position = order.iter().map(|key| (*key).to_owned()).zip(positional);
    let mut map = Map::new();
    let mut given = Vec::new();
    for (key, value) in by_position.chain(named) {
        if given.contains(&key) {
            return Err(format!("{name} is given {key} twice"));
        }
        if signature.arguments.contains(&key.as_str()) {
            map.insert(key.clone(), value);
        } else if order.contains(&key.as_str()) {
            accept(name, &key, &value)?;
        } else {
            let known = match order {
                [] => "none".to_owned(),
                known => known.join(", "),
            };
            return Err(format!("{name} has no argument {key}; its arguments: {known}"));
        }
        given.push(key);
    }
    if let Some(missing) = signature.arguments[..signature.required].iter().find(|key| !map.contains_key(**key)) {
        return Err(format!("{name} needs {missing}"));
    }
    // `None` is PyTorch's default for these.
    for key in ["stride", "padding_idx", "divisor_override", "dim", "size", "scale_factor", "align_corners"] {
        if map.get(key).is_some_and(Value::is_null) {
            map.remove(key);
        }
    }
    Kind::from_arguments(signature.name, map).map_err(|why| format!("{name}: {why}"))
}

/// Returns `true` if the arguments of a layer make it compute in place of its input.
pub fn is_in_place(name: &str, positional: &[Value], named: &[(String, Value)]) -> bool {
    let at = signature(name).and_then(|signature| order(signature).iter().position(|key| *key == "inplace"));
    let by_name = named.iter().find(|(key, _)| key == "inplace").map(|(_, value)| value);
    let value = by_name.or_else(|| at.and_then(|at| positional.get(at)));
    value.is_some_and(|value| *value == Value::Bool(true) || value.as_i64().is_some_and(|number| number != 0))
}

fn order(signature: &Signature) -> &'static [&'static str] {
    ORDER.iter().find(|(kind, _)| *kind == signature.name).map_or(signature.arguments, |(_, order)| *order)
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = SIGNATURES.iter().map(|s| s.name).chain(["Sequential", "Residual", "Concat"]).collect();
    format!("there is no layer '{name}'; known are {}", known.join(", "))
}

/// Checks the value of an argument that the layer does not hold.
fn accept(layer: &str, key: &str, value: &Value) -> Result<(), String> {
    let Some((_, accepted, reason)) = FIXED.iter().find(|(name, ..)| *name == key) else {
        return Err(format!("{layer} has no argument {key}"));
    };
    let shown = python(value);
    let same_type = key == "dtype" && matches!(value.as_str(), Some("float32" | "float"));
    if accepted.is_empty() || shown == *accepted || same_type {
        return Ok(());
    }
    Err(format!("{layer} takes {key}={accepted} only, got {shown}: {reason}"))
}

/// Returns a value as Python.
pub fn python(value: &Value) -> String {
    match value {
        Value::Array(list) if list.len() == 1 => format!("({},)", list.iter().map(python).collect::<String>()),
        Value::Array(list) => format!("({})", list.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => "None".into(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// Rephrases an error of the JSON reader for authors of models.
pub fn in_words(error: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("expected usize", "expected a whole number of at least 0"),
        ("expected isize", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected True or False"),
        ("invalid type: null", "invalid type: None"),
        ("invalid type: sequence", "invalid type: a list"),
        ("invalid type: map", "invalid type: an object"),
    ];
    WORDS.iter().fold(error.to_owned(), |text, (word, plain)| text.replace(word, plain))
}
