//! Python values that models are built from: numbers, lists, modules, and symbolic tensors.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value as Json;

use super::super::kind::Kind;
use super::ast::Function;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(Rc<str>),
    /// A list.
    List(Rc<RefCell<Vec<Value>>>),
    /// A tuple.
    Tuple(Rc<Vec<Value>>),
    /// A dict, in the order of its keys.
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// A layer, a container of layers, or an object of the program's classes.
    Module(Rc<Module>),
    /// A class of the program.
    Class(Rc<Class>),
    /// A function of the program.
    Function(Closure),
    /// A function of the program, bound to its first argument.
    Method(Rc<Module>, Closure),
    /// A method of a Python or PyTorch value.
    Builtin(Box<Value>, Rc<str>),
    /// `super()`: the object, and the class whose bases are searched.
    Super(Rc<Module>, Rc<Class>),
    /// A library's name by its path, such as `torch.nn.Linear`.
    Path(Rc<str>),
    /// A tensor of a forward pass.
    Tensor(Tensor),
    /// A tensor of a shape that is not an input; `true` if it is a parameter.
    Array(Rc<Vec<i64>>, bool),
    /// Sizes of a tensor, from a dimension on.
    Sizes(usize),
    /// Number of samples in a batch.
    Batch,
    /// A size, or a product of sizes, that depends on the input.
    Size,
    /// A named value without effect on a model, such as a device.
    Opaque(Rc<str>),
}

/// An output within a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Index of the forward pass.
    pub frame: usize,
    /// Node in the pass's graph.
    pub node: usize,
}

/// A layer, container or object.
#[derive(Debug)]
pub struct Module {
    /// Unique index of the module.
    pub id: usize,
    /// Line of its creation.
    pub line: usize,
    /// A layer, a container or an object.
    pub content: Content,
}

/// Content of a module.
#[derive(Debug)]
pub enum Content {
    /// A layer.
    Layer(Kind),
    /// `nn.Sequential`, `nn.ModuleList` or `nn.ModuleDict`, by name.
    Container(&'static str, RefCell<Vec<(String, Value)>>),
    /// An object with attributes.
    Object(Rc<Class>, RefCell<Vec<(String, Value)>>),
}

/// A class of the program.
#[derive(Debug)]
pub struct Class {
    /// Name.
    pub name: String,
    /// Base classes.
    pub bases: Vec<Value>,
    /// Functions and values.
    pub members: RefCell<Vec<(String, Value)>>,
    /// Line.
    pub line: usize,
}

/// A function and its enclosing variables.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Function.
    pub function: Rc<Function>,
    /// Enclosing variables.
    pub variables: Rc<Variables>,
    /// Class of a method, once it is looked up on an object.
    pub class: Option<Rc<Class>>,
}

/// Variables of a scope.
#[derive(Debug, Default)]
pub struct Variables {
    /// Variables, in the order of their first assignment.
    pub own: RefCell<Vec<(String, Value)>>,
    /// Variables of the enclosing scope.
    pub outer: Option<Rc<Variables>>,
}

/// Looks a name up in a list.
pub fn find(list: &RefCell<Vec<(String, Value)>>, name: &str) -> Option<Value> {
    list.borrow().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// Sets a name in a list.
pub fn set(list: &RefCell<Vec<(String, Value)>>, name: &str, value: Value) {
    let mut list = list.borrow_mut();
    match list.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => list.push((name.to_owned(), value)),
    }
}

impl Variables {
    /// Returns a variable of this or an enclosing scope.
    pub fn get(&self, name: &str) -> Option<Value> {
        find(&self.own, name).or_else(|| self.outer.as_ref().and_then(|outer| outer.get(name)))
    }
}

impl Class {
    /// Returns a member of the class or its bases, with the class that defines it.
    pub fn find(self: &Rc<Self>, name: &str) -> Option<(Value, Rc<Self>)> {
        find(&self.members, name).map(|value| (value, self.clone())).or_else(|| self.find_above(name))
    }

