//! Pointwise operations: equality of both devices for awkward shapes, operators, changes in place,
//! scalars that change from step to step, and functions at difficult arguments.

use kindling::{DType, Device, Error, Gelu, Result, Tensor, block_on};
use kindling_tests::devices::{devices, gpu};
use kindling_tests::gradcheck::random;

/// Returns random numbers on a device, the same on every one.
fn numbers(shape: &[usize], seed: u64, device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = block_on(random(shape, -3.0, 3.0, seed).to_dtype(DType::F32)?.to_vec::<f32>())?;
    Tensor::from_slice(&data, shape, device)
}

type Function = (&'static str, fn(&Tensor, &Tensor) -> Result<Tensor>);

const FUNCTIONS: &[Function] = &[
    ("add", |x, y| x.add(y)),
    ("sub", |x, y| x.sub(y)),
    ("mul", |x, y| x.mul(y)),
    ("div", |x, y| x.div(&y.add_scalar(4.0)?)),
    ("pow", |x, y| x.abs()?.pow(y)),
    ("maximum", |x, y| x.maximum(y)),
    ("minimum", |x, y| x.minimum(y)),
    ("scalars", |x, y| x.rsub_scalar(2.0)?.div_scalar(0.7)?.mul(&y.rpow_scalar(1.5)?)?.sub_scalar(0.25)),
    ("rdiv_scalar", |x, _| x.abs()?.add_scalar(0.5)?.rdiv_scalar(3.0)),
    ("pow_scalar", |x, _| x.abs()?.pow_scalar(1.7)),
    ("compare", |x, y| x.lt(y)?.logical_or(&x.ge_scalar(1.0)?)?.to_dtype(DType::F32)),
    ("where", |x, y| x.ne(y)?.logical_and(&y.gt_scalar(0.0)?)?.where_(x, y)),
    ("masked_fill", |x, y| x.masked_fill(&y.le(x)?.logical_xor(&y.isnan()?)?, -1.5)),
    ("logarithms", |x, _| x.abs()?.log()?.add(&x.square()?.log1p()?)?.add(&x.abs()?.log2()?)),
    ("exponentials", |x, y| x.exp()?.add(&y.expm1()?)),
    ("roots", |x, _| x.abs()?.sqrt()?.add(&x.square()?.add_scalar(0.1)?.rsqrt()?)),
    ("angles", |x, y| x.mul_scalar(50.0)?.sin()?.add(&y.mul_scalar(50.0)?.cos()?)?.add(&x.atan()?)),
    ("rounding", |x, _| x.floor()?.add(&x.ceil()?)?.add(&x.trunc()?)?.add(&x.round()?)?.add(&x.sign()?)),
    ("erf", |x, _| x.erf()),
    ("tanh", |x, _| x.tanh()),
    ("sigmoid", |x, _| x.sigmoid()?.add(&x.logsigmoid()?)),
    ("reciprocal", |x, _| x.abs()?.add_scalar(0.5)?.reciprocal()),
    ("clamp", |x, _| x.clamp(Some(-1.0), Some(0.5))),
    ("relu", |x, _| x.relu()?.add(&x.relu6()?)?.add(&x.leaky_relu(0.1)?)),
    ("elu", |x, _| x.elu(0.5)?.add(&x.selu()?)),
    ("gelu", |x, _| x.gelu(Gelu::None)?.add(&x.gelu(Gelu::Tanh)?)),
    ("silu", |x, _| x.silu()?.add(&x.mish()?)),
    ("softplus", |x, _| x.softplus(2.0, 3.0)),
    ("hard", |x, _| x.hardsigmoid()?.add(&x.hardswish()?)),
];

/// Returns two operands that broadcast: sizes around the workgroup's, transposed, strided,
/// expanded, empty and without dimensions.
fn operands(device: &Device) -> Result<Vec<(Tensor, Tensor)>> {
    let make = |shape: &[usize], seed| numbers(shape, seed, device);
    Ok(vec![
        (make(&[63], 1)?, make(&[63], 2)?),
        (make(&[5, 13], 3)?, make(&[13], 4)?),
        (make(&[7, 3], 5)?.t()?, make(&[3, 1], 6)?),
        (make(&[4, 9], 7)?.slice(1, Some(1), None, 3)?, make(&[], 8)?),
        (make(&[2, 1, 3, 1], 9)?.expand(&[-1, 4, -1, 5])?, make(&[4, 1, 5], 10)?),
        (make(&[0, 3], 11)?, make(&[3], 12)?),
        (make(&[], 13)?, make(&[], 14)?),
        (make(&[1], 15)?, make(&[2, 65], 16)?),
    ])
}

#[test]
fn the_gpu_computes_what_the_cpu_computes() -> Result<()> {
    let Some(gpu) = gpu() else { return Ok(()) };
    let all = |device: &Device| -> Result<Vec<(String, Tensor)>> {
        let mut found = Vec::new();
        for (i, (x, y)) in operands(device)?.iter().enumerate() {
            for (name, f) in FUNCTIONS {
                let (x, y) = (x.detach().copy()?.requires_grad_(true)?, y.detach().copy()?.requires_grad_(true)?);
                let z = f(&x, &y)?;
                found.push((format!("{name} of operands {i}"), z.detach()));
                if z.requires_grad() {
                    z.sum()?.backward()?;
                    found.push((format!("gradient of {name}, operands {i}"), x.grad().unwrap_or(x.zeros_like()?)));
                }
            }
        }
        Ok(found)
    };
    for ((name, on_cpu), (_, on_gpu)) in all(&Device::cpu())?.iter().zip(&all(&gpu)?) {
        assert_eq!(on_cpu.shape(), on_gpu.shape(), "{name}");
        let (want, got) = (block_on(on_cpu.to_vec::<f32>())?, block_on(on_gpu.to_vec::<f32>())?);
        for (w, g) in want.iter().zip(&got) {
            assert!(
                (w - g).abs() <= 2e-5 * (1.0 + w.abs()) || w.to_bits() == g.to_bits(),
                "{name}: {g}, on the CPU {w}"
            );
        }
    }
    Ok(())
}

#[test]
fn operators_are_the_operations() -> Result<()> {
    for device in devices() {
        let a = Tensor::from_slice(&[1.0f32, 2.0], [2], &device)?;
        let b = Tensor::from_slice(&[4.0f32, 8.0], [2], &device)?;
        let show = |t: Result<Tensor>| block_on(t?.to_vec::<f32>());
        assert_eq!(show(&a + &b)?, [5.0, 10.0]);
        assert_eq!(show(&a - b.clone())?, [-3.0, -6.0]);
        assert_eq!(show(a.clone() * &b)?, [4.0, 16.0]);
        assert_eq!(show(b.clone() / a.clone())?, [4.0, 4.0]);
        assert_eq!(show(&a + 1.0)?, [2.0, 3.0]);
        assert_eq!(show(1.0 - &a)?, [0.0, -1.0]);
        assert_eq!(show(a.clone() - 1.0)?, [0.0, 1.0]);
        assert_eq!(show(2.0 * a.clone())?, [2.0, 4.0]);
        assert_eq!(show(8.0 / &b)?, [2.0, 1.0]);
        assert_eq!(show(-&a)?, [-1.0, -2.0]);
        assert!(matches!(&a + &Tensor::ones([3], &device)?, Err(Error::Shape { op: "add", .. })));
    }
    Ok(())
}

#[test]
fn changes_in_place_are_seen_through_views_and_keep_type_and_shape() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_slice(&[1.0f32, -2.0, 3.0, -4.0], [2, 2], &device)?;
        let row = x.select_row(1)?;
        row.mul_scalar_(10.0)?;
        x.add_(&Tensor::ones([2], &device)?)?;
        assert_eq!(block_on(x.to_vec::<f32>())?, [2.0, -1.0, 31.0, -39.0]);
        x.relu_()?;
        x.clamp_(None, Some(7.0))?;
        x.sub_scalar_(1.0)?;
        assert_eq!(block_on(row.to_vec::<f32>())?, [6.0, -1.0]);
        let i = Tensor::from_slice(&[1, 2], [2], &device)?;
        i.mul_scalar_(3.0)?;
        assert_eq!(block_on(i.to_vec::<i32>())?, [3, 6]);
        assert!(matches!(i.mul_scalar_(0.5), Err(Error::DType { .. })));
        assert!(matches!(Tensor::ones([2], &device)?.add_(&x), Err(Error::Shape { .. })));
        assert!(Tensor::ones([2], &device)?.requires_grad_(true)?.neg_().is_err(), "a leaf that requires grad");
    }
    Ok(())
}

