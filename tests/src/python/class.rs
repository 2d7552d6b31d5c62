//! Functions, classes and instances of the program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Parameters, Stmt};

use super::{Error, Result, Value};

/// A function or lambda.
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub parameters: Option<Parameters>,
    /// The values of the parameters' defaults, by parameter name.
    pub defaults: Vec<(String, Value)>,
    /// What it does.
    pub body: Body,
    /// Where it was defined.
    pub scope: Rc<Scope>,
    /// Whether it takes no `self`.
    pub is_static: bool,
}

/// The two kinds of bodies.
pub enum Body {
    /// `def`.
    Statements(Vec<Stmt>),
    /// `lambda`.
    Expression(Expr),
}

/// A class.
pub struct Class {
    /// Its name.
    pub name: String,
    /// What it derives from.
    pub bases: Vec<Value>,
    /// Methods and class attributes.
    pub attributes: RefCell<HashMap<String, Value>>,
}

impl Class {
    /// An attribute, its own or inherited from a class of the program.
    pub fn find(&self, name: &str) -> Option<Value> {
        let own = self.attributes.borrow().get(name).cloned();
        own.or_else(|| self.inherited(name))
    }

    /// An attribute of its bases: what `super()` finds.
    pub fn inherited(&self, name: &str) -> Option<Value> {
        self.bases.iter().find_map(|base| match base {
            Value::Class(base) => base.find(name),
            _ => None,
        })
    }

    /// Whether it derives from something that torch offers, such as `torch.nn.Module`.
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
    /// What it is an instance of.
    pub class: Rc<Class>,
    /// Its attributes, in the order in which they were first set.
    pub attributes: RefCell<Vec<(String, Value)>>,
}

impl Instance {
    /// An attribute of its own.
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

/// Names and what they stand for: of the program, of a call, of a comprehension.
#[derive(Default)]
pub struct Scope {
    names: RefCell<HashMap<String, Value>>,
    parent: Option<Rc<Self>>,
    /// Whether it is the body of a class, which functions in it do not see.
    pub is_class: bool,
}

impl Scope {
    /// A scope inside of another.
    pub fn inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(parent.clone()), ..Self::default() })
    }

    /// The body of a class inside of another scope.
    pub fn class_inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(parent.clone()), is_class: true, ..Self::default() })
    }

    /// What functions defined here see.
    pub fn seen_by_functions(self: &Rc<Self>) -> Rc<Self> {
        match &self.parent {
            Some(parent) if self.is_class => parent.clone(),
            _ => self.clone(),
        }
    }

    /// What a name stands for.
    pub fn find(&self, name: &str) -> Option<Value> {
        let own = self.names.borrow().get(name).cloned();
        own.or_else(|| self.parent.as_ref()?.find(name))
    }

    /// Lets a name stand for a value, here.
    pub fn set(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }

    /// Forgets a name.
    ///
    /// # Errors
    /// It stands for nothing here.
    pub fn forget(&self, name: &str) -> Result<()> {
        let gone = self.names.borrow_mut().remove(name);
        gone.map(drop).ok_or_else(|| Error::new(format!("name '{name}' is not defined")))
    }

    /// Everything named here.
    pub fn take(&self) -> HashMap<String, Value> {
        self.names.take()
    }
}
