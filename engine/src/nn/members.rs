//! `members!`: the list of a module's members, checked for completeness by the compiler. The file
//! knows the kinds of fields, no layer.

use std::cell::Cell;

use super::{Counter, Members, Module};
use crate::Tensor;

/// Type of a field that [`members!`](crate::members!) registers: a parameter, a module, the
/// training mode, or an `Option`, `Vec` or array of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a tensor nor a module",
    label = "cannot be registered as a member",
    note = "a field that is not part of the module's state is listed as `name: _`"
)]
pub trait Field {
    /// Registers the field under its name.
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>);
}

impl<M: Module> Field for M {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        to.module(name, self);
    }
}

impl Field for Tensor {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        to.parameter(name, self);
    }
}

impl Field for Counter {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        to.counter(name, self);
    }
}

impl Field for Cell<bool> {
    fn register<'a>(&'a self, _name: &str, to: &mut Members<'a>) {
        to.training(self);
    }
}

impl<F: Field> Field for Option<F> {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        if let Some(field) = self {
            field.register(name, to);
        }
    }
}

impl<F: Field> Field for Vec<F> {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        register_list(self, name, to);
    }
}

impl<F: Field, const N: usize> Field for [F; N] {
    fn register<'a>(&'a self, name: &str, to: &mut Members<'a>) {
        register_list(self, name, to);
    }
}

/// Registers fields under their indices, as PyTorch's `ModuleList` and `ParameterList` do.
fn register_list<'a, F: Field>(fields: &'a [F], name: &str, to: &mut Members<'a>) {
    to.within(name, |to| fields.iter().enumerate().for_each(|(i, field)| field.register(&i.to_string(), to)));
}

/// Implements [`Module::members`]: lists every field of the module, in PyTorch's order.
///
/// A tensor is registered as a parameter, a module under its name, a `Cell<bool>` as the training
/// mode; an `Option` if there is one, a `Vec` or array under indices. `name: buffer` registers a
/// tensor as a buffer, and `name: _` leaves out a field that is no state, such as a probability.
///
/// The list must name every field, so a parameter cannot be forgotten:
///
/// ```
/// use kindling::nn::{Conv2d, Linear, Module, members};
/// use kindling::{Device, Result, Tensor};
///
/// struct Net {
///     conv: Conv2d,
///     fc: Linear,
///     scale: f64,
/// }
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         let x = x.apply(&self.conv)?.relu()?.flatten(1, -1)?;
///         x.apply(&self.fc)?.mul_scalar(self.scale)
///     }
///
///     members!(conv, fc, scale: _);
/// }
///
/// # fn main() -> Result<()> {
/// let cpu = Device::cpu();
/// let (conv, fc) = (Conv2d::new(1, 4, 3, &cpu)?, Linear::new(4 * 6 * 6, 2, &cpu)?);
/// let net = Net { conv, fc, scale: 0.5 };
/// let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["conv.weight", "conv.bias", "fc.weight", "fc.bias"]);
/// # Ok(()) }
/// ```
///
/// Without `fc` in the list, the program does not compile: "pattern does not mention field `fc`".
///
/// ```compile_fail,E0027
/// use kindling::nn::{Linear, Module, members};
/// use kindling::{Result, Tensor};
///
/// struct Net {
///     fc1: Linear,
///     fc2: Linear,
/// }
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         x.apply(&self.fc1)?.relu()?.apply(&self.fc2)
///     }
///
///     members!(fc1);
/// }
/// ```
#[macro_export]
macro_rules! members {
    ($($field:ident $(: $kind:tt)?),* $(,)?) => {
        #[allow(unused_variables, reason = "a module without state registers nothing")]
        fn members<'a>(&'a self, to: &mut $crate::nn::Members<'a>) {
            let Self { $($field),* } = self;
            $($crate::__register!(to, $field $(: $kind)?);)*
        }
    };
}

/// Registers a field by its kind, for [`members!`](crate::members!).
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($to:ident, $field:ident) => {
        $crate::nn::Field::register($field, stringify!($field), $to);
    };
    ($to:ident, $field:ident: buffer) => {
        $to.buffer(stringify!($field), $field);
    };
    ($to:ident, $field:ident: _) => {};
}