#[test]
fn a_change_in_place_keeps_what_its_own_gradient_needs() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_slice(&[2.0f32, 3.0], [2], &device)?.requires_grad_(true)?;
        let w = Tensor::from_slice(&[5.0f32, 7.0], [2], &device)?.requires_grad_(true)?;
        let y = x.mul_scalar(1.0)?;
        y.mul_(&w)?;
        y.sum()?.backward()?;
        let grad = |t: &Tensor| block_on(t.grad().unwrap_or(t.zeros_like()?).to_vec::<f32>());
        for (got, want) in grad(&x)?.iter().chain(&grad(&w)?).zip([5.0f32, 7.0, 2.0, 3.0]) {
            assert!((got - want).abs() < 1e-4, "{got} is not {want}");
        }
    }
    Ok(())
}

/// A row of a matrix, as a view.
trait Row {
    fn select_row(&self, row: isize) -> Result<Tensor>;
}

impl Row for Tensor {
    fn select_row(&self, row: isize) -> Result<Tensor> {
        self.slice(0, Some(row), Some(row + 1), 1)
    }
}

#[test]
fn numbers_that_change_make_no_new_plan() -> Result<()> {
    for device in devices() {
        let x = Tensor::from_slice(&[1.0f32; 10], [10], &device)?;
        let step = |c: f64| -> Result<f32> {
            let y = x.mul_scalar(c)?.add_scalar(c)?.rdiv_scalar(c)?.clamp(Some(-c), Some(c))?;
            let y = y.masked_fill(&y.gt_scalar(c)?, c)?.leaky_relu(c)?.elu(c)?;
            Ok(block_on(y.to_vec::<f32>())?[0])
        };
        step(1.0)?;
        let before = device.counters().plans_created;
        for i in 2..10 {
            assert!((step(f64::from(i))? - 0.5).abs() < 1e-6);
        }
        assert_eq!(device.counters().plans_created, before);
    }
    Ok(())
}

