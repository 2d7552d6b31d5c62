//! Random numbers on the CPU from the engine's generator, and distributions computed from them.

use std::f64::consts::{PI, TAU};

use crate::nn::state_dict::read_now;
use crate::{Device, Result, Tensor};

/// Draws `n` numbers from U(0, 1).
pub fn uniforms(n: usize) -> Result<Vec<f64>> {
    Ok(read_now(&Tensor::rand([n], &Device::cpu())?)?.to_f64())
}

/// Draws `n` numbers from N(0, 1), by the Box–Muller transform.
pub fn normals(n: usize) -> Result<Vec<f64>> {
    let pairs = uniforms(n.next_multiple_of(2))?;
    let mut out: Vec<f64> = pairs
        .chunks(2)
        .flat_map(|pair| {
            let (radius, angle) = ((-2.0 * (1.0 - pair[0]).ln()).sqrt(), TAU * pair[1]);
            [radius * angle.cos(), radius * angle.sin()]
        })
        .collect();
    out.truncate(n);
    Ok(out)
}

/// Computes the inverse of the error function: Winitzki's approximation, then Newton's method.
pub fn erf_inv(y: f64) -> f64 {
    if y.abs() >= 1.0 {
        return y * f64::INFINITY;
    }
    let (a, log) = (0.147, (1.0 - y * y).ln());
    let half = 2.0 / (PI * a) + log / 2.0;
    let mut x = ((half * half - log / a).sqrt() - half).sqrt().copysign(y);
    for _ in 0..3 {
        x -= (libm::erf(x) - y) * PI.sqrt() / 2.0 * (x * x).exp();
    }
    x
}

#[cfg(test)]
mod tests {
    use super::erf_inv;

    #[test]
    fn the_inverse_error_function_inverts() {
        for x in [-3.0, -1.2, -0.1, 0.0, 1e-9, 0.4, 0.9, 2.5, 3.5] {
            assert!((erf_inv(libm::erf(x)) - x).abs() < 1e-6 * (1.0 + x.abs()), "{x}");
        }
    }
}
