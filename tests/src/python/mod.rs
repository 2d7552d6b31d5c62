//! A small interpreter of the Python in PyTorch programs, with Kindling as its torch, so that
//! golden programs and models run unchanged. It supports assignments, `for`, `while`, `if`, `with`,
//! `def` and `class`, expressions and comprehensions, and the parts of torch that the engine has.
//! It has no exceptions, no generators and no imports but torch's. An unsupported construct is an
//! error that names it.

mod attribute;
mod builtins;
mod call;
mod class;
mod eval;
mod exec;
mod index;
mod operators;
pub mod torch;

use std::any::Any;
use std::rc::Rc;

use kindling::Device;

pub use class::{Class, Defined, Function, Instance, Scope};
pub use kindling_torch::{Args, Bound, Error, Host, Object, Result, Value, dict, item, json, reads};

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

    /// Returns the interpreter whose program calls.
    ///
    /// # Errors
    /// The host is none.
    pub fn of(host: &dyn Host) -> Result<&Self> {
        host.any().downcast_ref().ok_or_else(|| Error::new("this object belongs to the interpreter of tests"))
    }
}

impl Host for Interpreter {
    fn device(&self) -> &Device {
        &self.device
    }

    fn call(&self, function: &Value, args: Args) -> Result<Value> {
        Self::call(self, function, args)
    }

    fn share(&self) -> Rc<dyn Host> {
        Rc::new(self.clone())
    }

    fn any(&self) -> &dyn Any {
        self
    }
}
