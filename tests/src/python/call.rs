//! Calls: functions of the program, classes, instances, and builtins.

use std::cell::RefCell;
use std::rc::Rc;

use super::class::{Body, Class, Function, Instance, Scope};
use super::exec::Flow;
use super::{Args, Error, Interpreter, Object, Result, Value, builtins, torch};

impl Interpreter {
    /// Calls a value.
    ///
    /// # Errors
    /// It cannot be called, or fails.
    pub fn call(&self, function: &Value, args: Args) -> Result<Value> {
        match function {
            Value::Function(function) => self.call_function(function, args),
            Value::Bound(function, receiver) => self.call_function(function, args.before((**receiver).clone())),
            Value::Class(class) => self.instantiate(class, args),
            Value::Builtin(name) => builtins::call(self, name, args),
            Value::Method(receiver, name) => self.call_native_method(receiver, name, args),
            Value::Object(object) => object.call(self, "__call__", args),
            Value::Instance(instance) => match instance.class.find("__call__") {
                Some(_) => self.call_method(function, "__call__", args),
                None if instance.class.derives_from("torch.nn.Module") => self.call_method(function, "forward", args),
                None => Err(Error::new(format!("'{}' object is not callable", instance.class.name))),
            },
            other => Err(Error::new(format!("'{}' object is not callable", other.class()))),
        }
    }

    /// Calls a method by its name.
    ///
    /// # Errors
    /// There is no such method, or it fails.
    pub fn call_method(&self, receiver: &Value, name: &str, args: Args) -> Result<Value> {
        let method = self.attribute(receiver, name)?;
        self.call(&method, args)
    }

    fn call_native_method(&self, receiver: &Value, name: &str, args: Args) -> Result<Value> {
        match receiver {
            Value::Tensor(_) => torch::call(self, name, &args.before(receiver.clone()))?
                .ok_or_else(|| Error::unknown(format!("Tensor.{name}"))),
            Value::Object(object) => object.call(self, name, args),
            Value::Class(class) => torch::custom::apply(self, class, args),
            Value::Instance(instance) => torch::module::call(self, instance, name, &args),
            _ => builtins::method(self, receiver, name, args),
        }
    }

    fn call_function(&self, function: &Rc<Function>, args: Args) -> Result<Value> {
        let scope = Scope::inside(&function.scope);
        let wrong = |what: String| Error::new(format!("{}() {what}", function.name));
        if let Some(first) = args.positional.first() {
            scope.set("__self__", first.clone());
        }
        let mut positional = args.positional.into_iter();
        let mut named = args.named;
        if let Some(parameters) = &function.parameters {
            for (i, parameter) in parameters.iter_non_variadic_params().enumerate() {
                let name = parameter.parameter.name.as_str();
                let by_position = i < parameters.posonlyargs.len() + parameters.args.len();
                let given = if by_position { positional.next() } else { None };
                let by_name = named.iter().position(|(n, _)| n == name).map(|at| named.remove(at).1);
                let default = || function.defaults.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                let value = given.or(by_name).or_else(default);
                scope.set(name, value.ok_or_else(|| wrong(format!("needs the argument '{name}'")))?);
            }
            if let Some(rest) = &parameters.vararg {
                scope.set(&rest.name, Value::tuple(positional.by_ref()));
            }
            if let Some(rest) = &parameters.kwarg {
                let pairs = named.drain(..).map(|(name, value)| (Value::Str(name.into()), value));
                scope.set(&rest.name, super::eval::dict(pairs.collect()));
            }
        }
        if positional.next().is_some() {
            return Err(wrong("was given too many arguments".into()));
        }
        if let Some((name, _)) = named.first() {
            return Err(wrong(format!("got an unexpected keyword argument '{name}'")));
        }
        match &function.body {
            Body::Expression(body) => self.expression(body, &scope),
            Body::Statements(body) => match self.block(body, &scope)? {
                Flow::Return(value) => Ok(value),
                _ => Ok(Value::None),
            },
        }
    }

    fn instantiate(&self, class: &Rc<Class>, args: Args) -> Result<Value> {
        let instance = Value::Instance(Rc::new(Instance { class: class.clone(), attributes: RefCell::default() }));
        match class.find("__init__") {
            Some(Value::Function(init)) => {
                self.call_function(&init, args.before(instance.clone()))?;
            }
            _ if args.positional.is_empty() && args.named.is_empty() => {}
            _ => return Err(Error::new(format!("{}() takes no arguments", class.name))),
        }
        Ok(instance)
    }

    /// Evaluates `super()` within a method.
    pub(super) fn super_object(&self, scope: &Rc<Scope>, args: &Args) -> Result<Value> {
        let (class, receiver) = match args.positional.as_slice() {
            [class, receiver] => (Some(class.clone()), Some(receiver.clone())),
            _ => (scope.find("__class__"), scope.find("__self__")),
        };
        match (class, receiver) {
            (Some(Value::Class(class)), Some(receiver)) => Ok(Value::Object(Rc::new(Super { class, receiver }))),
            _ => Err(Error::new("super() outside of a method")),
        }
    }
}

/// Value of `super()`: the receiver, viewed as its base class.
struct Super {
    class: Rc<Class>,
    receiver: Value,
}

impl Object for Super {
    fn class(&self) -> &str {
        "super"
    }

    fn get(&self, name: &str) -> Result<Option<Value>> {
        Ok(match self.class.inherited(name) {
            Some(Value::Function(f)) if !f.is_static => Some(Value::Bound(f, Box::new(self.receiver.clone()))),
            other => other,
        })
    }

    fn call(&self, interpreter: &Interpreter, method: &str, args: Args) -> Result<Value> {
        match &self.receiver {
            _ if method == "__init__" => Ok(Value::None),
            Value::Instance(instance) => torch::module::call(interpreter, instance, method, &args),
            _ => Err(Error::unknown(format!("super().{method}"))),
        }
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}
