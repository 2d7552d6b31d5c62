//! Roofline of a device, measured with the engine's own operations: multiply-adds of a large matrix
//! product, bytes moved by a long pointwise pass. They bound the kernels of any network.

use std::time::Instant;

use kindling::{Device, Result, Tensor, block_on};

/// Side of the square matrices.
const SIDE: usize = 1024;

/// Elements of the pointwise pass: 64 MB, more than caches hold.
const ELEMENTS: usize = 1 << 24;

/// Measured throughput of a device.
pub struct Roofline {
    /// 10⁹ floating-point operations per second in a product of 1024×1024 matrices; a multiply-add
    /// counts as two.
    pub gflops: f64,
    /// 10⁹ bytes per second, read and written, in −x over 64 MB.
    pub gbytes: f64,
}

/// Measures a device, in about a second.
///
/// # Errors
/// The device fails.
pub fn measure(device: &Device) -> Result<Roofline> {
    let a = Tensor::rand([SIDE, SIDE], device)?;
    let x = Tensor::rand([ELEMENTS], device)?;
    let product = fastest(|| a.matmul(&a))?;
    let pass = fastest(|| x.neg())?;
    let flops = 2.0 * (SIDE * SIDE * SIDE) as f64;
    Ok(Roofline { gflops: flops / product * 1e-9, gbytes: 8.0 * ELEMENTS as f64 / pass * 1e-9 })
}

/// Returns the seconds of the fastest of several runs, each synchronized by reading one element of
/// its result.
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
