//! Windows as columns, other sizes, normalization of parts and attention, on oddly shaped tensors:
//! the GPU's numbers, forward and backward, are the CPU's. Refusals name the operation and the
//! numbers.

use kindling::autograd::{Backward, grad};
use kindling::ops::{AttentionOptions, InterpolateMode, InterpolateOptions, UnfoldOptions};
use kindling::{Device, Result, Tensor, block_on};
use kindling_tests::checks::{close, floats, refusal};
use kindling_tests::devices::devices;
use kindling_tests::gradcheck::random;

fn numbers(shape: &[usize], seed: u64, device: &Device) -> Result<Tensor> {
    let data: Vec<f32> = block_on(random(shape, -2.0, 3.0, seed).to_vec::<f64>())?.iter().map(|x| *x as f32).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)
}

/// The result of `f` and its gradients, for inputs of these shapes.
fn evaluate(shapes: &[&[usize]], device: &Device, f: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Result<Vec<Vec<f32>>> {
    let leaves: Vec<Tensor> = shapes
        .iter()
        .zip(1..)
        .map(|(shape, seed)| numbers(shape, seed, device)?.requires_grad_(true))
        .collect::<Result<_>>()?;
    let output = f(&leaves)?;
    let weights = numbers(output.dims(), 99, device)?;
    let grads = grad(&[(&output, Some(&weights))], &leaves.iter().collect::<Vec<_>>(), &Backward::default(), false)?;
    Ok(std::iter::once(&output).chain(grads.iter().flatten()).map(floats).collect())
}

fn same(name: &str, shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    let mut results = Vec::new();
    for device in devices() {
        results.push(evaluate(shapes, &device, &f)?);
    }
    let (cpu, others) = results.split_first().ok_or_else(|| kindling::Error::Internal(name.to_owned()))?;
    for (got, want) in others.iter().flat_map(|other| other.iter().zip(cpu)) {
        let largest = want.iter().fold(1.0f32, |most, x| most.max(x.abs()));
        println!("{name} of {shapes:?}");
        close(got, want, 2e-5 * largest);
    }
    Ok(())
}

#[test]
fn columns_on_every_device() -> Result<()> {
    for (shape, kernel_size, dilation, padding, stride) in [
        ([2, 3, 7, 5], [3, 2], [1, 2], [1, 0], [2, 1]),
        ([1, 1, 1, 9], [1, 4], [1, 2], [0, 3], [1, 3]),
        ([3, 5, 17, 13], [5, 5], [2, 1], [4, 2], [3, 4]),
        ([1, 70, 31, 33], [3, 3], [1, 1], [1, 1], [1, 1]),
        ([2, 1, 8, 8], [2, 2], [3, 3], [0, 0], [5, 5]),
    ] {
        let options = UnfoldOptions { kernel_size, dilation, padding, stride };
        same("unfold", &[&shape], |t| t[0].unfold(&options))?;
        same("fold", &[&shape], |t| t[0].unfold(&options)?.fold([shape[2], shape[3]], &options))?;
    }
    Ok(())
}

#[test]
fn sizes_on_every_device() -> Result<()> {
    use InterpolateMode::{Area, Bilinear, Linear, Nearest, NearestExact};
    let sizes = [([2, 3, 7, 5], [13, 4]), ([1, 2, 1, 1], [5, 6]), ([3, 1, 33, 65], [11, 130]), ([1, 67, 4, 9], [9, 4])];
    for (shape, size) in sizes {
        for mode in [Nearest, NearestExact, Bilinear, Area] {
            let options = InterpolateOptions::new(&size, mode);
            same(&format!("{options:?}"), &[&shape], |t| t[0].interpolate(&options))?;
        }
        let corners = InterpolateOptions::new(&size, Bilinear).align_corners(true);
        same("bilinear with corners", &[&shape], |t| t[0].interpolate(&corners))?;
        for mode in [Nearest, Bilinear] {
            let options = InterpolateOptions::by_factor(&[1.7, 2.05], mode);
            same(&format!("{options:?}"), &[&shape], |t| t[0].interpolate(&options))?;
        }
    }
    for mode in [Nearest, Linear, Area] {
        let options = InterpolateOptions::by_factor(&[0.37], mode);
        same(&format!("{options:?}"), &[&[2, 3, 101]], |t| t[0].interpolate(&options))?;
    }
    Ok(())
}

#[test]
fn normalized_parts_on_every_device() -> Result<()> {
    for (shape, groups) in [(&[2usize, 6, 5, 7][..], 3), (&[3, 4], 2), (&[1, 66, 9], 33), (&[2, 2, 65, 3], 1)] {
        let channels = [shape[1]];
        same("group_norm", &[shape, &channels, &channels], |t| {
            t[0].group_norm(groups, Some(&t[1]), Some(&t[2]), 1e-5)
        })?;
        if shape.len() > 2 {
            same("instance_norm", &[shape, &channels, &channels], |t| {
                t[0].instance_norm(None, None, Some(&t[1]), Some(&t[2]), true, 0.1, 1e-5)
            })?;
        }
    }
    Ok(())
}

#[test]
fn attention_on_every_device() -> Result<()> {
    let plain = AttentionOptions::default();
    for (batch, queries, keys, width, values) in [(2, 5, 7, 3, 4), (1, 1, 33, 65, 2), (3, 70, 9, 8, 8)] {
        let shapes: [&[usize]; 3] = [&[batch, 2, queries, width], &[batch, 2, keys, width], &[batch, 2, keys, values]];
        for options in [plain, AttentionOptions { is_causal: true, ..plain }] {
            same("attention", &shapes, |t| t[0].scaled_dot_product_attention(&t[1], &t[2], None, &options))?;
        }
        let bias: &[usize] = &[queries, keys];
        let with_mask = [shapes[0], shapes[1], shapes[2], bias];
        same("attention with a bias", &with_mask, |t| {
            t[0].scaled_dot_product_attention(&t[1], &t[2], Some(&t[3]), &plain)
        })?;
        // Some queries see nothing.
        same("attention with a mask", &with_mask, |t| {
            let mask = t[3].detach().gt_scalar(1.5)?;
            t[0].scaled_dot_product_attention(&t[1], &t[2], Some(&mask), &plain)?.add(&t[3].sum()?.mul_scalar(0.0)?)
        })?;
    }
    Ok(())
}

/// PyTorch copies and doubles images as they stand, whatever the factor, but not sequences.
#[test]
fn nearest_by_an_odd_factor_is_pytorchs() -> Result<()> {
    for device in devices() {
        let image = Tensor::arange(0.0, 7.0, 1.0, &device)?.reshape(&[1, 1, 1, 7])?;
        for (factor, want) in [
            (1.1, vec![0, 1, 2, 3, 4, 5, 6]),
            (2.1, vec![0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]),
            (1.9, vec![0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]),
        ] {
            let options = InterpolateOptions::by_factor(&[1.0, factor], InterpolateMode::Nearest);
            let got: Vec<i32> = floats(&image.interpolate(&options)?).iter().map(|x| *x as i32).collect();
            assert_eq!(got, want, "by {factor}");
        }
        let options = InterpolateOptions::by_factor(&[1.1], InterpolateMode::Nearest);
        let sequence = image.reshape(&[1, 1, 7])?.interpolate(&options)?;
        assert_eq!(floats(&sequence), [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }
    Ok(())
}

/// Attention to no keys at all gives zeros, as a query without keys does.
#[test]
fn attention_without_keys_gives_zeros() -> Result<()> {
    for device in devices() {
        let (query, key) = (numbers(&[2, 3, 4], 1, &device)?, Tensor::zeros([2, 0, 4], &device)?);
        let output = query.scaled_dot_product_attention(&key, &key, None, &AttentionOptions::default())?;
        assert_eq!((output.dims(), floats(&output)), (&[2, 3, 4][..], vec![0.0; 24]));
    }
    Ok(())
}

#[test]
fn refusals_name_the_operation_and_the_numbers() -> Result<()> {
    let cpu = Device::cpu();
    let image = numbers(&[1, 5, 4, 4], 1, &cpu)?;
    let names = |refusal: String, words: &[&str]| {
        words.iter().for_each(|word| assert!(refusal.contains(word), "{word} is not in: {refusal}"));
    };
    let interpolate = |size: &[usize], mode| image.interpolate(&InterpolateOptions::new(size, mode));
    names(refusal(interpolate(&[4], InterpolateMode::Nearest)), &["interpolate", "[4, 4]", "[4]"]);
    names(refusal(interpolate(&[0, 4], InterpolateMode::Nearest)), &["interpolate", "[4, 4]", "[0, 4]"]);
    names(refusal(interpolate(&[4, 4], InterpolateMode::Linear)), &["Linear", "4 dimensions"]);
    for factor in [0.0, -1.0, f64::NAN, 0.1, 1e300, f64::INFINITY] {
        let options = InterpolateOptions::by_factor(&[1.0, factor], InterpolateMode::Nearest);
        names(refusal(image.interpolate(&options)), &["interpolate", "[4, 4]"]);
    }
    let corners = InterpolateOptions::new(&[8, 8], InterpolateMode::Area).align_corners(false);
    names(refusal(image.interpolate(&corners)), &["align_corners", "Area"]);
    names(refusal(image.unfold(&UnfoldOptions::new([5, 2]))), &["unfold", "[4, 4]", "[5, 2]"]);
    names(refusal(image.unfold(&UnfoldOptions::new([0, 2]))), &["unfold", "[0, 2]"]);
    let wide = UnfoldOptions { padding: [usize::MAX, 0], ..UnfoldOptions::new([2, 2]) };
    names(refusal(image.unfold(&wide)), &["unfold"]);
    let columns = numbers(&[1, 4, 5], 1, &cpu)?;
    names(refusal(columns.fold([3, 3], &UnfoldOptions::new([2, 2]))), &["fold", "2 * 2 = 4", "5"]);
    names(refusal(columns.fold([3, 3], &UnfoldOptions::new([3, 1]))), &["fold", "[3, 1]", "4"]);
    names(refusal(image.group_norm(2, None, None, 1e-5)), &["group_norm", "[1, 5, 4, 4]", "num_groups=2"]);
    names(refusal(image.group_norm(0, None, None, 1e-5)), &["num_groups=0"]);
    let three = numbers(&[3], 1, &cpu)?;
    names(refusal(image.group_norm(5, Some(&three), None, 1e-5)), &["weight", "[3]", "5 channels"]);
    let rows = numbers(&[1, 5], 1, &cpu)?;
    names(refusal(rows.group_norm(5, None, None, 1e-5)), &["more than 1 value"]);
    names(refusal(rows.instance_norm(None, None, None, None, true, 0.1, 1e-5)), &["more than 1 spatial"]);
    names(refusal(image.instance_norm(None, None, None, None, false, 0.1, 1e-5)), &["running_mean"]);
    let attend = |key: &Tensor, options| image.scaled_dot_product_attention(key, &image, None, &options);
    let narrow = numbers(&[1, 5, 4, 3], 1, &cpu)?;
    names(refusal(attend(&narrow, AttentionOptions::default())), &["[1, 5, 4, 3]", "[1, 5, 4, 4]"]);
    let heads = numbers(&[1, 2, 4, 4], 1, &cpu)?;
    names(refusal(attend(&heads, AttentionOptions { enable_gqa: true, ..Default::default() })), &["heads", "2", "5"]);
    let integers = Tensor::ones([4, 4], (kindling::DType::I32, &cpu))?;
    let masked = image.scaled_dot_product_attention(&image, &image, Some(&integers), &AttentionOptions::default());
    names(refusal(masked), &["attn_mask", "i32"]);
    Ok(())
}
