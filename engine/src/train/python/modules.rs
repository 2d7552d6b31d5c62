//! Layers as classes of `nn.Module`. Every parameter keeps its name in the state dict.

use std::fmt::Write as _;

use super::super::model::{Branches, Kind, LayerSpec, ModelSpec, Sequence, call};
use super::names;
use crate::{Error, Result};

/// Arguments for a mask by which position i attends to the positions up to i alone.
const CAUSAL_MASK: &str = "nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device), is_causal=True";

/// Returns the classes of a model; the last is `Net`.
pub fn classes(model: &ModelSpec) -> Result<String> {
    let mut writer = Writer::default();
    let mut net = Body::for_layers(&model.layers);
    writer.sequence(&model.layers, &mut net)?;
    let net = net.class("Net");
    let classes = writer.classes.iter().map(|(name, body)| body.class(name));
    Ok(classes.chain([net]).collect::<Vec<_>>().join("\n"))
}

/// Lines of `__init__` and `forward` of a class.
#[derive(Clone, Debug, Default, PartialEq)]
struct Body {
    init: Vec<String>,
    forward: Vec<String>,
    /// Attributes of layers without parameters, by the call that creates them; equal calls share
    /// one.
    shared: Vec<(String, String)>,
    /// Paths of registered modules, each followed by a dot.
    containers: Vec<String>,
    /// Attributes of layers with parameters.
    reserved: Vec<String>,
    skips: usize,
}

#[derive(Default)]
struct Writer {
    classes: Vec<(String, Body)>,
}

impl Body {
    /// Creates an empty body for layers, and reserves their names.
    fn for_layers(layers: &[LayerSpec]) -> Self {
        Self { reserved: attributes(layers), ..Self::default() }
    }

    fn class(&self, name: &str) -> String {
        let mut out = format!("\nclass {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n");
        self.init.iter().for_each(|line| out += &format!("        {line}\n"));
        out += "\n    def forward(self, x):\n";
        self.forward.iter().for_each(|line| out += &format!("        {line}\n"));
        out + "        return x\n"
    }

    /// Returns the attribute of a layer without parameters.
    fn shared(&mut self, constructor: &str) -> String {
        if let Some((_, name)) = self.shared.iter().find(|(call, _)| call == constructor) {
            return name.clone();
        }
        let kind = constructor.split(['(', '.']).nth(1).unwrap_or("layer").to_ascii_lowercase();
        let free = |name: &String| !self.reserved.contains(name) && self.shared.iter().all(|(_, known)| known != name);
        let numbered = (2..).map(|n| format!("{kind}{n}"));
        let name = std::iter::once(kind.clone()).chain(numbered).find(free).unwrap_or_else(|| kind.clone());
        self.init.push(format!("self.{name} = {constructor}"));
        self.shared.push((constructor.to_owned(), name.clone()));
        name
    }

    /// Returns a new name for the input of a block.
    fn skip(&mut self) -> String {
        self.skips += 1;
        if self.skips == 1 { "skip".to_owned() } else { format!("skip{}", self.skips) }
    }

    /// Registers a module under a name, of which dots separate nested modules. Returns the
    /// expression for it.
    fn register(&mut self, name: &str, constructor: &str) -> Result<String> {
        let parts = names::parts(name)?;
        let (last, within) = parts.split_last().ok_or_else(|| Error::internal("a name without parts"))?;
        let (mut owner, mut path) = ("self".to_owned(), String::new());
        for part in within {
            path += &format!("{part}.");
            if !self.containers.contains(&path) {
                self.init.push(names::register(&owner, part, "nn.Module()"));
                self.containers.push(path.clone());
            }
            owner = names::module(&owner, part);
        }
        path += &format!("{last}.");
        if self.containers.contains(&path) {
            let rule = format!("the layer {name:?} bears the name of what other layers are in; rename one");
            return Err(Error::value("export", rule));
        }
        self.containers.push(path);
        self.init.push(names::register(&owner, last, constructor));
        Ok(names::module(&owner, last))
    }
}

