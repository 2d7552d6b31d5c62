//! Random programs, equal on the CPU and on the GPU: fusion, direct concatenation and reuse of
//! memory must not change results. Each is a graph of views, broadcasts, kernels and pointwise
//! operations, then a backward pass.

use kindling::{DType, Device, Result, Tensor, block_on};
use kindling_tests::devices::devices;

/// Seeds of the programs; `KINDLING_PROGRAMS` selects others, as `first..end`.
const PROGRAMS: std::ops::Range<u64> = 0..24;

/// Number of operations of a program.
const LENGTH: usize = 22;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn size(&mut self) -> usize {
        [1, 2, 3, 5, 8, 17][self.below(6)]
    }

    fn matrix(&mut self, device: &Device) -> Result<Tensor> {
        let shape = [self.size(), self.size()];
        self.numbers(shape, device)
    }

    fn numbers(&mut self, shape: [usize; 2], device: &Device) -> Result<Tensor> {
        let data: Vec<f32> = (0..shape[0] * shape[1]).map(|_| self.below(2001) as f32 / 1000.0 - 1.0).collect();
        Tensor::from_slice(&data, shape, device)
    }

    fn pick(&mut self, from: &[Tensor]) -> Tensor {
        from[self.below(from.len())].clone()
    }
}

/// Adds a value to a program: a matrix of numbers of moderate size.
fn next(random: &mut Random, live: &[Tensor]) -> Result<Tensor> {
    let x = random.pick(live);
    let device = x.device();
    let (m, n) = (x.dims()[0], x.dims()[1]);
    let alike: Vec<Tensor> = live.iter().filter(|y| y.dims() == x.dims()).cloned().collect();
    match random.below(16) {
        0 => x.tanh(),
        1 => x.relu()?.add_scalar(0.25),
        2 => x.mul_scalar(-0.5)?.exp()?.mul_scalar(0.3),
        3 => x.mul(&random.pick(&alike)),
        4 => x.add(&random.pick(&alike))?.mul_scalar(0.5),
        // A row or a column of another matrix, or an input.
        5 => {
            let rows: Vec<Tensor> = live.iter().filter(|y| y.dims()[1] == n).cloned().collect();
            x.sub(&random.pick(&rows).slice(0, Some(0), Some(1), 1)?)?.tanh()
        }
        6 => x.add(&random.numbers([m, 1], &device)?),
        7 => x.t(),
        8 => x.slice(0, Some((m / 2) as isize), None, 1)?.slice(1, None, None, (1 + n / 3) as isize),
        9 | 10 => {
            let others: Vec<Tensor> = live.iter().filter(|y| y.dims()[0] == n).cloned().collect();
            let other = match others.is_empty() {
                true => random.numbers([n, 5], &device)?,
                false => random.pick(&others),
            };
            x.matmul(&other)?.mul_scalar(1.0 / (1 + n) as f64)
        }
        11 => {
            let outputs = random.size();
            let (weight, bias) = (random.numbers([outputs, n], &device)?, random.numbers([1, outputs], &device)?);
            x.linear(&weight, Some(&bias.reshape(&[-1])?))?.tanh()
        }
        12 => x.sum_dim(&[random.below(2) as isize], true)?.mul_scalar(1.0 / (m + n) as f64),
        13 => {
            let rows: Vec<&Tensor> = live.iter().filter(|y| y.dims()[1] == n).take(9).collect();
            Tensor::cat(&rows, 0)?.narrow(0, 0, m + 1.min(rows.len() - 1))
        }
        // As an optimizer does: flat runs, and parts of them.
        14 => {
            let flat: Vec<Tensor> =
                [&x].into_iter().chain(live.iter().take(4)).map(|y| y.reshape(&[-1])).collect::<Result<_>>()?;
            let run = Tensor::cat(&flat.iter().collect::<Vec<_>>(), 0)?.mul_scalar(0.9)?;
            let first = random.below(run.numel() - m * n + 1);
            run.narrow(0, first as isize, m * n)?.reshape(&[m as isize, n as isize])
        }
        _ => x.gt_scalar(0.3217)?.to_dtype(DType::F32)?.mul(&x),
    }
}

