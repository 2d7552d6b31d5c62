//! Kernels of products against the CPU, on shapes that fill no tile. They must differ by no more
//! than the order of a sum allows, and from each other not at all, so that a measurement cannot
//! change a result.

use kindling::autograd::{Backward, grad};
use kindling::ops::{Conv2dOptions, Padding};
use kindling::tuning::{Choices, Variant, adopt, choices, set_variant, tune};
use kindling::{Device, Result, Tensor, block_on};

/// Returns a device for every kernel, since plans are cached by device, and one for the engine's
/// own choice.
fn gpus() -> Vec<(Option<Variant>, Device)> {
    let mut gpus = Vec::new();
    for variant in Variant::ALL.into_iter().map(Some).chain([None]) {
        match block_on(Device::gpu()) {
            Ok(gpu) => gpus.push((variant, gpu)),
            Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("REQUIRE_GPU is set: {error}"),
            Err(error) => println!("skipped on the GPU: {error}"),
        }
    }
    gpus
}

/// Returns pseudo-random numbers between −1 and 1, the same everywhere.
fn numbers(shape: &[usize], seed: usize, device: &Device) -> Result<Tensor> {
    let next = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(next).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)?.requires_grad_(true)
}

/// Asserts that `f` of inputs of these shapes, and the gradients of Σ f², are on the GPU by every
/// kernel equal to those of the CPU.
fn check(
    gpus: &[(Option<Variant>, Device)],
    name: &str,
    shapes: &[&[usize]],
    f: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<()> {
    let run = |device: &Device| -> Result<Vec<Vec<f32>>> {
        let inputs: Result<Vec<Tensor>> =
            shapes.iter().enumerate().map(|(i, shape)| numbers(shape, i + 1, device)).collect();
        let inputs = inputs?;
        let output = f(&inputs)?;
        let wanted: Vec<&Tensor> = inputs.iter().collect();
        let grads = grad(&[(&output, Some(&output.detach()))], &wanted, &Backward::default(), false)?;
        [output].iter().chain(grads.iter().flatten()).map(|t| block_on(t.to_vec::<f32>())).collect()
    };
    let want = run(&Device::cpu())?;
    let mut first: Option<Vec<Vec<u32>>> = None;
    for (variant, gpu) in gpus {
        set_variant(*variant);
        let got = run(gpu);
        set_variant(None);
        let got = got?;
        // One thread per element is for small products only, and rounds between multiplying and
        // adding.
        if variant.is_some_and(|variant| variant != Variant::Thread) {
            let bits: Vec<Vec<u32>> =
                got.iter().map(|part| part.iter().map(|x| (x + 0.0).to_bits()).collect()).collect();
            assert!(*first.get_or_insert_with(|| bits.clone()) == bits, "{name} by {variant:?} has other bits");
        }
        for (part, (got, want)) in got.iter().zip(&want).enumerate() {
            let size = want.iter().fold(1.0f32, |size, x| size.max(x.abs()));
            assert_eq!(got.len(), want.len(), "{name} by {variant:?}, part {part}");
            for (i, (g, w)) in got.iter().zip(want).enumerate() {
                assert!(
                    (g - w).abs() <= 2e-5 * size,
                    "{name} by {variant:?}, part {part}: element {i} is {g}, not {w}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn products() -> Result<()> {
    let gpus = gpus();
    for [m, k, n] in [[5, 3, 9], [129, 40, 70], [3, 1030, 66]] {
        check(&gpus, "linear", &[&[m, k], &[n, k], &[n]], |t| t[0].linear(&t[1], Some(&t[2])))?;
        check(&gpus, "matmul of transposes", &[&[k, m], &[n, k]], |t| t[0].t()?.matmul(&t[1].t()?))?;
    }
    check(&gpus, "matmul of slices", &[&[80, 40], &[90, 70]], |t| {
        t[0].slice(0, Some(3), None, 2)?.matmul(&t[1].slice(0, Some(5), Some(45), 1)?)
    })?;
    check(&gpus, "batches", &[&[3, 1, 20, 30], &[4, 30, 10]], |t| t[0].matmul(&t[1]))?;
    check(&gpus, "heads", &[&[2, 9, 3, 8], &[2, 7, 3, 8]], |t| {
        t[0].transpose(1, 2)?.matmul(&t[1].permute(&[0, 2, 3, 1])?)
    })
}

#[test]
fn convolutions() -> Result<()> {
    let gpus = gpus();
    let run = |name: &str, input: &[usize], weight: &[usize], options: Conv2dOptions| {
        check(&gpus, name, &[input, weight, &weight[..1]], |t| t[0].conv2d(&t[1], Some(&t[2]), &options))
    };
    let padding = Padding::Explicit([1, 1]);
    run("same", &[3, 5, 9, 7], &[11, 5, 3, 3], Conv2dOptions { padding: Padding::Same, ..Default::default() })?;
    run("strided", &[2, 3, 17, 18], &[6, 3, 5, 5], Conv2dOptions { stride: [2, 3], padding, ..Default::default() })?;
    run("groups", &[2, 8, 8, 9], &[12, 4, 3, 3], Conv2dOptions { groups: 2, padding, ..Default::default() })?;
    run("depthwise", &[2, 6, 9, 8], &[6, 1, 3, 3], Conv2dOptions { groups: 6, padding, ..Default::default() })?;
    run("dilated", &[2, 4, 12, 11], &[5, 4, 3, 2], Conv2dOptions { dilation: [2, 3], ..Default::default() })?;
    run("pointwise", &[4, 20, 9, 10], &[33, 20, 1, 1], Conv2dOptions::default())?;
    check(&gpus, "of slices", &[&[3, 6, 12, 9], &[4, 3, 3, 3]], |t| {
        let input = t[0].slice(1, Some(1), Some(4), 1)?.slice(2, Some(2), None, 1)?;
        input.conv2d(&t[1], None, &Conv2dOptions { padding, ..Default::default() })
    })
}

#[test]
fn a_measured_choice_is_reused_and_changes_no_bit() -> Result<()> {
    let Some((_, device)) = gpus().pop() else { return Ok(()) };
    // Enough rows that every adapter has more than one kernel worth measuring.
    let product = || -> Result<Vec<f32>> {
        block_on(numbers(&[165, 160], 1, &device)?.matmul(&numbers(&[160, 140], 2, &device)?)?.to_vec())
    };
    let before = product()?;
    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1e3;
    let planned = device.counters().plans_created;
    assert_eq!(block_on(tune(&device, -1.0, &now))?, 0, "there is no time, and what waits goes on waiting");
    assert_eq!(block_on(tune(&device, 60_000.0, &now))?, 1, "one class is waiting");
    assert_eq!(block_on(tune(&device, 60_000.0, &now))?, 0, "nothing is measured twice");
    let found = choices(&device);
    assert_eq!(found.classes.keys().collect::<Vec<_>>(), ["matmul f32 256×256×256 NN"]);
    assert!(product()? == before);
    assert!(device.counters().plans_created > planned, "planned anew");
    // As text and back; another adapter's are refused.
    let text = serde_json::to_string(&found).unwrap_or_default();
    let read: Choices = serde_json::from_str(&text).unwrap_or_default();
    assert_eq!(read, found);
    assert!(adopt(&device, read.clone()));
    assert!(!adopt(&device, Choices { adapter: "another".to_owned(), ..read }));
    Ok(())
}
