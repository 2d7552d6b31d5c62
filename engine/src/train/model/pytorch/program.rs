//! Execution of a program, and the search for the model in its variables.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use super::super::{Parsed, TextError};
use super::ast::{Expr, Line, Node, Statement};
use super::eval::Arguments;
use super::fault;
use super::interpreter::Interpreter;
use super::value::{Class, Content, Module, Value, set};

/// Definitions of a program.
struct Program {
    interpreter: Interpreter,
    /// Modules in expression statements, as in a list of layers.
    alone: Vec<Rc<Module>>,
    /// Errors of the program's statements, reported if there is no model.
    errors: Vec<TextError>,
    /// Error of the first call of a class that failed, with the called name.
    failed: Option<(String, TextError)>,
}

/// Returns the layers of the model that a program defines.
///
/// # Errors
/// There is no model, or it is unsupported; the error has the line and the reason.
pub fn layers(lines: &[Line]) -> Result<Parsed, TextError> {
    let mut program = Program { interpreter: Interpreter::new(), alone: Vec::new(), errors: Vec::new(), failed: None };
    program.run(lines);
    let found = program.model().and_then(|model| program.interpreter.layers(&model));
    // Breaks the cycles between functions and their variables.
    program.interpreter.globals.own.take();
    let (layers, lines) = found?;
    Ok(Parsed { layers, lines })
}

impl Program {
    fn run(&mut self, lines: &[Line]) {
        let variables = self.interpreter.globals.clone();
        let has_class = lines.iter().any(|line| matches!(line.statement, Statement::Class(_)));
        if !has_class {
            // Lines copied from an `__init__`.
            let base = Value::Path("torch.nn.Module".into());
            let class = Class { name: "Net".into(), bases: vec![base], members: RefCell::default(), line: 1 };
            let content = Content::Object(Rc::new(class), RefCell::default());
            let own = self.interpreter.module(content, 1);
            set(&variables.own, "self", Value::Module(own));
        }
        for line in lines {
            let result = match &line.statement {
                Statement::Expr(node) => self.interpreter.eval(node, &variables).map(|value| {
                    // A call such as `net.to(device)` adds no layer.
                    let is_made_here = |module: &Module| module.line >= node.line.saturating_sub(1);
                    match (value, &node.expr) {
                        (Value::Module(module), Expr::Call(..)) if is_made_here(&module) => self.alone.push(module),
                        // Calls followed by commas.
                        (Value::Tuple(list), Expr::Tuple(_)) => self.alone.extend(list.iter().filter_map(module)),
                        _ => {}
                    }
                }),
                _ => self.interpreter.statement(line, &variables).map(|_| ()),
            };
            let Err(error) = result else { continue };
            if let Statement::Assign(_, Node { expr: Expr::Call(callee, _), .. }) = &line.statement
                && let Expr::Name(name) = &callee.expr
                && self.failed.is_none()
            {
                self.failed = Some((name.clone(), error.clone()));
            }
            self.errors.push(error);
        }
    }

    fn model(&mut self) -> Result<Rc<Module>, TextError> {
        let globals = self.interpreter.globals.own.borrow().clone();
        let mut roots: Vec<(String, Rc<Module>)> = Vec::new();
        for (name, value) in &globals {
            match value {
                Value::Module(module) if name == "self" => roots.extend(module.children()),
                Value::Module(module) if !self.interpreter.contained.contains(&module.id) => {
                    roots.push((name.clone(), module.clone()));
                }
                _ => {}
            }
        }
        let mut seen = HashSet::new();
        roots.retain(|(_, module)| seen.insert(module.id));
        let is_object = |module: &Module| matches!(&module.content, Content::Object(class, _) if class.is_module());
        if let Some((_, model)) = roots.iter().rev().find(|(_, module)| is_object(module)) {
            return Ok(model.clone());
        }
        let classes: Vec<Rc<Class>> = globals.iter().filter_map(|(_, value)| class(value)).collect();
        if !classes.is_empty() {
            return self.instance(&classes, &globals);
        }
        let alone = std::mem::take(&mut self.alone);
        let alone = alone.into_iter().filter(|module| !self.interpreter.contained.contains(&module.id));
        let list: Vec<(String, Rc<Module>)> = match roots.is_empty() {
            true => alone.enumerate().map(|(i, module)| (i.to_string(), module)).collect(),
            false => roots,
        };
        // A failed statement may have defined one of the layers.
        match (list.as_slice(), self.errors.first()) {
            ([(_, only)], _) if !matches!(only.content, Content::Layer(_)) => Ok(only.clone()),
            (_, Some(error)) => Err(error.clone()),
            ([], None) => {
                Err(fault(1, "no model is defined here: expected layers, nn.Sequential or a class of nn.Module"))
            }
            (list, None) => {
                let line = list[0].1.line;
                let named = list.iter().map(|(name, module)| (name.clone(), Value::Module(module.clone()))).collect();
                match self.interpreter.container("Sequential", named, line)? {
                    Value::Module(module) => Ok(module),
                    other => Err(fault(line, format!("{} is no model", other.describe()))),
                }
            }
        }
    }

    /// Creates an object of the last class, or of the first function without parameters.
    fn instance(&mut self, classes: &[Rc<Class>], globals: &[(String, Value)]) -> Result<Rc<Module>, TextError> {
        let Some(last) = classes.last() else { return Err(fault(1, "no class is defined here")) };
        if let Some((name, error)) = &self.failed
            && classes.iter().any(|class| class.name == *name)
        {
            return Err(error.clone());
        }
        let needed = self.interpreter.needed(last);
        if needed.is_empty() {
            return match self.interpreter.instantiate(last, Arguments::default(), last.line)? {
                Value::Module(module) => Ok(module),
                other => Err(fault(last.line, format!("{} is no model", other.describe()))),
            };
        }
        if let Some(error) = self.errors.first() {
            return Err(error.clone());
        }
        for (_, value) in globals {
            let Value::Function(closure) = value else { continue };
            if closure.function.parameters.iter().any(|p| p.default.is_none() && p.stars == 0) {
                continue;
            }
            if let Value::Module(module) = self.interpreter.run(closure, Arguments::default(), closure.function.line)? {
                return Ok(module);
            }
        }
        let why = format!(
            "{} needs {}; add a line that makes it, such as net = {}(…)",
            last.name,
            needed.join(", "),
            last.name
        );
        Err(fault(last.line, why))
    }
}

fn module(value: &Value) -> Option<Rc<Module>> {
    match value {
        Value::Module(module) => Some(module.clone()),
        _ => None,
    }
}

fn class(value: &Value) -> Option<Rc<Class>> {
    match value {
        Value::Class(class) if class.is_module() => Some(class.clone()),
        _ => None,
    }
}