/// Returns the attributes of named layers in the class that contains them.
fn attributes(layers: &[LayerSpec]) -> Vec<String> {
    let mut found: Vec<String> = ["cls_token", "pos_embed", "downsample"].map(str::to_owned).to_vec();
    for layer in layers {
        match (layer.name.as_deref(), &layer.kind) {
            (Some(""), Kind::Sequential(Sequence { layers }) | Kind::Concat(Sequence { layers })) => {
                found.extend(attributes(layers))
            }
            (Some(""), Kind::Residual(branches)) => found.extend(attributes(&branches.body)),
            (Some(name), _) => found.extend(name.split('.').next().map(str::to_owned)),
            (None, _) => {}
        }
    }
    found
}

impl Writer {
    fn sequence(&mut self, layers: &[LayerSpec], body: &mut Body) -> Result<()> {
        layers.iter().enumerate().try_for_each(|(i, layer)| self.layer(layer, &layer.name_at(i), body))
    }

    /// Adds a layer's lines to the class that contains it.
    fn layer(&mut self, layer: &LayerSpec, name: &str, body: &mut Body) -> Result<()> {
        // With an empty name, parameters are attributes of the containing class: the layer's lines
        // are, too.
        match &layer.kind {
            Kind::Sequential(Sequence { layers }) if name.is_empty() => return self.sequence(layers, body),
            Kind::Concat(Sequence { layers }) if name.is_empty() => return self.concat(layers, body),
            Kind::Residual(branches) if name.is_empty() => return self.residual(branches, body),
            _ => {}
        }
        if let (None, Some(function)) = (&layer.name, functional(&layer.kind)) {
            body.forward.push(format!("x = {function}"));
            return Ok(());
        }
        let line = match &layer.kind {
            Kind::Transpose(t) => format!("x = x.transpose({}, {})", t.dim0, t.dim1),
            Kind::Select(s) => format!("x = x.select({}, {})", s.dim, s.index),
            Kind::Identity(_) => return Ok(()),
            Kind::ClassToken(token) if name.is_empty() => {
                body.init.push(format!("self.cls_token = nn.Parameter(torch.randn(1, 1, {}) * 0.02)", token.dim));
                "x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), 1)".into()
            }
            Kind::PositionEmbedding(at) if name.is_empty() => {
                let shape = format!("1, {}, {}", at.length, at.dim);
                body.init.push(format!("self.pos_embed = nn.Parameter(torch.randn({shape}) * 0.02)"));
                "x = x + self.pos_embed".into()
            }
            Kind::MultiheadAttention(attention) => {
                let attend = body.register(name, &constructor(&layer.kind))?;
                let mask = if attention.is_causal { format!(", attn_mask={CAUSAL_MASK}") } else { String::new() };
                format!("x = {attend}(x, x, x, need_weights=False{mask})[0]")
            }
            Kind::TransformerEncoderLayer(encoder) if encoder.is_causal => {
                let encode = body.register(name, &constructor(&layer.kind))?;
                format!("x = {encode}(x, src_mask={CAUSAL_MASK})")
            }
            kind if kind.layer().is_some_and(|layer| !layer.has_state()) => {
                let attribute = body.shared(&constructor(kind));
                format!("x = self.{attribute}(x)")
            }
            kind => {
                let expression = self.expression(kind)?;
                format!("x = {}(x)", body.register(name, &expression)?)
            }
        };
        body.forward.push(line);
        Ok(())
    }

