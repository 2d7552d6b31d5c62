//! Interpreter of statements.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::TextError;
use super::ast::{Expr, Line, Node, Statement};
use super::fault;
use super::graph::Graph;
use super::value::{Class, Closure, Module, Value, Variables, find, set};

/// Maximum number of executed statements and expressions, far above any network's definition.
const MAX_STEPS: usize = 300_000;

/// Maximum depth of nested statements and expressions.
const MAX_DEPTH: usize = 160;

/// Maximum number of elements of a list.
pub const MAX_LIST: usize = 20_000;

/// State of a program.
pub struct Interpreter {
    /// Global variables.
    pub globals: Rc<Variables>,
    /// Forward passes in progress, the innermost last.
    pub frames: Vec<Frame>,
    /// Used layers with parameters or statistics.
    pub used: HashSet<usize>,
    /// Modules inside others.
    pub contained: HashSet<usize>,
    /// Layers that compute in place of their input.
    pub in_place: HashSet<usize>,
    steps: usize,
    depth: usize,
    ids: usize,
}

/// A forward pass of a module.
pub struct Frame {
    /// Unique index of the pass.
    pub id: usize,
    /// Recorded layers and sums.
    pub graph: Graph,
    /// Names of modules by index, relative to the pass's module.
    pub names: HashMap<usize, String>,
    /// Number of features of a `view`'s output, by node.
    pub features: HashMap<usize, usize>,
    /// Modules whose name a layer has.
    pub named: HashSet<usize>,
    /// Nodes changed in place: the node with the new values, if known.
    pub replaced: HashMap<usize, Option<usize>>,
}

/// Outcome of a statement.
pub enum Flow {
    /// The next statement runs.
    Next,
    /// The function returns.
    Return(Value),
    /// The loop ends.
    Break,
    /// The loop's next iteration begins.
    Continue,
}

impl Interpreter {
    /// Creates the state before a program.
    pub fn new() -> Self {
        Self {
            globals: Rc::default(),
            frames: Vec::new(),
            used: HashSet::new(),
            contained: HashSet::new(),
            in_place: HashSet::new(),
            steps: 0,
            depth: 0,
            ids: 0,
        }
    }

    /// Returns a new unique index.
    pub fn new_id(&mut self) -> usize {
        self.ids += 1;
        self.ids
    }

