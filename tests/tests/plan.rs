//! Recording, fusing, executing: the same program on the CPU and on the GPU, and what a steady step costs.

use kindling::{Result, Tensor, block_on};
use kindling_tests::devices::devices;

fn close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-5 * (1.0 + w.abs()), "{got:?} is not {want:?}");
    }
}

#[test]
fn a_fused_chain_with_broadcasting_and_views() -> Result<()> {
    for device in devices() {
        let x = Tensor::arange(0.0, 12.0, 1.0, &device)?.reshape(&[3, 4])?;
        let y = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3, 1], &device)?;
        let z = x.mul(&y)?.add_scalar(-4.0)?.relu()?.add(&x.t()?.contiguous()?.t()?)?;
        let got = block_on(z.to_vec::<f32>())?;
        let mut want = Vec::new();
        for i in 0..3 {
            for j in 0..4 {
                let x = (i * 4 + j) as f32;
                want.push((x * (i + 1) as f32 - 4.0).max(0.0) + x);
            }
        }
        close(&got, &want);
        let s = z.sum_dim(&[1], false)?;
        close(&block_on(s.to_vec::<f32>())?, &want.chunks(4).map(|r| r.iter().sum()).collect::<Vec<f32>>());
        let flipped = x.slice(1, Some(1), None, 2)?.t()?;
        close(&block_on(flipped.to_vec::<f32>())?, &[1., 5., 9., 3., 7., 11.]);
    }
    Ok(())
}

#[test]
fn gradients_flow_through_views_and_sums() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_slice(&[1.0f32, -2.0, 3.0, 4.0], [2, 2], &device)?.requires_grad_(true)?;
        let y = x.t()?.mul(&x)?.relu()?.slice(0, Some(0), Some(1), 1)?.sum()?;
        y.backward()?;
        let grad = x.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?;
        // row 0 of xᵀ∘x: [x00², x10·x01]; the second is negative, so relu stops it.
        close(&grad.unwrap_or_default(), &[2.0, 0.0, 0.0, 0.0]);
        let b = Tensor::ones([1, 2], &device)?.requires_grad_(true)?;
        x.detach().mul(&b)?.exp()?.sum()?.backward()?;
        let want = [1.0f32.exp() + 3.0 * 3.0f32.exp(), -2.0 * (-2.0f32).exp() + 4.0 * 4.0f32.exp()];
        close(&b.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?.unwrap_or_default(), &want);
    }
    Ok(())
}

#[test]
fn a_long_chain_is_cut_and_dropped_without_recursion() -> Result<()> {
    for device in devices() {
        let x = Tensor::ones([3], &device)?.requires_grad_(true)?;
        let mut y = x.clone();
        for _ in 0..20_000 {
            y = y.add(&x.mul_scalar(1.0 / 8192.0)?)?;
        }
        y.sum()?.backward()?;
        let got = x.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?.unwrap_or_default();
        close(&got, &[1.0 + 20_000.0 / 8192.0; 3]);
    }
    Ok(())
}

#[test]
fn a_large_sum_is_cut_into_parts() -> Result<()> {
    for device in devices() {
        let x = Tensor::ones([1000, 300], &device)?;
        assert_eq!(block_on(x.sum()?.item())?, 300_000.0);
        close(&block_on(x.sum_dim(&[0], false)?.to_vec::<f32>())?, &[1000.0; 300]);
    }
    Ok(())
}

#[test]
fn a_steady_step_makes_nothing() -> Result<()> {
    for device in devices() {
        let w = Tensor::ones([64, 32], &device)?.requires_grad_(true)?;
        let mut before = None;
        for step in 0..20 {
            w.set_grad(None);
            let x = Tensor::from_slice(&vec![step as f32; 64 * 32], [64, 32], &device)?;
            let loss = w.mul(&x)?.relu()?.sum()?;
            loss.backward()?;
            let grad = w.grad().unwrap_or_else(|| w.clone());
            w.set_(&w.add(&grad.mul_scalar(-0.001 * step as f64)?)?)?;
            kindling::plan::flush(&device)?;
            let now = device.counters();
            if step == 2 {
                before = Some(now);
            }
            if let Some(before) = before {
                assert_eq!(now.plans_created, before.plans_created, "step {step}");
                assert_eq!(now.pipelines_created, before.pipelines_created, "step {step}");
                assert_eq!(now.bind_groups_created, before.bind_groups_created, "step {step}");
                assert_eq!(now.buffers_created, before.buffers_created, "step {step}");
                assert_eq!(now.submits, before.submits + (step - 2) * u64::from(!device.is_cpu()), "step {step}");
            }
        }
    }
    Ok(())
}

#[test]
fn kernels_of_an_execution_are_timed_when_asked_for() -> Result<()> {
    fn clock() -> f64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0.0, |since| since.as_secs_f64() * 1e3)
    }
    for device in devices() {
        let x = Tensor::from_slice(&vec![0.5f32; 256 * 256], [256, 256], &device)?;
        assert!(device.profile().is_none(), "nothing was asked for on {device}");
        device.profile_next(clock);
        let y = x.exp()?.matmul(&x)?;
        block_on(y.to_vec::<f32>())?;
        // A GPU tells later; the next read lets it.
        block_on(x.exp()?.to_vec::<f32>())?;
        let Some(times) = device.profile() else { panic!("{device} has timed nothing") };
        let mut names: Vec<&str> = times.iter().map(|time| time.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["exp", "matmul"], "only the execution that was to be timed, on {device}");
        assert!(times.iter().all(|time| time.count == 1 && time.ms >= 0.0) && times[0].ms > 0.0, "{times:?}");
    }
    Ok(())
}
