//! Derivatives of all operations against differences, one line each; nonlinear operations to the
//! second order. Inputs stay away from kinks and poles.

use kindling::autograd::{Backward, grad};
use kindling::nn::{CELU, Module, PReLU};
use kindling::ops::{
    AttentionOptions, AvgPool2dOptions, Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions, CrossEntropyOptions,
    InterpolateMode, InterpolateOptions, MaxPool1dOptions, MaxPool2dOptions, Padding, Reduction, UnfoldOptions,
};
use kindling::{Device, Error, Gelu, Index, PadMode, Result, Tensor, manual_seed};
use kindling_tests::gradcheck::{gradcheck, gradgradcheck, random};

fn x(shape: &[usize]) -> Tensor {
    random(shape, 0.5, 2.0, 1)
}

fn y(shape: &[usize]) -> Tensor {
    random(shape, 0.5, 2.0, 2)
}

/// Returns random numbers on both sides of 0.
fn z(shape: &[usize]) -> Tensor {
    random(shape, -3.0, 3.0, 3)
}

#[test]
fn arithmetic() {
    gradgradcheck("add", &[x(&[2, 3]), y(&[3])], |t| t[0].add(&t[1]));
    gradgradcheck("sub", &[x(&[2, 1]), y(&[3])], |t| t[0].sub(&t[1]));
    gradgradcheck("mul", &[x(&[2, 3]), y(&[2, 1])], |t| t[0].mul(&t[1]));
    gradgradcheck("div", &[x(&[2, 3]), y(&[3])], |t| t[0].div(&t[1]));
    gradgradcheck("pow", &[x(&[2, 3]), z(&[3])], |t| t[0].pow(&t[1]));
    gradgradcheck("maximum", &[z(&[2, 3]), y(&[3])], |t| t[0].maximum(&t[1]));
    gradgradcheck("minimum", &[z(&[2, 3]), y(&[3])], |t| t[0].minimum(&t[1]));
    gradgradcheck("add_scalar", &[x(&[4])], |t| t[0].add_scalar(2.5));
    gradgradcheck("sub_scalar", &[x(&[4])], |t| t[0].sub_scalar(2.5));
    gradgradcheck("mul_scalar", &[x(&[4])], |t| t[0].mul_scalar(2.5));
    gradgradcheck("div_scalar", &[x(&[4])], |t| t[0].div_scalar(2.5));
    gradgradcheck("rsub_scalar", &[x(&[4])], |t| t[0].rsub_scalar(2.5));
    gradgradcheck("rdiv_scalar", &[x(&[4])], |t| t[0].rdiv_scalar(2.5));
    gradgradcheck("rpow_scalar", &[z(&[4])], |t| t[0].rpow_scalar(2.5));
    for exponent in [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 2.3] {
        gradgradcheck("pow_scalar", &[x(&[4])], |t| t[0].pow_scalar(exponent));
    }
    gradgradcheck("operators", &[x(&[3]), y(&[3])], |t| (2.0 - ((&t[0] * &t[1])? / ((-&t[0])? - 1.0)?)?)? + &t[1]);
}

