//! Gradient checks: derivatives against central differences, in f64 on the CPU, where both run the
//! same code as in f32. The module knows no operation; the checks are in `tests/gradcheck.rs`, one
//! line per operation.

use kindling::autograd::{Backward, grad};
use kindling::{Device, Error, Result, Tensor, block_on};

/// Maximum difference, relative to the size of the compared numbers.
const TOLERANCE: f64 = 1e-6;
/// Number of random directions.
const DIRECTIONS: u64 = 3;
/// Step of the differences: their error is of the order of its fourth power (five points are used).
const STEP: f64 = 1e-3;

/// Checks the gradients of `f` at `inputs` (f64, CPU, away from kinks) along random directions. For
/// a random u, the gradient of ⟨u, f⟩ along a random v must be the derivative of ⟨u, f(x + t·v)⟩ at
/// t = 0.
///
/// # Panics
/// The two differ by more than 1e-6 of their size, `f` fails, or some input has no gradient.
#[track_caller]
#[expect(clippy::panic, reason = "a check that fails should fail its test")]
pub fn gradcheck(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    if let Err(difference) = first_order(inputs, &f) {
        panic!("{name}: {difference}");
    }
}

/// Checks [`gradcheck`], and then the gradient of the gradient: the function from the inputs and u
/// to the gradient of ⟨u, f⟩.
///
/// # Panics
/// As [`gradcheck`].
#[track_caller]
#[expect(clippy::panic, reason = "a check that fails should fail its test")]
pub fn gradgradcheck(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    if let Err(difference) = first_order(inputs, &f) {
        panic!("{name}: {difference}");
    }
    if let Err(difference) = second_order(inputs, &f) {
        panic!("{name}, the gradient of its gradient: {difference}");
    }
}

/// Creates a tensor of random f64 numbers between `low` and `high` on the CPU; the same for the
/// same seed.
///
/// # Panics
/// The engine cannot create tensors.
#[expect(clippy::expect_used, reason = "a test without inputs should fail")]
pub fn random(shape: &[usize], low: f64, high: f64, seed: u64) -> Tensor {
    let numel = shape.iter().product();
    let data: Vec<f64> = Random(seed).take(numel).map(|r| low + (high - low) * r).collect();
    Tensor::from_slice(&data, shape.to_vec(), &Device::cpu()).expect("a tensor of random numbers")
}

/// Random numbers in [0, 1): SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Iterator for Random {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64)
    }
}

fn fail(message: impl Into<String>) -> Error {
    Error::Internal(message.into())
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    block_on(tensor.to_vec::<f64>())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn like(tensor: &Tensor, seed: u64) -> Tensor {
    random(tensor.dims(), -1.0, 1.0, seed)
}

fn first_order(inputs: &[Tensor], f: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    for direction in 0..DIRECTIONS {
        let leaves: Vec<Tensor> =
            inputs.iter().map(|x| x.detach().copy()?.requires_grad_(true)).collect::<Result<_>>()?;
        let output = f(&leaves)?;
        let u = like(&output, 1000 + direction);
        let wanted: Vec<&Tensor> = leaves.iter().collect();
        let grads = grad(&[(&output, Some(&u))], &wanted, &Backward::default(), true)?;
        let weights = values(&u)?;

        for (i, (x, g)) in inputs.iter().zip(grads).enumerate() {
            let g = g.ok_or_else(|| fail(format!("input {i} has no gradient")))?;
            if g.shape() != x.shape() {
                return Err(fail(format!("input {i} of shape {} has a gradient of shape {}", x.shape(), g.shape())));
            }
            let v = like(x, 2000 + 10 * direction + i as u64);
            let at = |t: f64| -> Result<f64> {
                let mut moved: Vec<Tensor> = inputs.iter().map(Tensor::detach).collect();
                moved[i] = x.detach().add(&v.mul_scalar(t)?)?;
                Ok(dot(&weights, &values(&f(&moved)?)?))
            };
            // Five points: f' = (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h + O(h⁴).
            let slope = (8.0 * (at(STEP)? - at(-STEP)?) - (at(2.0 * STEP)? - at(-2.0 * STEP)?)) / (12.0 * STEP);
            let (g, v) = (values(&g)?, values(&v)?);
            let got = dot(&g, &v);
            let size = g.iter().zip(&v).map(|(g, v)| (g * v).abs()).sum::<f64>().max(slope.abs()).max(1e-3);
            let agrees = (got - slope).abs() <= TOLERANCE * size;
            if !agrees {
                return Err(fail(format!(
                    "the gradient of input {i} gives a slope of {got}, differences give {slope} (direction {direction})"
                )));
            }
        }
    }
    Ok(())
}

fn second_order(inputs: &[Tensor], f: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    let u = like(&f(inputs)?, 3000);
    let mut all = inputs.to_vec();
    all.push(u);
    let gradient = |all: &[Tensor]| -> Result<Tensor> {
        let (u, xs) = all.split_last().ok_or_else(|| fail("no inputs"))?;
        // Points along a direction are not leaves that require grad; the derivative still needs
        // some.
        let xs: Vec<Tensor> = xs
            .iter()
            .map(|x| if x.requires_grad() { Ok(x.clone()) } else { x.requires_grad_(true) })
            .collect::<Result<_>>()?;
        let output = f(&xs)?;
        let wanted: Vec<&Tensor> = xs.iter().collect();
        let grads = grad(&[(&output, Some(u))], &wanted, &Backward::default().create_graph(), true)?;
        // All gradients as one tensor: Σ wᵢ ⟨random, gᵢ⟩ involves every element. The gradient of a
        // linear function does not depend on its inputs, hence the term that is zero.
        let mut sum = all[0].sum()?.mul_scalar(0.0)?;
        for x in &all[1..] {
            sum = sum.add(&x.sum()?.mul_scalar(0.0)?)?;
        }
        for (i, g) in grads.iter().enumerate() {
            if let Some(g) = g {
                sum = sum.add(&g.mul(&like(g, 4000 + i as u64))?.sum()?)?;
            }
        }
        Ok(sum)
    };
    first_order(&all, &gradient)
}
