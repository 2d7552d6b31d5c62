//! `conv2d`: images cross-correlated with a kernel.

use std::hash::Hasher;

use crate::device::{Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View, ViewSpec,
    Vjp, is_grad_enabled, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use super::conv::{Geometry, Window, cpu, float_operands, has_rows, image_params, normalized};
use super::gemm::{self, Gemm};

/// Options of [`Tensor::conv2d`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Stride of the kernel, down and right; 1 by default.
    pub stride: [usize; 2],
    /// Zeros around the input, 0 by default.
    pub padding: Padding,
    /// Distance of the kernel's elements, down and right; 1 by default.
    pub dilation: [usize; 2],
    /// Number of groups of channels, each convolved separately; 1 by default.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Self { stride: [1, 1], padding: Padding::default(), dilation: [1, 1], groups: 1 }
    }
}

/// Zeros around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Padding for an output as large as the input; an odd row or column is added at the bottom or
    /// right. Stride 1 only.
    Same,
    /// No padding.
    Valid,
    /// Zeros on each side: at the top and at the bottom, and at the left and at the right.
    Explicit([usize; 2]),
}

impl Default for Padding {
    fn default() -> Self {
        Self::Explicit([0, 0])
    }
}

impl Conv2dOptions {
    /// Returns the window for a kernel of this size.
    ///
    /// # Errors
    /// [`Padding::Same`] with a stride.
    pub(super) fn window(&self, op: &'static str, kernel: [usize; 2]) -> Result<Window> {
        let (before, after) = match self.padding {
            Padding::Explicit(padding) => (padding, padding.map(|p| p as isize)),
            Padding::Valid => ([0, 0], [0, 0]),
            Padding::Same if self.stride != [1, 1] => {
                let rule = format!("padding 'same' is not supported with a stride, which is {:?}", self.stride);
                return Err(Error::shape(op, rule));
            }
            Padding::Same => {
                let total = [0, 1].map(|d| self.dilation[d] * kernel[d].saturating_sub(1));
                (total.map(|t| t / 2), total.map(|t| (t - t / 2) as isize))
            }
        };
        Ok(Window { stride: self.stride, before, after, dilation: self.dilation, groups: self.groups })
    }
}

/// A convolution of an input (n, c, h, w), a weight (o, c/groups, kh, kw) and optionally a bias
/// (o).
#[derive(Debug)]
pub(super) struct Conv2d {
    pub window: Window,
}

impl Function for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[0, 1])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (input, weight) = (cx.shape(0), cx.shape(1));
        let input =
            cx.needs(0).then(|| grad.conv2d_input([input[2], input[3]], &cx.input(1)?, self.window)).transpose()?;
        if cx.needs(1) && cx.needs(2) && !is_grad_enabled() {
            let [weight, bias] = cx.input(0)?.conv2d_weight_bias(weight, grad, self.window)?;
            return Ok(vec![input, Some(weight), Some(bias)]);
        }
        let kernel = [weight[2], weight[3]];
        let weight = cx.needs(1).then(|| cx.input(0)?.conv2d_weight(kernel, grad, self.window)).transpose()?;
        let bias = cx.needs(2).then(|| grad.sum_dim(&[0, 2, 3], false)).transpose()?;
        Ok(vec![input, weight, bias])
    }
}

