//! Layers as classes of `nn.Module`. Every parameter keeps its name in the state dict.

use super::super::model::{GraphLayer, Kind, LayerSpec, ModelGraph, ModelSpec, Operation};
use super::expressions::{called, constructor, functional, of_tensors, takes_more};
use super::names;
use crate::{Error, Result};

/// Returns the classes of a model; the last is `Net`.
pub fn classes(model: &ModelSpec) -> Result<String> {
    let graph = model.graph()?;
    let mut writer = Writer { graph: &graph, classes: Vec::new() };
    let net = writer.body(None)?;
    let classes = writer.classes.iter().map(|(name, class)| class.text(name));
    Ok(classes.chain([net.text("Net")]).collect::<Vec<_>>().join("\n"))
}

/// A class of `nn.Module`: lines of its methods.
#[derive(Clone, Debug, PartialEq)]
struct Class {
    init: Vec<String>,
    forward: Vec<String>,
    /// Variable that `forward` returns.
    returned: String,
}

/// A class under construction.
#[derive(Debug, Default)]
struct Body {
    init: Vec<String>,
    forward: Vec<String>,
    /// Values that later lines read, and their variables.
    variables: Vec<(usize, String)>,
    /// End of the nodes that the class computes.
    end: usize,
    /// Attributes of layers without parameters, by the call that creates them; equal calls share
    /// one.
    shared: Vec<(String, String)>,
    /// Paths of registered modules, each followed by a dot.
    containers: Vec<String>,
    /// Attributes of layers with parameters.
    reserved: Vec<String>,
}

struct Writer<'a> {
    graph: &'a ModelGraph<'a>,
    classes: Vec<(String, Class)>,
}

impl Class {
    fn text(&self, name: &str) -> String {
        let mut out = format!("\nclass {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n");
        self.init.iter().for_each(|line| out += &format!("        {line}\n"));
        out += "\n    def forward(self, x):\n";
        self.forward.iter().for_each(|line| out += &format!("        {line}\n"));
        out + &format!("        return {}\n", self.returned)
    }
}

impl Body {
    /// Creates an empty class whose argument `x` is a value.
    fn new(input: usize, end: usize) -> Self {
        Self { variables: vec![(input, "x".to_owned())], end, ..Self::default() }
    }

    fn finish(self, output: usize) -> Class {
        let returned = self.variable(output);
        Class { init: self.init, forward: self.forward, returned }
    }

    fn variable(&self, value: usize) -> String {
        let known = self.variables.iter().rev().find(|(known, _)| *known == value);
        known.map_or_else(|| "x".to_owned(), |(_, name)| name.clone())
    }

