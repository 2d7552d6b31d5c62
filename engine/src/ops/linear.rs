//! `linear`: y = x·Wᵀ + b.

use std::hash::Hasher;

use kindling_gemm::{Strided, Threads};

use crate::device::{Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View, ViewSpec,
    Vjp, typed_mut,
};
use crate::{Error, Result, shader};

use super::gemm::{self, Gemm, multiply};
use super::matmul::{deep, operand_params, product_dtype};

/// Of an input (rows, in), a weight (out, in) and perhaps a bias (out).
#[derive(Debug)]
struct Linear;

impl Function for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[0, 1])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let input = cx.needs(0).then(|| grad.matmul(&cx.input(1)?)).transpose()?;
        let weight = cx.needs(1).then(|| grad.t()?.matmul(&cx.input(0)?)).transpose()?;
        let bias = cx.needs(2).then(|| grad.sum_dim(&[0], false)).transpose()?;
        Ok(vec![input, weight, bias])
    }
}

impl Op for Linear {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (input, weight) = (&operands[0], &operands[1]);
        let dtype = product_dtype("linear", input.dtype, weight.dtype)?;
        match (&input.shape[..], &weight.shape[..]) {
            ([rows, inputs], [outputs, inputs2]) if inputs == inputs2 => Ok(Spec::new([*rows, *outputs], dtype)),
            _ => Err(Error::internal("linear of operands that were not checked")),
        }
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

/// The matrices A = x and B = Wᵀ.
fn sides(input: &Layout, weight: &Layout) -> [Strided; 2] {
    let at = |l: &Layout| Strided { offset: l.offset, row: l.strides[0], col: l.strides[1] };
    [at(input), at(weight).t()]
}

impl Kernel for Linear {
    fn accepts(&self, _index: usize, _layout: &Layout) -> bool {
        true
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let (input, weight) = (&operands[0], &operands[1]);
        let sizes = [input.layout.shape[0], input.layout.shape[1], weight.layout.shape[0]];
        let [a, b] = sides(input.layout, weight.layout);
        products!(output.dtype(), "linear", T => {
            let bias = operands.get(2).map(|bias| -> Result<Vec<T>> {
                let (data, mut copy) = (bias.typed::<T>()?, Vec::with_capacity(sizes[2]));
                bias.layout.for_each(|place| copy.push(data[place]));
                Ok(copy)
            });
            let (a, b) = ((input.typed::<T>()?, a), (weight.typed::<T>()?, b));
            multiply(sizes, a, b, bias.transpose()?, typed_mut(output)?, Threads::All)
        })
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (input, weight) = (&operands[0].layout, &operands[1].layout);
        let [a, b] = sides(input, weight);
        let bias = operands.get(2).map(|bias| (bias.layout.offset, bias.layout.strides[0]));
        let mut params = operand_params([a.offset, b.offset], [a, b], bias);
        params.extend([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0].map(Param::Word));
        let gemm = Gemm {
            name: "linear",
            wgsl: shader!("matmul"),
            constants: Vec::new(),
            dtype: output.dtype,
            shape: gemm::Shape { m: input.shape[0], n: weight.shape[0], k: input.shape[1], batches: 1 },
            deep: deep(a, b),
            operands: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(if bias.is_some() { 2 } else { 0 })],
            params,
        };
        gemm.program(device)
    }
}

impl Tensor {
    /// `self·weightᵀ + bias` over the last dimension: (…, in) becomes (…, out), for a weight (out, in) and a bias
    /// (out). [torch.nn.functional.linear](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::ones([8, 3], &Device::cpu())?;
    /// let weight = Tensor::ones([5, 3], &Device::cpu())?;
    /// assert_eq!(x.linear(&weight, None)?.dims(), [8, 5]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The last size of the input is not that of the weight; a bias of another size; types that differ.
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self> {
        let dims = self.dims();
        let (Some((inputs, rows)), [outputs, expected]) = (dims.split_last(), weight.dims()) else {
            let rule = format!(
                "expected an input of at least 1 dimension and a weight of 2 (out, in), got {} and {}",
                self.shape(),
                weight.shape()
            );
            return Err(Error::shape("linear", rule));
        };
        if inputs != expected {
            let rule = format!(
                "expects {expected} inputs (weight {}), receives {inputs} (input {})",
                weight.shape(),
                self.shape()
            );
            return Err(Error::shape("linear", rule));
        }
        let row = Shape::from(*outputs);
        if let Some(bias) = bias
            && (bias.dtype() != weight.dtype() || bias.shape().broadcast(&row, "linear").ok().as_ref() != Some(&row))
        {
            let rule = format!(
                "expected a bias of shape [{outputs}] and type {}, got {} of {}",
                weight.dtype(),
                bias.shape(),
                bias.dtype()
            );
            return Err(Error::shape("linear", rule));
        }
        let shape = Shape::new(rows.iter().chain([outputs]).copied());
        let flat = self.reshape_to(&Shape::from([rows.iter().product(), *inputs]))?;
        let output = match bias {
            Some(bias) => Self::apply(Linear, &[&flat, weight, &bias.expand_to(&row)?])?,
            None => Self::apply(Linear, &[&flat, weight])?,
        };
        output.reshape_to(&shape)
    }
}