impl Op for Conv2d {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let dtype = float_operands("conv2d", operands)?;
        let weight = &operands[1].shape;
        let g = self.window.geometry("conv2d", &operands[0].shape, weight)?;
        if let Some(bias) = operands.get(2)
            && bias.shape[..] != weight[..1]
        {
            let rule = format!(
                "given weight of size {weight}, expected a bias of 1 dimension with {} elements, got {}",
                weight[0], bias.shape
            );
            return Err(Error::shape("conv2d", rule));
        }
        Ok(Spec::new([g.images, weight[0], g.output[0], g.output[1]], dtype))
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.window.key(state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Conv2d {
    fn accepts(&self, index: usize, layout: &Layout) -> bool {
        if index == 0 { has_rows(layout) } else { layout.is_contiguous() }
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let g = self.window.geometry("conv2d", &operands[0].layout.shape, &operands[1].layout.shape)?;
        dispatch!(output.dtype(), floats T => {
            let input = cpu::Images::new(operands[0].typed::<T>()?, &normalized(operands[0].layout));
            let bias = operands.get(2).map(View::contiguous::<T>).transpose()?;
            cpu::forward(&g, &input, operands[1].contiguous::<T>()?, bias, typed_mut(output)?)
        }, Err(Error::internal("a convolution of numbers that are no floats")))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (input, weight) = (&operands[0].layout, &operands[1].layout);
        let g: Geometry = self.window.geometry("conv2d", &input.shape, &weight.shape)?;
        let bias = operands.get(2).map(|bias| bias.layout.offset);
        let mut params = g.params();
        params.extend(image_params(&normalized(input)));
        params.push(Param::from(weight.offset));
        params.extend([Param::from(u32::from(bias.is_some())), Param::from(bias.unwrap_or_default())]);
        let gemm = Gemm {
            name: "conv2d",
            wgsl: shader!("conv2d"),
            constants: g.patch_constants(),
            dtype: output.dtype,
            shape: gemm::Shape { m: g.filters, n: g.images * g.positions(), k: g.depth(), batches: g.window.groups },
            deep: [true, false],
            operands: vec![Bind::Operand(1), Bind::Operand(0), Bind::Operand(if bias.is_some() { 2 } else { 1 })],
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
    /// Computes the cross-correlation of images (n, c, h, w), or of one image (c, h, w), with a
    /// weight (o, c/groups, kh, kw), plus a bias (o). The input is 0 outside:
    /// `output[n, o, i, j] = bias[o] + Σ weight[o, c, p, q]·input[n, c, i·stride + p·dilation − padding, …]`.
    /// [torch.nn.functional.conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html)
    ///
    /// ```
    /// use kindling::ops::{Conv2dOptions, Padding};
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let images = Tensor::ones([2, 3, 32, 32], &Device::cpu())?;
    /// let weight = Tensor::ones([8, 3, 5, 5], &Device::cpu())?;
    /// let options = Conv2dOptions { padding: Padding::Same, ..Default::default() };
    /// assert_eq!(images.conv2d(&weight, None, &options)?.dims(), [2, 8, 32, 32]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The number of dimensions is another; the channels do not match the weight or the groups; the
    /// kernel is larger than the padded input; a stride is 0; the types differ.
    pub fn conv2d(&self, weight: &Self, bias: Option<&Self>, options: &Conv2dOptions) -> Result<Self> {
        let kernel = match weight.dims() {
            [.., h, w] => [*h, *w],
            _ => [1, 1],
        };
        let window = options.window("conv2d", kernel)?;
        self.batched("conv2d", 4, |input| match bias {
            Some(bias) => Self::call(Conv2d { window }, &[input, weight, bias]),
            None => Self::call(Conv2d { window }, &[input, weight]),
        })
    }

    /// Calls `f` with a leading batch dimension, removed from the result if `self` has none.
    pub(super) fn batched(&self, op: &'static str, ndim: usize, f: impl FnOnce(&Self) -> Result<Self>) -> Result<Self> {
        if self.ndim() == ndim {
            return f(self);
        }
        if self.ndim() + 1 != ndim {
            let rule =
                format!("expected an input of {} (unbatched) or {ndim} dimensions, got {}", ndim - 1, self.shape());
            return Err(Error::shape(op, rule));
        }
        let with_batch = Shape::new([1].into_iter().chain(self.dims().iter().copied()));
        let output = f(&self.reshape_to(&with_batch)?)?;
        output.reshape_to(&Shape::from(&output.dims()[1..]))
    }
}
