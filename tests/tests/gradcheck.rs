//! Every operation's derivative against differences, one line each; operations that are not linear, to the
//! second order. Inputs stay away from kinks and poles.

use kindling::autograd::{Call, Context, CustomFunction, custom};
use kindling::{Result, Tensor};
use kindling_tests::gradcheck::{gradcheck, gradgradcheck, random};

fn x(shape: &[usize]) -> Tensor {
    random(shape, 0.5, 2.0, 1)
}

fn y(shape: &[usize]) -> Tensor {
    random(shape, 0.5, 2.0, 2)
}

#[test]
fn arithmetic() {
    gradgradcheck("add", &[x(&[2, 3]), y(&[3])], |t| t[0].add(&t[1]));
    gradgradcheck("sub", &[x(&[2, 1]), y(&[3])], |t| t[0].sub(&t[1]));
    gradgradcheck("mul", &[x(&[2, 3]), y(&[2, 1])], |t| t[0].mul(&t[1]));
    gradgradcheck("div", &[x(&[2, 3]), y(&[3])], |t| t[0].div(&t[1]));
    gradgradcheck("neg", &[x(&[4])], |t| t[0].neg());
    gradgradcheck("add_scalar", &[x(&[4])], |t| t[0].add_scalar(2.5));
    gradgradcheck("mul_scalar", &[x(&[4])], |t| t[0].mul_scalar(2.5));
}

#[test]
fn unary() {
    gradgradcheck("exp", &[x(&[2, 3])], |t| t[0].exp());
    gradgradcheck("relu", &[x(&[2, 3])], |t| t[0].add_scalar(-1.1)?.relu());
}

#[test]
fn reductions() {
    gradgradcheck("sum", &[x(&[2, 3])], |t| t[0].mul(&t[0])?.sum());
    gradgradcheck("sum_dim", &[x(&[2, 3, 2])], |t| t[0].exp()?.sum_dim(&[0, 2], false));
}

#[test]
fn products() {
    gradgradcheck("matmul", &[x(&[2, 3]), y(&[3, 4])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul of batches", &[x(&[2, 1, 2, 3]), y(&[3, 3, 2])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul with a vector", &[x(&[2, 2, 3]), y(&[3])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul of transposes", &[x(&[3, 2]), y(&[4, 3])], |t| t[0].t()?.matmul(&t[1].t()?));
    gradgradcheck("bmm", &[x(&[2, 2, 3]), y(&[2, 3, 2])], |t| t[0].bmm(&t[1]));
    gradgradcheck("outer", &[x(&[2]), y(&[3])], |t| t[0].outer(&t[1]));
    gradgradcheck("addmm", &[x(&[3]), y(&[2, 2]), x(&[2, 3])], |t| t[0].addmm(&t[1], &t[2], 0.5, -2.0));
    gradgradcheck("linear", &[x(&[2, 2, 3]), y(&[4, 3]), x(&[4])], |t| t[0].linear(&t[1], Some(&t[2])));
}

#[test]
fn views() {
    gradcheck("t", &[x(&[2, 3])], |t| t[0].t());
    gradcheck("permute", &[x(&[2, 3, 4])], |t| t[0].permute(&[2, 0, 1]));
    gradcheck("expand", &[x(&[2, 1])], |t| t[0].expand(&[3, -1, 4]));
    gradcheck("reshape", &[x(&[2, 3])], |t| t[0].t()?.reshape(&[-1]));
    gradcheck("slice", &[x(&[5, 3])], |t| t[0].slice(0, Some(1), None, 2));
    gradcheck("contiguous", &[x(&[5, 3])], |t| t[0].t()?.contiguous());
    gradcheck("clone", &[x(&[5, 3])], |t| t[0].copy());
}

/// x², with a derivative of `factor`·x.
struct Square {
    factor: f64,
}

impl CustomFunction for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        cx.save_for_backward(&[inputs[0]]);
        Ok(vec![inputs[0].mul(inputs[0])?])
    }

    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grads[0].mul(&cx.saved_tensors()?[0])?.mul_scalar(self.factor)?)])
    }
}

fn square(x: &Tensor, factor: f64) -> Result<Tensor> {
    Ok(custom(Square { factor }, &[x])?.remove(0))
}

#[test]
fn a_right_derivative_passes() {
    gradgradcheck("square", &[x(&[3])], |t| square(&t[0], 2.0));
}

#[test]
#[should_panic(expected = "the gradient of input 0 gives a slope")]
fn a_wrong_derivative_is_caught() {
    gradcheck("square", &[x(&[3])], |t| square(&t[0], 2.0001));
}

/// x³, whose derivative is right and hides from the second order: it is computed without history.
struct Cube;

impl CustomFunction for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }

    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        cx.save_for_backward(&[inputs[0]]);
        Ok(vec![inputs[0].mul(inputs[0])?.mul(inputs[0])?])
    }

    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        let x = cx.saved_tensors()?[0].detach();
        Ok(vec![Some(grads[0].mul(&x.mul(&x)?)?.mul_scalar(3.0)?)])
    }
}

#[test]
fn the_first_order_alone_misses_a_wrong_second_order() -> Result<()> {
    gradcheck("cube", &[x(&[3])], |t| Ok(custom(Cube, &[&t[0]])?.remove(0)));
    Ok(())
}

#[test]
#[should_panic(expected = "the gradient of its gradient")]
fn a_wrong_second_order_is_caught() {
    gradgradcheck("cube", &[x(&[3])], |t| Ok(custom(Cube, &[&t[0]])?.remove(0)));
}
