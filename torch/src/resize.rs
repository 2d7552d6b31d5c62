//! Other sizes, windows as columns, attention, and normalization in groups, as functions of
//! `torch.nn.functional`.

use kindling::ops::{AttentionOptions, InterpolateMode, InterpolateOptions, InterpolateSize, UnfoldOptions};

use crate::{Args, Bound, Error, Result, Value};

/// Calls one of them.
pub fn call(name: &str, args: &Args) -> Result<Option<Value>> {
    let tensor = match name {
        "unfold" => {
            let a = args.bind(name, &["input", "kernel_size", "dilation", "padding", "stride"])?;
            a.tensor("input")?.unfold(&windows(&a)?)?
        }
        "fold" => {
            let a = args.bind(name, &["input", "output_size", "kernel_size", "dilation", "padding", "stride"])?;
            a.need("output_size")?;
            a.tensor("input")?.fold(a.sizes("output_size", 0)?, &windows(&a)?)?
        }
        "interpolate" => {
            let names = &["input", "size", "scale_factor", "mode", "align_corners"];
            let a = args.bind(name, names)?;
            let input = a.tensor("input")?;
            let align_corners = a.get("align_corners").map(Value::truth).transpose()?;
            let (size, mode) = (size(&a, input.ndim().saturating_sub(2))?, mode(&a.text_or("mode", "nearest")?)?);
            input.interpolate(&InterpolateOptions { size, mode, align_corners })?
        }
        "group_norm" => {
            let a = args.bind(name, &["input", "num_groups", "weight", "bias", "eps"])?;
            let (weight, bias) = (a.optional_tensor("weight")?, a.optional_tensor("bias")?);
            a.tensor("input")?.group_norm(a.size_or("num_groups", 0)?, weight, bias, a.number_or("eps", 1e-5)?)?
        }
        "instance_norm" => {
            let names =
                &["input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps"];
            let a = args.bind(name, names)?;
            a.tensor("input")?.instance_norm(
                a.optional_tensor("running_mean")?,
                a.optional_tensor("running_var")?,
                a.optional_tensor("weight")?,
                a.optional_tensor("bias")?,
                a.flag_or("use_input_stats", true)?,
                a.number_or("momentum", 0.1)?,
                a.number_or("eps", 1e-5)?,
            )?
        }
        "scaled_dot_product_attention" => {
            let names = &["query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"];
            let a = args.bind(name, names)?;
            let options = AttentionOptions {
                dropout_p: a.number_or("dropout_p", 0.0)?,
                is_causal: a.flag_or("is_causal", false)?,
                scale: a.get("scale").map(Value::as_number).transpose()?,
                enable_gqa: a.flag_or("enable_gqa", false)?,
            };
            let (key, value, mask) = (a.tensor("key")?, a.tensor("value")?, a.optional_tensor("attn_mask")?);
            a.tensor("query")?.scaled_dot_product_attention(key, value, mask, &options)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn windows(a: &Bound) -> Result<UnfoldOptions> {
    a.need("kernel_size")?;
    Ok(UnfoldOptions {
        kernel_size: a.sizes("kernel_size", 0)?,
        dilation: a.sizes("dilation", 1)?,
        padding: a.sizes("padding", 0)?,
        stride: a.sizes("stride", 1)?,
    })
}

/// The size or the factors; a single one counts for every spatial dimension.
fn size(a: &Bound, spatial: usize) -> Result<InterpolateSize> {
    match (a.optional_ints("size").ok().flatten(), a.get("scale_factor")) {
        (Some(size), None) => {
            let sizes: Result<Vec<usize>, _> = size.into_iter().map(usize::try_from).collect();
            let sizes = sizes.map_err(|_| Error::new("a size cannot be negative"))?;
            Ok(InterpolateSize::Size(if sizes.len() == 1 { vec![sizes[0]; spatial] } else { sizes }))
        }
        (None, Some(Value::List(_) | Value::Tuple(_))) => {
            let factors = a.need("scale_factor")?.items()?.iter().map(Value::as_number).collect::<Result<_>>()?;
            Ok(InterpolateSize::ScaleFactor(factors))
        }
        (None, Some(factor)) => Ok(InterpolateSize::ScaleFactor(vec![factor.as_number()?; spatial])),
        _ => Err(Error::new("one of size and scale_factor should be given")),
    }
}

fn mode(name: &str) -> Result<InterpolateMode> {
    Ok(match name {
        "nearest" => InterpolateMode::Nearest,
        "nearest-exact" => InterpolateMode::NearestExact,
        "linear" => InterpolateMode::Linear,
        "bilinear" => InterpolateMode::Bilinear,
        "area" => InterpolateMode::Area,
        other => return Err(Error::unknown(format!("the mode '{other}'"))),
    })
}
