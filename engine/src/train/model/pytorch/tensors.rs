//! Functions and methods of tensors: layers, changes of shape, and identities.

use std::rc::Rc;

use super::super::TextError;
use super::super::arguments;
use super::super::kind::Kind;
use super::ast::{Expr, Node};
use super::eval::Arguments;
use super::fault;
use super::graph::Item;
use super::interpreter::Interpreter;
use super::value::{Tensor, Value, Variables};
use crate::nn::{AdaptiveAvgPool2d, ClassTokenSpec, Flatten, Select, Transpose, Unflatten};

/// Functional layers: the layer, and its arguments after the input, in order.
const LAYERS: &[(&str, &str, &[&str])] = &[
    ("relu", "ReLU", &["inplace"]),
    ("relu_", "ReLU", &[]),
    ("relu6", "ReLU6", &["inplace"]),
    ("leaky_relu", "LeakyReLU", &["negative_slope", "inplace"]),
    ("elu", "ELU", &["alpha", "inplace"]),
    ("celu", "CELU", &["alpha", "inplace"]),
    ("glu", "GLU", &["dim"]),
    ("hardtanh", "Hardtanh", &["min_val", "max_val", "inplace"]),
    ("softsign", "Softsign", &[]),
    ("selu", "SELU", &["inplace"]),
    ("gelu", "GELU", &["approximate"]),
    ("silu", "SiLU", &["inplace"]),
    ("mish", "Mish", &["inplace"]),
    ("hardswish", "Hardswish", &["inplace"]),
    ("hardsigmoid", "Hardsigmoid", &["inplace"]),
    ("logsigmoid", "LogSigmoid", &[]),
    ("sigmoid", "Sigmoid", &[]),
    ("sigmoid_", "Sigmoid", &[]),
    ("tanh", "Tanh", &[]),
    ("tanh_", "Tanh", &[]),
    ("softplus", "Softplus", &["beta", "threshold"]),
    ("softmax", "Softmax", &["dim", "_stacklevel", "dtype"]),
    ("log_softmax", "LogSoftmax", &["dim", "_stacklevel", "dtype"]),
    ("max_pool2d", "MaxPool2d", &["kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"]),
    (
        "avg_pool2d",
        "AvgPool2d",
        &["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"],
    ),
    ("adaptive_avg_pool2d", "AdaptiveAvgPool2d", &["output_size"]),
    ("interpolate", "Upsample", &["size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"]),
    ("flatten", "Flatten", &["start_dim", "end_dim"]),
    ("dropout", "Dropout", &["p", "training", "inplace"]),
    ("dropout2d", "Dropout2d", &["p", "training", "inplace"]),
];

/// Methods that are identities in a model.
const SAME: &[&str] = &["contiguous", "float", "to", "cuda", "cpu", "clone", "type", "requires_grad_"];

impl Interpreter {
    /// Calls a function whose first argument is a tensor or a list with a tensor.
    ///
    /// # Errors
    /// The function has no layer.
    pub fn tensor_function(&mut self, name: &str, mut given: Arguments, line: usize) -> Result<Value, TextError> {
        if let Some(at) = given.named.iter().position(|(key, _)| key == "input" || key == "tensors") {
            let (_, value) = given.named.remove(at);
            given.positional.insert(0, value);
        }
        if given.positional.is_empty() {
            return Err(fault(line, format!("{name} is given nothing")));
        }
        match (name, given.positional.remove(0)) {
            ("cat" | "concat" | "concatenate", list) => self.join(&list, &given, line),
            (_, Value::Tensor(tensor)) => self.tensor_method(tensor, name, given, line),
            (_, other) => Err(fault(line, format!("{name} of {} cannot be read", other.describe()))),
        }
    }

