//! Forward passes through modules. Each module's pass has its own graph, which becomes its layers.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::kind::Kind;
use super::super::{LayerSpec, TextError};
use super::eval::Arguments;
use super::fault;
use super::graph::{Graph, Item, group, joined};
use super::interpreter::{Frame, Interpreter};
use super::value::{Closure, Content, Module, Tensor, Value};
use crate::nn::Identity;

/// Maximum number of nested modules to search for names.
const MAX_NAMES: usize = 20_000;

/// A forward pass of a module.
struct Pass {
    /// Layers.
    items: Vec<Item>,
    /// `true` if the pass changes its input in place.
    changes_input: bool,
}

impl Interpreter {
    /// Returns a module's layers and their lines.
    ///
    /// # Errors
    /// The module's forward pass is unsupported.
    pub fn layers(&mut self, module: &Rc<Module>) -> Result<(Vec<LayerSpec>, Vec<usize>), TextError> {
        if matches!(module.content, Content::Layer(_)) {
            let item = self.item(module, module.line)?;
            return Ok(joined(vec![item]));
        }
        let Pass { items, .. } = self.pass(module, None, Vec::new(), module.line)?;
        if items.is_empty() {
            return Err(fault(module.line, "the model has no layers"));
        }
        self.check_all_used(module)?;
        Ok(joined(items))
    }

    /// Calls a module.
    ///
    /// # Errors
    /// The argument is not one tensor of this pass; or the module's pass is unsupported.
    pub fn forward(&mut self, module: &Rc<Module>, arguments: Arguments, line: usize) -> Result<Value, TextError> {
        if let Content::Layer(Kind::MultiheadAttention(_)) = &module.content {
            return self.attention(module, &arguments, line);
        }
        if let Content::Layer(Kind::TransformerEncoderLayer(_)) = &module.content {
            let is_causal =
                is_causal(&arguments, &[(1, "src_mask"), (2, "src_key_padding_mask"), (3, "is_causal")], line)?;
            let Some(Value::Tensor(input)) = arguments.get(0, "src") else {
                return Err(fault(line, "TransformerEncoderLayer takes a tensor"));
            };
            let mut item = self.item(module, line)?;
            if let Kind::TransformerEncoderLayer(encoder) = &mut item.layer.kind {
                encoder.is_causal = is_causal;
            }
            return self.record(item, *input, line);
        }
        let name = self.name_of(module);
        if let (Content::Object(class, _), None) = (&module.content, class_forward(module)) {
            return Err(fault(line, format!("{} has no forward", class.name)));
        }
        let others_are_tensors = arguments.positional.iter().skip(1).any(|value| matches!(value, Value::Tensor(_)))
            || arguments.named.iter().any(|(_, value)| matches!(value, Value::Tensor(_)));
        let is_list = matches!(arguments.positional.first(), Some(Value::List(_) | Value::Tuple(_)));
        // Several inputs, and parts of containers, are recorded in the current pass.
        let is_part = matches!(module.content, Content::Container("Sequential", _)) && name.is_none();
        if others_are_tensors || is_list || is_part {
            return self.run_forward(module, arguments, line);
        }
        let mut positional = arguments.positional.into_iter();
        let input = match (positional.next(), &module.content) {
            (Some(Value::Tensor(tensor)), _) => tensor,
            (Some(other), _) => return Err(fault(line, format!("a layer is given {}", other.describe()))),
            (None, _) => return Err(fault(line, "a layer is given nothing")),
        };
        let item = match &module.content {
            Content::Layer(_) => {
                let item = self.item(module, line)?;
                let made = self.record(item, input, line)?;
                return if self.in_place.contains(&module.id) { self.in_place(input, made, line) } else { Ok(made) };
            }
            _ => {
                let mut rest: Vec<(Option<String>, Value)> = positional.map(|value| (None, value)).collect();
                rest.extend(arguments.named.into_iter().map(|(name, value)| (Some(name), value)));
                let node = self.current(input, line)?;
                let features = self.frame(line)?.features.remove(&node);
                let pass = self.pass(module, features, rest, line)?;
                if pass.items.is_empty() {
                    return Ok(Value::Tensor(input));
                }
                let (kind, lines) = group(pass.items);
                let name = self.take_name(module);
                (Item::block(name, kind, line, lines), pass.changes_input)
            }
        };
        let (item, changes_input) = item;
        let made = self.record(item, input, line)?;
        if changes_input {
            self.changed(input, line)?;
        }
        Ok(made)
    }

