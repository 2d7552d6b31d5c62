//! Every kernel for products against the CPU, on shapes that fill no tile: they must not differ by more than the
//! order of a sum allows.

use kindling::ops::{Variant, set_variant};
use kindling::{Device, Result, Tensor, block_on};

fn gpu() -> Option<Device> {
    match block_on(Device::gpu()) {
        Ok(gpu) => Some(gpu),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("REQUIRE_GPU is set: {error}"),
        Err(error) => {
            println!("skipped on the GPU: {error}");
            None
        }
    }
}

/// Numbers between −1 and 1 that look random and are the same everywhere.
fn numbers(shape: &[usize], seed: usize, device: &Device) -> Result<Tensor> {
    let next = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(next).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)
}

/// What `f` gives of inputs of these shapes on the GPU, by every kernel, is what it gives on the CPU.
fn check(name: &str, shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    let Some(gpu) = gpu() else { return Ok(()) };
    let run = |device: &Device| -> Result<Vec<f32>> {
        let inputs: Result<Vec<Tensor>> =
            shapes.iter().enumerate().map(|(i, shape)| numbers(shape, i + 1, device)).collect();
        block_on(f(&inputs?)?.to_vec::<f32>())
    };
    let want = run(&Device::cpu())?;
    let size = want.iter().fold(1.0f32, |size, x| size.max(x.abs()));
    for variant in Variant::ALL.into_iter().map(Some).chain([None]) {
        set_variant(variant);
        // Another device, so that its plans are made with this kernel.
        let gpu = if variant.is_some() { block_on(Device::gpu())? } else { gpu.clone() };
        let got = run(&gpu);
        set_variant(None);
        let got = got?;
        assert_eq!(got.len(), want.len(), "{name} by {variant:?}");
        for (i, (g, w)) in got.iter().zip(&want).enumerate() {
            assert!((g - w).abs() <= 2e-5 * size, "{name} by {variant:?}: element {i} is {g}, not {w}");
        }
    }
    Ok(())
}

#[test]
fn products_of_matrices() -> Result<()> {
    for [m, k, n] in [[1, 1, 1], [5, 3, 9], [33, 17, 65], [129, 40, 70], [3, 700, 5], [70, 1030, 66]] {
        check("matmul", &[&[m, k], &[k, n]], |t| t[0].matmul(&t[1]))?;
        check("matmul of transposes", &[&[k, m], &[n, k]], |t| t[0].t()?.matmul(&t[1].t()?))?;
        check("linear", &[&[m, k], &[n, k], &[n]], |t| t[0].linear(&t[1], Some(&t[2])))?;
    }
    check("matmul of slices", &[&[80, 40], &[90, 70]], |t| {
        t[0].slice(0, Some(3), None, 2)?.matmul(&t[1].slice(0, Some(5), Some(45), 1)?)
    })
}

#[test]
fn products_of_batches() -> Result<()> {
    check("batches", &[&[3, 1, 20, 30], &[4, 30, 10]], |t| t[0].matmul(&t[1]))?;
    check("heads", &[&[2, 9, 3, 8], &[2, 7, 3, 8]], |t| t[0].transpose(1, 2)?.matmul(&t[1].permute(&[0, 2, 3, 1])?))
}
