//! Environment of a call: the program that made it.

use std::any::Any;
use std::rc::Rc;

use kindling::Device;

use crate::{Args, Result, Value};

/// Runner of the program that calls.
pub trait Host {
    /// Returns the device of new tensors.
    fn device(&self) -> &Device;

    /// Calls a function of the program, such as a hook.
    ///
    /// # Errors
    /// It cannot be called, or fails.
    fn call(&self, function: &Value, args: Args) -> Result<Value>;

    /// Returns another handle of itself, for calls that come later.
    fn share(&self) -> Rc<dyn Host>;

    /// Returns itself for downcasts.
    fn any(&self) -> &dyn Any;
}