    /// Refuses layers with parameters that the forward pass does not use, since PyTorch has them in
    /// the state dict.
    fn check_all_used(&self, module: &Rc<Module>) -> Result<(), TextError> {
        for (name, child) in below(module) {
            if let Content::Layer(kind) = &child.content
                && kind.layer().is_some_and(|layer| layer.has_state())
                && !self.used.contains(&child.id)
            {
                let why = "has parameters, and forward does not use it; take it out";
                return Err(fault(child.line, format!("{name} ({}) {why}", kind.name())));
            }
        }
        Ok(())
    }

    /// Runs a module's own pass.
    ///
    /// `features` is the number of features of a `view` before it.
    fn pass(
        &mut self,
        module: &Rc<Module>,
        features: Option<usize>,
        rest: Vec<(Option<String>, Value)>,
        line: usize,
    ) -> Result<Pass, TextError> {
        let id = self.new_id();
        let names = below(module).into_iter().map(|(name, child)| (child.id, name)).collect();
        self.frames.push(Frame {
            id,
            graph: Graph::new(),
            names,
            named: HashSet::new(),
            features: features.map(|features| (0, features)).into_iter().collect(),
            replaced: HashMap::new(),
        });
        let mut arguments = Arguments::of(vec![Value::Tensor(Tensor { frame: id, node: 0 })]);
        for (name, value) in rest {
            match name {
                Some(name) => arguments.named.push((name, value)),
                None => arguments.positional.push(value),
            }
        }
        let result = self.run_forward(module, arguments, line).and_then(|value| match value {
            Value::Tensor(tensor) if tensor.frame == id => {
                let node = self.current(tensor, line)?;
                // A returned input is checked where it was created.
                let node = if node == 0 { node } else { self.frame(line)?.checked(node, line) };
                Ok(Value::Tensor(Tensor { node, ..tensor }))
            }
            other => Ok(other),
        });
        let frame = self.frames.pop().ok_or_else(|| fault(line, "the forward pass is over"))?;
        match result? {
            Value::Tensor(tensor) if tensor.frame == id => {
                Ok(Pass { items: frame.graph.layers(tensor.node)?, changes_input: frame.replaced.contains_key(&0) })
            }
            Value::None => Err(fault(line, "forward returns nothing")),
            Value::Tuple(_) | Value::List(_) | Value::Dict(_) => {
                Err(fault(line, "forward returns several results; a model here has one"))
            }
            other => Err(fault(line, format!("forward returns {}", other.describe()))),
        }
    }

    /// Runs a module's layers in the current pass.
    fn run_forward(&mut self, module: &Rc<Module>, mut arguments: Arguments, line: usize) -> Result<Value, TextError> {
        match &module.content {
            Content::Container("Sequential", _) => {
                let mut value = arguments.positional.drain(..).next().unwrap_or(Value::None);
                for (_, child) in module.children() {
                    value = self.call(&Value::Module(child.clone()), Arguments::of(vec![value]), child.line)?;
                }
                Ok(value)
            }
            Content::Container(kind, _) => Err(fault(line, format!("nn.{kind} cannot be called; call its layers"))),
            Content::Object(class, _) => match class_forward(module) {
                Some(closure) => self.run(&closure, arguments.with_first(Value::Module(module.clone())), line),
                None => Err(fault(line, format!("{} has no forward", class.name))),
            },
            Content::Layer(_) => Err(fault(line, "a layer takes one input")),
        }
    }