    /// Returns a member of the base classes.
    pub fn find_above(&self, name: &str) -> Option<(Value, Rc<Self>)> {
        self.bases.iter().find_map(|base| match base {
            Value::Class(base) => base.find(name),
            _ => None,
        })
    }

    /// Returns `true` if the class is, or extends, the class of a value.
    pub fn extends(self: &Rc<Self>, other: &Value) -> bool {
        let is_same = |value: &Value| match (value, other) {
            (Value::Class(a), Value::Class(b)) => Rc::ptr_eq(a, b) || a.extends(other),
            (Value::Path(a), Value::Path(b)) => a == b,
            (Value::Class(a), Value::Path(_)) => a.extends(other),
            _ => false,
        };
        matches!(other, Value::Class(class) if Rc::ptr_eq(self, class)) || self.bases.iter().any(is_same)
    }

    /// Returns `true` if the class's objects are modules.
    pub fn is_module(self: &Rc<Self>) -> bool {
        self.extends(&Value::Path("torch.nn.Module".into()))
    }
}

impl Module {
    /// Returns the modules inside this one, with their names.
    pub fn children(&self) -> Vec<(String, Rc<Module>)> {
        let list = match &self.content {
            Content::Layer(_) => return Vec::new(),
            Content::Container(_, list) | Content::Object(_, list) => list.borrow(),
        };
        let modules = list.iter().filter_map(|(name, value)| match value {
            Value::Module(module) => Some((name.clone(), module.clone())),
            _ => None,
        });
        modules.collect()
    }
}

impl Value {
    /// Creates a string.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a list.
    pub fn list(list: Vec<Value>) -> Self {
        Self::List(Rc::new(RefCell::new(list)))
    }

    /// Creates a tuple.
    pub fn tuple(list: Vec<Value>) -> Self {
        Self::Tuple(Rc::new(list))
    }

    /// Describes the value in words.
    pub fn describe(&self) -> String {
        match self {
            Self::None => "None".into(),
            Self::Bool(_) => "a truth value".into(),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text(text) => format!("the text '{text}'"),
            Self::List(_) => "a list".into(),
            Self::Tuple(_) => "a tuple".into(),
            Self::Dict(_) => "a dict".into(),
            Self::Module(module) => match &module.content {
                Content::Layer(kind) => format!("the layer {}", kind.name()),
                Content::Container(kind, _) => format!("nn.{kind}"),
                Content::Object(class, _) => format!("an object of {}", class.name),
            },
            Self::Class(class) => format!("the class {}", class.name),
            Self::Function(closure) | Self::Method(_, closure) => format!("the function {}", closure.function.name),
            Self::Builtin(_, name) => format!("the method {name}"),
            Self::Super(..) => "super()".into(),
            Self::Path(path) => path.to_string(),
            Self::Tensor(_) => "a tensor".into(),
            Self::Array(..) => "a tensor that is no input".into(),
            Self::Sizes(_) | Self::Batch | Self::Size => "a size of the input".into(),
            Self::Opaque(name) => name.to_string(),
        }
    }

    /// Converts the value to an argument of a layer.
    ///
    /// # Errors
    /// The value cannot be an argument.
    pub fn json(&self) -> Result<Json, String> {
        match self {
            Self::None => Ok(Json::Null),
            Self::Bool(value) => Ok(Json::Bool(*value)),
            Self::Int(value) => Ok(Json::from(*value)),
            Self::Float(value) => Ok(Json::from(*value)),
            Self::Text(text) => Ok(Json::from(&**text)),
            Self::List(list) => list.borrow().iter().map(Self::json).collect(),
            Self::Tuple(list) => list.iter().map(Self::json).collect(),
            Self::Path(path) => Ok(Json::from(path.rsplit('.').next().unwrap_or_default())),
            Self::Opaque(name) => Ok(Json::from(&**name)),
            other => Err(format!("{} cannot be an argument of a layer", other.describe())),
        }
    }

    /// Converts an argument of a layer to a value.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => number.as_f64().map_or(Self::None, Self::Float),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(list) => Self::tuple(list.iter().map(Self::from_json).collect()),
            Json::Object(_) => Self::None,
        }
    }
}
