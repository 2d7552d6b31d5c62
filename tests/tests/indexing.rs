//! Indices out of range on both devices, indexing through views, writing through them, and moving between devices.

use kindling::{Device, Error, Index, Result, Tensor, block_on};
use kindling_tests::devices::devices;

fn floats(x: &Tensor) -> Result<Vec<f32>> {
    block_on(x.to_vec::<f32>())
}

#[test]
fn an_index_out_of_range_is_an_error_of_the_next_read() -> Result<()> {
    for device in devices() {
        let x = Tensor::ones([3, 2], &device)?;
        let ones = Tensor::ones([1, 2], &device)?;
        for bad in [3, -1] {
            let row = Tensor::from_slice(&[bad], [1], &device)?;
            let grid = Tensor::from_slice(&[0, bad], [1, 2], &device)?;
            // One at a time: operations recorded together are computed together, and the first
            // fault is reported.
            type Case<'a> = (&'static str, Box<dyn Fn() -> Result<Tensor> + 'a>);
            let calls: [Case<'_>; 6] = [
                ("index_select", Box::new(|| x.index_select(0, &row))),
                ("gather", Box::new(|| x.gather(0, &grid))),
                ("scatter_add", Box::new(|| x.scatter_add(0, &grid, &ones))),
                ("scatter", Box::new(|| x.scatter(0, &grid, &ones))),
                ("embedding", Box::new(|| row.embedding(&x, None, false))),
                ("one_hot", Box::new(|| row.one_hot(Some(3)))),
            ];
            for (op, call) in calls {
                let error = block_on(call()?.to_array()).err();
                assert_eq!(error, Some(Error::Index { op, index: i64::from(bad), size: 3 }), "{op} on {device}");
            }
        }
        // The fault is cleared once it has been reported.
        assert_eq!(floats(&x)?, [1.0; 6]);
    }
    Ok(())
}

#[test]
fn writing_through_an_index_changes_the_tensor() -> Result<()> {
    for device in devices() {
        let x = Tensor::zeros([3, 4], &device)?;
        let row = x.i(1)?;
        x.set((.., Index::from(0..).by(2)), &Tensor::from_slice(&[1.0f32, 2.0], [2], &device)?)?;
        assert_eq!(floats(&x)?, [1., 0., 2., 0., 1., 0., 2., 0., 1., 0., 2., 0.]);
        assert_eq!(floats(&row)?, [1., 0., 2., 0.]);
        row.set(-1, &Tensor::scalar(9.0f32, &device)?)?;
        assert_eq!(floats(&x.i((1, 2..))?)?, [2., 9.]);
        assert!(x.set((0, 0, 0), &row).is_err());
        // Overwritten elements get no gradient.
        let leaf = Tensor::ones([4], &device)?.requires_grad_(true)?;
        let value = Tensor::ones([2], &device)?.requires_grad_(true)?;
        let y = leaf.mul_scalar(3.0)?;
        y.set(..2, &value)?;
        y.mul_scalar(5.0)?.sum()?.backward()?;
        let grad = |t: &Tensor| t.grad().map(|g| floats(&g)).transpose();
        assert_eq!(grad(&leaf)?, Some(vec![0., 0., 15., 15.]));
        assert_eq!(grad(&value)?, Some(vec![5., 5.]));
    }
    Ok(())
}

#[test]
fn a_long_list_of_repeated_indices_adds_up_the_same_way_on_every_device() -> Result<()> {
    const N: usize = 5000;
    let mut all = Vec::new();
    for device in devices() {
        let index: Vec<i32> = (0..N as i32).map(|i| (i.wrapping_mul(7919) % 97) % 13).collect();
        let source: Vec<f32> = (0..N).map(|i| ((i * 31) % 101) as f32 * 0.37 - 7.0).collect();
        let index = Tensor::from_slice(&index, [N], &device)?;
        let sums = Tensor::zeros([13], &device)?.scatter_add(0, &index, &Tensor::from_slice(&source, [N], &device)?)?;
        all.push(floats(&sums)?);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
    Ok(())
}

#[test]
fn tensors_move_with_their_gradients() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_nested(&[[1.0f32, 2.0], [3.0, 4.0]], &Device::cpu())?.requires_grad_(true)?;
        let there = x.t()?.to(&device)?;
        assert!(there.device().same(&device));
        let back = block_on(there.mul(&there)?.to_cpu())?;
        assert_eq!(floats(&back)?, [1., 9., 4., 16.]);
        back.sum()?.backward()?;
        let grad = x.grad().ok_or_else(|| Error::internal("no gradient"))?;
        assert!(grad.device().is_cpu());
        assert_eq!(floats(&grad)?, [2., 4., 6., 8.]);
    }
    Ok(())
}