    /// Records self-attention: its output, and weights that are not read.
    fn attention(&mut self, module: &Rc<Module>, arguments: &Arguments, line: usize) -> Result<Value, TextError> {
        let inputs: Vec<Tensor> = ["query", "key", "value"]
            .iter()
            .enumerate()
            .filter_map(|(i, name)| match arguments.get(i, name) {
                Some(Value::Tensor(tensor)) => Some(*tensor),
                _ => None,
            })
            .collect();
        let input = match inputs.as_slice() {
            [query, key, value] if query == key && key == value => *query,
            _ => return Err(fault(line, "attention can be read as attention of one sequence to itself only")),
        };
        let is_causal = is_causal(arguments, &[(5, "attn_mask"), (3, "key_padding_mask"), (7, "is_causal")], line)?;
        let mut item = self.item(module, line)?;
        if let Kind::MultiheadAttention(attention) = &mut item.layer.kind {
            attention.is_causal = is_causal;
        }
        let result = self.record(item, input, line)?;
        Ok(Value::tuple(vec![result, Value::None]))
    }

    /// Returns a layer under its name in the current pass.
    fn item(&mut self, module: &Rc<Module>, line: usize) -> Result<Item, TextError> {
        let Content::Layer(kind) = &module.content else { return Err(fault(line, "this is no layer")) };
        let has_state = kind.layer().is_some_and(|layer| layer.has_state());
        if has_state && !self.used.insert(module.id) {
            let why = "is used twice: layers that share weights cannot be read";
            return Err(fault(line, format!("{} {why}", kind.name())));
        }
        if has_state && !self.frames.is_empty() && self.name_of(module).is_none() {
            let why = "has parameters, and the module does not know it; make it in __init__ as self.NAME, or put it in nn.ModuleList";
            return Err(fault(line, format!("{} {why}", kind.name())));
        }
        let name = self.take_name(module);
        Ok(Item::new(name, kind.clone(), line))
    }

    /// Returns a module's name in the current pass.
    fn name_of(&self, module: &Module) -> Option<String> {
        self.frames.last()?.names.get(&module.id).cloned()
    }

    /// Returns a module's name for its layer, once.
    fn take_name(&mut self, module: &Module) -> Option<String> {
        let frame = self.frames.last_mut()?;
        let name = frame.names.get(&module.id)?;
        frame.named.insert(module.id).then(|| name.clone())
    }

    /// Adds a layer to the current pass.
    ///
    /// # Errors
    /// The tensor belongs to another pass.
    pub fn record(&mut self, item: Item, input: Tensor, line: usize) -> Result<Value, TextError> {
        let input = Tensor { node: self.current(input, line)?, ..input };
        let frame = self.frame(line)?;
        if let Kind::Identity(Identity {}) = item.layer.kind
            && item.layer.name.is_none()
        {
            return Ok(Value::Tensor(input));
        }
        let node = frame.record(item, input.node, line)?;
        Ok(Value::Tensor(Tensor { frame: input.frame, node }))
    }
}

/// Returns `true` if a call of an attention layer has a causal mask. `names` are the arguments for
/// the mask, the padding's mask, and the hint that the mask is causal, with their positions.
///
/// # Errors
/// Other masks.
fn is_causal(arguments: &Arguments, names: &[(usize, &str); 3], line: usize) -> Result<bool, TextError> {
    let given = names
        .map(|(at, name)| arguments.get(at, name).filter(|value| !matches!(value, Value::None | Value::Bool(false))));
    match given {
        [None, None, None] => Ok(false),
        [Some(Value::Opaque(made)), None, _] if made.ends_with("generate_square_subsequent_mask") => Ok(true),
        _ => {
            let why = "attention can be read without masks, or with attn_mask of generate_square_subsequent_mask";
            Err(fault(line, why))
        }
    }
}

/// Returns the function that a call of an object runs.
fn class_forward(module: &Module) -> Option<Closure> {
    let Content::Object(class, _) = &module.content else { return None };
    match class.find("forward") {
        Some((Value::Function(closure), owner)) => Some(Closure { class: Some(owner), ..closure }),
        _ => None,
    }
}

/// Returns the modules inside one, each with its first name.
fn below(module: &Rc<Module>) -> Vec<(String, Rc<Module>)> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    let mut waiting: Vec<(String, Rc<Module>)> = module.children();
    waiting.reverse();
    while let Some((name, child)) = waiting.pop() {
        if found.len() == MAX_NAMES {
            break;
        }
        if !known.insert(child.id) {
            continue;
        }
        let mut inner = child.children();
        inner.reverse();
        waiting.extend(inner.into_iter().map(|(last, module)| (format!("{name}.{last}"), module)));
        found.push((name, child));
    }
    found
}
