//! What a device reaches here, measured with the engine's own operations: multiply-adds in a large product, bytes
//! moved by the longest pointwise pass. No kernel of a network does better than these.

use std::time::Instant;

use kindling::{Device, Result, Tensor, block_on};

/// The side of the square product.
const SIDE: usize = 1024;

/// Elements of the pointwise pass: 64 MB, more than caches hold.
const ELEMENTS: usize = 1 << 24;

/// The figures of a device.
pub struct Roofline {
    /// 10⁹ floating-point operations a second in a product of two 1024×1024 matrices; a multiply-add counts as two.
    pub gflops: f64,
    /// 10⁹ bytes a second, read and written, in −x over 64 MB.
    pub gbytes: f64,
}

/// Measures a device; takes about a second.
///
/// # Errors
/// The device cannot compute.
pub fn measure(device: &Device) -> Result<Roofline> {
    let a = Tensor::rand([SIDE, SIDE], device)?;
    let x = Tensor::rand([ELEMENTS], device)?;
    let product = fastest(|| a.matmul(&a))?;
    let pass = fastest(|| x.neg())?;
    let flops = 2.0 * (SIDE * SIDE * SIDE) as f64;
    Ok(Roofline { gflops: flops / product * 1e-9, gbytes: 8.0 * ELEMENTS as f64 / pass * 1e-9 })
}

/// The seconds of the fastest of a few runs, each waited for by reading one element of its result.
fn fastest(f: impl Fn() -> Result<Tensor>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..4 {
        let start = Instant::now();
        let result = f()?;
        block_on(result.flatten(0, -1)?.narrow(0, 0, 1)?.to_vec::<f32>())?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
