//! `torch.optim` and the clipping of `torch.nn.utils`, by Kindling's own optimizers and schedules.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use kindling::Tensor;
use kindling::optim::{Optimizer, OptimizerSpec, Schedule, Scheduler, clip_grad_norm_, clip_grad_value_};
use serde_json::Map;

use crate::{Args, Error, Host, Object, Result, Value, json};

/// Creates an optimizer of one group: `SGD([x], lr=0.1)`.
pub fn construct(name: &str, args: &Args) -> Result<Option<Value>> {
    if !OptimizerSpec::NAMES.contains(&name) {
        return Ok(None);
    }
    let mut args = args.clone();
    if let [_, _] = args.positional.as_slice() {
        args.named.extend(args.positional.pop().map(|lr| ("lr".to_owned(), lr)));
    }
    let [params] = args.positional.as_slice() else {
        return Err(Error::unknown(format!("{name} with hyper-parameters that have no names")));
    };
    let params: Vec<Tensor> = params.items()?.iter().map(|v| v.as_tensor().cloned()).collect::<Result<_>>()?;
    let spec = OptimizerSpec::from_attrs(name, &attrs(&args)?)?;
    Ok(Some(Value::Object(Rc::new(Optim(RefCell::new(spec.build(params)?))))))
}

/// Creates a schedule: `StepLR(optimizer, step_size=2)`.
pub fn schedule(name: &str, args: &Args) -> Result<Option<Value>> {
    let [Value::Object(optimizer)] = args.positional.as_slice() else {
        return Err(Error::unknown(format!("{name} with parameters that have no names")));
    };
    let schedule = Schedule::from_attrs(name, &attrs(args)?)?;
    let scheduler = Scheduler::new(schedule, &mut Optim::of(&**optimizer)?.0.borrow_mut())?;
    Ok(Some(Value::Object(Rc::new(Sched { scheduler: RefCell::new(scheduler), optimizer: optimizer.clone() }))))
}

fn attrs(args: &Args) -> Result<Map<String, serde_json::Value>> {
    args.named.iter().map(|(name, value)| Ok((name.clone(), json(value)?))).collect()
}

/// Calls a function of `torch.nn.utils`.
pub fn utility(name: &str, args: &Args) -> Result<Option<Value>> {
    match name {
        "clip_grad_norm_" => {
            let a = args.bind(name, &["parameters", "max_norm", "norm_type"])?;
            let norm =
                clip_grad_norm_(&a.tensors("parameters")?, a.number("max_norm")?, a.number_or("norm_type", 2.0)?)?;
            Ok(Some(Value::Tensor(norm)))
        }
        "clip_grad_value_" => {
            let a = args.bind(name, &["parameters", "clip_value"])?;
            clip_grad_value_(&a.tensors("parameters")?, a.number("clip_value")?)?;
            Ok(Some(Value::None))
        }
        _ => Ok(None),
    }
}

struct Optim(RefCell<Optimizer>);

impl Optim {
    fn of(object: &dyn Object) -> Result<&Self> {
        object.any().downcast_ref().ok_or_else(|| Error::new(format!("{} is no optimizer", object.class())))
    }
}

impl Object for Optim {
    fn class(&self) -> &str {
        "Optimizer"
    }

    fn call(&self, _host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        match method {
            "step" => self.0.borrow_mut().step()?,
            "zero_grad" if args.bind(method, &["set_to_none"])?.flag_or("set_to_none", true)? => {
                self.0.borrow().zero_grad();
            }
            "zero_grad" => {
                for grad in self.0.borrow().parameters().filter_map(Tensor::grad) {
                    grad.detach().zero_()?;
                }
            }
            _ => return Err(Error::unknown(format!("Optimizer.{method}"))),
        }
        Ok(Value::None)
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

struct Sched {
    scheduler: RefCell<Scheduler>,
    optimizer: Rc<dyn Object>,
}

impl Object for Sched {
    fn class(&self) -> &str {
        "LRScheduler"
    }

    fn call(&self, _host: &dyn Host, method: &str, args: Args) -> Result<Value> {
        let optimizer = Optim::of(&*self.optimizer)?;
        match (method, args.positional.as_slice()) {
            ("step", []) => self.scheduler.borrow_mut().step(&mut optimizer.0.borrow_mut()),
            ("step", [metric]) => {
                self.scheduler.borrow_mut().step_with(&mut optimizer.0.borrow_mut(), metric.as_number()?);
            }
            ("get_last_lr", []) => {
                return Ok(Value::list(optimizer.0.borrow().lrs().into_iter().map(Value::Float).collect()));
            }
            _ => return Err(Error::unknown(format!("LRScheduler.{method}"))),
        }
        Ok(Value::None)
    }

    fn any(&self) -> &dyn Any {
        self
    }
}
