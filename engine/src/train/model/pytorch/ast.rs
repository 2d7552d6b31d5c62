//! Syntax tree of the subset of Python that defines models.

use std::rc::Rc;

/// An expression and its line.
#[derive(Clone, Debug)]
pub struct Node {
    /// Expression.
    pub expr: Expr,
    /// Line, from 1.
    pub line: usize,
    /// Depth of nested expressions, including this one.
    pub depth: usize,
}

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(String),
    /// An f-string: text and expressions alternate.
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
    /// Target variables.
    pub target: Node,
    /// Iterated values.
    pub items: Node,
    /// Conditions, all of which must hold.
    pub conditions: Vec<Node>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Name of a keyword argument.
    pub name: Option<String>,
    /// Number of stars: 1 for a list, 2 for a dict.
    pub stars: usize,
    /// Value.
    pub value: Node,
}

/// A statement and its line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Statement.
    pub statement: Statement,
    /// Line, from 1.
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
    /// Imported names, with their paths.
    Import(Vec<(String, String)>),
    /// `pass`, and statements without effect on a model.
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
    /// Name.
    pub name: String,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Statements.
    pub body: Vec<Line>,
    /// `true` for a `staticmethod`.
    pub is_static: bool,
    /// Line.
    pub line: usize,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Number of stars: 1 for the other positional arguments, 2 for the other keyword arguments.
    pub stars: usize,
    /// Default value.
    pub default: Option<Node>,
}

/// A class.
#[derive(Debug)]
pub struct ClassBody {
    /// Name.
    pub name: String,
    /// Base classes.
    pub bases: Vec<Node>,
    /// Statements.
    pub body: Vec<Line>,
    /// Line.
    pub line: usize,
}
