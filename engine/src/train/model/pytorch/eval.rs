//! Expressions and their values.

use std::rc::Rc;

use super::super::TextError;
use super::super::kind::SIGNATURES;
use super::ast::{Argument, Comprehension, Expr, Node};
use super::fault;
use super::interpreter::{Interpreter, MAX_LIST};
use super::methods::is_idle;
use super::value::{Closure, Value, Variables, set};

/// Values of a call.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Positional arguments.
    pub positional: Vec<Value>,
    /// Keyword arguments.
    pub named: Vec<(String, Value)>,
}

/// Names that are known without an import, for code pasted without its first lines.
const NAMES: &[(&str, &str)] = &[
    ("torch", "torch"),
    ("nn", "torch.nn"),
    ("F", "torch.nn.functional"),
    ("math", "math"),
    ("np", "numpy"),
    ("OrderedDict", "collections.OrderedDict"),
    ("Tensor", "torch.Tensor"),
    ("partial", "functools.partial"),
];

/// Functions of Python.
const BUILTINS: &[&str] = &[
    "range",
    "len",
    "int",
    "float",
    "str",
    "bool",
    "list",
    "tuple",
    "dict",
    "zip",
    "enumerate",
    "sum",
    "max",
    "min",
    "abs",
    "round",
    "reversed",
    "sorted",
    "isinstance",
    "hasattr",
    "getattr",
    "setattr",
    "super",
    "print",
    "object",
    "type",
    "any",
    "all",
    "callable",
];

impl Interpreter {
    /// Evaluates an expression.
    ///
    /// # Errors
    /// The expression is unsupported.
    pub fn eval(&mut self, node: &Node, variables: &Rc<Variables>) -> Result<Value, TextError> {
        self.deeper(node.line, |this| this.value(node, variables))
    }

    fn value(&mut self, node: &Node, variables: &Rc<Variables>) -> Result<Value, TextError> {
        let line = node.line;
        match &node.expr {
            Expr::None => Ok(Value::None),
            Expr::Bool(value) => Ok(Value::Bool(*value)),
            Expr::Int(value) => Ok(Value::Int(*value)),
            Expr::Float(value) => Ok(Value::Float(*value)),
            Expr::Text(text) => Ok(Value::text(text.as_str())),
            Expr::Format(parts) => self.format(parts, variables),
            Expr::Name(name) => self.name(name, variables, line),
            Expr::Tuple(list) => Ok(Value::tuple(self.values(list, variables)?)),
            Expr::List(list) => Ok(Value::list(self.values(list, variables)?)),
            Expr::Dict(pairs) => {
                let pairs: Result<Vec<_>, _> =
                    pairs.iter().map(|(k, v)| Ok((self.eval(k, variables)?, self.eval(v, variables)?))).collect();
                Ok(Value::Dict(Rc::new(std::cell::RefCell::new(pairs?))))
            }
            Expr::Attribute(object, name) => {
                let object = self.eval(object, variables)?;
                self.attribute(&object, name, line)
            }
            Expr::Index(object, index) => self.index(object, index, variables),
            Expr::Slice(_) => Err(fault(line, "a slice stands alone")),
            Expr::Call(function, arguments) => self.call_node(function, arguments, variables, line),
            Expr::Unary(op, value) => {
                let value = self.eval(value, variables)?;
                self.unary(op, value, line)
            }
            Expr::Binary(op, left, right) => {
                let (left, right) = (self.eval(left, variables)?, self.eval(right, variables)?);
                self.binary(op, left, right, line)
            }
            Expr::Compare(first, rest) => self.compare(first, rest, variables),
            Expr::Logic(word, parts) => self.logic(word, parts, variables),
            Expr::Choice(parts) => {
                let [value, condition, other] = &**parts;
                let holds = self.eval(condition, variables)?;
                let chosen = if self.truth(&holds, line)? { value } else { other };
                self.eval(chosen, variables)
            }
            Expr::Comprehension(parts) => self.comprehension(parts, variables),
            Expr::Starred(_) => Err(fault(line, "'*' cannot stand here")),
            Expr::Lambda(function) => {
                Ok(Value::Function(Closure { function: function.clone(), variables: variables.clone(), class: None }))
            }
        }
    }

