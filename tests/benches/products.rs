//! How fast products and convolutions run, in GFLOP/s: `cargo bench -p kindling-tests --bench products [-- gpu]`. On the GPU
//! every kernel is measured, on the CPU as many threads as `RAYON_NUM_THREADS` says.

use std::time::Instant;

use kindling::autograd::{Backward, grad};
use kindling::ops::{Conv2dOptions, Padding};
use kindling::tuning::{Variant, set_variant};
use kindling::{Device, Result, Tensor, block_on};

/// Seconds of a run: the best of several, each of which ends with a read.
fn seconds(f: impl Fn() -> Result<Tensor>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        block_on(
            f()?.slice(0, Some(0), Some(1), 1)?
                .contiguous()?
                .reshape(&[-1])?
                .slice(0, Some(0), Some(1), 1)?
                .to_vec::<f32>(),
        )?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn report(what: &str, flops: f64, f: impl Fn() -> Result<Tensor>) -> Result<()> {
    let seconds = seconds(f)?;
    println!("{what:58} {:8.2} ms {:8.1} GFLOP/s", seconds * 1e3, flops / seconds * 1e-9);
    Ok(())
}

fn numbers(shape: &[usize], device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = (0..shape.iter().product()).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)?.requires_grad_(true)
}

fn products(device: &Device, by: &str) -> Result<()> {
    for [m, k, n] in [[512, 512, 512], [1024, 1024, 1024], [128, 4096, 256], [128, 784, 512]] {
        let (a, b) = (numbers(&[m, k], device)?, numbers(&[k, n], device)?);
        report(&format!("{by} matmul {m}×{k}×{n}"), 2.0 * (m * k * n) as f64, || a.matmul(&b))?;
    }
    Ok(())
}

fn convolutions(device: &Device, by: &str) -> Result<()> {
    // The layers of the CIFAR nets: images, channels, size, filters, kernel, padding.
    for [n, c, s, o, k, p] in [
        [128, 3, 32, 6, 5, 0],
        [128, 6, 14, 16, 5, 0],
        [32, 3, 32, 32, 3, 1],
        [32, 32, 32, 32, 3, 1],
        [32, 64, 16, 64, 3, 1],
    ] {
        let (x, w) = (numbers(&[n, c, s, s], device)?, numbers(&[o, c, k, k], device)?);
        let options = Conv2dOptions { padding: Padding::Explicit([p, p]), ..Default::default() };
        let y = x.conv2d(&w, None, &options)?;
        let flops = 2.0 * (y.numel() * c * k * k) as f64;
        let name = format!("{by} conv2d {n}×{c}×{s}×{s} by {o}×{c}×{k}×{k}");
        report(&name, flops, || x.conv2d(&w, None, &options))?;
        let g = y.detach().contiguous()?;
        let keep = Backward::default().retain_graph();
        for (what, input) in [("input", &x), ("weight", &w)] {
            report(&format!("{name}, {what}"), flops, || {
                let grads = grad(&[(&y, Some(&g))], &[input], &keep, false)?;
                Ok(grads.into_iter().flatten().next().unwrap_or_else(|| y.clone()))
            })?;
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    if !std::env::args().any(|arg| arg == "gpu") {
        products(&Device::cpu(), "cpu")?;
        return convolutions(&Device::cpu(), "cpu");
    }
    for variant in Variant::ALL.into_iter().map(Some).chain([None]) {
        set_variant(variant);
        let gpu = block_on(Device::gpu())?;
        let by = variant.map_or("chosen".to_owned(), |variant| format!("{variant:?}"));
        products(&gpu, &by)?;
        convolutions(&gpu, &by)?;
    }
    set_variant(None);
    Ok(())
}
