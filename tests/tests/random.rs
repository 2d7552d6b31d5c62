//! Random numbers: the same on every device, repeatable, and with the right statistics.

use kindling::{Device, Generator, Result, Tensor, block_on, manual_seed};

fn devices() -> Vec<Device> {
    let mut devices = vec![Device::cpu()];
    match block_on(Device::gpu()) {
        Ok(gpu) => devices.push(gpu),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("{error}"),
        Err(error) => println!("skipped on the GPU: {error}"),
    }
    devices
}

fn floats(x: &Tensor) -> Result<Vec<f32>> {
    block_on(x.to_vec::<f32>())
}

fn mean(x: &[f32]) -> f64 {
    x.iter().map(|x| f64::from(*x)).sum::<f64>() / x.len() as f64
}

#[test]
fn one_seed_gives_the_same_bits_on_every_device() -> Result<()> {
    let mut all = Vec::new();
    for device in devices() {
        manual_seed(42);
        let x = Tensor::rand([1000], &device)?;
        let y = Tensor::randn([1001], &device)?;
        let z = x.bernoulli()?.dropout(0.3, true)?;
        let n = Tensor::randint(-5, 1000, [1000], &device)?;
        let p = Tensor::randperm(100, &device)?;
        let floats = [floats(&x)?, floats(&y)?, floats(&z)?].concat();
        let ints = [block_on(n.to_vec::<i32>())?, block_on(p.to_vec::<i32>())?].concat();
        all.push((floats.iter().map(|x| x.to_bits()).collect::<Vec<u32>>(), ints));
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    Ok(())
}

#[test]
fn the_distributions_are_right() -> Result<()> {
    manual_seed(3);
    let cpu = Device::cpu();
    const N: usize = 40_000;
    let uniform = floats(&Tensor::rand([N], &cpu)?)?;
    assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
    // Six standard deviations of the mean: 6·√(1/12 / n).
    assert!((mean(&uniform) - 0.5).abs() < 6.0 * (1.0 / 12.0 / N as f64).sqrt());
    let normal = floats(&Tensor::randn([N], &cpu)?)?;
    let variance = normal.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / N as f64;
    assert!(mean(&normal).abs() < 6.0 / (N as f64).sqrt());
    assert!((variance - 1.0).abs() < 6.0 * (2.0 / N as f64).sqrt());
    let within = normal.iter().filter(|x| x.abs() < 1.0).count() as f64 / N as f64;
    assert!((within - 0.682_689).abs() < 0.015, "{within} of normal deviates are within 1");
    let ints = block_on(Tensor::randint(-2, 3, [N], &cpu)?.to_vec::<i32>())?;
    for value in -2..3 {
        let share = ints.iter().filter(|x| **x == value).count() as f64 / N as f64;
        assert!((share - 0.2).abs() < 6.0 * (0.16 / N as f64).sqrt(), "{value}: {share}");
    }
    assert!(ints.iter().all(|x| (-2..3).contains(x)));
    let like = Tensor::zeros([2, 50], &cpu)?.randint_like(3, 5)?;
    assert_eq!(like.dims(), [2, 50]);
    assert!(floats(&like)?.iter().all(|x| [3.0, 4.0].contains(x)));
    let mut order = block_on(Tensor::randperm(1000, &cpu)?.to_vec::<i32>())?;
    assert_ne!(order, (0..1000).collect::<Vec<i32>>());
    order.sort_unstable();
    assert_eq!(order, (0..1000).collect::<Vec<i32>>());
    Ok(())
}

/// Tests the facts of the golden suite's `dropout_stats.json`, which allows six standard
/// deviations.
#[test]
fn dropout_keeps_the_mean_and_its_gradient_the_mask() -> Result<()> {
    const N: usize = 40_000;
    for device in devices() {
        for p in [0.1, 0.25, 0.5, 0.9] {
            manual_seed(11);
            let x = Tensor::ones([N], &device)?.requires_grad_(true)?;
            let y = x.dropout(p, true)?;
            y.sum()?.backward()?;
            let got = floats(&y)?;
            assert_eq!(x.grad().map(|g| floats(&g)).transpose()?.unwrap_or_default(), got, "the gradient's mask");
            let zeros = got.iter().filter(|y| **y == 0.0).count() as f64 / N as f64;
            let deviation = 6.0 * (p * (1.0 - p) / N as f64).sqrt();
            assert!((zeros - p).abs() <= deviation, "{zeros} of the elements are dropped at p = {p}");
            assert!((mean(&got) - 1.0).abs() <= deviation / (1.0 - p));
            assert!(got.iter().all(|y| *y == 0.0 || *y == (1.0 / (1.0 - p)) as f32));
            let dropped: Vec<f64> = got.iter().map(|y| f64::from(u8::from(*y == 0.0)) - zeros).collect();
            let covariance = dropped.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / (N - 1) as f64;
            assert!((covariance / (zeros * (1.0 - zeros))).abs() < 0.03, "neighbors depend on each other");
            assert_ne!(floats(&x.dropout(p, true)?)?, got, "two calls drop the same");
            manual_seed(11);
            assert_eq!(floats(&x.dropout(p, true)?)?, got, "the same seed drops otherwise");
        }
    }
    Ok(())
}

#[test]
fn a_saved_generator_continues() -> Result<()> {
    let cpu = Device::cpu();
    manual_seed(5);
    Tensor::rand([3], &cpu)?;
    let saved = Generator::current();
    let want = floats(&Tensor::randn([4], &cpu)?)?;
    Tensor::randperm(3, &cpu)?;
    Generator { seed: saved.seed, calls: saved.calls }.make_current();
    assert_eq!(floats(&Tensor::randn([4], &cpu)?)?, want);
    let (mut a, mut b) = (Generator::new(9), Generator::new(9));
    let x = a.scope(|| Tensor::rand([4], &cpu))?;
    assert_eq!(floats(&x)?, floats(&b.scope(|| Tensor::rand([4], &cpu))?)?);
    assert_ne!(floats(&x)?, floats(&a.scope(|| Tensor::rand([4], &cpu))?)?);
    Ok(())
}

#[test]
fn a_new_draw_needs_no_new_plan() -> Result<()> {
    for device in devices() {
        let x = Tensor::ones([100], &device)?;
        floats(&x)?;
        let mut before = None;
        for step in 0..5 {
            floats(&x.dropout(0.5, true)?.add(&Tensor::rand([100], &device)?)?)?;
            let now = device.counters().plans_created;
            assert!(step == 0 || before == Some(now), "step {step} made a plan");
            before = Some(now);
        }
    }
    Ok(())
}

#[test]
fn bad_arguments_are_refused() -> Result<()> {
    let cpu = Device::cpu();
    assert!(Tensor::randint(3, 3, [2], &cpu).is_err());
    assert!(Tensor::rand([2], (kindling::DType::I32, &cpu)).is_err());
    assert!(Tensor::ones([2], &cpu)?.dropout(f64::NAN, true).is_err());
    let wrong = Tensor::full([2], 1.5, &cpu)?.bernoulli()?;
    assert!(block_on(wrong.to_vec::<f32>()).is_err_and(|e| e.to_string().contains("bernoulli: 1.5")));
    Ok(())
}