    /// Returns the expression that creates a layer: PyTorch's own, an `nn.Sequential` of such, or
    /// one of the script's classes.
    fn expression(&mut self, kind: &Kind) -> Result<String> {
        match kind {
            Kind::Sequential(Sequence { layers }) if is_inline(layers) => self.expression(&layers[0].kind),
            Kind::Sequential(Sequence { layers }) if layers.iter().all(is_plain) => {
                let parts: Result<Vec<String>> = layers.iter().map(|layer| self.expression(&layer.kind)).collect();
                Ok(format!("nn.Sequential({})", parts?.join(", ")))
            }
            Kind::Sequential(Sequence { layers }) => {
                let mut body = Body::for_layers(layers);
                self.sequence(layers, &mut body)?;
                Ok(self.class("Stage", body))
            }
            Kind::Concat(Sequence { layers }) => {
                let mut body = Body::for_layers(layers);
                self.concat(layers, &mut body)?;
                Ok(self.class("Concat", body))
            }
            Kind::Residual(branches) => {
                let mut body = Body::for_layers(&branches.body);
                self.residual(branches, &mut body)?;
                Ok(self.class("Block", body))
            }
            Kind::ClassToken(_)
            | Kind::PositionEmbedding(_)
            | Kind::MultiheadAttention(_)
            | Kind::Transpose(_)
            | Kind::Select(_) => {
                let mut body = Body::default();
                let name = if matches!(kind, Kind::MultiheadAttention(_)) { "attn" } else { "" };
                self.layer(&LayerSpec::named(name, kind.clone()), name, &mut body)?;
                Ok(self.class(kind.name(), body))
            }
            kind if kind.layer().is_some() => Ok(constructor(kind)),
            _ => Err(Error::internal("a layer that PyTorch has no expression for")),
        }
    }

    /// Adds the concatenation of the layers' outputs.
    fn concat(&mut self, layers: &[LayerSpec], body: &mut Body) -> Result<()> {
        let skip = body.skip();
        body.forward.push(format!("{skip} = x"));
        let (mut outputs, mut is_input) = (Vec::new(), true);
        for (i, layer) in layers.iter().enumerate() {
            if matches!(layer.kind, Kind::Identity(_)) {
                outputs.push(skip.clone());
                continue;
            }
            if !std::mem::replace(&mut is_input, false) {
                body.forward.push(format!("x = {skip}"));
            }
            self.layer(layer, &layer.name_at(i), body)?;
            outputs.push(format!("{skip}_{i}"));
            body.forward.push(format!("{skip}_{i} = x"));
        }
        body.forward.push(format!("x = torch.cat([{}], 1)", outputs.join(", ")));
        Ok(())
    }

    /// Adds activation(body(x) + shortcut(x)).
    fn residual(&mut self, branches: &Branches, body: &mut Body) -> Result<()> {
        let skip = body.skip();
        if branches.shortcut.is_empty() {
            body.forward.push(format!("{skip} = x"));
        } else if branches.shortcut_name.is_empty() {
            body.forward.push(format!("{skip}_input = x"));
            self.sequence(&branches.shortcut, body)?;
            body.forward.extend([format!("{skip} = x"), format!("x = {skip}_input")]);
        } else {
            let shortcut = Kind::Sequential(Sequence { layers: branches.shortcut.clone() });
            let expression = self.expression(&shortcut)?;
            let call = body.register(&branches.shortcut_name, &expression)?;
            body.forward.push(format!("{skip} = {call}(x)"));
        }
        self.sequence(&branches.body, body)?;
        body.forward.push(format!("x = x + {skip}"));
        match branches.activation.as_deref() {
            Some(activation) => self.layer(&LayerSpec::numbered(activation.clone()), "activation", body),
            None => Ok(()),
        }
    }

    /// Returns the call that creates a class with this body; equal bodies share a class.
    fn class(&mut self, stem: &str, body: Body) -> String {
        if let Some((name, _)) = self.classes.iter().find(|(_, known)| *known == body) {
            return format!("{name}()");
        }
        let same = self.classes.iter().filter(|(name, _)| name.trim_end_matches(char::is_numeric) == stem).count();
        let mut name = stem.to_owned();
        if same > 0 {
            // Writing to a string does not fail.
            let _ = write!(name, "{}", same + 1);
        }
        self.classes.push((name.clone(), body));
        format!("{name}()")
    }
}

