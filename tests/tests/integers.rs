//! 64-bit integers, of which f64 and a GPU's words could lose bits: equal to Rust's on both
//! devices, or an error that names the limit.

use kindling::device::{Array, Element};
use kindling::{DType, Device, Error, Result, Tensor, block_on};
use kindling_tests::devices::devices;
use proptest::prelude::*;

/// Numbers next to the limits of a word, of a float and of the type itself.
const AWKWARD: [i64; 20] = [
    i64::MIN,
    i64::MIN + 1,
    i64::MAX,
    i64::MAX - 1,
    0,
    1,
    -1,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    -(1 << 32) - 1,
    -(1 << 32) + 1,
    (1 << 53) - 1,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    1 << 31,
    -(1 << 31) - 1,
    // Halfway between two floats of 24 bits, and next to it.
    (1 << 60) + (1 << 36),
    (1 << 60) + (1 << 36) + 1,
    (1 << 60) + (3 << 36),
];

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![prop::sample::select(&AWKWARD[..]), any::<i64>(), any::<i32>().prop_map(i64::from)]
}

fn pairs() -> impl Strategy<Value = Vec<(i64, i64)>> {
    // Sometimes both are the same.
    let pair = (number(), number(), any::<u8>()).prop_map(|(x, y, same)| if same < 64 { (x, x) } else { (x, y) });
    prop::collection::vec(pair, 1..70)
}

fn tensor<T: Element>(data: &[T], device: &Device) -> Result<Tensor> {
    Tensor::from_slice(data, [data.len()], device)
}

fn read<T: Element>(x: &Tensor) -> Result<Vec<T>> {
    block_on(x.to_vec::<T>())
}

