//! Calls: functions of the program, classes, instances, and builtins.

use std::cell::RefCell;
use std::rc::Rc;

use super::class::{Body, Class, Defined, Function, Instance, Method, Scope};
use super::exec::Flow;
use super::{Args, Error, Host, Interpreter, Object, Result, Value, builtins, torch};

impl Interpreter {
    /// Calls a value.
    ///
    /// # Errors
    /// It cannot be called, or fails.
    pub fn call(&self, function: &Value, args: Args) -> Result<Value> {
        match Defined::of(function) {
            Some(Defined::Function(function)) => return self.call_function(&function, args),
            Some(Defined::Method(method)) => {
                return self.call_function(&method.function, args.before(method.receiver.clone()));
            }
            Some(Defined::Class(class)) => return self.instantiate(&class, args),
            Some(Defined::Instance(instance)) => {
                return match instance.class.find("__call__") {
                    Some(_) => self.call_method(function, "__call__", args),
                    None if instance.class.derives_from("torch.nn.Module") => {
                        self.call_method(function, "forward", args)
                    }
                    None => Err(Error::new(format!("'{}' object is not callable", instance.class.name))),
                };
            }
            None => {}
        }
        match function {
            Value::Builtin(name) => builtins::call(self, name, args),
            Value::Method(receiver, name) => self.call_native_method(receiver, name, args),
            Value::Object(object) => object.call(self, "__call__", args),
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
        match Defined::of(receiver) {
            Some(Defined::Class(class)) => return torch::custom::apply(self, &class, args),
            Some(Defined::Instance(instance)) => return torch::module::call(self, &instance, name, &args),
            _ => {}
        }
        match receiver {
            Value::Tensor(_) => kindling_torch::call(self, name, &args.before(receiver.clone()))?
                .ok_or_else(|| Error::unknown(format!("Tensor.{name}"))),
            Value::Object(object) => object.call(self, name, args),
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
                scope.set(&rest.name, super::dict(pairs.collect()));
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
        let instance = Value::Object(Rc::new(Instance { class: class.clone(), attributes: RefCell::default() }));
        match class.find("__init__").as_ref().and_then(Defined::function) {
            Some(init) => {
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
        match (class.as_ref().and_then(Defined::class), receiver) {
            (Some(class), Some(receiver)) => Ok(Value::Object(Rc::new(Super { class, receiver }))),
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
        let Some(inherited) = self.class.inherited(name) else { return Ok(None) };
        Ok(Some(match Defined::function(&inherited) {
            Some(f) if !f.is_static => Method::value(f, &self.receiver),
            _ => inherited,
        }))
    }

    fn call(&self, host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        match Defined::instance(&self.receiver) {
            _ if method == "__init__" => Ok(Value::None),
            Some(instance) => torch::module::call(Interpreter::of(host)?, &instance, method, &args),
            None => Err(Error::unknown(format!("super().{method}"))),
        }
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}