/// Returns `true` for a single layer without a name, whose parameters are attributes of the
/// containing class.
fn is_inline(layers: &[LayerSpec]) -> bool {
    matches!(layers, [LayerSpec { name: Some(name), kind }] if name.is_empty() && kind.layer().is_some())
}

/// Returns `true` for a layer that `nn.Sequential` can contain, under its index.
fn is_plain(layer: &LayerSpec) -> bool {
    let takes_more = match &layer.kind {
        Kind::TransformerEncoderLayer(encoder) => encoder.is_causal,
        kind => matches!(kind, Kind::Transpose(_) | Kind::Select(_) | Kind::MultiheadAttention(_)),
    };
    layer.name.is_none() && !takes_more
}

/// Returns a layer without state as a function of `x`, if PyTorch has it with the layer's
/// arguments.
fn functional(kind: &Kind) -> Option<String> {
    let name = match kind {
        Kind::ReLU(_) => "relu",
        Kind::ReLU6(_) => "relu6",
        Kind::LeakyReLU(_) => "leaky_relu",
        Kind::ELU(_) => "elu",
        Kind::GLU(_) => "glu",
        Kind::Upsample(_) => "interpolate",
        Kind::SELU(_) => "selu",
        Kind::GELU(_) => "gelu",
        Kind::SiLU(_) => "silu",
        Kind::Mish(_) => "mish",
        Kind::Hardswish(_) => "hardswish",
        Kind::Hardsigmoid(_) => "hardsigmoid",
        Kind::LogSigmoid(_) => "logsigmoid",
        Kind::Softplus(_) => "softplus",
        Kind::MaxPool2d(_) => "max_pool2d",
        Kind::AvgPool2d(_) => "avg_pool2d",
        Kind::AdaptiveAvgPool2d(_) => "adaptive_avg_pool2d",
        Kind::Sigmoid(_) => return Some("torch.sigmoid(x)".into()),
        Kind::Tanh(_) => return Some("torch.tanh(x)".into()),
        Kind::Softmax(softmax) => return Some(format!("torch.softmax(x, {})", softmax.dim.unwrap_or(1))),
        Kind::LogSoftmax(softmax) => return Some(format!("torch.log_softmax(x, {})", softmax.dim.unwrap_or(1))),
        Kind::Flatten(flatten) if flatten.end_dim == -1 => {
            return Some(format!("torch.flatten(x, {})", flatten.start_dim));
        }
        Kind::Flatten(flatten) => return Some(format!("torch.flatten(x, {}, {})", flatten.start_dim, flatten.end_dim)),
        _ => return None,
    };
    let call = call(kind);
    let arguments = call.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).filter(|rest| !rest.is_empty());
    Some(match arguments {
        Some(arguments) => format!("nn.functional.{name}(x, {arguments})"),
        None => format!("nn.functional.{name}(x)"),
    })
}

/// Returns the call of PyTorch's constructor.
fn constructor(kind: &Kind) -> String {
    let call = call(kind);
    match kind {
        // PyTorch warns without a dimension. It is 1 then: a model with an input of 3 dimensions
        // there is refused.
        Kind::Softmax(softmax) => format!("nn.Softmax(dim={})", softmax.dim.unwrap_or(1)),
        Kind::LogSoftmax(softmax) => format!("nn.LogSoftmax(dim={})", softmax.dim.unwrap_or(1)),
        Kind::MultiheadAttention(_) | Kind::TransformerEncoderLayer(_) => {
            // The mask is an argument of the call.
            format!("nn.{}, batch_first=True)", call.trim_end_matches(')').trim_end_matches(", is_causal=True"))
        }
        _ => format!("nn.{call}"),
    }
}