    /// Returns the attribute of a layer without parameters.
    fn shared(&mut self, constructor: &str) -> String {
        if let Some((_, name)) = self.shared.iter().find(|(call, _)| call == constructor) {
            return name.clone();
        }
        let kind = constructor.split(['(', '.']).nth(1).unwrap_or("layer").to_ascii_lowercase();
        let free = |name: &String| !self.reserved.contains(name) && self.shared.iter().all(|(_, known)| known != name);
        let name = numbered(&kind).find(free).unwrap_or_else(|| kind.clone());
        self.init.push(format!("self.{name} = {constructor}"));
        self.shared.push((constructor.to_owned(), name.clone()));
        name
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

impl<'a> Writer<'a> {
    /// Returns the class of a block, or of the model.
    fn body(&mut self, block: Option<usize>) -> Result<Class> {
        let (input, end, output) = match block.map(|block| &self.graph.layers[block]) {
            Some(block) => (block.input, block.nodes.end, block.output),
            None => (0, self.graph.nodes.len(), self.graph.nodes.len() - 1),
        };
        let mut body = Body::new(input, end);
        body.reserved = ["cls_token", "pos_embed"].map(str::to_owned).to_vec();
        self.reserve(block, &mut body.reserved);
        self.block(block, &mut body)?;
        Ok(body.finish(output))
    }

    /// Appends the attributes of named layers in the class of a block.
    fn reserve(&self, block: Option<usize>, reserved: &mut Vec<String>) {
        for child in self.graph.children(block) {
            let GraphLayer { local_name, spec, .. } = &self.graph.layers[child];
            if local_name.is_empty() {
                self.reserve(Some(child), reserved);
            } else if spec.is_none_or(|spec| spec.name.is_some()) {
                reserved.extend(local_name.split('.').next().map(str::to_owned));
            }
        }
    }

    /// Adds the lines of a block's layers, and of its sum.
    fn block(&mut self, block: Option<usize>, body: &mut Body) -> Result<()> {
        let graph = self.graph;
        let mut done = block.map_or(graph.nodes.len(), |block| graph.layers[block].nodes.start);
        for child in graph.children(block) {
            self.layer(child, body)?;
            done = graph.layers[child].nodes.end;
        }
        let Some(end) = block.map(|block| graph.layers[block].nodes.end) else { return Ok(()) };
        for (i, node) in graph.nodes.iter().enumerate().take(end).skip(done) {
            match node.operation {
                Operation::Add | Operation::Concat => {
                    let (operands, result) = self.assign(&node.inputs, (i, i + 1), body);
                    body.forward.push(match node.operation {
                        Operation::Add => format!("{result} = {}", operands.join(" + ")),
                        _ => format!("{result} = torch.cat([{}], 1)", operands.join(", ")),
                    });
                }
                Operation::Layer(kind) => {
                    let name = node.name.rsplit('.').next().unwrap_or_default();
                    self.single(kind, (name, false), (node.inputs[0], i), body)?;
                }
                Operation::Input => {}
            }
        }
        Ok(())
    }

    /// Adds the lines of a layer or of a block to the class that contains it.
    fn layer(&mut self, at: usize, body: &mut Body) -> Result<()> {
        let layer = &self.graph.layers[at];
        match layer.spec {
            Some(LayerSpec { name, kind }) if kind.layer().is_some() => {
                self.single(kind, (&layer.local_name, name.is_some()), (layer.input, layer.output), body)
            }
            // With an empty name, parameters are attributes of the containing class: the lines of
            // the block are, too.
            _ if layer.local_name.is_empty() => self.block(Some(at), body),
            _ => {
                let expression = self.expression(at)?;
                let call = body.register(&layer.local_name, &expression)?;
                let (x, result) = self.assign(&[layer.input], (layer.output, layer.nodes.end), body);
                body.forward.push(format!("{result} = {call}({})", x[0]));
                Ok(())
            }
        }
    }

    /// Adds the lines of a layer that is no block; `(name, is_given)` is its name.
    fn single(
        &mut self,
        kind: &Kind,
        (name, is_given): (&str, bool),
        (input, output): (usize, usize),
        body: &mut Body,
    ) -> Result<()> {
        if matches!(kind, Kind::Identity(_)) {
            let variable = body.variable(input);
            body.variables.push((output, variable));
            return Ok(());
        }
        let inline = |x: &str| match functional(kind, x) {
            Some(function) => Some(function).filter(|_| !is_given),
            None => of_tensors(kind, name, x),
        };
        let module = if inline("x").is_none() { self.module(kind, name, body)? } else { String::new() };
        match kind {
            Kind::ClassToken(token) if name.is_empty() => {
                body.init.push(format!("self.cls_token = nn.Parameter(torch.randn(1, 1, {}) * 0.02)", token.dim));
            }
            Kind::PositionEmbedding(at) if name.is_empty() => {
                let shape = format!("1, {}, {}", at.length, at.dim);
                body.init.push(format!("self.pos_embed = nn.Parameter(torch.randn({shape}) * 0.02)"));
            }
            _ => {}
        }
        let (x, result) = self.assign(&[input], (output, output + 1), body);
        let x = x[0].as_str();
        let line = format!("{result} = {}", inline(x).unwrap_or_else(|| called(kind, &module, x)));
        body.forward.push(line);
        Ok(())
    }

    /// Registers the module of a layer that is no block. Returns the expression for it.
    fn module(&mut self, kind: &Kind, name: &str, body: &mut Body) -> Result<String> {
        match kind {
            Kind::ClassToken(_) | Kind::PositionEmbedding(_) => body.register(name, &self.wrapped(kind, "")?),
            kind if kind.layer().is_some_and(|layer| !layer.has_state()) => {
                Ok(format!("self.{}", body.shared(&constructor(kind))))
            }
            kind => body.register(name, &constructor(kind)),
        }
    }

    /// Returns the expression that creates a class around a single layer with this name.
    fn wrapped(&mut self, kind: &Kind, name: &str) -> Result<String> {
        let mut body = Body::new(0, 0);
        self.single(kind, (name, true), (0, 1), &mut body)?;
        Ok(self.class(kind.name(), body.finish(1)))
    }

    /// Chooses variables for a value and for the values it is computed from; nodes from `after` on
    /// are computed later. The value goes to `x`, unless `x` holds a value that is read later.
    fn assign(&self, inputs: &[usize], (output, after): (usize, usize), body: &mut Body) -> (Vec<String>, String) {
        let later = self.graph.nodes.get(after..body.end).unwrap_or_default();
        let is_live = |value: usize| later.iter().any(|node| node.inputs.contains(&value));
        let operands: Vec<String> = inputs.iter().map(|input| body.variable(*input)).collect();
        body.variables.retain(|(value, _)| is_live(*value));
        let is_free = |name: &String| body.variables.iter().all(|(_, other)| other != name);
        let result = if is_free(&"x".to_owned()) {
            "x".to_owned()
        } else if operands.iter().any(|name| name == "x") {
            let skip = numbered("skip").find(is_free).unwrap_or_default();
            body.forward.push(format!("{skip} = x"));
            body.variables.iter_mut().filter(|(_, name)| name == "x").for_each(|(_, name)| name.clone_from(&skip));
            "x".to_owned()
        } else {
            operands.iter().cloned().chain(numbered("skip")).find(is_free).unwrap_or_default()
        };
        body.variables.push((output, result.clone()));
        (operands, result)
    }

    /// Returns the expression that creates a layer or a block: PyTorch's own, an `nn.Sequential` of
    /// such, or one of the script's classes.
    fn expression(&mut self, at: usize) -> Result<String> {
        let graph = self.graph;
        match graph.layers[at].spec.map(|spec| &spec.kind) {
            None | Some(Kind::Sequential(_)) => {
                let children: Vec<usize> = graph.children(Some(at)).collect();
                match children.as_slice() {
                    [only] if is_inline(&graph.layers[*only]) => self.expression(*only),
                    children if children.iter().all(|child| is_plain(&graph.layers[*child])) => {
                        let parts: Result<Vec<String>> = children.iter().map(|child| self.expression(*child)).collect();
                        Ok(format!("nn.Sequential({})", parts?.join(", ")))
                    }
                    _ => {
                        let class = self.body(Some(at))?;
                        Ok(self.class("Stage", class))
                    }
                }
            }
            Some(kind @ (Kind::Residual(_) | Kind::Concat(_))) => {
                let class = self.body(Some(at))?;
                Ok(self.class(if matches!(kind, Kind::Concat(_)) { "Concat" } else { "Block" }, class))
            }
            Some(kind) if takes_more(kind) => self.wrapped(kind, "attn"),
            Some(kind) if of_tensors(kind, "", "x").is_some() => self.wrapped(kind, ""),
            Some(kind) => Ok(constructor(kind)),
        }
    }

    /// Returns the call that creates a class; equal classes are one.
    fn class(&mut self, stem: &str, class: Class) -> String {
        if let Some((name, _)) = self.classes.iter().find(|(_, known)| *known == class) {
            return format!("{name}()");
        }
        let same = self.classes.iter().filter(|(name, _)| name.trim_end_matches(char::is_numeric) == stem).count();
        let name = numbered(stem).nth(same).unwrap_or_default();
        self.classes.push((name.clone(), class));
        format!("{name}()")
    }
}

/// Returns a stem, and then the stem with the numbers from 2.
fn numbered(stem: &str) -> impl Iterator<Item = String> {
    std::iter::once(stem.to_owned()).chain((2..).map(move |n| format!("{stem}{n}")))
}

/// Returns `true` for a single layer with an empty name, whose parameters are attributes of the
/// containing class.
fn is_inline(layer: &GraphLayer<'_>) -> bool {
    let is_given = layer.spec.is_some_and(|spec| spec.name.is_some() && spec.kind.layer().is_some());
    is_given && layer.local_name.is_empty()
}

/// Returns `true` for a layer that `nn.Sequential` can contain, under its index.
fn is_plain(layer: &GraphLayer<'_>) -> bool {
    layer.spec.is_some_and(|LayerSpec { name, kind }| {
        name.is_none() && !takes_more(kind) && !matches!(kind, Kind::Transpose(_) | Kind::Select(_))
    })
}