#[test]
fn unary() {
    gradgradcheck("neg", &[z(&[4])], |t| t[0].neg());
    gradgradcheck("abs", &[z(&[4])], |t| t[0].abs());
    gradgradcheck("exp", &[z(&[2, 3])], |t| t[0].exp());
    gradgradcheck("expm1", &[z(&[2, 3])], |t| t[0].expm1());
    gradgradcheck("log", &[x(&[2, 3])], |t| t[0].log());
    gradgradcheck("log2", &[x(&[2, 3])], |t| t[0].log2());
    gradgradcheck("log1p", &[x(&[2, 3])], |t| t[0].log1p());
    gradgradcheck("sqrt", &[x(&[2, 3])], |t| t[0].sqrt());
    gradgradcheck("rsqrt", &[x(&[2, 3])], |t| t[0].rsqrt());
    gradgradcheck("sin", &[z(&[2, 3])], |t| t[0].sin());
    gradgradcheck("cos", &[z(&[2, 3])], |t| t[0].cos());
    gradgradcheck("atan", &[z(&[2, 3])], |t| t[0].atan());
    gradgradcheck("erf", &[z(&[2, 3])], |t| t[0].erf());
    gradgradcheck("tanh", &[z(&[2, 3])], |t| t[0].tanh());
    gradgradcheck("sigmoid", &[z(&[2, 3])], |t| t[0].sigmoid());
    gradgradcheck("reciprocal", &[x(&[2, 3])], |t| t[0].reciprocal());
    gradgradcheck("square", &[z(&[2, 3])], |t| t[0].square());
    gradgradcheck("clamp", &[z(&[4, 3])], |t| t[0].clamp(Some(-1.0), Some(1.5)));
    gradgradcheck("clamp_min", &[z(&[4, 3])], |t| t[0].clamp(Some(-1.0), None));
    gradgradcheck("clamp_max", &[z(&[4, 3])], |t| t[0].clamp(None, Some(1.5)));
    for flat in [Tensor::sign, Tensor::floor, Tensor::ceil, Tensor::trunc, Tensor::round] {
        gradcheck("a piecewise constant function", &[z(&[2, 3])], |t| flat(&t[0]));
    }
}

#[test]
fn activations() {
    gradgradcheck("relu", &[z(&[2, 3])], |t| t[0].relu());
    gradgradcheck("relu6", &[z(&[2, 3])], |t| t[0].relu6());
    gradgradcheck("leaky_relu", &[z(&[2, 3])], |t| t[0].leaky_relu(0.1));
    gradgradcheck("elu", &[z(&[2, 3])], |t| t[0].elu(0.7));
    gradgradcheck("selu", &[z(&[2, 3])], |t| t[0].selu());
    gradgradcheck("gelu", &[z(&[2, 3])], |t| t[0].gelu(Gelu::None));
    gradgradcheck("gelu_tanh", &[z(&[2, 3])], |t| t[0].gelu(Gelu::Tanh));
    gradgradcheck("silu", &[z(&[2, 3])], |t| t[0].silu());
    gradgradcheck("mish", &[z(&[2, 3])], |t| t[0].mish());
    gradgradcheck("softplus", &[z(&[2, 3])], |t| t[0].softplus(1.3, 2.0));
    gradgradcheck("logsigmoid", &[z(&[2, 3])], |t| t[0].logsigmoid());
    gradgradcheck("hardsigmoid", &[z(&[2, 3])], |t| t[0].mul_scalar(1.5)?.hardsigmoid());
    gradgradcheck("hardswish", &[z(&[2, 3])], |t| t[0].mul_scalar(1.5)?.hardswish());
    gradgradcheck("glu", &[z(&[2, 6])], |t| t[0].glu(-1));
    gradgradcheck("celu", &[z(&[2, 3])], |t| CELU { alpha: 0.7 }.forward(&t[0]));
    gradgradcheck("prelu", &[z(&[2, 3, 2]), x(&[3])], |t| PReLU { weight: t[1].clone() }.forward(&t[0]));
}

#[test]
fn choices() {
    gradgradcheck("where", &[z(&[2, 3]), y(&[3])], |t| t[0].gt_scalar(0.0)?.where_(&t[0].square()?, &t[1]));
    gradgradcheck("masked_fill", &[z(&[2, 3])], |t| t[0].square()?.masked_fill(&t[0].lt_scalar(0.0)?, 2.0));
}

