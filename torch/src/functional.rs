//! `torch.nn.functional`: layers as functions, and losses.

use kindling::Tensor;
use kindling::ops::{CrossEntropyOptions, Reduction};

use crate::{Args, Bound, Error, Host, Result, Value};
use crate::{resize, windows};

/// Calls a function that is also a method or in torch.
pub fn call_shared(_cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let tensor = match name {
        "layer_norm" => {
            let a = args.bind(name, &["input", "normalized_shape", "weight", "bias", "eps"])?;
            let (weight, bias) = (a.optional_tensor("weight")?, a.optional_tensor("bias")?);
            a.tensor("input")?.layer_norm(&shape(&a)?, weight, bias, a.number_or("eps", 1e-5)?)?
        }
        "rms_norm" => {
            let a = args.bind(name, &["input", "normalized_shape", "weight", "eps"])?;
            let eps = a.number_or("eps", f64::from(f32::EPSILON))?;
            a.tensor("input")?.rms_norm(&shape(&a)?, a.optional_tensor("weight")?, eps)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn shape(a: &Bound) -> Result<Vec<usize>> {
    let sizes: Result<Vec<usize>, _> = a.ints("normalized_shape")?.into_iter().map(usize::try_from).collect();
    sizes.map_err(|_| Error::new("a size cannot be negative"))
}

/// Calls a function of `torch.nn.functional`.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    if let Some(loss) = loss(name, args)? {
        return Ok(Some(Value::Tensor(loss)));
    }
    if let Some(windowed) = windows::call(name, args)? {
        return Ok(Some(windowed));
    }
    if let Some(resized) = resize::call(name, args)? {
        return Ok(Some(resized));
    }
    let tensor = match name {
        "linear" => {
            let a = args.bind(name, &["input", "weight", "bias"])?;
            a.tensor("input")?.linear(a.tensor("weight")?, a.optional_tensor("bias")?)?
        }
        "dropout" => {
            let a = args.bind(name, &["input", "p", "training", "inplace"])?;
            a.tensor("input")?.dropout(a.number_or("p", 0.5)?, a.flag_or("training", true)?)?
        }
        "embedding" => {
            let a =
                args.bind(name, &["input", "weight", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq"])?;
            let scaled = a.flag_or("scale_grad_by_freq", false)?;
            a.tensor("input")?.embedding(a.tensor("weight")?, a.optional_int("padding_idx")?, scaled)?
        }
        "one_hot" => {
            let a = args.bind(name, &["tensor", "num_classes"])?;
            a.tensor("tensor")?.one_hot(usize::try_from(a.int_or("num_classes", -1)?).ok())?
        }
        "batch_norm" => {
            let a = args.bind(
                name,
                &["input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"],
            )?;
            a.tensor("input")?.batch_norm(
                a.optional_tensor("running_mean")?,
                a.optional_tensor("running_var")?,
                a.optional_tensor("weight")?,
                a.optional_tensor("bias")?,
                a.flag_or("training", false)?,
                a.number_or("momentum", 0.1)?,
                a.number_or("eps", 1e-5)?,
            )?
        }
        "normalize" => {
            let a = args.bind(name, &["input", "p", "dim", "eps"])?;
            let (input, dim) = (a.tensor("input")?, a.int_or("dim", 1)?);
            let norm = input.norm(a.number_or("p", 2.0)?, Some(&[dim]), true)?;
            input.div(&norm.clamp(Some(a.number_or("eps", 1e-12)?), None)?)?
        }
        _ => return call_shared(cx, name, args),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn reduction(a: &Bound) -> Result<Reduction> {
    match a.text_or("reduction", "mean")?.as_str() {
        "mean" => Ok(Reduction::Mean),
        "sum" => Ok(Reduction::Sum),
        "none" => Ok(Reduction::None),
        "batchmean" => Ok(Reduction::BatchMean),
        other => Err(Error::unknown(format!("the reduction '{other}'"))),
    }
}

fn loss(name: &str, args: &Args) -> Result<Option<Tensor>> {
    const OF_TWO: &[&str] = &["input", "target", "size_average", "reduce", "reduction"];
    Ok(Some(match name {
        "cross_entropy" | "nll_loss" => {
            let a = args.bind(
                name,
                &[
                    "input",
                    "target",
                    "weight",
                    "size_average",
                    "ignore_index",
                    "reduce",
                    "reduction",
                    "label_smoothing",
                ],
            )?;
            let options = CrossEntropyOptions {
                weight: a.optional_tensor("weight")?.cloned(),
                ignore_index: a.int_or("ignore_index", -100)? as i32,
                reduction: reduction(&a)?,
                label_smoothing: a.number_or("label_smoothing", 0.0)?,
            };
            let (input, target) = (a.tensor("input")?, a.tensor("target")?);
            match name {
                "nll_loss" => input.nll_loss_with(target, &options)?,
                _ => input.cross_entropy_with(target, &options)?,
            }
        }
        "mse_loss" => {
            let a = args.bind(name, OF_TWO)?;
            a.tensor("input")?.mse_loss(a.tensor("target")?, reduction(&a)?)?
        }
        "l1_loss" => {
            let a = args.bind(name, OF_TWO)?;
            a.tensor("input")?.l1_loss(a.tensor("target")?, reduction(&a)?)?
        }
        "smooth_l1_loss" => {
            let a = args.bind(name, &["input", "target", "size_average", "reduce", "reduction", "beta"])?;
            a.tensor("input")?.smooth_l1_loss(a.tensor("target")?, a.number_or("beta", 1.0)?, reduction(&a)?)?
        }
        "huber_loss" => {
            let a = args.bind(name, &["input", "target", "reduction", "delta"])?;
            a.tensor("input")?.huber_loss(a.tensor("target")?, a.number_or("delta", 1.0)?, reduction(&a)?)?
        }
        "binary_cross_entropy" => {
            let a = args.bind(name, &["input", "target", "weight", "size_average", "reduce", "reduction"])?;
            a.tensor("input")?.bce(a.tensor("target")?, a.optional_tensor("weight")?, reduction(&a)?)?
        }
        "binary_cross_entropy_with_logits" => {
            let a =
                args.bind(name, &["input", "target", "weight", "size_average", "reduce", "reduction", "pos_weight"])?;
            let (weight, pos_weight) = (a.optional_tensor("weight")?, a.optional_tensor("pos_weight")?);
            a.tensor("input")?.bce_with_logits(a.tensor("target")?, weight, pos_weight, reduction(&a)?)?
        }
        "kl_div" => {
            let a = args.bind(name, &["input", "target", "size_average", "reduce", "reduction", "log_target"])?;
            a.tensor("input")?.kl_div(a.tensor("target")?, reduction(&a)?, a.flag_or("log_target", false)?)?
        }
        _ => return Ok(None),
    }))
}