    /// Calls a method of a tensor.
    ///
    /// # Errors
    /// The method has no layer.
    pub fn tensor_method(
        &mut self,
        tensor: Tensor,
        name: &str,
        given: Arguments,
        line: usize,
    ) -> Result<Value, TextError> {
        if let Some((_, kind, order)) = LAYERS.iter().find(|(known, ..)| *known == name) {
            return self.functional(tensor, name, kind, order, given, line);
        }
        let whole = |position: usize, key: &str| match given.get(position, key) {
            Some(Value::Int(value)) => Ok(*value),
            _ => Err(fault(line, format!("{name} can be read with whole numbers only"))),
        };
        match name {
            "view" | "reshape" => self.view(tensor, &given, line),
            "size" => Ok(match given.positional.first() {
                None => Value::Sizes(0),
                Some(Value::Int(0)) => Value::Batch,
                Some(_) => Value::Size,
            }),
            "transpose" | "swapaxes" => self.exchange(tensor, whole(0, "dim0")?, whole(1, "dim1")?, line),
            "permute" => {
                let dims = match given.positional.as_slice() {
                    [list @ (Value::Tuple(_) | Value::List(_))] => self.items(list, line)?,
                    dims => dims.to_vec(),
                };
                let dims: Option<Vec<i64>> =
                    dims.iter().map(|d| if let Value::Int(d) = d { Some(*d) } else { None }).collect();
                match dims.as_deref() {
                    Some([0, 2, 1]) => self.exchange(tensor, 1, 2, line),
                    Some([0, 2, 1, 3]) => self.exchange(tensor, 1, 2, line),
                    Some([0, 1, 3, 2]) => self.exchange(tensor, 2, 3, line),
                    Some([0, 3, 2, 1]) => self.exchange(tensor, 1, 3, line),
                    _ => Err(fault(line, "permute can be read where it exchanges two dimensions; use transpose")),
                }
            }
            "select" => {
                let (dim, index) = (whole(0, "dim")?, whole(1, "index")?);
                let Ok(dim) = usize::try_from(dim) else {
                    return Err(fault(line, "select needs a dimension from the front"));
                };
                self.apply(Select { dim, index: index as isize }.into(), tensor, line)
            }
            "mean" => {
                let dims = match given.get(0, "dim") {
                    Some(list @ (Value::Tuple(_) | Value::List(_))) => self.items(list, line)?,
                    _ => Vec::new(),
                };
                let is_plane = matches!(
                    dims.as_slice(),
                    [Value::Int(2), Value::Int(3)]
                        | [Value::Int(-2), Value::Int(-1)]
                        | [Value::Int(-1), Value::Int(-2)]
                );
                if !is_plane || given.get(1, "keepdim").is_some() {
                    return Err(fault(line, "mean can be read over height and width only: x.mean([2, 3])"));
                }
                let pooled = self.apply(AdaptiveAvgPool2d::new(1).into(), tensor, line)?;
                self.after(pooled, Flatten::default().into(), line)
            }
            "unflatten" => {
                let (Some(Value::Int(1)), Some(list)) = (given.get(0, "dim"), given.get(1, "sizes")) else {
                    return Err(fault(line, "unflatten can be read of dimension 1 only"));
                };
                let sizes = self.sizes(list, line)?;
                self.apply(Unflatten { dim: 1, unflattened_size: sizes }.into(), tensor, line)
            }
            "add" | "add_" => match given.positional.first() {
                Some(_) if given.positional.len() > 1 || !given.named.is_empty() => {
                    Err(fault(line, "add can be read with two tensors and no more arguments"))
                }
                Some(other) if name == "add" => self.binary("+", Value::Tensor(tensor), other.clone(), line),
                Some(other) => self.change("+", Value::Tensor(tensor), other.clone(), line),
                None => Err(fault(line, "add takes two tensors")),
            },
            name if SAME.contains(&name) => Ok(Value::Tensor(tensor)),
            "dim" | "ndimension" => Err(fault(line, "the number of dimensions is not known when a model is read")),
            name => {
                let known: Vec<&str> = LAYERS.iter().map(|(name, ..)| *name).filter(|n| !n.ends_with('_')).collect();
                let why = format!(
                    "{name} of a tensor cannot be read; known are {}, view, reshape, transpose",
                    known.join(", ")
                );
                Err(fault(line, why))
            }
        }
    }

    /// Records a functional layer.
    fn functional(
        &mut self,
        tensor: Tensor,
        name: &str,
        kind: &str,
        order: &[&str],
        given: Arguments,
        line: usize,
    ) -> Result<Value, TextError> {
        if given.positional.len() > order.len() {
            return Err(fault(line, format!("{name} takes at most {} arguments behind its input", order.len())));
        }
        let by_position = order.iter().map(|key| (*key).to_owned()).zip(given.positional);
        let mut named: Vec<(String, Value)> = by_position.chain(given.named).collect();
        named.retain(|(key, _)| key != "_stacklevel");
        if name.starts_with("dropout") {
            let training = named.iter().position(|(key, _)| key == "training").map(|at| named.remove(at).1);
            match training {
                Some(Value::Opaque(what)) if &*what == "self.training" => {}
                Some(Value::Bool(false)) => return Ok(Value::Tensor(tensor)),
                _ => {
                    let why = "without training=self.training drops in evaluation, too; give it, or use";
                    return Err(fault(line, format!("F.{name} {why} nn.{kind}")));
                }
            }
        }
        // `torch.flatten` starts at the batch dimension, `nn.Flatten` after it.
        if name == "flatten" && !named.iter().any(|(key, _)| key == "start_dim") {
            named.push(("start_dim".into(), Value::Int(0)));
        }
        let mut json = Vec::new();
        for (key, value) in named {
            if key == "dtype" && matches!(value, Value::None) {
                continue;
            }
            json.push((key, value.json().map_err(|why| fault(line, format!("{name}: {why}")))?));
        }
        let is_in_place = name.ends_with('_') || arguments::is_in_place(kind, &[], &json);
        let made = arguments::layer(kind, Vec::new(), json).map_err(|why| fault(line, why))?;
        let result = self.apply(made, tensor, line)?;
        if is_in_place { self.in_place(tensor, result, line) } else { Ok(result) }
    }