#[test]
fn reductions() {
    gradgradcheck("sum", &[x(&[2, 3])], |t| t[0].mul(&t[0])?.sum());
    gradgradcheck("sum_dim", &[x(&[2, 3, 2])], |t| t[0].exp()?.sum_dim(&[0, 2], false));
    gradgradcheck("mean", &[x(&[2, 3, 2])], |t| t[0].exp()?.mean_dim(&[-1], true));
    gradgradcheck("amax", &[x(&[2, 3, 2])], |t| t[0].exp()?.amax(&[1], false));
    gradgradcheck("amin", &[x(&[2, 3, 2])], |t| t[0].exp()?.amin(&[0, 1], true));
    gradgradcheck("max", &[x(&[2, 3])], |t| t[0].exp()?.max());
    gradgradcheck("max_dim", &[x(&[3, 2])], |t| Ok(t[0].exp()?.max_dim(0, false)?.0));
    gradgradcheck("min_dim", &[x(&[3, 2])], |t| Ok(t[0].exp()?.min_dim(1, true)?.0));
    gradgradcheck("prod", &[x(&[2, 3])], |t| t[0].prod(None, false));
    gradgradcheck("prod of a dimension", &[x(&[2, 3, 2])], |t| t[0].prod(Some(1), true));
    gradgradcheck("var", &[x(&[2, 3, 2])], |t| t[0].var_dim(&[0, 2], 1.0, false));
    gradgradcheck("std", &[x(&[2, 4])], |t| t[0].std_dim(&[1], 0.0, true));
    gradgradcheck("norm", &[x(&[2, 4])], |t| t[0].norm(2.0, Some(&[1]), true));
    gradgradcheck("norm, p = 3", &[x(&[2, 4])], |t| t[0].norm(3.0, Some(&[0]), false));
    gradgradcheck("norm, p = -1", &[x(&[2, 4])], |t| t[0].norm(-1.0, None, false));
    gradcheck("norm, p = 1", &[x(&[2, 4])], |t| t[0].add_scalar(-1.1)?.norm(1.0, None, false));
    gradcheck("norm, p = inf", &[x(&[2, 4])], |t| t[0].norm(f64::INFINITY, Some(&[1]), false));
    gradgradcheck("logsumexp", &[x(&[2, 3, 2])], |t| t[0].logsumexp(&[0, 2], false));
}

/// Products with a zero factor: the gradients of the other factors vanish, but not those of their
/// gradients.
#[test]
fn products_with_zeros() -> Result<()> {
    let data = [2.0, 0.0, 3.0, 0.0, 5.0, 0.0];
    let x = Tensor::from_slice(&data, [2, 3], &kindling::Device::cpu())?;
    gradgradcheck("prod", &[x], |t| t[0].prod(Some(1), false));
    Ok(())
}

#[test]
fn rows() {
    gradgradcheck("softmax", &[x(&[2, 3])], |t| t[0].softmax(1));
    gradgradcheck("softmax of an outer dimension", &[x(&[2, 3, 2])], |t| t[0].softmax(1));
    gradgradcheck("log_softmax", &[x(&[3, 2])], |t| t[0].log_softmax(0));
}

#[test]
fn normalizations() {
    gradgradcheck("layer_norm", &[x(&[3, 4]), y(&[4]), x(&[4])], |t| {
        t[0].layer_norm(&[4], Some(&t[1]), Some(&t[2]), 1e-5)
    });
    gradgradcheck("rms_norm", &[x(&[2, 4]), y(&[4])], |t| t[0].rms_norm(&[4], Some(&t[1]), 1e-5));
    gradgradcheck("batch_norm", &[x(&[3, 2, 2]), y(&[2]), x(&[2])], |t| {
        t[0].batch_norm(None, None, Some(&t[1]), Some(&t[2]), true, 0.1, 1e-5)
    });
    gradgradcheck("batch_norm without weights", &[x(&[4, 2])], |t| {
        t[0].batch_norm(None, None, None, None, true, 0.1, 1e-5)
    });
    gradgradcheck("batch_norm in evaluation", &[x(&[3, 2]), y(&[2]), x(&[2])], |t| {
        let (mean, var) = (x(&[2]), y(&[2]));
        t[0].batch_norm(Some(&mean), Some(&var), Some(&t[1]), Some(&t[2]), false, 0.1, 1e-5)
    });
}

#[test]
fn normalisations_of_parts() {
    gradgradcheck("group_norm", &[x(&[2, 4, 3]), y(&[4]), x(&[4])], |t| {
        t[0].group_norm(2, Some(&t[1]), Some(&t[2]), 1e-5)
    });
    gradgradcheck("group_norm without weights", &[x(&[2, 6])], |t| t[0].group_norm(2, None, None, 0.1));
    gradgradcheck("instance_norm", &[x(&[2, 3, 2, 2]), y(&[3]), x(&[3])], |t| {
        t[0].instance_norm(None, None, Some(&t[1]), Some(&t[2]), true, 0.1, 1e-5)
    });
    gradgradcheck("instance_norm in evaluation", &[x(&[2, 3, 2])], |t| {
        let (mean, var) = (x(&[3]), y(&[3]));
        t[0].instance_norm(Some(&mean), Some(&var), None, None, false, 0.1, 1e-5)
    });
}