    fn name(&mut self, name: &str, variables: &Variables, line: usize) -> Result<Value, TextError> {
        if let Some(value) = self.variable(name, variables) {
            return Ok(value);
        }
        if name == "__name__" {
            return Ok(Value::text("__main__"));
        }
        if let Some((_, path)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(Value::Path((*path).into()));
        }
        let is_layer = ["Sequential", "ModuleList"].contains(&name) || SIGNATURES.iter().any(|s| s.name == name);
        if is_layer {
            return Ok(Value::Path(format!("torch.nn.{name}").into()));
        }
        if BUILTINS.contains(&name) || name.ends_with("Error") {
            return Ok(Value::Path(format!("builtins.{name}").into()));
        }
        Err(fault(line, format!("'{name}' is not known here")))
    }

    fn format(&mut self, parts: &[Node], variables: &Rc<Variables>) -> Result<Value, TextError> {
        let mut out = String::new();
        for part in parts {
            match self.eval(part, variables)? {
                Value::Text(text) => out += &text,
                Value::Int(value) => out += &value.to_string(),
                Value::Float(value) => out += &value.to_string(),
                other => out += &other.describe(),
            }
        }
        Ok(Value::text(out))
    }

    /// Evaluates a list; starred elements are unpacked.
    fn values(&mut self, list: &[Node], variables: &Rc<Variables>) -> Result<Vec<Value>, TextError> {
        let mut values = Vec::with_capacity(list.len());
        for node in list {
            match &node.expr {
                Expr::Starred(inner) => {
                    let value = self.eval(inner, variables)?;
                    values.extend(self.items(&value, node.line)?);
                }
                _ => values.push(self.eval(node, variables)?),
            }
        }
        Ok(values)
    }

    fn call_node(
        &mut self,
        function: &Node,
        given: &[Argument],
        variables: &Rc<Variables>,
        line: usize,
    ) -> Result<Value, TextError> {
        let callee = self.eval(function, variables)?;
        // `super()` depends on the object and the class of the enclosing function.
        if matches!(&callee, Value::Path(path) if &**path == "builtins.super") {
            return match (variables.get("self"), variables.get("__class__")) {
                (Some(Value::Module(module)), Some(Value::Class(class))) => Ok(Value::Super(module, class)),
                _ => Err(fault(line, "super() stands outside of a method")),
            };
        }
        // The arguments of `.to(device)` and the like have no effect.
        if matches!(&callee, Value::Builtin(object, name) if matches!(**object, Value::Module(_)) && is_idle(name)) {
            return self.call(&callee, Arguments::default(), line);
        }
        let mut arguments = Arguments::default();
        for argument in given {
            let value = self.eval(&argument.value, variables)?;
            match (&argument.name, argument.stars, value) {
                (Some(name), _, value) => arguments.named.push((name.clone(), value)),
                (None, 0, value) => arguments.positional.push(value),
                (None, 1, value) => arguments.positional.extend(self.items(&value, line)?),
                (None, _, Value::Dict(pairs)) => {
                    for (key, value) in pairs.borrow().iter() {
                        let Value::Text(key) = key else { return Err(fault(line, "a name is no text")) };
                        arguments.named.push((key.to_string(), value.clone()));
                    }
                }
                (None, _, other) => return Err(fault(line, format!("'**' stands before {}", other.describe()))),
            }
        }
        self.call(&callee, arguments, line)
    }