    /// Calls `run` one level deeper.
    ///
    /// # Errors
    /// The program has too many steps or levels; or `run` fails.
    pub fn deeper<T>(
        &mut self,
        line: usize,
        run: impl FnOnce(&mut Self) -> Result<T, TextError>,
    ) -> Result<T, TextError> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(fault(line, format!("the program takes more than {MAX_STEPS} steps")));
        }
        if self.depth >= MAX_DEPTH {
            return Err(fault(line, format!("calls and blocks nest more than {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Runs statements.
    ///
    /// # Errors
    /// The first statement that fails.
    pub fn block(&mut self, lines: &[Line], variables: &Rc<Variables>) -> Result<Flow, TextError> {
        for line in lines {
            match self.deeper(line.line, |this| this.statement(line, variables))? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// The statement is unsupported.
    pub fn statement(&mut self, line: &Line, variables: &Rc<Variables>) -> Result<Flow, TextError> {
        match &line.statement {
            Statement::Expr(node) => {
                self.eval(node, variables)?;
            }
            Statement::Assign(targets, node) => {
                let value = self.eval(node, variables)?;
                for target in targets {
                    self.assign(target, value.clone(), variables)?;
                }
            }
            Statement::Change(target, op, node) => {
                let (old, new) = (self.eval(target, variables)?, self.eval(node, variables)?);
                let value = self.change(op, old, new, line.line)?;
                self.assign(target, value, variables)?;
            }
            Statement::Return(None) => return Ok(Flow::Return(Value::None)),
            Statement::Return(Some(node)) => return Ok(Flow::Return(self.eval(node, variables)?)),
            Statement::If(arms) => return self.choose(arms, variables),
            Statement::For(target, items, body) => return self.repeat(target, items, body, variables),
            Statement::Function(function) => {
                let closure = Closure { function: function.clone(), variables: variables.clone(), class: None };
                set(&variables.own, &function.name, Value::Function(closure));
            }
            Statement::Class(body) => {
                let bases = body.bases.iter().map(|base| self.eval(base, variables)).collect::<Result<_, _>>()?;
                let inner = Rc::new(Variables { outer: Some(variables.clone()), ..Variables::default() });
                self.block(&body.body, &inner)?;
                // Methods see the variables outside the class, not the class's.
                let members = inner.own.take().into_iter().map(|(name, value)| match value {
                    Value::Function(closure) => {
                        (name, Value::Function(Closure { variables: variables.clone(), ..closure }))
                    }
                    value => (name, value),
                });
                let members = std::cell::RefCell::new(members.collect());
                let class = Class { name: body.name.clone(), bases, members, line: body.line };
                set(&variables.own, &body.name, Value::Class(Rc::new(class)));
            }
            Statement::Import(names) => {
                for (name, path) in names {
                    set(&variables.own, name, Value::Path(path.as_str().into()));
                }
            }
            Statement::Pass => {}
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Unreadable(why) => return Err(fault(line.line, why.clone())),
        }
        Ok(Flow::Next)
    }

    fn choose(&mut self, arms: &[(Option<Node>, Vec<Line>)], variables: &Rc<Variables>) -> Result<Flow, TextError> {
        for (condition, body) in arms {
            let holds = match condition {
                Some(node) => {
                    let value = self.eval(node, variables)?;
                    self.truth(&value, node.line)?
                }
                None => true,
            };
            if holds {
                return self.block(body, variables);
            }
        }
        Ok(Flow::Next)
    }

    fn repeat(
        &mut self,
        target: &Node,
        items: &Node,
        body: &[Line],
        variables: &Rc<Variables>,
    ) -> Result<Flow, TextError> {
        let list = self.eval(items, variables)?;
        for item in self.items(&list, items.line)? {
            self.assign(target, item, variables)?;
            match self.block(body, variables)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
            }
        }
        Ok(Flow::Next)
    }

    /// Assigns a value to a variable, an attribute, an element, or to several.
    ///
    /// # Errors
    /// The target cannot be assigned to.
    pub fn assign(&mut self, target: &Node, value: Value, variables: &Rc<Variables>) -> Result<(), TextError> {
        match &target.expr {
            Expr::Name(name) => set(&variables.own, name, value),
            Expr::Attribute(object, name) => {
                let object = self.eval(object, variables)?;
                self.set_attribute(&object, name, value, target.line)?;
            }
            Expr::Tuple(targets) | Expr::List(targets) => {
                let values = self.unpack(&value, targets.len(), target.line)?;
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value, variables)?;
                }
            }
            Expr::Index(object, key) => {
                let (object, key) = (self.eval(object, variables)?, self.eval(key, variables)?);
                self.set_item(&object, key, value, target.line)?;
            }
            _ => return Err(fault(target.line, "this cannot be assigned to")),
        }
        Ok(())
    }

    /// Unpacks a value for a number of targets.
    fn unpack(&mut self, value: &Value, number: usize, line: usize) -> Result<Vec<Value>, TextError> {
        if let Value::Sizes(from) = value {
            return Ok((*from..from + number).map(|d| if d == 0 { Value::Batch } else { Value::Size }).collect());
        }
        let values = self.items(value, line)?;
        if values.len() == number {
            return Ok(values);
        }
        Err(fault(line, format!("{} values are assigned to {number} variables", values.len())))
    }

    /// Returns the current forward pass.
    ///
    /// # Errors
    /// There is no forward pass.
    pub fn frame(&mut self, line: usize) -> Result<&mut Frame, TextError> {
        self.frames.last_mut().ok_or_else(|| fault(line, "a layer is used outside of a forward pass"))
    }

    /// Creates a module.
    pub fn module(&mut self, content: super::value::Content, line: usize) -> Rc<Module> {
        Rc::new(Module { id: self.new_id(), line, content })
    }

    /// Returns a variable, or a name of Python or PyTorch.
    pub fn variable(&self, name: &str, variables: &Variables) -> Option<Value> {
        variables.get(name).or_else(|| find(&self.globals.own, name))
    }
}
