//! `nn.Module` for classes of the program: the inherited methods of an instance. Its parameters and
//! inner modules are found among its attributes, in the order of assignment.

use std::rc::Rc;

use kindling::Tensor;

use crate::python::class::Defined;
use crate::python::{Args, Error, Instance, Interpreter, Result, Value, dict};

const METHODS: &[&str] = &[
    "parameters",
    "named_parameters",
    "state_dict",
    "children",
    "modules",
    "train",
    "eval",
    "zero_grad",
    "to",
    "register_buffer",
    "register_parameter",
    "add_module",
    "get_submodule",
    "requires_grad_",
];

/// The dictionary of modules whose names are attributes of `nn.Module` itself.
pub const MODULES: &str = "_modules";

/// Attribute with the names of buffers.
const BUFFERS: &str = "_buffers";

/// Returns `true` if every module has this method.
pub fn has(name: &str) -> bool {
    METHODS.contains(&name)
}

/// An entry of a state dict.
pub enum Stored {
    /// A parameter.
    Parameter(Tensor),
    /// A buffer.
    Buffer(Tensor),
}

/// Calls a method that every module has.
///
/// # Errors
/// There is no method of that name.
pub fn call(_cx: &Interpreter, module: &Rc<Instance>, name: &str, args: &Args) -> Result<Value> {
    let this = Value::Object(module.clone());
    let parameters = || -> Result<Vec<(String, Tensor)>> {
        let stored = members(&this)?.into_iter();
        Ok(stored
            .filter_map(|(n, stored)| if let Stored::Parameter(t) = stored { Some((n, t)) } else { None })
            .collect())
    };
    let pair = |(name, tensor): (String, Tensor)| Value::tuple([Value::Str(name.into()), Value::Tensor(tensor)]);
    Ok(match name {
        "parameters" => Value::list(parameters()?.into_iter().map(|(_, t)| Value::Tensor(t)).collect()),
        "named_parameters" => Value::list(parameters()?.into_iter().map(pair).collect()),
        "state_dict" => {
            let all = members(&this)?.into_iter().map(|(name, stored)| {
                let (Stored::Parameter(t) | Stored::Buffer(t)) = stored;
                (Value::Str(name.into()), Value::Tensor(t))
            });
            dict(all.collect())
        }
        "children" => Value::list(children(&this)?.into_iter().map(|(_, child)| child).collect()),
        "modules" => {
            let (mut found, mut waiting) = (Vec::new(), vec![this.clone()]);
            while let Some(module) = waiting.pop() {
                waiting.extend(children(&module)?.into_iter().rev().map(|(_, child)| child));
                found.push(module);
            }
            Value::list(found)
        }
        "train" | "eval" => {
            let training = name == "train" && args.bind(name, &["mode"])?.flag_or("mode", true)?;
            train(&this, training)?;
            this.clone()
        }
        "zero_grad" => {
            parameters()?.iter().for_each(|(_, t)| t.set_grad(None));
            Value::None
        }
        "requires_grad_" => {
            let flag = args.bind(name, &["requires_grad"])?.flag_or("requires_grad", true)?;
            parameters()?.iter().try_for_each(|(_, t)| t.requires_grad_(flag).map(drop))?;
            this.clone()
        }
        "to" => this.clone(),
        "register_buffer" | "register_parameter" => {
            let a = args.bind(name, &["name", "tensor", "persistent"])?;
            let attribute = a.text_or("name", "")?;
            module.set(&attribute, Value::optional(a.optional_tensor("tensor")?.cloned()));
            if name == "register_buffer" && a.flag_or("persistent", true)? {
                let mut names = module.get(BUFFERS).map_or(Ok(Vec::new()), |v| v.items())?;
                names.push(Value::Str(attribute.into()));
                module.set(BUFFERS, Value::list(names));
            }
            Value::None
        }
        "add_module" => {
            let a = args.bind(name, &["name", "module"])?;
            let inner = a.get("module").cloned().ok_or_else(|| Error::new("add_module needs a module"))?;
            module.set(&a.text_or("name", "")?, inner);
            Value::None
        }
        "get_submodule" => {
            let target = args.bind(name, &["target"])?.text_or("target", "")?;
            let found = children(&this)?.into_iter().find(|(name, _)| *name == target);
            found.ok_or_else(|| Error::new(format!("there is no module {target}")))?.1
        }
        _ => return Err(Error::unknown(format!("nn.Module.{name}"))),
    })
}