/// Returns all remaining values, and the gradients of their sum. With `by_itself` each operation is
/// executed at once and its operands are held, so that nothing is fused, concatenated directly or
/// overwritten.
fn run(seed: u64, device: &Device, by_itself: bool) -> Result<Vec<Tensor>> {
    let mut random = Random(seed);
    let mut held = Vec::new();
    let mut live = (0..4).map(|_| random.matrix(device)).collect::<Result<Vec<Tensor>>>()?;
    let given = live.iter().map(|x| x.clone().requires_grad_(true)).collect::<Result<Vec<Tensor>>>()?;
    for _ in 0..LENGTH {
        let made = next(&mut random, &live)?;
        if by_itself {
            device.flush()?;
            held.extend(live.iter().cloned());
        }
        if made.numel() <= 4096 {
            live.push(made);
        }
        match random.below(12) {
            0 => device.flush()?,
            1 => drop(block_on(random.pick(&live).to_vec::<f32>())?),
            2..=6 if live.len() > 3 => drop(live.swap_remove(random.below(live.len()))),
            _ => {}
        }
    }
    let mut sum = Tensor::zeros([1], device)?;
    for x in live.iter().filter(|x| x.requires_grad()) {
        sum = sum.add(&x.sum()?.tanh()?)?;
    }
    if sum.requires_grad() {
        sum.sum()?.backward()?;
    }
    let grads: Vec<Tensor> = given.iter().filter_map(Tensor::grad).collect();
    let flat: Vec<Tensor> = grads.iter().map(|grad| grad.reshape(&[-1])).collect::<Result<_>>()?;
    if !flat.is_empty() {
        // As the optimizer does, and read again as they are.
        live.push(Tensor::cat(&flat.iter().collect::<Vec<_>>(), 0)?.mul_scalar(0.5)?);
    }
    if random.below(2) == 0 {
        live.extend(grads);
    }
    Ok(live)
}

fn programs() -> std::ops::Range<u64> {
    let asked = std::env::var("KINDLING_PROGRAMS").ok();
    let asked = asked.as_deref().and_then(|range| range.split_once(".."));
    asked.and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?)).unwrap_or(PROGRAMS)
}

fn read(values: &[Tensor]) -> Result<Vec<Vec<f32>>> {
    values.iter().map(|x| block_on(x.detach().to_vec::<f32>())).collect()
}

#[test]
fn on_the_cpu_fusion_changes_no_bit() -> Result<()> {
    for seed in programs() {
        let [together, by_itself] = [false, true].map(|by_itself| run(seed, &Device::cpu(), by_itself));
        let bits = |values: Vec<Tensor>| -> Result<Vec<Vec<u32>>> {
            Ok(read(&values)?.into_iter().map(|value| value.into_iter().map(f32::to_bits).collect()).collect())
        };
        assert!(bits(together?)? == bits(by_itself?)?, "program {seed}");
    }
    Ok(())
}

#[test]
fn random_programs_give_the_same_everywhere() -> Result<()> {
    let devices = devices();
    for seed in programs() {
        let mut results: Vec<Vec<Vec<f32>>> = Vec::new();
        for device in &devices {
            results.push(read(&run(seed, device, false)?)?);
        }
        for (at, other) in results.iter().enumerate().skip(1) {
            assert_eq!(results[0].len(), other.len(), "program {seed}");
            for (value, (want, got)) in results[0].iter().zip(other).enumerate() {
                assert_eq!(want.len(), got.len(), "program {seed}, value {value}");
                for (i, (w, g)) in want.iter().zip(got).enumerate() {
                    let near = (w - g).abs() <= 2e-4 * (1.0 + w.abs());
                    assert!(
                        near,
                        "program {seed}, value {value} of {}: element {i} is {g} on {}, not {w}",
                        want.len(),
                        devices[at]
                    );
                }
            }
        }
    }
    Ok(())
}
