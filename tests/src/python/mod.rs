//! A small interpreter of the Python in PyTorch programs, with Kindling as its torch, so that
//! golden programs and models run unchanged. It supports assignments, `for`, `while`, `if`, `with`,
//! `def` and `class`, expressions and comprehensions, and the parts of torch that the engine has.
//! It has no exceptions, no generators and no imports but torch's. An unsupported construct is an
//! error that names it.

mod args;
mod attribute;
mod builtins;
mod call;
mod class;
mod error;
mod eval;
mod exec;
mod index;
mod operators;
pub mod reads;
pub mod torch;
mod value;

use std::rc::Rc;

use kindling::Device;

pub use args::{Args, Bound};
pub use class::{Class, Function, Instance, Scope};
pub use error::{Error, Result};
pub use value::{Object, Value};

/// Runs programs on a device. Clones share their names.
#[derive(Clone)]
pub struct Interpreter {
    /// Device of new tensors.
    pub device: Device,
    globals: Rc<Scope>,
}

impl Interpreter {
    /// Creates an interpreter with `torch`, `nn` and `F`.
    pub fn new(device: &Device) -> Self {
        let globals = Rc::new(Scope::default());
        for (name, module) in [("torch", "torch"), ("nn", "torch.nn"), ("F", "torch.nn.functional"), ("math", "math")] {
            globals.set(name, Value::Builtin(module.into()));
        }
        Self { device: device.clone(), globals }
    }

    /// Assigns a name.
    pub fn set(&self, name: &str, value: Value) {
        self.globals.set(name, value);
    }

    /// Runs statements.
    ///
    /// # Errors
    /// The source is not Python, or a statement fails.
    pub fn run(&self, source: &str) -> Result<()> {
        let module = ruff_python_parser::parse_module(source).map_err(|e| Error::new(format!("{source}: {e}")))?;
        self.block(&module.into_syntax().body, &self.globals)?;
        Ok(())
    }

    /// Evaluates an expression.
    ///
    /// # Errors
    /// The source is not Python, or the evaluation fails.
    pub fn eval(&self, source: &str) -> Result<Value> {
        let parsed = ruff_python_parser::parse_expression(source).map_err(|e| Error::new(format!("{source}: {e}")))?;
        self.expression(&parsed.into_syntax().body, &self.globals)
    }
}
