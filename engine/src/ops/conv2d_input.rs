//! `conv2d_input`: the gradient of a convolution's input (`torch.nn.grad.conv2d_input`), which
//! `conv_transpose2d` computes as well.

use std::hash::{Hash, Hasher};

use crate::device::{Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor, View, ViewSpec, Vjp,
    typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use super::conv::{Geometry, Window, cpu, float_operands, has_planes, image_params, normalized};
use super::conv2d::Conv2d;
use super::gemm::{self, Gemm};

/// Input gradient from the output's gradient (n, o, oh, ow) and a weight (o, c/groups, kh, kw).
#[derive(Debug)]
struct Conv2dInput {
    window: Window,
    /// Height and width of the input of the convolution.
    input: [usize; 2],
}

impl Conv2dInput {
    fn geometry(&self, grad: &[usize], weight: &[usize]) -> Result<Geometry> {
        let ([n, o, oh, ow], [filters, channels, ..]) = (grad, weight) else {
            return Err(Error::shape(self.name(), format!("expected 4 dimensions, got {grad:?} and {weight:?}")));
        };
        let input = [*n, channels * self.window.groups, self.input[0], self.input[1]];
        let g = self.window.geometry(self.name(), &input, weight)?;
        if o != filters || g.output != [*oh, *ow] {
            let rule = format!(
                "a gradient of shape {grad:?} does not belong to the output [{n}, {filters}, {}, {}]",
                g.output[0], g.output[1]
            );
            return Err(Error::shape(self.name(), rule));
        }
        Ok(g)
    }
}

impl Function for Conv2dInput {
    fn name(&self) -> &'static str {
        "conv2d_input"
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let window = self.window;
        let output = cx.needs(0).then(|| Tensor::call(Conv2d { window }, &[grad, &cx.input(1)?])).transpose()?;
        let kernel = [cx.shape(1)[2], cx.shape(1)[3]];
        let weight = cx.needs(1).then(|| grad.conv2d_weight(kernel, &cx.input(0)?, window)).transpose()?;
        Ok(vec![output, weight])
    }
}

impl Op for Conv2dInput {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let dtype = float_operands(self.name(), operands)?;
        let g = self.geometry(&operands[0].shape, &operands[1].shape)?;
        Ok(Spec::new([g.images, g.channels * g.window.groups, g.input[0], g.input[1]], dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.window.key(state);
        self.input.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Conv2dInput {
    fn accepts(&self, index: usize, layout: &Layout) -> bool {
        if index == 0 { has_planes(layout) } else { layout.is_contiguous() }
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let g = self.geometry(&operands[0].layout.shape, &operands[1].layout.shape)?;
        dispatch!(output.dtype(), floats T => {
            let grad = cpu::Images::new(operands[0].typed::<T>()?, &normalized(operands[0].layout));
            cpu::input_gradient(&g, &grad, operands[1].contiguous::<T>()?, typed_mut(output)?)
        }, Err(Error::internal("a convolution of numbers that are no floats")))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (grad, weight) = (&operands[0].layout, &operands[1].layout);
        let g = self.geometry(&grad.shape, &weight.shape)?;
        let mut params = g.params();
        params.extend(image_params(&normalized(grad)));
        params.push(Param::from(weight.offset));
        let gemm = Gemm {
            name: "conv2d_input",
            wgsl: shader!("conv2d_input"),
            constants: g.constants(),
            dtype: output.dtype,
            shape: gemm::Shape {
                m: g.channels,
                n: g.images * g.pixels(),
                k: g.filters * g.taps(),
                batches: g.window.groups,
            },
            deep: [true, false],
            operands: vec![Bind::Operand(1), Bind::Operand(0)],
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
    /// Computes the gradient of the input of a convolution whose output has the gradient `self`.
    pub(super) fn conv2d_input(&self, input: [usize; 2], weight: &Self, window: Window) -> Result<Self> {
        Self::call(Conv2dInput { window, input }, &[self, weight])
    }
}
