//! Recording, fusion, execution: the same program on the CPU and on the GPU, and the cost of a
//! steady step.

use kindling::ops::{Conv2dOptions, MaxPool2dOptions};
use kindling::{DType, Device, Result, Tensor, block_on};
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
        // Row 0 of xᵀ∘x: [x00², x10·x01]; the second is negative, so relu stops it.
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
fn a_steady_step_allocates_nothing() -> Result<()> {
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
            device.flush()?;
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
        // A GPU reports later; the next read triggers it.
        block_on(x.exp()?.to_vec::<f32>())?;
        let Some(times) = device.profile() else { panic!("{device} has timed nothing") };
        let mut names: Vec<&str> = times.iter().map(|time| time.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["exp", "matmul"], "only the execution that was to be timed, on {device}");
        assert!(times.iter().all(|time| time.count == 1 && time.ms >= 0.0) && times[0].ms > 0.0, "{times:?}");
    }
    Ok(())
}

/// Asserts that two devices compute the same results of a program, element by element.
fn same_everywhere(f: impl Fn(&Device) -> Result<Vec<Tensor>>) -> Result<()> {
    let mut results: Vec<Vec<Vec<f32>>> = Vec::new();
    for device in devices() {
        results.push(f(&device)?.iter().map(|t| block_on(t.to_vec::<f32>())).collect::<Result<_>>()?);
    }
    let (cpu, others) = results.split_at(1);
    for other in others {
        cpu[0].iter().zip(other).for_each(|(want, got)| close(got, want));
    }
    Ok(())
}

fn numbers(shape: &[usize], device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = (0..shape.iter().product()).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)
}

#[test]
fn pointwise_operations_are_fused_as_an_epilogue() -> Result<()> {
    same_everywhere(|device| {
        let (x, w) = (numbers(&[9, 14], device)?, numbers(&[6, 14], device)?);
        let other = numbers(&[9, 6], device)?;
        let before = device.counters().dispatches;
        let product = x.linear(&w, None)?;
        let sum = product.add(&other)?.relu()?;
        // The product itself is needed too, a result of another type, and a sum of one of them by
        // columns, which ends the group.
        let positive = sum.gt_scalar(0.5)?;
        let counted = positive.to_dtype(DType::F32)?;
        let columns = sum.sum_dim(&[0], false)?.mul_scalar(2.0)?;
        let read = [product, sum, counted, columns];
        device.flush()?;
        assert!(positive.is_computed());
        if !device.is_cpu() {
            assert_eq!(
                device.counters().dispatches - before,
                2,
                "a product with what follows, and a sum with what follows"
            );
        }
        Ok(read.to_vec())
    })
}

#[test]
fn the_later_of_two_kernels_takes_the_epilogue() -> Result<()> {
    same_everywhere(|device| {
        let (x, w) = (numbers(&[9, 14], device)?, numbers(&[6, 14], device)?);
        let before = device.counters().dispatches;
        let y = x.linear(&w, None)?.add(&x.mul_scalar(0.5)?.linear(&w, None)?)?.relu()?;
        device.flush()?;
        if !device.is_cpu() {
            assert_eq!(device.counters().dispatches - before, 3);
        }
        Ok(vec![y])
    })
}

#[test]
fn results_are_written_directly_into_a_concatenation() -> Result<()> {
    same_everywhere(|device| {
        let (x, w) = (numbers(&[9, 14], device)?, numbers(&[6, 14], device)?);
        let given = numbers(&[5], device)?;
        let before = device.counters().dispatches;
        let parts = [
            x.linear(&w, None)?.reshape(&[-1])?,
            given.clone(),
            given.exp()?,
            x.sum_dim(&[1], false)?,
            // Read by another operation too, and a part that reads another part.
            w.t()?.matmul(&x.slice(0, Some(0), Some(6), 1)?)?.reshape(&[-1])?,
        ];
        let twice = parts[3].mul_scalar(2.0)?;
        let joined = Tensor::cat(&parts.iter().chain([&twice]).collect::<Vec<_>>(), 0)?;
        let more = parts[3].add_scalar(1.0)?;
        drop((parts, twice));
        device.flush()?;
        if !device.is_cpu() {
            let made = device.counters().dispatches - before;
            assert!(made <= 8, "{made} dispatches: three kernels, pointwise ones, and copies of what lies elsewhere");
        }
        Ok(vec![joined, more])
    })
}

