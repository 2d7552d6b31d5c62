//! The syntax tree of the part of Python that models are written in.

use std::rc::Rc;

/// An expression and its line.
#[derive(Clone, Debug)]
pub struct Node {
    /// The expression.
    pub expr: Expr,
    /// Its line, from 1.
    pub line: usize,
    /// Levels of expressions in it, itself included.
    pub depth: usize,
}

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A string.
    Text(String),
    /// An f-string: text and expressions in turn.
    Format(Vec<Node>),
    /// A name.
    Name(String),
    /// `(a, b)`.
    Tuple(Vec<Node>),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: b}`.
    Dict(Vec<(Node, Node)>),
    /// `a.name`.
    Attribute(Box<Node>, String),
    /// `a[b]`.
    Index(Box<Node>, Box<Node>),
    /// `start:stop:step` between brackets.
    Slice([Option<Box<Node>>; 3]),
    /// `f(arguments)`.
    Call(Box<Node>, Vec<Argument>),
    /// `-a`, `+a`, `not a`.
    Unary(&'static str, Box<Node>),
    /// `a + b` and the like.
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `a < b < c`.
    Compare(Box<Node>, Vec<(&'static str, Node)>),
    /// `a and b`, `a or b`.
    Logic(&'static str, Vec<Node>),
    /// `a if condition else b`.
    Choice(Box<[Node; 3]>),
    /// `[element for target in items if condition]`.
    Comprehension(Box<Comprehension>),
    /// `*a`, in a list.
    Starred(Box<Node>),
    /// `lambda parameters: body`.
    Lambda(Rc<Function>),
}

/// `element for target in items if condition`.
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// Elements of the list.
    pub element: Node,
    /// The variables.
    pub target: Node,
    /// Values of the variables.
    pub items: Node,
    /// Conditions, all of which must hold.
    pub conditions: Vec<Node>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, if it is given by name.
    pub name: Option<String>,
    /// Stars before it: 1 for a list, 2 for a dict.
    pub stars: usize,
    /// Its value.
    pub value: Node,
}

/// A statement and its line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The statement.
    pub statement: Statement,
    /// Its line, from 1.
    pub line: usize,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// An expression.
    Expr(Node),
    /// `a = b = value`.
    Assign(Vec<Node>, Node),
    /// `a += value`, with the operator `+`.
    Change(Node, &'static str, Node),
    /// `return value`.
    Return(Option<Node>),
    /// `if`, its `elif`s, and `else` with an absent condition.
    If(Vec<(Option<Node>, Vec<Line>)>),
    /// `for target in items`.
    For(Node, Node, Vec<Line>),
    /// `def`.
    Function(Rc<Function>),
    /// `class`.
    Class(Rc<ClassBody>),
    /// Imported names, and the path that each stands for.
    Import(Vec<(String, String)>),
    /// `pass`, and what changes no model.
    Pass,
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// An unsupported expression, with the reason. It is an error only when evaluated.
    Unreadable(String),
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its statements.
    pub body: Vec<Line>,
    /// `true` for a `staticmethod`.
    pub is_static: bool,
    /// Its line.
    pub line: usize,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Stars before it: 1 for the rest by position, 2 for the rest by name.
    pub stars: usize,
    /// Its value if it is left out.
    pub default: Option<Node>,
}

/// A class.
#[derive(Debug)]
pub struct ClassBody {
    /// Its name.
    pub name: String,
    /// The classes that it extends.
    pub bases: Vec<Node>,
    /// Its statements.
    pub body: Vec<Line>,
    /// Its line.
    pub line: usize,
}