/// Returns the direct children of a module, by name.
///
/// # Errors
/// They cannot be read.
pub fn children(module: &Value) -> Result<Vec<(String, Value)>> {
    if let Some(instance) = Defined::instance(module) {
        return inner_modules(&instance);
    }
    match module {
        Value::Object(object) => match object.get("__children__")? {
            Some(Value::Dict(dict)) => {
                let named =
                    dict.borrow().iter().map(|(k, v)| (format!("{k:?}").replace('\'', ""), v.clone())).collect();
                Ok(named)
            }
            _ => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

/// Returns the modules among the attributes of an instance.
fn inner_modules(instance: &Instance) -> Result<Vec<(String, Value)>> {
    let attributes = instance.attributes.borrow();
    let mut found: Vec<(String, Value)> = attributes.iter().filter(|(_, v)| is_module(v)).cloned().collect();
    if let Some((_, Value::Dict(dict))) = attributes.iter().find(|(name, _)| name == MODULES) {
        let named = dict.borrow();
        found.extend(named.iter().filter_map(|(name, module)| match name {
            Value::Str(name) => Some((name.to_string(), module.clone())),
            _ => None,
        }));
    }
    Ok(found)
}

fn is_module(value: &Value) -> bool {
    if let Some(instance) = Defined::instance(value) {
        return instance.class.derives_from("torch.nn.Module");
    }
    match value {
        Value::Object(object) => matches!(object.get("__is_module__"), Ok(Some(_))),
        _ => false,
    }
}

/// Returns parameters and buffers of a module and its descendants, by full name.
///
/// # Errors
/// They cannot be read.
pub fn members(module: &Value) -> Result<Vec<(String, Stored)>> {
    let mut found = Vec::new();
    match (Defined::instance(module), module) {
        (Some(instance), _) => found.extend(own(&instance)?),
        (None, Value::Object(object)) => {
            for (kind, attribute) in [("parameter", "__parameters__"), ("buffer", "__buffers__")] {
                let Some(Value::Dict(dict)) = object.get(attribute)? else { continue };
                for (name, value) in dict.borrow().iter() {
                    let (Value::Str(name), Value::Tensor(t)) = (name, value) else { continue };
                    let stored =
                        if kind == "parameter" { Stored::Parameter(t.clone()) } else { Stored::Buffer(t.clone()) };
                    found.push((name.to_string(), stored));
                }
            }
        }
        _ => {}
    }
    for (name, child) in children(module)? {
        found.extend(members(&child)?.into_iter().map(|(inner, stored)| (format!("{name}.{inner}"), stored)));
    }
    Ok(found)
}

/// Returns the parameters and buffers of a module itself.
fn own(instance: &Instance) -> Result<Vec<(String, Stored)>> {
    let buffers = instance.get(BUFFERS).map_or(Ok(Vec::new()), |v| v.items())?;
    let mut found = Vec::new();
    for (name, value) in instance.attributes.borrow().iter() {
        let Value::Tensor(t) = value else { continue };
        if buffers.iter().any(|b| matches!(b, Value::Str(b) if **b == **name)) {
            found.push((name.clone(), Stored::Buffer(t.clone())));
        } else if t.is_leaf() && t.requires_grad() {
            found.push((name.clone(), Stored::Parameter(t.clone())));
        }
    }
    Ok(found)
}

/// Sets training or evaluation mode of a module and its descendants.
///
/// # Errors
/// They cannot be read.
pub fn train(module: &Value, training: bool) -> Result<()> {
    match (Defined::instance(module), module) {
        (Some(instance), _) => instance.set("training", Value::Bool(training)),
        (None, Value::Object(object)) => object.set("training", Value::Bool(training))?,
        _ => {}
    }
    children(module)?.iter().try_for_each(|(_, child)| train(child, training))
}

/// Loads the weights that `lookup` returns for the full names of a module and its descendants.
///
/// # Errors
/// A weight is missing or does not match.
pub fn load(module: &Value, prefix: &str, lookup: &dyn Fn(&str) -> Result<Tensor>) -> Result<()> {
    if let Value::Object(object) = module
        && let Some(layer) = object.any().downcast_ref::<super::nn::Layer>()
    {
        return layer.load(&|name| lookup(&format!("{prefix}{name}")));
    }
    if let Some(instance) = Defined::instance(module) {
        for (name, stored) in own(&instance)? {
            let (Stored::Parameter(tensor) | Stored::Buffer(tensor)) = stored;
            tensor.set_(&lookup(&format!("{prefix}{name}"))?)?;
        }
    }
    children(module)?.iter().try_for_each(|(name, child)| load(child, &format!("{prefix}{name}."), lookup))
}