#[test]
fn attention() -> Result<()> {
    let qkv = [z(&[2, 2, 3, 2]), y(&[2, 2, 4, 2]), x(&[2, 2, 4, 3])];
    let attend = |t: &[Tensor], mask: Option<&Tensor>, options: AttentionOptions| {
        t[0].scaled_dot_product_attention(&t[1], &t[2], mask, &options)
    };
    gradgradcheck("attention", &qkv, |t| attend(t, None, AttentionOptions::default()));
    let causal = AttentionOptions { is_causal: true, scale: Some(0.3), ..Default::default() };
    gradgradcheck("causal attention", &qkv, |t| attend(t, None, causal));
    // The second query sees nothing.
    let mask = index(&[1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0], &[3, 4])?.eq_scalar(1.0)?;
    gradgradcheck("attention with a mask", &qkv, |t| attend(t, Some(&mask), AttentionOptions::default()));
    let [query, key, value] = qkv.clone();
    gradgradcheck("attention with a bias", &[query, key, value, z(&[3, 4])], |t| {
        attend(t, Some(&t[3]), AttentionOptions::default())
    });
    let shared = [z(&[4, 3, 2]), y(&[2, 3, 2]), x(&[2, 3, 2])];
    let gqa = AttentionOptions { enable_gqa: true, ..Default::default() };
    gradgradcheck("attention with shared heads", &shared, |t| attend(t, None, gqa));
    Ok(())
}

#[test]
fn columns_and_sizes() {
    let windows = UnfoldOptions { dilation: [1, 2], padding: [1, 0], stride: [2, 1], ..UnfoldOptions::new([3, 2]) };
    gradgradcheck("unfold", &[x(&[2, 2, 4, 5])], |t| t[0].unfold(&windows)?.exp());
    gradgradcheck("fold", &[x(&[2, 12, 6])], |t| t[0].fold([4, 5], &windows)?.exp());
    let modes =
        [InterpolateMode::Nearest, InterpolateMode::NearestExact, InterpolateMode::Bilinear, InterpolateMode::Area];
    for mode in modes {
        for size in [[5, 2], [2, 7], [1, 1]] {
            let options = InterpolateOptions::new(&size, mode);
            gradgradcheck(&format!("{options:?}"), &[x(&[1, 2, 3, 4])], |t| t[0].exp()?.interpolate(&options));
        }
    }
    let corners = InterpolateOptions::by_factor(&[1.7, 0.8], InterpolateMode::Bilinear).align_corners(true);
    gradgradcheck("bilinear with corners", &[x(&[1, 2, 3, 4])], |t| t[0].exp()?.interpolate(&corners));
    let linear = InterpolateOptions::by_factor(&[1.3], InterpolateMode::Linear);
    gradgradcheck("linear", &[x(&[2, 2, 5])], |t| t[0].exp()?.interpolate(&linear));
}

#[test]
fn losses_of_classes() -> Result<()> {
    let device = kindling::Device::cpu();
    let target = Tensor::from_slice(&[2, 0, 1, -100], [4], &device)?;
    let spatial = Tensor::from_slice(&[2, 0, 1, 1], [2, 2], &device)?;
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
        for (weight, label_smoothing) in [(None, 0.0), (Some(y(&[3])), 0.0), (Some(y(&[3])), 0.1)] {
            let options = CrossEntropyOptions { weight, reduction, label_smoothing, ..Default::default() };
            let name = format!("cross_entropy with {options:?}");
            gradgradcheck(&name, &[x(&[4, 3])], |t| t[0].cross_entropy_with(&target, &options));
            gradgradcheck(&name, &[x(&[2, 3, 2])], |t| t[0].cross_entropy_with(&spatial, &options));
            let of_probabilities = |t: &[Tensor]| t[0].cross_entropy_with(&t[1].softmax(1)?, &options);
            gradgradcheck(&name, &[x(&[4, 3]), y(&[4, 3])], of_probabilities);
            if label_smoothing == 0.0 {
                gradgradcheck("nll_loss", &[x(&[4, 3])], |t| t[0].nll_loss_with(&target, &options));
            }
        }
    }
    Ok(())
}