    /// Records `x.view(…)`: a sample as one row, or as dimensions of given sizes.
    fn view(&mut self, tensor: Tensor, given: &Arguments, line: usize) -> Result<Value, TextError> {
        let shape = match given.positional.as_slice() {
            [list @ (Value::Tuple(_) | Value::List(_))] => self.items(list, line)?,
            sizes => sizes.to_vec(),
        };
        let is_batch = |value: &Value| matches!(value, Value::Batch | Value::Int(-1));
        match shape.as_slice() {
            [Value::Batch, Value::Int(-1)] => self.apply(Flatten::default().into(), tensor, line),
            [first, Value::Size] if is_batch(first) => self.apply(Flatten::default().into(), tensor, line),
            [first, Value::Int(features)] if is_batch(first) && *features > 0 => {
                let made = self.apply(Flatten::default().into(), tensor, line)?;
                if let (Value::Tensor(flat), Ok(features)) = (&made, usize::try_from(*features)) {
                    let flat = flat.node;
                    self.frame(line)?.features.insert(flat, features);
                }
                Ok(made)
            }
            [first, rest @ ..] if is_batch(first) && rest.len() > 1 => {
                let sizes = self.sizes(&Value::tuple(rest.to_vec()), line)?;
                let flat = self.apply(Flatten::default().into(), tensor, line)?;
                self.after(flat, Unflatten { dim: 1, unflattened_size: sizes }.into(), line)
            }
            _ => {
                let why = "view can be read as x.view(-1, features), x.view(x.size(0), -1) or x.view(-1, channels, height, width)";
                Err(fault(line, why))
            }
        }
    }

    fn sizes(&mut self, list: &Value, line: usize) -> Result<Vec<usize>, TextError> {
        let size = |value: Value| match value {
            Value::Int(size) if size > 0 => Ok(size as usize),
            other => Err(fault(line, format!("{} is no size of a view", other.describe()))),
        };
        self.items(list, line)?.into_iter().map(size).collect()
    }

    fn exchange(&mut self, tensor: Tensor, a: i64, b: i64, line: usize) -> Result<Value, TextError> {
        match (usize::try_from(a), usize::try_from(b)) {
            (Ok(dim0), Ok(dim1)) => self.apply(Transpose { dim0, dim1 }.into(), tensor, line),
            _ => {
                Err(fault(line, "transpose can be read with dimensions from the front only, such as x.transpose(1, 2)"))
            }
        }
    }

    /// Records `torch.cat`: of a class token and a sequence, or of tensors.
    fn join(&mut self, list: &Value, given: &Arguments, line: usize) -> Result<Value, TextError> {
        let dim = match given.get(0, "dim").or_else(|| given.get(0, "axis")) {
            Some(Value::Int(dim)) => *dim,
            _ => 0,
        };
        let items = self.items(list, line)?;
        let tensors = items.iter().map(|item| if let Value::Tensor(tensor) = item { Some(*tensor) } else { None });
        if let (Some(tensors), 1) = (tensors.collect::<Option<Vec<_>>>().filter(|list| !list.is_empty()), dim) {
            let nodes = tensors.iter().map(|tensor| self.current(*tensor, line)).collect::<Result<Vec<_>, _>>()?;
            let frame = self.frame(line)?;
            let nodes = nodes.into_iter().map(|node| frame.checked(node, line)).collect();
            return Ok(Value::Tensor(Tensor { frame: frame.id, node: frame.graph.concat(nodes, line)? }));
        }
        match (items.as_slice(), dim) {
            ([Value::Array(shape, true), Value::Tensor(tensor)], 1) => match shape.as_slice() {
                [1, 1, dim] => {
                    let kind = ClassTokenSpec { dim: *dim as usize };
                    self.record(Item::new(Some(String::new()), kind.into(), line), *tensor, line)
                }
                _ => Err(fault(line, "a class token has the shape (1, 1, features)")),
            },
            _ => Err(fault(
                line,
                "torch.cat can be read along dimension 1, of tensors, or of a class token and a sequence",
            )),
        }
    }

    /// Records `x[:, 0]`: an element of a dimension, or one of several outputs.
    pub fn select(&mut self, tensor: Tensor, index: &Node, variables: &Rc<Variables>) -> Result<Value, TextError> {
        let line = index.line;
        let refuse = || fault(line, "of a tensor, x[:, index] can be read only");
        let Expr::Tuple(parts) = &index.expr else { return Err(refuse()) };
        let is_all = |node: &Node| matches!(&node.expr, Expr::Slice([None, None, None]));
        let [first, second, rest @ ..] = parts.as_slice() else { return Err(refuse()) };
        if !is_all(first) || !rest.iter().all(is_all) {
            return Err(refuse());
        }
        match self.eval(second, variables)? {
            Value::Int(index) => self.apply(Select { dim: 1, index: index as isize }.into(), tensor, line),
            _ => Err(refuse()),
        }
    }

    /// Records an unnamed layer.
    fn apply(&mut self, kind: Kind, tensor: Tensor, line: usize) -> Result<Value, TextError> {
        self.record(Item::new(None, kind, line), tensor, line)
    }

    fn after(&mut self, value: Value, kind: Kind, line: usize) -> Result<Value, TextError> {
        match value {
            Value::Tensor(tensor) => self.apply(kind, tensor, line),
            other => Ok(other),
        }
    }
}
