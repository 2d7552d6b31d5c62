//! `torch.autograd.grad` and `backward`, and the modes: `no_grad`, `enable_grad`,
//! `set_grad_enabled`.

use std::cell::RefCell;
use std::rc::Rc;

use kindling::tensor::GradMode;
use kindling::{Tensor, autograd, is_grad_enabled};

use crate::tensor::options;
use crate::{Args, Error, Host, Object, Result, Value};

/// Calls a function of autograd.
pub fn call(_cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    Ok(Some(match name {
        "grad" => {
            let a = args.bind(
                name,
                &["outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs", "allow_unused"],
            )?;
            let (outputs, inputs) = (tensors(a.need("outputs")?)?, tensors(a.need("inputs")?)?);
            let given = gradients(a.get("grad_outputs"), outputs.len())?;
            let seeds: Vec<(&Tensor, Option<&Tensor>)> =
                outputs.iter().zip(&given).map(|(output, given)| (output, given.as_ref())).collect();
            let inputs: Vec<&Tensor> = inputs.iter().collect();
            let grads = autograd::grad(&seeds, &inputs, &options(&a, None)?, a.flag_or("allow_unused", false)?)?;
            Value::tuple(grads.into_iter().map(Value::optional))
        }
        "backward" => {
            let a = args.bind(name, &["tensors", "grad_tensors", "retain_graph", "create_graph"])?;
            let outputs = tensors(a.need("tensors")?)?;
            let given = gradients(a.get("grad_tensors"), outputs.len())?;
            let seeds: Vec<(Tensor, Option<Tensor>)> = outputs.into_iter().zip(given).collect();
            autograd::backward(&seeds, &options(&a, None)?)?;
            Value::None
        }
        "is_grad_enabled" => Value::Bool(is_grad_enabled()),
        "no_grad" | "inference_mode" => Mode::object(false),
        "enable_grad" => Mode::object(true),
        "set_grad_enabled" => {
            let enabled = args.bind(name, &["mode"])?.need("mode")?.truth()?;
            let mode = Mode { enabled, before: RefCell::new(vec![is_grad_enabled()]), at_once: true };
            // Effective from the call on, with or without `with`.
            set(enabled);
            Value::Object(Rc::new(mode))
        }
        _ => return Ok(None),
    }))
}

fn tensors(value: &Value) -> Result<Vec<Tensor>> {
    match value {
        Value::Tensor(t) => Ok(vec![t.clone()]),
        other => other.items()?.iter().map(|v| v.as_tensor().cloned()).collect(),
    }
}

fn gradients(value: Option<&Value>, outputs: usize) -> Result<Vec<Option<Tensor>>> {
    let given = match value {
        None => return Ok(vec![None; outputs]),
        Some(Value::Tensor(t)) => vec![Some(t.clone())],
        Some(other) => {
            let optional = |v: &Value| if let Value::None = v { Ok(None) } else { v.as_tensor().cloned().map(Some) };
            other.items()?.iter().map(optional).collect::<Result<_>>()?
        }
    };
    if given.len() == outputs {
        return Ok(given);
    }
    Err(Error::new(format!("{} gradients were given for {outputs} outputs", given.len())))
}

fn set(enabled: bool) {
    // The mode outlives this call; `__exit__` or the runner of the program resets it.
    std::mem::forget(GradMode::set(enabled));
}

/// A context in which recording of operations is on or off.
struct Mode {
    enabled: bool,
    before: RefCell<Vec<bool>>,
    at_once: bool,
}

impl Mode {
    fn object(enabled: bool) -> Value {
        Value::Object(Rc::new(Self { enabled, before: RefCell::default(), at_once: false }))
    }
}

impl Object for Mode {
    fn class(&self) -> &str {
        "grad mode"
    }

    fn call(&self, _host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        match method {
            "__enter__" => {
                if !self.at_once {
                    self.before.borrow_mut().push(is_grad_enabled());
                }
                set(self.enabled);
                Ok(Value::None)
            }
            "__exit__" => {
                if let Some(before) = self.before.borrow_mut().pop() {
                    set(before);
                }
                Ok(Value::None)
            }
            "__call__" => {
                let function = args.positional.into_iter().next().ok_or_else(|| Error::new("nothing to decorate"))?;
                Ok(Value::Object(Rc::new(Decorated { enabled: self.enabled, function })))
            }
            _ => Err(Error::unknown(format!("no_grad().{method}"))),
        }
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A function under `@torch.no_grad()`.
struct Decorated {
    enabled: bool,
    function: Value,
}

impl Object for Decorated {
    fn class(&self) -> &str {
        "function"
    }

    fn call(&self, host: &dyn Host, _method: &str, args: Args) -> Result<Value> {
        let _mode = GradMode::set(self.enabled);
        host.call(&self.function, args)
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}