#[test]
fn integers_stay_integers_with_whole_numbers() -> Result<()> {
    for device in devices() {
        let i = Tensor::from_slice(&[-3, 0, 5], [3], &device)?;
        let ints = |t: Result<Tensor>| block_on(t?.to_vec::<i32>());
        assert_eq!(ints(i.add_scalar(2.0))?, [-1, 2, 7]);
        assert_eq!(ints(i.sub_scalar(2.0))?, [-5, -2, 3]);
        assert_eq!(ints(i.rsub_scalar(2.0))?, [5, 2, -3]);
        assert_eq!(ints(i.pow_scalar(3.0))?, [-27, 0, 125]);
        assert_eq!(ints(i.rpow_scalar(-1.0))?, [-1, 1, -1]);
        assert_eq!(ints(i.clamp(Some(-1.0), Some(2.0)))?, [-1, 0, 2]);
        assert_eq!(ints(i.eq_scalar(0.0)?.mul_scalar(7.0))?, [0, 7, 0]);
        assert_eq!(i.add_scalar(0.5)?.dtype(), DType::F32);
        assert_eq!(i.div_scalar(2.0)?.dtype(), DType::F32);
        assert_eq!(block_on(i.lt_scalar(0.5)?.to_vec::<bool>())?, [true, true, false]);
        assert!(matches!(i.pow_scalar(-1.0), Err(Error::Value { .. })));
        let b = i.gt_scalar(0.0)?;
        assert_eq!(block_on(b.add(&b)?.to_vec::<bool>())?, [false, false, true]);
        assert!(matches!(b.sub(&b), Err(Error::DType { .. })) && matches!(b.neg(), Err(Error::DType { .. })));
        assert!(
            matches!(i.where_(&i, &i), Err(Error::DType { .. }))
                && matches!(i.masked_fill(&i, 0.0), Err(Error::DType { .. }))
        );
    }
    Ok(())
}

#[test]
fn functions_are_right_where_they_are_hard() -> Result<()> {
    type Hard = (&'static str, fn(&Tensor) -> Result<Tensor>, fn(f64) -> f64);
    const HARD: &[Hard] = &[
        ("sin", Tensor::sin, f64::sin),
        ("cos", Tensor::cos, f64::cos),
        ("exp", Tensor::exp, f64::exp),
        ("log", Tensor::log, f64::ln),
        ("log1p", Tensor::log1p, f64::ln_1p),
        ("expm1", Tensor::expm1, f64::exp_m1),
        ("tanh", Tensor::tanh, f64::tanh),
        ("atan", Tensor::atan, f64::atan),
        ("sqrt", Tensor::sqrt, f64::sqrt),
        ("pow 7.25", |x| x.pow_scalar(7.25), |x| x.powf(7.25)),
        ("pow -0.75", |x| x.pow_scalar(-0.75), |x| x.powf(-0.75)),
        ("1.01 to the power", |x| x.rpow_scalar(1.01), |x| f64::from(1.01f32).powf(x)),
    ];
    // Every order of magnitude of f32, both signs.
    let mut x: Vec<f32> = (-37..38).flat_map(|e| [1.0f32, 3.7, -1.3, -7.9].map(|m| m * 10f32.powi(e))).collect();
    x.extend((-400..400).map(|i| i as f32 * 0.21));
    for device in devices() {
        let input = Tensor::from_slice(&x, [x.len()], &device)?;
        for (name, f, exact) in HARD {
            for (x, got) in x.iter().zip(block_on(f(&input)?.to_vec::<f32>())?) {
                let want = exact(f64::from(*x));
                let size = want.abs();
                // Beyond the range of f32 (subnormal results may be 0) any sign of it will do.
                let fine = want.is_nan() && got.is_nan()
                    || size > 3.3e38 && got.abs() >= 3.3e38
                    || size < 1.2e-38 && got.abs() <= 1.2e-38
                    || (f64::from(got) - want).abs() <= 2e-6 * size + 3e-8;
                assert!(fine, "{name}({x}) is {got}, should be {want}");
            }
        }
    }
    Ok(())
}