type Answer = (&'static str, fn(&Tensor, &Tensor) -> Result<Tensor>, fn(&i64, &i64) -> bool);
type Result64 = (&'static str, fn(&Tensor, &Tensor) -> Result<Tensor>, fn(i64, i64) -> i64);

const COMPARISONS: [Answer; 6] = [
    ("eq", Tensor::eq, |x, y| x == y),
    ("ne", Tensor::ne, |x, y| x != y),
    ("lt", Tensor::lt, |x, y| x < y),
    ("le", Tensor::le, |x, y| x <= y),
    ("gt", Tensor::gt, |x, y| x > y),
    ("ge", Tensor::ge, |x, y| x >= y),
];

const ARITHMETIC: [Result64; 7] = [
    ("add", Tensor::add, i64::wrapping_add),
    ("sub", Tensor::sub, i64::wrapping_sub),
    ("mul", Tensor::mul, i64::wrapping_mul),
    ("maximum", Tensor::maximum, i64::max),
    ("minimum", Tensor::minimum, i64::min),
    ("neg", |x, _| x.neg(), |x, _| x.wrapping_neg()),
    ("where", |x, y| x.lt(y)?.where_(y, x), i64::max),
];

/// Converts as [`Tensor::to_dtype`], by Rust's own conversions.
fn converted(x: &[i64], dtype: DType) -> Array {
    match dtype {
        DType::Bool => Array::Bool(x.iter().map(|x| *x != 0).collect()),
        DType::U32 => Array::U32(x.iter().map(|x| *x as u32).collect()),
        DType::I32 => Array::I32(x.iter().map(|x| *x as i32).collect()),
        DType::I64 => Array::I64(x.to_vec()),
        DType::F32 => Array::F32(x.iter().map(|x| *x as f32).collect()),
        DType::F64 => Array::F64(x.iter().map(|x| *x as f64).collect()),
    }
}

fn agree(pairs: &[(i64, i64)], device: &Device) -> Result<()> {
    let (xs, ys): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
    let (x, y) = (tensor(&xs, device)?, tensor(&ys, device)?);
    for (name, f, want) in COMPARISONS {
        let want: Vec<bool> = xs.iter().zip(&ys).map(|(x, y)| want(x, y)).collect();
        assert_eq!(read::<bool>(&f(&x, &y)?)?, want, "{name} on {device} of {pairs:?}");
    }
    for (name, f, want) in ARITHMETIC {
        let want: Vec<i64> = pairs.iter().map(|(x, y)| want(*x, *y)).collect();
        assert_eq!(read::<i64>(&f(&x, &y)?)?, want, "{name} on {device} of {pairs:?}");
    }
    let types = [DType::Bool, DType::U32, DType::I32, DType::I64, DType::F32, DType::F64];
    for dtype in types.into_iter().filter(|dtype| *dtype != DType::F64 || device.is_cpu()) {
        let got = block_on(x.to_dtype(dtype)?.to_array())?;
        assert_eq!(got, converted(&xs, dtype), "{dtype} on {device} of {xs:?}");
    }
    Ok(())
}

fn wide(data: Array, device: &Device) -> Result<Vec<i64>> {
    let len = data.len();
    read(&Tensor::from_array(data, [len], device)?.to_dtype(DType::I64)?)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn comparisons_arithmetic_and_conversions_keep_every_bit(pairs in pairs()) {
        for device in devices() {
            agree(&pairs, &device)?;
        }
    }

    #[test]
    fn other_types_become_i64(bits in prop::collection::vec(any::<u32>(), 1..70)) {
        for device in devices() {
            let floats: Vec<f32> = bits.iter().map(|x| f32::from_bits(*x)).collect();
            let want: Vec<i64> = floats.iter().map(|x| *x as i64).collect();
            assert_eq!(wide(Array::F32(floats.clone()), &device)?, want, "{floats:?} on {device}");
            let ints: Vec<i32> = bits.iter().map(|x| *x as i32).collect();
            let want: Vec<i64> = ints.iter().map(|x| i64::from(*x)).collect();
            assert_eq!(wide(Array::I32(ints), &device)?, want, "on {device}");
            let want: Vec<i64> = bits.iter().map(|x| i64::from(*x)).collect();
            assert_eq!(wide(Array::U32(bits.clone()), &device)?, want, "on {device}");
            let bools: Vec<bool> = bits.iter().map(|x| x % 2 == 0).collect();
            let want: Vec<i64> = bools.iter().map(|x| i64::from(*x)).collect();
            assert_eq!(wide(Array::Bool(bools), &device)?, want, "on {device}");
        }
    }
}

#[test]
fn all_awkward_pairs_agree() -> Result<()> {
    let pairs: Vec<(i64, i64)> = AWKWARD.iter().flat_map(|x| AWKWARD.map(|y| (*x, y))).collect();
    devices().iter().try_for_each(|device| agree(&pairs, device))
}

#[test]
fn floats_at_the_ends_become_i64() -> Result<()> {
    let floats = [0.0, -0.0, 0.99, -1.5, 9.0e18, 9.3e18, -9.3e18, 8_388_607.5, 1.6e7, f32::MAX, f32::MIN_POSITIVE];
    let more = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 4_294_967_296.0, -4_294_967_296.0, 2.3e13, -7.2e16];
    let floats: Vec<f32> = floats.into_iter().chain(more).collect();
    let want: Vec<i64> = floats.iter().map(|x| *x as i64).collect();
    for device in devices() {
        assert_eq!(wide(Array::F32(floats.clone()), &device)?, want, "on {device}");
    }
    Ok(())
}

#[test]
fn views_and_copies_move_both_words() -> Result<()> {
    let data: Vec<i64> = (0..24).map(|i| (i << 33) - 7 * i).collect();
    for device in devices() {
        let x = Tensor::from_slice(&data, [4, 6], &device)?;
        let turned = x.t()?.contiguous()?;
        let want: Vec<i64> = (0..24).map(|i| data[i % 4 * 6 + i / 4]).collect();
        assert_eq!(read::<i64>(&turned)?, want, "t on {device}");
        let part = x.slice(1, Some(1), None, 2)?.select(0, 3)?;
        assert_eq!(read::<i64>(&part)?, [data[19], data[21], data[23]], "slice on {device}");
        assert_eq!(read::<i64>(&part.copy()?)?, [data[19], data[21], data[23]], "copy on {device}");
        let flipped = x.flip(&[0, 1])?;
        assert_eq!(read::<i64>(&flipped)?, data.iter().rev().copied().collect::<Vec<_>>(), "flip on {device}");
        let row = x.select(0, 1)?.expand(&[3, 6])?.contiguous()?;
        assert_eq!(read::<i64>(&row)?, data[6..12].repeat(3), "expand on {device}");
        let there = block_on(Tensor::from_slice(&data, [24], &Device::cpu())?.to(&device)?.to_cpu())?;
        assert_eq!(read::<i64>(&there)?, data, "to and from {device}");
        // Memory is reused for values of other sizes: in one plan, words next to pairs of words.
        let small = x.to_dtype(DType::I32)?.add_scalar(1.0)?;
        let large = small.to_dtype(DType::I64)?.add(&x)?.mul(&x.full_like(3.0)?)?;
        let want: Vec<i64> =
            data.iter().map(|x| (i64::from((*x as i32).wrapping_add(1)) + x).wrapping_mul(3)).collect();
        assert_eq!(read::<i64>(&large)?, want, "mixed on {device}");
        assert_eq!(read::<i32>(&small)?, data.iter().map(|x| (*x as i32) + 1).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn types_are_promoted_as_in_pytorch() -> Result<()> {
    for device in devices() {
        let i64s = tensor(&[1i64 << 40, 2], &device)?;
        let i32s = tensor(&[1i32, 2], &device)?;
        let f32s = tensor(&[0.5f32, 2.0], &device)?;
        assert_eq!(i32s.add(&i64s)?.dtype(), DType::I64);
        assert_eq!(i64s.add(&f32s)?.dtype(), DType::F32);
        assert_eq!(i64s.add_scalar(3.0)?.dtype(), DType::I64);
        assert_eq!(i64s.add_scalar(0.5)?.dtype(), DType::F32);
        assert_eq!(i64s.div(&i64s)?.dtype(), DType::F32);
        // Without dimensions a tensor does not widen another of its category.
        assert_eq!(i32s.add(&Tensor::scalar(1i64, &device)?)?.dtype(), DType::I32);
        assert_eq!(read::<i64>(&i32s.add(&i64s)?)?, [(1 << 40) + 1, 4]);
        assert_eq!(read::<bool>(&i64s.eq_scalar((1u64 << 40) as f64)?)?, [true, false]);
        assert_eq!(read::<i64>(&i64s.clamp(Some(0.0), Some(5.0))?)?, [5, 2]);
        assert_eq!(read::<i64>(&i64s.masked_fill(&i64s.gt_scalar(2.0)?, -1.0)?)?, [-1, 2]);
    }
    Ok(())
}

#[test]
fn the_cpu_reduces_sorts_and_multiplies_them_exactly() -> Result<()> {
    let big = 1i64 << 53;
    let x = Tensor::from_slice(&[big + 1, big, big + 3, -big - 1], [2, 2], &Device::cpu())?;
    assert_eq!(read::<i64>(&x.sum()?)?, [2 * big + 3]);
    assert_eq!(read::<i64>(&x.sum_dim(&[0], false)?)?, [2 * big + 4, -1]);
    let products = [(big + 1).wrapping_mul(big), (big + 3).wrapping_mul(-big - 1)];
    assert_eq!(read::<i64>(&x.prod(Some(1), false)?)?, products);
    assert_eq!(read::<i64>(&x.max()?)?, [big + 3]);
    assert_eq!(read::<i64>(&x.amin(&[1], false)?)?, [big, -big - 1]);
    let (values, places) = x.max_dim(1, false)?;
    assert_eq!((read::<i64>(&values)?, read::<i32>(&places)?), (vec![big + 1, big + 3], vec![0, 0]));
    assert_eq!(read::<bool>(&x.any()?)?, [true]);
    assert_eq!(read::<i64>(&x.cumsum(1)?)?, [big + 1, 2 * big + 1, big + 3, 2]);
    let (sorted, order) = x.reshape(&[4])?.sort(0, false)?;
    assert_eq!(read::<i64>(&sorted)?, [-big - 1, big, big + 1, big + 3]);
    assert_eq!(read::<i32>(&order)?, [3, 1, 0, 2]);
    let y = Tensor::from_slice(&[1i64, 0, 2, 1], [2, 2], &Device::cpu())?;
    assert_eq!(read::<i64>(&x.matmul(&y)?)?, [3 * big + 1, big, 1 - big, -big - 1]);
    assert_eq!(read::<i64>(&y.pow(&Tensor::scalar(62i64, &Device::cpu())?)?)?, [1, 0, 1 << 62, 1]);
    assert_eq!(read::<i64>(&x.neg()?.abs()?)?, [big + 1, big, big + 3, big + 1]);
    let added = Tensor::zeros([2], (DType::I64, &Device::cpu()))?.scatter_add(
        0,
        &tensor(&[1, 1, 0, 1], &Device::cpu())?,
        &x.reshape(&[4])?,
    )?;
    assert_eq!(read::<i64>(&added)?, [big + 3, big]);
    Ok(())
}

#[test]
fn unsupported_operations_on_a_gpu_are_refused() -> Result<()> {
    for device in devices().into_iter().filter(|device| !device.is_cpu()) {
        let x = Tensor::from_slice(&[1i64, 2, 3, 4], [2, 2], &device)?;
        let index = tensor(&[0], &device)?;
        let refused: [(&str, Result<Tensor>); 9] = [
            ("sum", x.sum()),
            ("amax", x.amax(&[0], false)),
            ("matmul", x.matmul(&x)),
            ("cat", Tensor::cat(&[&x, &x], 0)),
            ("index_select", x.index_select(0, &index)),
            ("cumsum", x.cumsum(0)),
            ("argsort", x.argsort(0, false)),
            ("pow", x.pow(&x)),
            ("arange", Tensor::arange(0.0, 3.0, 1.0, (DType::I64, &device))),
        ];
        for (op, outcome) in refused {
            match outcome {
                Err(Error::DType { op: named, rule }) => {
                    assert!(named == op && rule.contains("64-bit") && rule.contains("to_dtype"), "{named}: {rule}");
                }
                other => panic!("{op}: {other:?}"),
            }
        }
        assert_eq!(read::<i64>(&x)?, [1, 2, 3, 4], "nothing is lost by it");
    }
    Ok(())
}

#[test]
fn an_index_beyond_32_bits_is_out_of_range_and_does_not_wrap() -> Result<()> {
    for device in devices() {
        let x = tensor(&[5.0f32, 6.0, 7.0], &device)?;
        let index = tensor(&[0i64, 2], &device)?;
        assert_eq!(read::<f32>(&x.index_select(0, &index)?)?, [5.0, 7.0]);
        for at in [(1i64 << 32) + 1, -(1 << 32), i64::MAX] {
            let error = read::<f32>(&x.index_select(0, &tensor(&[at], &device)?)?).unwrap_err();
            assert!(matches!(error, Error::Index { size: 3, .. }), "{at} on {device}: {error}");
        }
        let scores = Tensor::from_slice(&[0.1f32, 0.9, 0.3, 0.2], [2, 2], &device)?;
        let loss = scores.cross_entropy(&tensor(&[1i64, 1 << 32], &device)?)?;
        assert!(matches!(read::<f32>(&loss), Err(Error::Index { .. })), "a label on {device}");
    }
    Ok(())
}

#[test]
fn an_item_is_the_number_or_an_error() -> Result<()> {
    let item = |x: i64| block_on(Tensor::scalar(x, &Device::cpu())?.item());
    assert_eq!(item(-(1 << 53))?, -9_007_199_254_740_992.0);
    assert!(matches!(item((1 << 53) + 1), Err(Error::Value { op: "item", .. })));
    Ok(())
}