#[test]
fn nested_lists_must_be_even() -> Result<()> {
    let cpu = Device::cpu();
    assert_eq!(Tensor::from_nested(&5.0f32, &cpu)?.ndim(), 0);
    assert_eq!(Tensor::from_nested(&vec![[[1, 2], [3, 4]]; 3], &cpu)?.dims(), [3, 2, 2]);
    assert_eq!(Tensor::from_nested::<Vec<Vec<f32>>>(&vec![vec![], vec![]], &cpu)?.dims(), [2, 0]);
    let ragged = Tensor::from_nested(&vec![vec![1, 2], vec![3]], &cpu);
    assert!(ragged.is_err_and(|e| e.to_string().contains("expected a sequence of length 2, got one of length 1")));
    Ok(())
}

#[test]
fn many_tensors_are_concatenated_in_several_launches() -> Result<()> {
    for device in devices() {
        let parts: Vec<Tensor> =
            (0..20).map(|i| Tensor::full([2, i % 4, 3], i as f64, &device)).collect::<Result<_>>()?;
        let joined = Tensor::cat(&parts.iter().collect::<Vec<_>>(), 1)?;
        let mut want = Vec::new();
        for _ in 0..2 {
            for i in 0..20 {
                want.extend(vec![i as f32; i % 4 * 3]);
            }
        }
        assert_eq!(floats(&joined)?, want);
    }
    Ok(())
}

#[test]
fn long_lines_are_sorted_by_merging() -> Result<()> {
    for device in devices() {
        for (n, descending) in [(1000, false), (2049, true)] {
            // Many equal elements, both zeros and NaN.
            let element = |i: usize| match (i * 7919) % 50 {
                0 => f32::NAN,
                1 => -0.0,
                k => (k as f32 - 2.0) * if k % 2 == 0 { 1.0 } else { -1.0 },
            };
            let data: Vec<f32> = (0..2 * n).map(element).collect();
            let x = Tensor::from_slice(&data, [n, 2], &device)?;
            let (values, places) = x.sort(0, descending)?;
            let (values, places) = (floats(&values)?, block_on(places.to_vec::<i32>())?);
            for line in 0..2 {
                let mut order: Vec<usize> = (0..n).collect();
                let order_of = |j: &usize| if data[2 * j + line].is_nan() { f32::INFINITY } else { data[2 * j + line] };
                order.sort_by(|a, b| {
                    let ascending = order_of(a).partial_cmp(&order_of(b)).unwrap_or(std::cmp::Ordering::Equal);
                    if descending { ascending.reverse() } else { ascending }
                });
                for (place, j) in order.iter().enumerate() {
                    assert_eq!(places[2 * place + line], *j as i32, "place {place} of {n} on {device}");
                    assert_eq!(values[2 * place + line].to_bits(), data[2 * j + line].to_bits());
                }
            }
        }
    }
    Ok(())
}

#[test]
fn operands_on_different_devices_are_refused_with_their_names() -> Result<()> {
    for gpu in devices().into_iter().filter(|device| !device.is_cpu()) {
        let (here, there) = (Tensor::ones([2], &Device::cpu())?, Tensor::ones([2], &gpu)?);
        let refused = here.add(&there).err().map(|error| error.to_string());
        let want = "add: all operands must be on one device, but operand 0 is on cpu, operand 1 is on gpu; move them \
                    with .to(&device)";
        assert_eq!(refused.as_deref(), Some(want));
        let refused = there.reshape(&[1, 2])?.matmul(&here.reshape(&[2, 1])?).err().map(|error| error.to_string());
        assert!(refused.is_some_and(|text| text.contains("matmul: ") && text.contains("operand 0 is on gpu")));
        let read = block_on(kindling::read_many(&[&here, &there])).err().map(|error| error.to_string());
        assert!(read.is_some_and(|text| text.contains("tensor 0 is on cpu, tensor 1 is on gpu")));
        assert_eq!(floats(&here)?, [1.0, 1.0], "nothing is lost by it");
    }
    Ok(())
}
