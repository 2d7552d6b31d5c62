//! User-defined functions with their own derivative, PyTorch's `torch.autograd.Function`. The
//! module knows how such a call is recorded; the computation is the user's.

use std::rc::Rc;

use crate::tensor::{Function, Layout, Node, Origin, Saves, Shape, Tensor, Vjp, no_grad};
use crate::{Error, Result};

/// An operation composed of other operations, with its own derivative. Fields of the struct hold
/// everything `backward` needs besides tensors. Tensors go through [`Context::save_for_backward`],
/// so that changes in place are detected and a freed graph releases them.
/// [torch.autograd.Function](https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function)
///
/// ```
/// use kindling::autograd::{Call, Context, CustomFunction, custom};
/// use kindling::{Device, Result, Tensor, block_on};
///
/// /// The identity, whose gradient is turned around on the way back.
/// struct ReverseGradient;
///
/// impl CustomFunction for ReverseGradient {
///     fn name(&self) -> &'static str {
///         "reverse_gradient"
///     }
///     fn forward(&mut self, _cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
///         Ok(vec![inputs[0].copy()?])
///     }
///     fn backward(&self, _cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
///         Ok(vec![Some(grads[0].neg()?)])
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let x = Tensor::ones([2], &Device::cpu())?.requires_grad_(true)?;
/// custom(ReverseGradient, &[&x])?[0].sum()?.backward()?;
/// assert_eq!(x.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?, Some(vec![-1.0, -1.0]));
/// # Ok(()) }
/// ```
pub trait CustomFunction: 'static {
    /// Returns its name in errors and in the graph.
    fn name(&self) -> &'static str;

    /// Computes the results. Nothing it calls is recorded for backward.
    ///
    /// # Errors
    /// Any error of the user's code.
    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>>;

    /// Computes the gradient of every input from that of every result (zeros for a result that
    /// nothing depends on, and for integers and bools). `None` for an input without one.
    ///
    /// # Errors
    /// A saved tensor was freed or changed in place; or any error of the user's code.
    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>>;
}

/// State that `forward` leaves for `backward`.
#[derive(Default)]
pub struct Context {
    saved: Vec<Tensor>,
    constant: Vec<Tensor>,
}

impl Context {
    /// Saves tensors (inputs, results or others) for [`Call::saved_tensors`]; a second call
    /// replaces them.
    pub fn save_for_backward(&mut self, tensors: &[&Tensor]) {
        self.saved = tensors.iter().map(|t| (*t).clone()).collect();
    }

    /// Declares that no gradient flows through these results.
    pub fn mark_non_differentiable(&mut self, results: &[&Tensor]) {
        self.constant = results.iter().map(|t| (*t).clone()).collect();
    }
}

/// The call that `backward` differentiates.
pub struct Call<'a> {
    vjp: &'a Vjp<'a>,
    outputs: &'a [Output],
}

impl Call<'_> {
    /// Returns the tensors given to [`Context::save_for_backward`].
    ///
    /// # Errors
    /// A tensor was freed by an earlier backward, or changed in place since.
    pub fn saved_tensors(&self) -> Result<Vec<Tensor>> {
        let part = |k: usize, joint: &Tensor| self.outputs[k].of(joint);
        self.vjp.saved(&part)
    }

    /// Returns `true` if the gradient of this input is needed.
    pub fn needs_input_grad(&self, input: usize) -> bool {
        self.vjp.needs(input)
    }
}

/// Position of a result in the joint tensor that represents all results in the graph.
#[derive(Clone)]
struct Output {
    shape: Shape,
    /// Slice of the joint tensor; `None` for a result without a gradient.
    slice: Option<(usize, usize)>,
    /// True if it is the joint tensor itself.
    alone: bool,
}

