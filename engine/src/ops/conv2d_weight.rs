//! `conv2d_weight`: the gradient of a convolution's weight (`torch.nn.grad.conv2d_weight`), and on
//! request that of its bias: both are then one value, the bias after the weight.

use std::hash::{Hash, Hasher};

use crate::device::{Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View, ViewSpec,
    Vjp, no_grad, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use super::conv::{Geometry, Window, cpu, float_operands, has_planes, has_rows, image_params, normalized};
use super::conv2d::Conv2d;
use super::gemm::{self, Gemm};
use super::reduce::sum_of;

/// Weight gradient from an input (n, c, h, w) and the output's gradient (n, o, oh, ow).
#[derive(Debug)]
struct Conv2dWeight {
    window: Window,
    kernel: [usize; 2],
    /// Computes the gradient of the bias as well; this has no derivative.
    bias: bool,
}

impl Conv2dWeight {
    fn geometry(&self, input: &[usize], grad: &[usize]) -> Result<Geometry> {
        let ([n, c, ..], [n2, o, oh, ow]) = (input, grad) else {
            return Err(Error::shape(self.name(), format!("expected 4 dimensions, got {input:?} and {grad:?}")));
        };
        let weight = [*o, c / self.window.groups.max(1), self.kernel[0], self.kernel[1]];
        let g = self.window.geometry(self.name(), input, &weight)?;
        if n != n2 || g.output != [*oh, *ow] {
            let rule = format!(
                "a gradient of shape {grad:?} does not belong to the output [{n}, {o}, {}, {}]",
                g.output[0], g.output[1]
            );
            return Err(Error::shape(self.name(), rule));
        }
        Ok(g)
    }
}

impl Function for Conv2dWeight {
    fn name(&self) -> &'static str {
        "conv2d_weight"
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        if self.bias {
            return Err(Error::internal("the gradients of weight and bias are computed without history"));
        }
        let window = self.window;
        let size = [cx.shape(0)[2], cx.shape(0)[3]];
        let input = cx.needs(0).then(|| cx.input(1)?.conv2d_input(size, grad, window)).transpose()?;
        let output = cx.needs(1).then(|| Tensor::call(Conv2d { window }, &[&cx.input(0)?, grad])).transpose()?;
        Ok(vec![input, output])
    }
}

impl Op for Conv2dWeight {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let dtype = float_operands(self.name(), operands)?;
        let g = self.geometry(&operands[0].shape, &operands[1].shape)?;
        let outputs = g.filters * g.window.groups;
        if self.bias {
            return Ok(Spec::new([outputs * (g.depth() + 1)], dtype));
        }
        Ok(Spec::new([outputs, g.channels, g.kernel[0], g.kernel[1]], dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.window.key(state);
        (self.kernel, self.bias).hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Conv2dWeight {
    fn accepts(&self, index: usize, layout: &Layout) -> bool {
        if index == 0 { has_rows(layout) } else { has_planes(layout) }
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let g = self.geometry(&operands[0].layout.shape, &operands[1].layout.shape)?;
        dispatch!(output.dtype(), floats T => {
            let input = cpu::Images::new(operands[0].typed::<T>()?, &normalized(operands[0].layout));
            let grad = cpu::Images::new(operands[1].typed::<T>()?, &normalized(operands[1].layout));
            let (weight, bias) = typed_mut::<T>(output)?.split_at_mut(g.filters * g.window.groups * g.depth());
            cpu::weight_gradient(&g, &input, &grad, weight)?;
            if self.bias {
                let layout = normalized(operands[1].layout);
                let data = operands[1].typed::<T>()?;
                for (o, bias) in bias.iter_mut().enumerate() {
                    let mut sum = 0.0;
                    for image in 0..g.images {
                        let start = image as isize * layout.strides[0] + o as isize * layout.strides[1];
                        let start = (layout.offset as isize + start) as usize;
                        sum += sum_of(&data[start..start + g.positions()], |x| x);
                    }
                    *bias = T::c(sum);
                }
            }
            Ok(())
        }, Err(Error::internal("a convolution of numbers that are no floats")))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (input, grad) = (&operands[0].layout, &operands[1].layout);
        let g = self.geometry(&input.shape, &grad.shape)?;
        let mut params = g.params();
        params.extend(image_params(&normalized(input)));
        params.extend(image_params(&normalized(grad)));
        params.push(Param::from(g.depth()));
        let n = g.depth() + usize::from(self.bias);
        let gemm = Gemm {
            name: "conv2d_weight",
            wgsl: shader!("conv2d_weight"),
            constants: g.patch_constants(),
            dtype: output.dtype,
            shape: gemm::Shape { m: g.filters, n, k: g.images * g.positions(), batches: g.window.groups },
            deep: [true, true],
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
    /// Computes the gradient of the weight of a convolution of `self` whose output has the gradient
    /// `grad`.
    pub(super) fn conv2d_weight(&self, kernel: [usize; 2], grad: &Self, window: Window) -> Result<Self> {
        Self::call(Conv2dWeight { window, kernel, bias: false }, &[self, grad])
    }

    /// Computes the gradients of the weight and of the bias, without history.
    pub(super) fn conv2d_weight_bias(&self, weight: &Shape, grad: &Self, window: Window) -> Result<[Self; 2]> {
        let op = Conv2dWeight { window, kernel: [weight[2], weight[3]], bias: true };
        no_grad(|| Self::call(op, &[self, grad]))?.cut_bias(weight)
    }

    /// Splits consecutive gradients of a weight of this shape and of its bias.
    pub(super) fn cut_bias(&self, weight: &Shape) -> Result<[Self; 2]> {
        let (len, rows) = (weight.numel(), weight[0]);
        Ok([self.narrow(0, 0, len)?.reshape_to(weight)?, self.narrow(0, len as isize, rows)?])
    }
}
