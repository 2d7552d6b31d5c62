//! Functions, classes and instances of the program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Parameters, Stmt};

use super::{Error, Result, Value};

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
        self.bases.iter().find_map(|base| match base {
            Value::Class(base) => base.find(name),
            _ => None,
        })
    }

    /// Returns `true` if it derives from a builtin such as `torch.nn.Module`.
    pub fn derives_from(&self, builtin: &str) -> bool {
        self.bases.iter().any(|base| match base {
            Value::Class(base) => base.derives_from(builtin),
            Value::Builtin(name) => **name == *builtin,
            _ => false,
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
