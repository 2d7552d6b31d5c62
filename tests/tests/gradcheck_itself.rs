//! Tests of the gradient check: a wrong derivative, of the first or second order, is detected.

use kindling::autograd::{Call, Context, CustomFunction, custom};
use kindling::{Result, Tensor};
use kindling_tests::gradcheck::{gradcheck, gradgradcheck, random};

fn x(shape: &[usize]) -> Tensor {
    random(shape, 0.5, 2.0, 1)
}

/// The function x², with a derivative of `factor`·x.
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

/// The function x³ with a correct derivative without a second order: it is computed without
/// history.
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
