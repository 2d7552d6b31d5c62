//! User-defined functions with their own derivatives.

use kindling::autograd::{Backward, Call, Context, CustomFunction, custom, grad};
use kindling::{AutogradError, Device, Error, Result, Tensor, block_on, is_grad_enabled, no_grad};

fn tensor(data: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(data, [data.len()], &Device::cpu())
}

fn leaf(data: &[f32]) -> Result<Tensor> {
    tensor(data)?.requires_grad_(true)
}

fn read(tensor: &Tensor) -> Result<Vec<f32>> {
    block_on(tensor.to_vec::<f32>())
}

fn grad_of(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.grad().map_or(Ok(Vec::new()), |g| read(&g))
}

/// Asserts that a call fails by breaking a rule of autograd.
#[track_caller]
fn breaks<T>(rule: AutogradError, result: Result<T>) {
    match result {
        Err(Error::Autograd { kind, .. }) => assert_eq!(kind, rule),
        Err(other) => panic!("expected {rule:?}, got {other}"),
        Ok(_) => panic!("expected {rule:?}, but nothing failed"),
    }
}

/// A function that returns x·y and x + y in one call.
struct Both;

impl CustomFunction for Both {
    fn name(&self) -> &'static str {
        "both"
    }

    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        assert!(!is_grad_enabled());
        cx.save_for_backward(inputs);
        let sum = inputs[0].add(inputs[1])?;
        Ok(vec![inputs[0].mul(inputs[1])?, sum])
    }

    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        let saved = cx.saved_tensors()?;
        let of = |i: usize| -> Result<Option<Tensor>> {
            if !cx.needs_input_grad(i) {
                return Ok(None);
            }
            grads[0].mul(&saved[1 - i])?.add(&grads[1]).map(Some)
        };
        Ok(vec![of(0)?, of(1)?])
    }
}

#[test]
fn user_functions_have_their_own_derivative() -> Result<()> {
    let (x, y) = (leaf(&[2.0, 3.0])?, leaf(&[5.0, 7.0])?);
    let results = custom(Both, &[&x, &y])?;
    assert_eq!((read(&results[0])?, read(&results[1])?), (vec![10.0, 21.0], vec![7.0, 10.0]));
    results[0].sum()?.add(&results[1].mul_scalar(10.0)?.sum()?)?.backward()?;
    assert_eq!(grad_of(&x)?, [15.0, 17.0]);
    assert_eq!(grad_of(&y)?, [12.0, 13.0]);
    breaks(AutogradError::GraphFreed, results[0].sum()?.backward());
    // One result alone; a frozen input; no grad at all.
    let frozen = y.detach();
    custom(Both, &[&x, &frozen])?[1].sum()?.backward()?;
    assert_eq!(grad_of(&x)?, [16.0, 18.0]);
    assert!(!no_grad(|| custom(Both, &[&x, &y]))?[0].requires_grad());
    // Changes of saved tensors are detected.
    let h = x.mul_scalar(1.0)?;
    let results = custom(Both, &[&h, &y])?;
    h.zero_()?;
    breaks(AutogradError::InplaceModifiedSaved, results[0].sum()?.backward());
    Ok(())
}

/// exp, whose derivative is its saved result.
struct Exp {
    wrong_shape: bool,
}

impl CustomFunction for Exp {
    fn name(&self) -> &'static str {
        "my_exp"
    }

    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        let result = inputs[0].exp()?;
        cx.save_for_backward(&[&result]);
        Ok(vec![result])
    }

    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        if self.wrong_shape {
            return Ok(vec![Some(grads[0].sum()?)]);
        }
        Ok(vec![Some(grads[0].mul(&cx.saved_tensors()?[0])?)])
    }
}

#[test]
fn a_saved_result_is_differentiated_again() -> Result<()> {
    let x = leaf(&[0.5])?;
    let mut y = custom(Exp { wrong_shape: false }, &[&x])?.remove(0);
    assert_eq!(y.grad_fn().map(|node| node.name()), Some("my_exp"));
    for _ in 0..3 {
        let g = grad(&[(&y, None)], &[&x], &Backward::default().create_graph(), false)?.remove(0);
        y = g.ok_or_else(|| Error::internal("no gradient"))?;
        assert!((read(&y)?[0] - 0.5f32.exp()).abs() < 1e-6);
    }
    let y = custom(Exp { wrong_shape: true }, &[&leaf(&[1.0, 2.0])?])?.remove(0);
    let error = y.sum()?.backward().err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("my_exp") && error.contains("input 0"), "{error}");
    Ok(())
}
