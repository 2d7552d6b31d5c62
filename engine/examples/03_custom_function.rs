//! A function with its own derivative: rounding with a straight-through estimator.
//!
//! Rounding has the derivative 0 almost everywhere, so a network with rounded weights cannot learn.
//! The straight-through estimator (Bengio et al., 2013) passes the gradient through as if nothing
//! had been rounded. PyTorch's word for such a function is `torch.autograd.Function`.
//!
//! `cargo run -p kindling --example 03_custom_function`

use kindling::autograd::{Call, Context, CustomFunction, custom};
use kindling::{Device, Result, Tensor};

/// Rounds to multiples of `step`. Fields hold everything `backward` needs besides tensors.
struct RoundTo {
    step: f64,
    limit: f64,
}

impl CustomFunction for RoundTo {
    fn name(&self) -> &'static str {
        "round_to"
    }

    /// Computes the result. Its operations are not recorded: the derivative is `backward`'s.
    fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        cx.save_for_backward(inputs);
        let clamped = inputs[0].clamp(Some(-self.limit), Some(self.limit))?;
        Ok(vec![clamped.div_scalar(self.step)?.round()?.mul_scalar(self.step)?])
    }

    /// Passes the gradient through where the input was within the limits.
    fn backward(&self, cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        let saved = cx.saved_tensors()?;
        let inside = saved[0].abs()?.le_scalar(self.limit)?;
        Ok(vec![Some(grads[0].mul(&inside)?)])
    }
}

fn round_to(x: &Tensor, step: f64) -> Result<Tensor> {
    Ok(custom(RoundTo { step, limit: 1.0 }, &[x])?.remove(0))
}

fn main() -> Result<()> {
    run(&Device::cpu())?;
    Ok(())
}

/// Runs the example on a device and returns the gradients of `round` and of `round_to`.
pub fn run(device: &Device) -> Result<[Vec<f32>; 2]> {
    let values = [-1.5_f32, -0.3, 0.1, 0.6, 2.0];
    let mut found = [Vec::new(), Vec::new()];
    for (i, name) in ["round", "round_to"].into_iter().enumerate() {
        let x = Tensor::from_nested(&values, device)?.requires_grad_(true)?;
        let y = if i == 0 { x.round()? } else { round_to(&x, 0.25)? };
        println!("{name} of {}\n  is {}", x.detach(), y.detach());
        y.sum()?.backward()?;
        if let Some(gradient) = x.grad() {
            println!("  with the gradient {gradient}");
            found[i] = gradient.blocking_to_vec()?;
        }
    }
    Ok(found)
}