#[test]
fn results_in_the_memory_of_their_operands_are_the_same() -> Result<()> {
    for device in devices() {
        // More than one thread's share; the last block is incomplete.
        let step = |hold: bool| -> Result<Vec<Vec<f32>>> {
            let [mean, grad, param] = [1, 2, 3].map(|_| numbers(&[150_007], &device));
            let (mean, grad, param) = (mean?, grad?, param?.add_scalar(0.5)?);
            device.flush()?;
            let new_mean = mean.mul_scalar(0.9)?.add(&grad.mul_scalar(0.1)?)?;
            let new_param = param.sub(&new_mean.div(&grad.mul(&grad)?.add_scalar(1.0)?)?)?;
            let held = hold.then(|| (mean.clone(), grad.clone(), param.clone()));
            drop((mean, grad, param));
            device.flush()?;
            if let Some((mean, grad, _)) = held {
                assert_eq!(block_on(mean.to_vec::<f32>())?, block_on(grad.to_vec::<f32>())?, "what is held stays");
            }
            [new_mean, new_param].iter().map(|x| block_on(x.to_vec::<f32>())).collect()
        };
        assert!(step(false)? == step(true)?, "on {device}");
    }
    Ok(())
}

#[test]
fn a_concatenation_is_not_overwritten_while_a_part_is_read() -> Result<()> {
    same_everywhere(|device| {
        let (x, y, w) = (numbers(&[1, 6], device)?, numbers(&[1, 6], device)?.neg()?, numbers(&[3, 6], device)?);
        let part = x.exp()?;
        let whole = Tensor::cat(&[&part, &y.exp()?], 0)?;
        // By a group of its own, and by the epilogue of a product of the part.
        let scaled = whole.mul(&part)?;
        let part = x.tanh()?;
        let whole = Tensor::cat(&[&part, &y.tanh()?], 0)?;
        let sum = part.reshape(&[2, 3])?.matmul(&w)?.add(&whole)?;
        drop((part, whole));
        device.flush()?;
        Ok(vec![scaled, sum])
    })
}

#[test]
fn a_bias_a_residual_and_broadcasts_of_any_layout_follow_a_kernel() -> Result<()> {
    same_everywhere(|device| {
        let mut made = Vec::new();
        for [m, k, n] in [[1, 1, 1], [1, 7, 5], [9, 14, 6], [65, 3, 67], [4, 0, 3], [0, 4, 3], [3, 5, 0], [33, 700, 9]]
        {
            let (x, w) = (numbers(&[m, k], device)?, numbers(&[n, k], device)?);
            let (row, column) = (numbers(&[n], device)?, numbers(&[m, 1], device)?);
            let (turned, wide) = (numbers(&[n, m], device)?, numbers(&[m, 2 * n], device)?);
            let sliced = wide.slice(1, Some(0), None, 2)?;
            let y = x.linear(&w, Some(&row))?.mul_scalar(0.25)?.add(&row)?.mul(&column)?.add(&turned.t()?)?;
            made.push(y.add(&sliced)?.tanh()?);
            let images = numbers(&[2, k.max(1), 6, 5], device)?;
            let kernel = numbers(&[3, k.max(1), 3, 2], device)?;
            let z = images.conv2d(&kernel, None, &Conv2dOptions::default())?.mul_scalar(0.1)?;
            made.push(z.add(&numbers(&[3, 1, 1], device)?)?.add(&numbers(&[2, 3, 4, 4], device)?.transpose(2, 3)?)?);
        }
        Ok(made)
    })
}

#[test]
fn nan_passes_through_kernels_and_epilogues() -> Result<()> {
    let pool = MaxPool2dOptions::new([2, 2]);
    let mut made = Vec::new();
    for device in devices() {
        let mut data: Vec<f32> = (0..64).map(|i| (i % 7) as f32 - 3.0).collect();
        data[9] = f32::NAN;
        data[55] = f32::NEG_INFINITY;
        let x = Tensor::from_slice(&data, [1, 1, 8, 8], &device)?.requires_grad_(true)?;
        let y = x.max_pool2d(&pool)?.add_scalar(1.0)?;
        y.sum()?.backward()?;
        let grad = x.grad().unwrap_or_else(|| x.clone());
        let rows = x.detach().reshape(&[8, 8])?;
        let most = rows.amax(&[1], false)?.mul_scalar(2.0)?;
        let places = rows.argmax(Some(1), false)?.to_dtype(DType::I32)?.add_scalar(1.0)?.to_dtype(DType::F32)?;
        let product = rows.matmul(&rows)?.add_scalar(0.5)?;
        let bits = |t: Tensor| -> Result<Vec<Option<u32>>> {
            // All NaN are equivalent; of numbers the bits are compared, but −0 is 0.
            Ok(block_on(t.to_vec::<f32>())?.iter().map(|x| (!x.is_nan()).then_some((x + 0.0).to_bits())).collect())
        };
        made.push([y, grad, most, places, product].map(bits).into_iter().collect::<Result<Vec<_>>>()?);
    }
    made.iter().for_each(|other| assert_eq!(other, &made[0]));
    Ok(())
}
