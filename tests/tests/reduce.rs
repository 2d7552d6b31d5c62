//! Long and oddly shaped reductions, rows and losses: equal to the CPU where the GPU shares one
//! result among many threads. Large and non-finite elements are handled, and two runs are equal to
//! the bit.

use kindling::ops::{CrossEntropyOptions, Reduction};
use kindling::tuning::set_team;
use kindling::{Device, Error, Result, Tensor, block_on};
use kindling_tests::devices::{devices, gpu};
use kindling_tests::gradcheck::random;

fn numbers(shape: &[usize], low: f64, high: f64, device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = block_on(random(shape, low, high, 7).to_vec::<f64>())?.iter().map(|x| *x as f32).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(block_on(tensor.to_array())?.to_f64())
}

/// Devices whose plans share a result among a number of threads, and one that chooses.
struct Teams(Vec<(Option<usize>, Device)>);

impl Teams {
    fn open() -> Result<Self> {
        let mut teams = Vec::new();
        if gpu().is_some() {
            for team in [None, Some(1), Some(4), Some(64)] {
                teams.push((team, block_on(Device::gpu())?));
            }
        }
        Ok(Self(teams))
    }

    /// Asserts that `f` of random numbers is that of the CPU, to `rtol` of their sizes, and the
    /// same twice.
    fn same(&self, name: &str, shape: &[usize], rtol: f64, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<()> {
        let want = values(&f(&numbers(shape, -2.0, 3.0, &Device::cpu())?)?)?;
        for (team, gpu) in &self.0 {
            set_team(*team);
            let x = numbers(shape, -2.0, 3.0, gpu)?;
            let (got, again) = (f(&x).and_then(|y| values(&y)), f(&x).and_then(|y| values(&y)));
            set_team(None);
            let (got, again) = (got?, again?);
            assert_eq!(got.len(), want.len(), "{name} of {shape:?} by {team:?}");
            for (i, (g, w)) in got.iter().zip(&want).enumerate() {
                let close = (g - w).abs() <= rtol * (1.0 + w.abs());
                assert!(close, "{name} of {shape:?} by {team:?}, element {i}: {g} is not {w}");
            }
            assert_eq!(got, again, "{name} of {shape:?} by {team:?} is not the same twice");
        }
        Ok(())
    }
}

#[test]
fn long_reductions_are_those_of_the_cpu() -> Result<()> {
    // Rows shared by a team; rows split into parts; columns, where neighbors read adjacent
    // elements; planes of a batch.
    let cases: &[(&[usize], &[isize])] = &[
        (&[5000], &[0]),
        (&[200_003], &[0]),
        (&[3, 9001], &[1]),
        (&[9001, 3], &[0]),
        (&[70_000, 2], &[0]),
        (&[4, 3, 40, 50], &[0, 2, 3]),
        (&[2, 3, 100, 41], &[0, 2]),
        (&[30, 20, 10], &[1]),
        (&[7, 33], &[1]),
        (&[33, 7], &[0]),
        (&[65], &[0]),
        (&[2, 2], &[0]),
    ];
    let teams = Teams::open()?;
    for (shape, dims) in cases {
        teams.same("sum", shape, 1e-4, |x| x.sum_dim(dims, false))?;
        teams.same("mean", shape, 1e-5, |x| x.mean_dim(dims, true))?;
        teams.same("amax", shape, 0.0, |x| x.amax(dims, false))?;
        teams.same("amin", shape, 0.0, |x| x.amin(dims, false))?;
        teams.same("var", shape, 1e-4, |x| x.add_scalar(100.0)?.var_dim(dims, 1.0, false))?;
        teams.same("norm", shape, 1e-5, |x| x.norm(2.0, Some(dims), false))?;
        teams.same("logsumexp", shape, 1e-5, |x| x.logsumexp(dims, false))?;
        teams.same("all", shape, 0.0, |x| x.all_dim(dims, false))?;
        teams.same("sum of integers", shape, 0.0, |x| x.to_dtype(kindling::DType::I32)?.sum_dim(dims, false))?;
        if let [dim] = dims {
            teams.same("argmax", shape, 0.0, |x| x.argmax(Some(*dim), false))?;
            teams
                .same("argmin of ties", shape, 0.0, |x| x.to_dtype(kindling::DType::I32)?.argmin(Some(*dim), false))?;
            teams.same("a flipped view", shape, 1e-4, |x| x.slice(*dim, Some(1), None, 3)?.sum_dim(dims, false))?;
        }
    }
    Ok(())
}

#[test]
fn long_rows_are_those_of_the_cpu() -> Result<()> {
    let teams = Teams::open()?;
    for shape in [&[3, 5000][..], &[2, 5000, 2], &[300, 10]] {
        teams.same("softmax", shape, 1e-5, |x| x.softmax(1))?;
        teams.same("log_softmax", shape, 1e-5, |x| x.log_softmax(1))?;
        teams.same("the gradient of softmax", shape, 1e-5, |x| {
            let x = x.detach().requires_grad_(true)?;
            x.softmax(1)?.mul(&x.detach())?.sum()?.backward()?;
            Ok(x.grad().unwrap_or(x))
        })?;
        teams.same("the gradient of cross_entropy", shape, 1e-5, |x| {
            let x = x.detach().requires_grad_(true)?;
            let target = x.detach().amax(&[1], false)?.to_dtype(kindling::DType::I32)?;
            x.cross_entropy(&target)?.backward()?;
            x.grad().unwrap_or(x).mul_scalar(1000.0)
        })?;
        teams.same("the gradient of layer_norm", &shape[..2], 1e-4, |x| {
            let x = x.detach().requires_grad_(true)?;
            x.layer_norm(&[x.dims()[1]], None, None, 1e-5)?.mul(&x.detach().exp()?)?.sum()?.backward()?;
            Ok(x.grad().unwrap_or(x))
        })?;
    }
    teams.same("the gradient of batch_norm", &[20, 3, 16, 17], 1e-4, |x| {
        let x = x.detach().requires_grad_(true)?;
        x.batch_norm(None, None, None, None, true, 0.1, 1e-5)?.mul(&x.detach().exp()?)?.sum()?.backward()?;
        Ok(x.grad().unwrap_or(x))
    })
}

#[test]
fn large_numbers_do_not_overflow() -> Result<()> {
    for device in devices() {
        let x = Tensor::full([5000], 1e30, &device)?;
        let norm = values(&x.norm(2.0, None, false)?)?[0];
        assert!((norm / (1e30 * 5000f64.sqrt()) - 1.0).abs() < 1e-5, "{norm}");
        let infinite = Tensor::from_slice(&[1.0f32, f32::INFINITY, -f32::INFINITY], [3], &device)?;
        assert_eq!(values(&infinite.norm(2.0, None, false)?)?, [f64::INFINITY]);
        assert_eq!(values(&infinite.logsumexp(&[0], false)?)?, [f64::INFINITY]);
        let nan = Tensor::from_slice(&[1.0f32, f32::NAN, f32::INFINITY], [3], &device)?;
        assert!(values(&nan.logsumexp(&[0], false)?)?[0].is_nan());
        assert!(values(&nan.norm(2.0, None, false)?)?[0].is_nan());
    }
    Ok(())
}

#[test]
fn the_first_of_ties_is_found_across_threads() -> Result<()> {
    for device in devices() {
        let mut data = vec![0.0f32; 20_000];
        (data[7003], data[7002], data[15_001]) = (1.0, 1.0, 1.0);
        let x = Tensor::from_slice(&data, [20_000], &device)?;
        assert_eq!(values(&x.argmax(None, false)?)?, [7002.0]);
        (data[7001], data[100]) = (f32::NAN, f32::INFINITY);
        let x = Tensor::from_slice(&data, [20_000], &device)?;
        assert_eq!(values(&x.argmax(None, false)?)?, [7001.0]);
        let worst = Tensor::full([20_000], f64::NEG_INFINITY, &device)?;
        assert_eq!(values(&worst.argmax(None, false)?)?, [0.0]);
    }
    Ok(())
}

#[test]
fn an_invalid_target_is_refused() -> Result<()> {
    for device in devices() {
        let x = Tensor::zeros([2, 3], &device)?;
        let target = Tensor::from_slice(&[0, 3], [2], &device)?;
        for loss in [Tensor::cross_entropy, Tensor::nll_loss] {
            let error = block_on(loss(&x, &target)?.to_vec::<f32>()).err();
            assert!(matches!(error, Some(Error::Index { index: 3, size: 3, .. })), "{error:?}");
        }
        let options = CrossEntropyOptions { ignore_index: 3, ..Default::default() };
        let loss = block_on(x.cross_entropy_with(&target, &options)?.to_vec::<f32>())?;
        assert!((loss[0] - 3f32.ln()).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_probability_outside_of_its_range_is_refused() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_slice(&[0.5f32, 1.5], [2], &device)?;
        let error = block_on(x.bce(&x.zeros_like()?, None, Reduction::Mean)?.to_vec::<f32>()).err();
        let message = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains("between 0 and 1") && message.contains("1.5"), "{message}");
    }
    Ok(())
}

#[test]
fn running_statistics_change_in_place() -> Result<()> {
    for device in devices() {
        let x = numbers(&[8, 3, 4, 4], -2.0, 3.0, &device)?;
        let (mean, var) = (Tensor::zeros([3], &device)?, Tensor::ones([3], &device)?);
        let seen = mean.detach();
        x.batch_norm(Some(&mean), Some(&var), None, None, true, 1.0, 1e-5)?;
        let want = values(&x.mean_dim(&[0, 2, 3], false)?)?;
        for (got, want) in values(&seen)?.iter().zip(want) {
            assert!((got - want).abs() < 1e-5);
        }
        let empty = Tensor::zeros([0, 3], &device)?;
        let before = values(&mean)?;
        assert_eq!(empty.batch_norm(Some(&mean), Some(&var), None, None, true, 0.5, 1e-5)?.dims(), [0, 3]);
        assert_eq!(values(&mean)?, before);
    }
    Ok(())
}

/// Returns the number of kernels of `f` and of reading its result.
fn dispatches(device: &Device, f: impl FnOnce() -> Result<Tensor>) -> Result<u64> {
    let before = device.counters().dispatches;
    values(&f()?)?;
    Ok(device.counters().dispatches - before)
}

#[test]
fn common_calls_take_few_kernels() -> Result<()> {
    for device in devices() {
        let x = numbers(&[8, 3, 4, 4], -2.0, 3.0, &device)?.requires_grad_(true)?;
        let (w, b) = (numbers(&[3], 0.5, 1.0, &device)?, numbers(&[3], 0.5, 1.0, &device)?);
        let (w, b) = (w.requires_grad_(true)?, b.requires_grad_(true)?);
        let norm = || x.batch_norm(None, None, Some(&w), Some(&b), true, 0.1, 1e-5);
        // Statistics; then everything pointwise, with the epilogue.
        assert_eq!(dispatches(&device, || norm()?.relu())?, 2, "batch_norm on {device}");
        // Backward adds two sums in one reduction, and one pointwise kernel for each of its shapes.
        let backward = dispatches(&device, || {
            norm()?.mul(&x.detach())?.sum()?.backward()?;
            Ok(x.grad().unwrap_or_else(|| x.clone()))
        })?;
        assert!(backward <= 8, "batch_norm and its gradient took {backward} kernels on {device}");
        let logits = numbers(&[8, 10], -2.0, 3.0, &device)?.requires_grad_(true)?;
        let target = Tensor::from_slice(&[0, 1, 2, 3, 4, 5, 6, 7], [8], &device)?;
        assert!(dispatches(&device, || logits.cross_entropy(&target))? <= 2, "cross_entropy on {device}");
        let backward = dispatches(&device, || {
            logits.cross_entropy(&target)?.backward()?;
            Ok(logits.grad().unwrap_or_else(|| logits.clone()))
        })?;
        assert!(backward <= 6, "cross_entropy and its gradient took {backward} kernels on {device}");
    }
    Ok(())
}

#[test]
fn empty_reductions_are_refused() -> Result<()> {
    let empty = Tensor::zeros([0, 3], &Device::cpu())?;
    assert!(empty.max().is_err());
    assert!(empty.argmin(None, false).is_err());
    assert!(empty.amax(&[0], false).is_err());
    assert!(empty.min_dim(0, false).is_err());
    assert_eq!(empty.amax(&[1], false)?.dims(), [0]);
    assert!(Tensor::zeros([2], (kindling::DType::I32, &Device::cpu()))?.mean().is_err());
    assert!(empty.sum_dim(&[2], false).is_err());
    assert!(empty.sum_dim(&[0, -2], false).is_err());
    Ok(())
}