impl Output {
    fn of(&self, joint: &Tensor) -> Result<Tensor> {
        match self.slice {
            None => joint.detach().zeros_as(&self.shape),
            Some(_) if self.alone => Ok(joint.clone()),
            Some((from, to)) => {
                let sizes: Vec<isize> = self.shape.iter().map(|n| *n as isize).collect();
                joint.slice(0, Some(from as isize), Some(to as isize), 1)?.reshape(&sizes)
            }
        }
    }
}

impl Tensor {
    fn zeros_as(&self, shape: &Shape) -> Result<Self> {
        Self::zeros(shape.clone(), (self.dtype(), &self.device()))
    }
}

struct Custom<F> {
    function: F,
    outputs: Vec<Output>,
}

impl<F: CustomFunction> Function for Custom<F> {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let grads: Vec<Tensor> = self.outputs.iter().map(|o| o.of(grad)).collect::<Result<_>>()?;
        let found = self.function.backward(&Call { vjp: cx, outputs: &self.outputs }, &grads)?;
        if found.len() != cx.inputs() {
            let rule = format!("backward gave {} gradients for {} inputs", found.len(), cx.inputs());
            return Err(Error::shape(self.name(), rule));
        }
        for (i, grad) in found.iter().enumerate() {
            if let Some(grad) = grad
                && cx.needs(i)
                && grad.shape() != cx.shape(i)
            {
                let rule = format!("backward gave input {i}, of shape {}, a gradient of {}", cx.shape(i), grad.shape());
                return Err(Error::shape(self.name(), rule));
            }
        }
        Ok(found)
    }
}

/// Calls a function with a user-defined derivative and returns its results.
///
/// # Errors
/// Its `forward` fails; or results have several float types.
pub fn custom<F: CustomFunction>(mut function: F, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
    let mut cx = Context::default();
    let results = no_grad(|| function.forward(&mut cx, inputs))?;
    // A result that is an input, or has a history, becomes another handle to its memory.
    let old = |t: &Tensor| t.requires_grad() || inputs.iter().any(|input| input.is(t));
    let fresh: Vec<Tensor> = results.iter().map(|t| if old(t) { t.detach() } else { t.clone() }).collect();

    let carries = |t: &Tensor| t.dtype().is_float() && !cx.constant.iter().any(|c| c.is(t));
    let floats: Vec<&Tensor> = results.iter().zip(&fresh).filter(|(t, _)| carries(t)).map(|(_, t)| t).collect();
    let Some(first) = floats.first() else { return Ok(fresh) };
    let alone = floats.len() == 1;
    let mut from = 0;
    let mut outputs = Vec::new();
    for t in &results {
        let slice = carries(t).then(|| (from, from + t.numel()));
        from = slice.map_or(from, |(_, to)| to);
        outputs.push(Output { shape: t.shape().clone(), slice, alone });
    }
    let joint = if alone { (*first).clone() } else { no_grad(|| join(function.name(), &floats, from))? };

    let saved = cx.saved.iter().map(|t| {
        let output = results.iter().position(|r| r.is(t)).filter(|k| outputs[*k].slice.is_some());
        (t, output.map_or_else(|| Origin::Edge(t.edge()), Origin::Output))
    });
    if joint.wants_memory(inputs) {
        let custom = Custom { function, outputs: outputs.clone() };
        Node::link_saving(Rc::new(custom), inputs, &joint, saved.collect());
    }
    outputs.iter().zip(fresh).map(|(o, t)| if o.slice.is_some() { o.of(&joint) } else { Ok(t) }).collect()
}

/// Concatenates all results into one flat tensor.
fn join(name: &'static str, tensors: &[&Tensor], len: usize) -> Result<Tensor> {
    let first = tensors[0];
    if tensors.iter().any(|t| t.dtype() != first.dtype()) {
        return Err(Error::dtype(name, "results of several float types"));
    }
    let mut joint = first.zeros_as(&Shape::from(len))?;
    let mut offset = 0;
    for t in tensors {
        let layout = Layout { offset, ..Layout::contiguous(t.shape().clone()) };
        joint = joint.as_strided_scatter(t, &layout)?;
        offset += t.numel();
    }
    Ok(joint)
}
