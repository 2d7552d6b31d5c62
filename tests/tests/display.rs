//! Display of tensors as in PyTorch: the literals are PyTorch's.

use kindling::{DType, Device, Result, Tensor, block_on};

fn f(data: &[f32]) -> Result<String> {
    Ok(Tensor::from_slice(data, [data.len()], &Device::cpu())?.to_string())
}

#[test]
fn floats_have_four_digits_or_a_point() -> Result<()> {
    assert_eq!(f(&[1.0, 2.0, 3.0])?, "tensor([1., 2., 3.])");
    assert_eq!(f(&[1.5, 2.0, -3.25])?, "tensor([ 1.5000,  2.0000, -3.2500])");
    assert_eq!(f(&[0.0, 0.0])?, "tensor([0., 0.])");
    assert_eq!(f(&[])?, "tensor([])");
    assert_eq!(f(&[100.0, -1.0])?, "tensor([100.,  -1.])");
    assert_eq!(f(&[0.1, 0.2])?, "tensor([0.1000, 0.2000])");
    assert_eq!(Tensor::scalar(3.5f32, &Device::cpu())?.to_string(), "tensor(3.5000)");
    assert_eq!(Tensor::scalar(7.0f32, &Device::cpu())?.to_string(), "tensor(7.)");
    Ok(())
}

#[test]
fn wide_ranges_are_scientific() -> Result<()> {
    assert_eq!(f(&[1e-5, 1.0])?, "tensor([1.0000e-05, 1.0000e+00])");
    assert_eq!(f(&[1.0, 10000.0])?, "tensor([1.0000e+00, 1.0000e+04])");
    assert_eq!(f(&[1.0, 1000.0])?, "tensor([   1., 1000.])");
    assert_eq!(f(&[0.0, 2e9])?, "tensor([0.0000e+00, 2.0000e+09])");
    Ok(())
}

#[test]
fn nonfinite_values_have_no_point() -> Result<()> {
    assert_eq!(f(&[f32::NAN, f32::INFINITY, 1.0])?, "tensor([nan, inf, 1.])");
    assert_eq!(f(&[f32::NAN, f32::NEG_INFINITY, 1.5])?, "tensor([   nan,   -inf, 1.5000])");
    assert_eq!(f(&[f32::NAN])?, "tensor([nan])");
    Ok(())
}

#[test]
fn integers_and_bools() -> Result<()> {
    let cpu = Device::cpu();
    let x = Tensor::from_slice(&[1, -20, 3, 4, 5, 6], [2, 3], &cpu)?;
    assert_eq!(x.to_string(), "tensor([[  1, -20,   3],\n        [  4,   5,   6]])");
    let wide = Tensor::from_slice(&[i64::MIN, (1 << 53) + 1], [2], &cpu)?;
    assert_eq!(wide.to_string(), "tensor([-9223372036854775808,     9007199254740993])");
    assert_eq!(Tensor::from_slice(&[0i64; 0], [0], &cpu)?.to_string(), "tensor([], dtype=torch.int64)");
    let b = Tensor::from_slice(&[true, false], [2], &cpu)?;
    assert_eq!(b.to_string(), "tensor([ True, False])");
    Ok(())
}

#[test]
fn matrices_are_separated_by_lines() -> Result<()> {
    let x = Tensor::arange(0.0, 8.0, 1.0, &Device::cpu())?.reshape(&[2, 2, 2])?;
    assert_eq!(x.to_string(), "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])");
    Ok(())
}

#[test]
fn long_vectors_break_and_large_ones_are_summarized() -> Result<()> {
    let cpu = Device::cpu();
    let x = Tensor::arange(0.0, 25.0, 1.0, &cpu)?;
    let want = "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n        \
                14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24.])";
    assert_eq!(x.to_string(), want);
    let x = Tensor::arange(0.0, 1001.0, 1.0, (DType::I32, &cpu))?;
    assert_eq!(x.to_string(), "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
    let x = Tensor::zeros([100, 100], &cpu)?;
    let row = "[0., 0., 0.,  ..., 0., 0., 0.]";
    let want = format!(
        "tensor([{row},\n        {row},\n        {row},\n        ...,\n        {row},\n        {row},\n        {row}])"
    );
    assert_eq!(x.to_string(), want);
    Ok(())
}

#[test]
fn suffixes_name_other_types_than_the_default() -> Result<()> {
    let cpu = Device::cpu();
    let x = Tensor::ones([2], &cpu)?.requires_grad_(true)?;
    assert_eq!(x.to_string(), "tensor([1., 1.], requires_grad=True)");
    assert_eq!(x.add(&x)?.to_string(), "tensor([2., 2.], grad_fn=<AddBackward0>)");
    assert_eq!(x.mul_scalar(2.0)?.to_string(), "tensor([2., 2.], grad_fn=<MulBackward0>)");
    let d = Tensor::from_slice(&[1.5f64], [1], &cpu)?;
    assert_eq!(d.to_string(), "tensor([1.5000], dtype=torch.float64)");
    assert_eq!(Tensor::zeros([0, 3], &cpu)?.to_string(), "tensor([], size=(0, 3))");
    let wide = Tensor::full([11], 1.5, &cpu)?.requires_grad_(true)?;
    let want = "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n        \
                1.5000, 1.5000], requires_grad=True)";
    assert_eq!(wide.to_string(), want);
    let wide = Tensor::full([8], 1.5, &cpu)?.requires_grad_(true)?;
    let want = "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000],\n       requires_grad=True)";
    assert_eq!(wide.to_string(), want);
    if let Ok(gpu) = block_on(Device::gpu()) {
        assert_eq!(Tensor::ones([2], &gpu)?.to_string(), "tensor([1., 1.], device='gpu')");
    }
    Ok(())
}
