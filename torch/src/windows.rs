//! Convolutions and pooling, as functions of `torch.nn.functional`.

use kindling::ops::{
    AvgPool2dOptions, Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions, MaxPool1dOptions, MaxPool2dOptions, Padding,
};

use crate::{Args, Bound, Error, Result, Value};

/// Calls a convolution or a pooling function.
pub fn call(name: &str, args: &Args) -> Result<Option<Value>> {
    const CONV: &[&str] = &["input", "weight", "bias", "stride", "padding", "dilation", "groups"];
    const POOL: &[&str] = &["input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"];
    let tensor = match name {
        "conv2d" => {
            let a = args.bind(name, CONV)?;
            let options = Conv2dOptions {
                stride: a.sizes("stride", 1)?,
                padding: padding(&a)?,
                dilation: a.sizes("dilation", 1)?,
                groups: a.size_or("groups", 1)?,
            };
            a.tensor("input")?.conv2d(a.tensor("weight")?, a.optional_tensor("bias")?, &options)?
        }
        "conv1d" => {
            let a = args.bind(name, CONV)?;
            let [stride] = a.sizes("stride", 1)?;
            let [dilation] = a.sizes("dilation", 1)?;
            let padding = match padding(&a)? {
                // The single dimension is the last of two.
                Padding::Explicit([_, width]) => Padding::Explicit([0, width]),
                named => named,
            };
            let options = Conv1dOptions { stride, padding, dilation, groups: a.size_or("groups", 1)? };
            a.tensor("input")?.conv1d(a.tensor("weight")?, a.optional_tensor("bias")?, &options)?
        }
        "conv_transpose2d" => {
            let names = &["input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"];
            let a = args.bind(name, names)?;
            let options = ConvTranspose2dOptions {
                stride: a.sizes("stride", 1)?,
                padding: a.sizes("padding", 0)?,
                output_padding: a.sizes("output_padding", 0)?,
                dilation: a.sizes("dilation", 1)?,
                groups: a.size_or("groups", 1)?,
            };
            a.tensor("input")?.conv_transpose2d(a.tensor("weight")?, a.optional_tensor("bias")?, &options)?
        }
        "max_pool2d" => {
            let a = args.bind(name, POOL)?;
            let kernel_size: [usize; 2] = kernel(&a)?;
            let options = MaxPool2dOptions {
                kernel_size,
                stride: stride(&a, kernel_size)?,
                padding: a.sizes("padding", 0)?,
                dilation: a.sizes("dilation", 1)?,
                ceil_mode: a.flag_or("ceil_mode", false)?,
            };
            let (values, indices) = a.tensor("input")?.max_pool2d_with_indices(&options)?;
            if a.flag_or("return_indices", false)? {
                return Ok(Some(Value::tensors([values, indices])));
            }
            values
        }
        "max_pool1d" => {
            let a = args.bind(name, POOL)?;
            let kernel_size: [usize; 1] = kernel(&a)?;
            let options = MaxPool1dOptions {
                kernel_size: kernel_size[0],
                stride: stride(&a, kernel_size)?[0],
                padding: a.sizes::<1>("padding", 0)?[0],
                dilation: a.sizes::<1>("dilation", 1)?[0],
                ceil_mode: a.flag_or("ceil_mode", false)?,
            };
            a.tensor("input")?.max_pool1d(&options)?
        }
        "avg_pool2d" => {
            let names =
                &["input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"];
            let a = args.bind(name, names)?;
            let kernel_size: [usize; 2] = kernel(&a)?;
            let options = AvgPool2dOptions {
                kernel_size,
                stride: stride(&a, kernel_size)?,
                padding: a.sizes("padding", 0)?,
                ceil_mode: a.flag_or("ceil_mode", false)?,
                count_include_pad: a.flag_or("count_include_pad", true)?,
                divisor_override: a.optional_int("divisor_override")?.map(|n| n.unsigned_abs()),
            };
            a.tensor("input")?.avg_pool2d(&options)?
        }
        "adaptive_avg_pool2d" => {
            let a = args.bind(name, &["input", "output_size"])?;
            a.tensor("input")?.adaptive_avg_pool2d(adaptive(a.need("output_size")?)?)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn padding(a: &Bound) -> Result<Padding> {
    match a.get("padding") {
        Some(Value::Str(s)) if &**s == "same" => Ok(Padding::Same),
        Some(Value::Str(s)) if &**s == "valid" => Ok(Padding::Valid),
        _ => Ok(Padding::Explicit(a.sizes("padding", 0)?)),
    }
}

fn kernel<const N: usize>(a: &Bound) -> Result<[usize; N]> {
    a.need("kernel_size")?;
    a.sizes("kernel_size", 0)
}

/// Returns the stride, by default the size of the kernel.
fn stride<const N: usize>(a: &Bound, kernel: [usize; N]) -> Result<[usize; N]> {
    match a.get("stride") {
        Some(Value::List(_) | Value::Tuple(_)) | None if a.optional_ints("stride")?.is_none_or(|s| s.is_empty()) => {
            Ok(kernel)
        }
        _ => a.sizes("stride", 0),
    }
}

/// Returns one size or two; None keeps the input's.
fn adaptive(size: &Value) -> Result<[Option<usize>; 2]> {
    let one = |v: &Value| -> Result<Option<usize>> {
        if let Value::None = v {
            return Ok(None);
        }
        usize::try_from(v.as_int()?).map(Some).map_err(|_| Error::new("a size cannot be negative"))
    };
    match size {
        Value::List(_) | Value::Tuple(_) => match size.items()?.as_slice() {
            [h, w] => Ok([one(h)?, one(w)?]),
            _ => Err(Error::new("output_size should be one size or two")),
        },
        both => Ok([one(both)?; 2]),
    }
}