    fn comprehension(&mut self, parts: &Comprehension, variables: &Rc<Variables>) -> Result<Value, TextError> {
        let list = self.eval(&parts.items, variables)?;
        let inner = Rc::new(Variables { outer: Some(variables.clone()), ..Variables::default() });
        let mut made = Vec::new();
        'items: for item in self.items(&list, parts.items.line)? {
            self.assign(&parts.target, item, &inner)?;
            for condition in &parts.conditions {
                let holds = self.eval(condition, &inner)?;
                if !self.truth(&holds, condition.line)? {
                    continue 'items;
                }
            }
            made.push(self.eval(&parts.element, &inner)?);
        }
        Ok(Value::list(made))
    }

    fn logic(&mut self, word: &str, parts: &[Node], variables: &Rc<Variables>) -> Result<Value, TextError> {
        let mut value = Value::None;
        for part in parts {
            value = self.eval(part, variables)?;
            if self.truth(&value, part.line)? == (word == "or") {
                return Ok(value);
            }
        }
        Ok(value)
    }

    fn compare(
        &mut self,
        first: &Node,
        rest: &[(&'static str, Node)],
        variables: &Rc<Variables>,
    ) -> Result<Value, TextError> {
        let mut left = self.eval(first, variables)?;
        for (op, node) in rest {
            let right = self.eval(node, variables)?;
            if !self.comparison(op, &left, &right, node.line)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    /// Returns the elements that a loop iterates over.
    ///
    /// # Errors
    /// The value has no elements, or too many.
    pub fn items(&mut self, value: &Value, line: usize) -> Result<Vec<Value>, TextError> {
        let items = match value {
            Value::List(list) => list.borrow().clone(),
            Value::Tuple(list) => list.to_vec(),
            Value::Dict(pairs) => pairs.borrow().iter().map(|(key, _)| key.clone()).collect(),
            Value::Text(text) => text.chars().map(|c| Value::text(c.to_string())).collect(),
            Value::Module(module) => module.children().into_iter().map(|(_, child)| Value::Module(child)).collect(),
            // Their product is the product of all sizes.
            Value::Sizes(0) => vec![Value::Batch, Value::Size],
            Value::Sizes(_) => vec![Value::Size],
            other => return Err(fault(line, format!("a loop cannot run through {}", other.describe()))),
        };
        if items.len() > MAX_LIST {
            return Err(fault(line, format!("a list has more than {MAX_LIST} elements")));
        }
        Ok(items)
    }

    /// Runs one of the program's functions.
    ///
    /// # Errors
    /// The arguments do not match, or a statement is unsupported.
    pub fn run(&mut self, closure: &Closure, arguments: Arguments, line: usize) -> Result<Value, TextError> {
        let function = closure.function.clone();
        let local = Rc::new(Variables { outer: Some(closure.variables.clone()), ..Variables::default() });
        if let Some(class) = &closure.class {
            set(&local.own, "__class__", Value::Class(class.clone()));
        }
        let mut positional = arguments.positional.into_iter();
        let mut named = arguments.named;
        for parameter in &function.parameters {
            let value = match parameter.stars {
                1 => Some(Value::tuple(positional.by_ref().collect())),
                2 => {
                    let rest = std::mem::take(&mut named).into_iter().map(|(key, value)| (Value::text(key), value));
                    Some(Value::Dict(Rc::new(std::cell::RefCell::new(rest.collect()))))
                }
                _ => {
                    let by_name = named.iter().position(|(name, _)| *name == parameter.name);
                    by_name.map(|i| named.remove(i).1).or_else(|| positional.next())
                }
            };
            let value = match (value, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(default, &closure.variables)?,
                (None, None) => return Err(fault(line, format!("{} needs {}", function.name, parameter.name))),
            };
            set(&local.own, &parameter.name, value);
        }
        if let Some((name, _)) = named.first() {
            return Err(fault(line, format!("{} has no parameter {name}", function.name)));
        }
        if positional.next().is_some() {
            return Err(fault(line, format!("{} is given too many arguments", function.name)));
        }
        match self.block(&function.body, &local)? {
            super::interpreter::Flow::Return(value) => Ok(value),
            _ => Ok(Value::None),
        }
    }
}