#[test]
fn losses() {
    let (a, b) = (random(&[2, 3], 0.1, 0.9, 1), random(&[2, 3], 0.1, 0.9, 2));
    let pair = [a, b];
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
        gradgradcheck("mse_loss", &pair, |t| t[0].mse_loss(&t[1], reduction));
        gradcheck("l1_loss", &pair, |t| t[0].l1_loss(&t[1], reduction));
        gradgradcheck("smooth_l1_loss", &pair, |t| t[0].smooth_l1_loss(&t[1], 0.45, reduction));
        gradgradcheck("huber_loss", &pair, |t| t[0].huber_loss(&t[1], 0.45, reduction));
        gradgradcheck("bce", &pair, |t| t[0].bce(&t[1], None, reduction));
        gradgradcheck("bce_with_logits", &pair, |t| {
            t[0].bce_with_logits(&t[1], Some(&y(&[3])), Some(&x(&[3])), reduction)
        });
        gradgradcheck("kl_div", &pair, |t| t[0].log()?.kl_div(&t[1], reduction, false));
        gradgradcheck("kl_div of logarithms", &pair, |t| t[0].kl_div(&t[1], reduction, true));
    }
}

#[test]
fn products() {
    gradgradcheck("matmul", &[x(&[2, 3]), y(&[3, 4])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul of batches", &[x(&[2, 1, 2, 3]), y(&[3, 3, 2])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul with a vector", &[x(&[2, 2, 3]), y(&[3])], |t| t[0].matmul(&t[1]));
    gradgradcheck("matmul of transposes", &[x(&[3, 2]), y(&[4, 3])], |t| t[0].t()?.matmul(&t[1].t()?));
    gradgradcheck("bmm", &[x(&[2, 2, 3]), y(&[2, 3, 2])], |t| t[0].bmm(&t[1]));
    gradgradcheck("outer", &[x(&[2]), y(&[3])], |t| t[0].outer(&t[1]));
    gradgradcheck("addmm", &[x(&[3]), y(&[2, 2]), x(&[2, 3])], |t| t[0].addmm(&t[1], &t[2], 0.5, -2.0));
    gradgradcheck("linear", &[x(&[2, 2, 3]), y(&[4, 3]), x(&[4])], |t| t[0].linear(&t[1], Some(&t[2])));
}

#[test]
fn convolutions() {
    let strided = Conv2dOptions { stride: [2, 1], padding: Padding::Explicit([1, 2]), dilation: [1, 2], groups: 2 };
    gradgradcheck("conv2d", &[x(&[2, 4, 5, 6]), y(&[2, 2, 3, 2]), x(&[2])], |t| {
        t[0].conv2d(&t[1], Some(&t[2]), &strided)
    });
    let same = Conv2dOptions { padding: Padding::Same, ..Default::default() };
    gradgradcheck("conv2d, same", &[x(&[2, 4, 3]), y(&[3, 2, 2, 3])], |t| t[0].conv2d(&t[1], None, &same));
    let depthwise = Conv2dOptions { padding: Padding::Explicit([1, 1]), groups: 3, ..Default::default() };
    gradgradcheck("conv2d, depthwise", &[x(&[1, 3, 4, 4]), y(&[6, 1, 3, 3])], |t| t[0].conv2d(&t[1], None, &depthwise));
    let pointwise = Conv2dOptions::default();
    gradgradcheck("conv2d, pointwise", &[x(&[2, 3, 2, 2]), y(&[2, 3, 1, 1])], |t| t[0].conv2d(&t[1], None, &pointwise));
    let conv1d = Conv1dOptions { stride: 2, ..Default::default() };
    gradgradcheck("conv1d", &[x(&[2, 2, 7]), y(&[3, 2, 3]), x(&[3])], |t| t[0].conv1d(&t[1], Some(&t[2]), &conv1d));
    let transposed = ConvTranspose2dOptions { stride: [2, 2], output_padding: [1, 0], ..Default::default() };
    gradgradcheck("conv_transpose2d", &[x(&[1, 2, 3, 2]), y(&[2, 3, 3, 2]), x(&[3])], |t| {
        t[0].conv_transpose2d(&t[1], Some(&t[2]), &transposed)
    });
}

#[test]
fn pools() {
    let overlapping = MaxPool2dOptions { stride: [2, 1], padding: [1, 0], ..MaxPool2dOptions::new([3, 2]) };
    gradgradcheck("max_pool2d", &[x(&[2, 2, 5, 4])], |t| t[0].exp()?.max_pool2d(&overlapping));
    gradgradcheck("max_pool1d", &[x(&[2, 7])], |t| t[0].exp()?.max_pool1d(&MaxPool1dOptions::new(2)));
    let padded = AvgPool2dOptions {
        stride: [2, 1],
        padding: [1, 1],
        ceil_mode: true,
        count_include_pad: false,
        ..AvgPool2dOptions::new([3, 2])
    };
    gradgradcheck("avg_pool2d", &[x(&[2, 2, 4, 5])], |t| t[0].exp()?.avg_pool2d(&padded));
    gradgradcheck("adaptive_avg_pool2d", &[x(&[2, 7, 5])], |t| t[0].exp()?.adaptive_avg_pool2d([Some(3), Some(4)]));
}

#[test]
fn views() {
    gradcheck("t", &[x(&[2, 3])], |t| t[0].t());
    gradcheck("permute", &[x(&[2, 3, 4])], |t| t[0].permute(&[2, 0, 1]));
    gradcheck("expand", &[x(&[2, 1])], |t| t[0].expand(&[3, -1, 4]));
    gradcheck("reshape", &[x(&[2, 3])], |t| t[0].t()?.reshape(&[-1]));
    gradcheck("slice", &[x(&[5, 3])], |t| t[0].slice(0, Some(1), None, 2));
    gradcheck("contiguous", &[x(&[5, 3])], |t| t[0].t()?.contiguous());
    gradcheck("clone", &[x(&[5, 3])], |t| t[0].copy());
}

fn index(data: &[i32], shape: &[usize]) -> Result<Tensor> {
    Tensor::from_slice(data, shape.to_vec(), &Device::cpu())
}

#[test]
fn rearranging() {
    gradcheck("squeeze", &[x(&[2, 1, 3])], |t| t[0].squeeze());
    gradcheck("unsqueeze", &[x(&[2, 3])], |t| t[0].t()?.unsqueeze(1));
    gradcheck("flatten", &[x(&[2, 3, 2])], |t| t[0].transpose(0, 2)?.flatten(1, -1));
    gradcheck("unflatten", &[x(&[6, 2])], |t| t[0].unflatten(0, &[2, -1]));
    gradgradcheck("flip", &[x(&[2, 3])], |t| t[0].flip(&[0, -1])?.exp());
    gradgradcheck("roll", &[x(&[2, 3])], |t| t[0].roll(&[1, -2], &[0, 1])?.exp());
    gradcheck("roll, flattened", &[x(&[2, 3])], |t| t[0].roll(&[2], &[]));
    gradgradcheck("repeat", &[x(&[2, 3])], |t| t[0].repeat(&[2, 1, 3])?.exp());
    gradcheck("narrow", &[x(&[5, 3])], |t| t[0].narrow(0, 1, 2));
    gradcheck("select", &[x(&[5, 3])], |t| t[0].select(1, -1));
    gradcheck("getitem", &[x(&[5, 3])], |t| t[0].i((Index::NewAxis, 1..4, 2)));
    gradgradcheck("tril", &[x(&[3, 4])], |t| t[0].tril(-1)?.exp());
    gradgradcheck("triu", &[x(&[3, 4])], |t| t[0].triu(1)?.exp());
}

#[test]
fn concatenation_and_padding() {
    gradgradcheck("cat", &[x(&[2, 3]), y(&[2, 1])], |t| Tensor::cat(&[&t[0], &t[1], &t[0]], 1)?.exp());
    gradcheck("stack", &[x(&[2, 3]), y(&[2, 3])], |t| Tensor::stack(&[&t[0], &t[1]], 1));
    gradcheck("split", &[x(&[5, 2])], |t| {
        let parts = t[0].split(&[1, 4], 0)?;
        parts[0].mul(&parts[1])
    });
    gradcheck("chunk", &[x(&[4, 2])], |t| {
        let parts = t[0].chunk(2, 0)?;
        parts[0].mul(&parts[1])
    });
    gradcheck("unbind", &[x(&[3, 2])], |t| {
        let parts = t[0].unbind(0)?;
        parts[0].mul(&parts[2])
    });
    let modes = [PadMode::Constant(0.5), PadMode::Reflect, PadMode::Replicate, PadMode::Circular];
    for mode in modes {
        gradgradcheck("pad", &[x(&[2, 3, 4])], |t| t[0].pad(&[2, -1, 1, 2], mode)?.exp());
    }
}

#[test]
fn indexing() -> Result<()> {
    let rows = index(&[2, 0, 2, 2], &[4])?;
    gradgradcheck("index_select", &[x(&[3, 2])], |t| t[0].index_select(0, &rows)?.exp());
    let grid = index(&[1, 0, 1, 1, 2, 2], &[2, 3])?;
    gradgradcheck("gather", &[x(&[3, 3])], |t| t[0].gather(1, &grid)?.exp());
    gradgradcheck("gather, dim 0", &[x(&[3, 4])], |t| t[0].gather(0, &grid)?.exp());
    gradgradcheck("scatter_add", &[x(&[2, 4]), y(&[2, 3])], |t| t[0].scatter_add(1, &grid, &t[1])?.exp());
    let once = index(&[1, 0, 3, 2, 1, 0], &[2, 3])?;
    gradgradcheck("scatter", &[x(&[2, 4]), y(&[2, 3])], |t| t[0].scatter(1, &once, &t[1])?.exp());
    gradgradcheck("embedding", &[x(&[4, 2])], |t| grid.embedding(&t[0], None, false)?.exp());
    Ok(())
}

#[test]
fn along_a_dimension() {
    gradgradcheck("cumsum", &[x(&[2, 3, 2])], |t| t[0].cumsum(1)?.exp());
    gradgradcheck("cumprod", &[x(&[2, 3])], |t| t[0].cumprod(1));
    gradgradcheck("cumprod of zeros", &[x(&[5])], |t| t[0].mul(&index(&[1, 0, 1, 0, 1], &[5])?)?.cumprod(0));
    gradgradcheck("sort", &[x(&[3, 4])], |t| t[0].sort(1, true)?.0.exp());
    gradgradcheck("topk", &[x(&[3, 4])], |t| t[0].topk(2, 0, false)?.0.exp());
}

/// Embeddings whose gradient is not the derivative of the lookup, so that differences do not apply;
/// their own gradients are linear.
#[test]
fn embedding_with_padding_or_frequencies() -> Result<()> {
    let words = index(&[1, 3, 1, 0], &[4])?;
    for (padding, by_frequency) in [(Some(3), false), (None, true), (Some(0), true)] {
        let table = x(&[4, 2]).requires_grad_(true)?;
        let u = y(&[4, 2]).requires_grad_(true)?;
        let found = words.embedding(&table, padding, by_frequency)?;
        let keep = Backward::default().create_graph();
        let gradient = |u: &Tensor| grad(&[(&found, Some(u))], &[&table], &keep, false).map(|mut g| g.remove(0));
        gradcheck("embedding's gradient", &[u], |t| gradient(&t[0])?.ok_or_else(|| Error::internal("no gradient")));
    }
    Ok(())
}

#[test]
fn dropout() {
    gradgradcheck("dropout", &[x(&[4, 5])], |t| {
        manual_seed(3);
        t[0].dropout(0.4, true)?.exp()
    });
}
