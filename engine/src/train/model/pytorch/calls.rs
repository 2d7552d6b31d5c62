//! Calls of the program's own functions and classes, and of Python's and PyTorch's.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::TextError;
use super::eval::Arguments;
use super::fault;
use super::interpreter::Interpreter;
use super::value::{Class, Closure, Content, Value};

impl Arguments {
    /// Creates positional arguments.
    pub fn of(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }

    /// Returns the argument at a position, or by name.
    pub fn get(&self, position: usize, name: &str) -> Option<&Value> {
        let named = self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        named.or_else(|| self.positional.get(position))
    }

    /// Returns `true` if a tensor of the forward pass is among the arguments.
    pub fn has_tensor(&self) -> bool {
        let is_tensor = |value: &Value| matches!(value, Value::Tensor(_));
        self.positional.iter().any(is_tensor) || self.named.iter().any(|(_, value)| is_tensor(value))
    }

    /// Inserts a first argument.
    pub fn with_first(mut self, first: Value) -> Self {
        self.positional.insert(0, first);
        self
    }
}

impl Interpreter {
    /// Calls a value.
    ///
    /// # Errors
    /// The value is not callable with these arguments, or its body is unsupported.
    pub fn call(&mut self, callee: &Value, arguments: Arguments, line: usize) -> Result<Value, TextError> {
        self.deeper(line, |this| match callee {
            Value::Function(closure) => this.run(closure, arguments, line),
            Value::Method(module, closure) => {
                this.run(closure, arguments.with_first(Value::Module(module.clone())), line)
            }
            Value::Class(class) => this.instantiate(class, arguments, line),
            Value::Module(module) => this.forward(module, arguments, line),
            Value::Path(path) => this.library(path, arguments, line),
            Value::Builtin(object, name) => this.method(object, name, arguments, line),
            Value::Opaque(name) if !arguments.has_tensor() => Ok(Value::Opaque(name.clone())),
            other => Err(fault(line, format!("{} cannot be called", other.describe()))),
        })
    }

    /// Creates an object of one of the program's classes.
    ///
    /// # Errors
    /// The class's `__init__` is unsupported.
    pub fn instantiate(&mut self, class: &Rc<Class>, arguments: Arguments, line: usize) -> Result<Value, TextError> {
        let is_container = |name: &str| class.extends(&Value::Path(format!("torch.nn.{name}").into()));
        if is_container("Sequential") || is_container("ModuleList") {
            return Err(fault(
                line,
                format!("{} extends a container; only classes of nn.Module can be read", class.name),
            ));
        }
        let module = self.module(Content::Object(class.clone(), RefCell::default()), line);
        match class.find("__init__") {
            Some((Value::Function(closure), owner)) => {
                let init = Closure { class: Some(owner), ..closure };
                self.run(&init, arguments.with_first(Value::Module(module.clone())), line)?;
            }
            _ if arguments.positional.is_empty() && arguments.named.is_empty() => {}
            _ => return Err(fault(line, format!("{} takes no arguments", class.name))),
        }
        Ok(Value::Module(module))
    }

    /// Returns the parameters without a default of a class's constructor.
    pub fn needed(&self, class: &Rc<Class>) -> Vec<String> {
        match class.find("__init__") {
            Some((Value::Function(closure), _)) => {
                let parameters = closure.function.parameters.iter().skip(1);
                parameters.filter(|p| p.default.is_none() && p.stars == 0).map(|p| p.name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}
