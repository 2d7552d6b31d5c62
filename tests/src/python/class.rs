//! Functions, classes and instances of the program.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Parameters, Stmt};

use super::{Error, Object, Result, Value};

/// A function or lambda.
pub struct Function {
    /// Name of the function.
    pub name: String,
    /// Parameters.
    pub parameters: Option<Parameters>,
    /// Values of the parameters' defaults, by parameter name.
    pub defaults: Vec<(String, Value)>,
    /// Body of the function.
    pub body: Body,
    /// Scope of the definition.
    pub scope: Rc<Scope>,
    /// True for a static method, without `self`.
    pub is_static: bool,
}

/// Body of a function.
pub enum Body {
    /// Statements of a `def`.
    Statements(Vec<Stmt>),
    /// Expression of a `lambda`.
    Expression(Expr),
}

/// A class.
pub struct Class {
    /// Name of the class.
    pub name: String,
    /// Base classes.
    pub bases: Vec<Value>,
    /// Methods and class attributes.
    pub attributes: RefCell<HashMap<String, Value>>,
}

impl Class {
    /// Returns an attribute, its own or inherited from a class of the program.
    pub fn find(&self, name: &str) -> Option<Value> {
        let own = self.attributes.borrow().get(name).cloned();
        own.or_else(|| self.inherited(name))
    }

    /// Returns an attribute of its bases, for `super()`.
    pub fn inherited(&self, name: &str) -> Option<Value> {
        self.bases.iter().find_map(|base| Defined::class(base)?.find(name))
    }

    /// Returns `true` if it derives from a builtin such as `torch.nn.Module`.
    pub fn derives_from(&self, builtin: &str) -> bool {
        self.bases.iter().any(|base| match base {
            Value::Builtin(name) => **name == *builtin,
            other => Defined::class(other).is_some_and(|base| base.derives_from(builtin)),
        })
    }
}

/// An instance.
pub struct Instance {
    /// Class of the instance.
    pub class: Rc<Class>,
    /// Attributes, in the order of their first assignment.
    pub attributes: RefCell<Vec<(String, Value)>>,
}

impl Instance {
    /// Returns an attribute of the instance.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.attributes.borrow().iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    }

    /// Sets an attribute.
    pub fn set(&self, name: &str, value: Value) {
        let mut attributes = self.attributes.borrow_mut();
        match attributes.iter_mut().find(|(n, _)| n == name) {
            Some((_, slot)) => *slot = value,
            None => attributes.push((name.to_owned(), value)),
        }
    }
}

/// A function of the program with its first argument.
pub struct Method {
    /// The function.
    pub function: Rc<Function>,
    /// The first argument.
    pub receiver: Value,
}

impl Method {
    /// Creates the value of `receiver.function`.
    pub fn value(function: Rc<Function>, receiver: &Value) -> Value {
        Value::Object(Rc::new(Self { function, receiver: receiver.clone() }))
    }
}

/// A value that the program defined.
pub enum Defined {
    /// A function or lambda.
    Function(Rc<Function>),
    /// A class.
    Class(Rc<Class>),
    /// An instance of a class.
    Instance(Rc<Instance>),
    /// A function with its first argument.
    Method(Rc<Method>),
}

impl Defined {
    /// Returns what the program defined; `None` for any other value.
    pub fn of(value: &Value) -> Option<Self> {
        let Value::Object(object) = value else { return None };
        let any: Rc<dyn Any> = object.clone();
        let found = any.downcast().map(Self::Function);
        let found = found.or_else(|any| any.downcast().map(Self::Class));
        let found = found.or_else(|any| any.downcast().map(Self::Instance));
        found.or_else(|any| any.downcast().map(Self::Method)).ok()
    }

    /// Returns a function of the program.
    pub fn function(value: &Value) -> Option<Rc<Function>> {
        if let Some(Self::Function(function)) = Self::of(value) { Some(function) } else { None }
    }

    /// Returns a class of the program.
    pub fn class(value: &Value) -> Option<Rc<Class>> {
        if let Some(Self::Class(class)) = Self::of(value) { Some(class) } else { None }
    }

    /// Returns an instance of a class of the program.
    pub fn instance(value: &Value) -> Option<Rc<Instance>> {
        if let Some(Self::Instance(instance)) = Self::of(value) { Some(instance) } else { None }
    }
}

impl Object for Function {
    fn class(&self) -> &str {
        "function"
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Object for Method {
    fn class(&self) -> &str {
        "method"
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Object for Class {
    fn class(&self) -> &str {
        "type"
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Object for Instance {
    fn class(&self) -> &str {
        &self.class.name
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

/// Names and their values: of the program, of a call, of a comprehension.
#[derive(Default)]
pub struct Scope {
    names: RefCell<HashMap<String, Value>>,
    parent: Option<Rc<Self>>,
    /// True for the body of a class, invisible to functions in it.
    pub is_class: bool,
}

impl Scope {
    /// Creates a scope inside another.
    pub fn inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(parent.clone()), ..Self::default() })
    }

    /// Creates the body of a class inside another scope.
    pub fn class_inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(parent.clone()), is_class: true, ..Self::default() })
    }

    /// Returns the scope visible to functions defined here.
    pub fn seen_by_functions(self: &Rc<Self>) -> Rc<Self> {
        match &self.parent {
            Some(parent) if self.is_class => parent.clone(),
            _ => self.clone(),
        }
    }

    /// Returns the value of a name.
    pub fn find(&self, name: &str) -> Option<Value> {
        let own = self.names.borrow().get(name).cloned();
        own.or_else(|| self.parent.as_ref()?.find(name))
    }

    /// Assigns a name in this scope.
    pub fn set(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }

    /// Deletes a name.
    ///
    /// # Errors
    /// The name is not defined here.
    pub fn forget(&self, name: &str) -> Result<()> {
        let gone = self.names.borrow_mut().remove(name);
        gone.map(drop).ok_or_else(|| Error::new(format!("name '{name}' is not defined")))
    }

    /// Returns all names defined here.
    pub fn take(&self) -> HashMap<String, Value> {
        self.names.take()
    }
}
