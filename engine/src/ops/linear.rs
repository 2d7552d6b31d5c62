//! `linear`: y = x·Wᵀ + b.

use std::hash::Hasher;

use kindling_gemm::{Strided, Threads};

use crate::device::{Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View, ViewSpec,
    Vjp, is_grad_enabled, no_grad, typed_mut,
};
use crate::{Error, Result, shader};

use super::gemm::{self, Gemm, multiply};
use super::matmul::{deep, operand_params, product_dtype};

/// Parameters for a single batch.
const ONE_BATCH: [u32; 12] = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/// A product of an input (rows, in) and a weight (out, in), plus optionally a bias (out).
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
        if cx.needs(1) && cx.needs(2) && !is_grad_enabled() {
            let both = no_grad(|| Tensor::call(LinearWeight, &[grad, &cx.input(0)?]))?;
            let [weight, bias] = both.cut_bias(cx.shape(1))?;
            return Ok(vec![input, Some(weight), Some(bias)]);
        }
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

/// Returns the matrices A = x and B = Wᵀ.
fn sides(input: &Layout, weight: &Layout) -> [Strided; 2] {
    let at = |l: &Layout| Strided { offset: l.offset, row: l.strides[0], col: l.strides[1] };
    [at(input), at(weight).t()]
}

impl Kernel for Linear {
    fn accepts(&self, _index: usize, _layout: &Layout) -> bool {
        true
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let (input, weight) = (&operands[0], &operands[1]);
        let sizes = [input.layout.shape[0], input.layout.shape[1], weight.layout.shape[0]];
        let [a, b] = sides(input.layout, weight.layout);
        products!(output.dtype(), "linear", T => {
            let bias = operands.get(2).map(|bias| -> Result<Vec<T>> {
                let (data, mut copy) = (bias.typed::<T>()?, Vec::with_capacity(sizes[2]));
                bias.layout.for_each(|offset| copy.push(data[offset]));
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
        params.extend(ONE_BATCH.map(Param::Word));
        let gemm = Gemm {
            name: "linear",
            wgsl: shader!("matmul"),
            constants: Vec::new(),
            dtype: output.dtype,
            shape: gemm::Shape { m: input.shape[0], n: weight.shape[0], k: input.shape[1], batches: 1 },
            deep: deep(a, b),
            operands: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(if bias.is_some() { 2 } else { 0 })],
            params,
            extents: operands.iter().map(|operand| operand.layout.extent()).collect(),
            output: output.shape.numel(),
        };
        gemm.program(device)
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

/// Gradients of weight and bias, consecutive, from the output's gradient (rows, out) and the input
/// (rows, in).
#[derive(Debug)]
struct LinearWeight;

impl Function for LinearWeight {
    fn name(&self) -> &'static str {
        "linear_weight"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Err(Error::internal("the gradients of weight and bias are computed without history"))
    }
}

impl Op for LinearWeight {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (grad, input) = (&operands[0], &operands[1]);
        Ok(Spec::new([grad.shape[1] * (input.shape[1] + 1)], product_dtype(self.name(), grad.dtype, input.dtype)?))
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

/// Returns the matrices A = gradᵀ and B = input.
fn weight_sides(grad: &Layout, input: &Layout) -> [Strided; 2] {
    let at = |l: &Layout| Strided { offset: l.offset, row: l.strides[0], col: l.strides[1] };
    [at(grad).t(), at(input)]
}

impl Kernel for LinearWeight {
    fn accepts(&self, _index: usize, _layout: &Layout) -> bool {
        true
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let (grad, input) = (&operands[0], &operands[1]);
        let sizes = [grad.layout.shape[1], grad.layout.shape[0], input.layout.shape[1]];
        let [a, b] = weight_sides(grad.layout, input.layout);
        products!(output.dtype(), "linear", T => {
            let (weight, bias) = typed_mut::<T>(output)?.split_at_mut(sizes[0] * sizes[2]);
            let grads = grad.typed::<T>()?;
            let at = |o: usize, row: usize| (a.offset as isize + o as isize * a.row + row as isize * a.col) as usize;
            let mut sums = vec![0.0; sizes[0]];
            for row in 0..sizes[1] {
                sums.iter_mut().enumerate().for_each(|(o, sum)| *sum += grads[at(o, row)].to_f64());
            }
            bias.iter_mut().zip(sums).for_each(|(bias, sum)| *bias = T::from_f64(sum));
            multiply(sizes, (grads, a), (input.typed::<T>()?, b), None, weight, Threads::All)
        })
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (grad, input) = (&operands[0].layout, &operands[1].layout);
        let [a, b] = weight_sides(grad, input);
        let mut params = operand_params([a.offset, b.offset], [a, b], None);
        params.extend(ONE_BATCH.map(Param::Word));
        let gemm = Gemm {
            name: "linear_weight",
            wgsl: shader!("matmul"),
            constants: vec![("ones", 1)],
            dtype: output.dtype,
            shape: gemm::Shape { m: grad.shape[1], n: input.shape[1] + 1, k: grad.shape[0], batches: 1 },
            deep: deep(a, b),
            operands: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(0)],
            params,
            extents: operands.iter().map(|operand| operand.layout.extent()).collect(),
            output: output.shape.numel(),
        };
        gemm.program(device)
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

impl Tensor {
    /// Computes `self·weightᵀ + bias` over the last dimension: (…, in) becomes (…, out), for a
    /// weight (out, in) and a bias (out).
    /// [torch.nn.functional.linear](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html)
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
    /// The last size of the input differs from that of the weight; a bias of another size; types
    /// that differ.
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
            Some(bias) => Self::call(Linear, &[&flat, weight, &bias.expand_to(&row)?])?,
            None => Self::call(Linear, &[&flat, weight])?,
        };
        output.reshape_to(&shape)
    }
}
