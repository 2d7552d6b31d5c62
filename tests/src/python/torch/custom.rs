//! Subclasses of `torch.autograd.Function`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kindling::Tensor;
use kindling::autograd::{Call, Context, CustomFunction, custom};

use crate::python::{Args, Class, Error, Host, Interpreter, Object, Result, Value};

/// Evaluates `Class.apply(…)`.
///
/// # Errors
/// Its `forward` fails.
pub fn apply(interpreter: &Interpreter, class: &Rc<Class>, args: Args) -> Result<Value> {
    let tensors: Vec<Tensor> = args.positional.iter().filter_map(|v| v.as_tensor().ok().cloned()).collect();
    let cx = Rc::new(Ctx { needs: needs(&args), ..Ctx::default() });
    let single = Rc::new(Cell::new(true));
    let failure = Rc::new(RefCell::new(None));
    let function = PythonFunction {
        interpreter: interpreter.clone(),
        class: class.clone(),
        cx,
        args,
        single: single.clone(),
        failure: failure.clone(),
    };
    let inputs: Vec<&Tensor> = tensors.iter().collect();
    let results = custom(function, &inputs).map_err(|e| failure.take().unwrap_or(Error::Engine(e)))?;
    match results.as_slice() {
        [one] if single.get() => Ok(Value::Tensor(one.clone())),
        _ => Ok(Value::tensors(results)),
    }
}

fn needs(args: &Args) -> Vec<Value> {
    let needs = |v: &Value| Value::Bool(v.as_tensor().is_ok_and(Tensor::requires_grad));
    args.positional.iter().map(needs).collect()
}

struct PythonFunction {
    interpreter: Interpreter,
    class: Rc<Class>,
    cx: Rc<Ctx>,
    args: Args,
    /// True if `forward` returned one tensor, not a tuple.
    single: Rc<Cell<bool>>,
    failure: Rc<RefCell<Option<Error>>>,
}

impl PythonFunction {
    fn run(&self, method: &str, args: Vec<Value>) -> Result<Value> {
        let function = self.class.find(method);
        let function = function.ok_or_else(|| Error::new(format!("{} has no {method}", self.class.name)))?;
        self.interpreter.call(&function, Args::of(args).before(Value::Object(self.cx.clone())))
    }

    fn forward(&self) -> Result<Vec<Tensor>> {
        let result = match self.class.find("setup_context") {
            None => self.run("forward", self.args.positional.clone())?,
            Some(setup) => {
                let forward = self.interpreter.attribute(&Value::Object(self.class.clone()), "forward")?;
                let result = self.interpreter.call(&forward, self.args.clone())?;
                let args = [Value::Object(self.cx.clone()), Value::tuple(self.args.positional.clone()), result.clone()];
                self.interpreter.call(&setup, Args::of(args.to_vec()))?;
                result
            }
        };
        match &result {
            Value::Tensor(t) => Ok(vec![t.clone()]),
            several => {
                self.single.set(false);
                several.items()?.iter().map(|v| v.as_tensor().cloned()).collect()
            }
        }
    }

    fn backward(&self, call: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        // Reading saved tensors fails only where the program reads them, as in PyTorch.
        self.cx.saved.replace(Some(call.saved_tensors().map_err(Error::Engine)));
        let result = self.run("backward", grads.iter().cloned().map(Value::Tensor).collect());
        self.cx.saved.replace(None);
        let given = match result? {
            one @ (Value::Tensor(_) | Value::None) => vec![one],
            several => several.items()?,
        };
        if given.len() != self.args.positional.len() {
            let (got, wanted) = (given.len(), self.args.positional.len());
            let what = format!("{}.backward gave {got} gradients for {wanted} arguments", self.class.name);
            return Err(Error::new(what));
        }
        // The engine knows only the tensors among the arguments.
        let of_tensors = self.args.positional.iter().zip(given).filter(|(v, _)| matches!(v, Value::Tensor(_)));
        of_tensors.map(|(_, g)| if let Value::None = g { Ok(None) } else { g.as_tensor().cloned().map(Some) }).collect()
    }
}

impl CustomFunction for PythonFunction {
    fn name(&self) -> &'static str {
        "torch.autograd.Function"
    }

    fn forward(&mut self, cx: &mut Context, _inputs: &[&Tensor]) -> kindling::Result<Vec<Tensor>> {
        let results = (*self).forward_checked()?;
        cx.save_for_backward(&self.cx.to_save.borrow().iter().collect::<Vec<_>>());
        cx.mark_non_differentiable(&self.cx.constant.borrow().iter().collect::<Vec<_>>());
        self.cx.to_save.take();
        self.cx.constant.take();
        Ok(results)
    }

    fn backward(&self, call: &Call<'_>, grads: &[Tensor]) -> kindling::Result<Vec<Option<Tensor>>> {
        Ok(Self::backward(self, call, grads)?)
    }
}

impl PythonFunction {
    fn forward_checked(&self) -> kindling::Result<Vec<Tensor>> {
        Self::forward(self).map_err(|error| {
            self.failure.replace(Some(error.clone()));
            error.into()
        })
    }
}

/// The `ctx` object.
#[derive(Default)]
struct Ctx {
    attributes: RefCell<Vec<(String, Value)>>,
    needs: Vec<Value>,
    to_save: RefCell<Vec<Tensor>>,
    constant: RefCell<Vec<Tensor>>,
    saved: RefCell<Option<Result<Vec<Tensor>>>>,
}

impl Object for Ctx {
    fn class(&self) -> &str {
        "ctx"
    }

    fn get(&self, name: &str) -> Result<Option<Value>> {
        match name {
            "saved_tensors" => match &*self.saved.borrow() {
                Some(Ok(tensors)) => Ok(Some(Value::tensors(tensors.clone()))),
                Some(Err(error)) => Err(error.clone()),
                None => Err(Error::new("saved_tensors outside of backward")),
            },
            "needs_input_grad" => Ok(Some(Value::tuple(self.needs.clone()))),
            _ => Ok(self.attributes.borrow().iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())),
        }
    }

    fn set(&self, name: &str, value: Value) -> Result<()> {
        self.attributes.borrow_mut().retain(|(n, _)| n != name);
        self.attributes.borrow_mut().push((name.to_owned(), value));
        Ok(())
    }

    fn call(&self, _host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        let tensors = || args.positional.iter().filter_map(|v| v.as_tensor().ok().cloned()).collect();
        match method {
            "save_for_backward" => self.to_save.replace(tensors()),
            "mark_non_differentiable" => self.constant.replace(tensors()),
            _ => return Err(Error::unknown(format!("ctx.{method}"))),
        };
        Ok(Value::None)
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}
