//! Preset models.

use super::kind::{Branches, Sequence};
use super::{Kind, LayerSpec, ModelSpec};
use crate::nn::{
    AdaptiveAvgPool2d, BatchNormSpec, ClassTokenSpec, Conv2dSpec, Flatten, GELU, GroupNormSpec, LayerNormSpec,
    LinearSpec, MaxPool2d, MultiheadAttentionSpec, PositionEmbeddingSpec, ReLU, ReLU6, Select, Transpose, times,
};
use crate::{Error, Result};

/// A preset model.
#[derive(Clone, Copy)]
pub struct Preset {
    /// Name.
    pub name: &'static str,
    /// Description in a sentence.
    pub about: &'static str,
    make: fn(&[usize], usize) -> Result<Vec<LayerSpec>>,
    /// Shape of the images that it is designed for.
    pub input: [usize; 3],
}

impl Preset {
    /// Creates the model for images of a shape and a number of classes.
    ///
    /// # Errors
    /// The image is too small.
    pub fn model(&self, input: &[usize], classes: usize) -> Result<ModelSpec> {
        let layers = (self.make)(input, classes)?;
        let model = ModelSpec { name: self.name.to_owned(), input: input.to_vec(), layers }.fitted();
        model.check()?;
        Ok(model)
    }
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset { name: "softmax", about: "Softmax regression: one linear layer", make: softmax, input: [3, 32, 32] },
    Preset { name: "mlp", about: "Two hidden layers of 256 and 128", make: mlp, input: [3, 32, 32] },
    Preset { name: "intro", about: "The network of PyTorch's introduction", make: intro, input: [1, 32, 32] },
    Preset {
        name: "cifar-intro",
        about: "The network of PyTorch's CIFAR-10 tutorial",
        make: cifar,
        input: [3, 32, 32],
    },
    Preset { name: "vgg-small", about: "Four 3×3 convolutions and two linear layers", make: vgg, input: [3, 32, 32] },
    Preset { name: "resnet8", about: "A ResNet of 8 layers", make: resnet8, input: [3, 32, 32] },
    Preset { name: "resnet20", about: "The ResNet of 20 layers of He and others", make: resnet20, input: [3, 32, 32] },
    Preset {
        name: "resnet20-gn",
        about: "The ResNet of 20 layers with group normalization",
        make: resnet20_gn,
        input: [3, 32, 32],
    },
    Preset {
        name: "mobilenet",
        about: "A small MobileNetV2: depthwise convolutions in inverted residual blocks",
        make: mobilenet,
        input: [3, 32, 32],
    },
    Preset { name: "vit-small", about: "A small vision transformer on 4×4 patches", make: vit, input: [3, 32, 32] },
];

/// Returns a preset's model for images of a shape and a number of classes.
///
/// # Errors
/// The preset is unknown; or the image is too small for it.
///
/// ```
/// use kindling::train::model::preset;
/// # fn main() -> kindling::Result<()> {
/// let net = preset("cifar-intro", &[3, 32, 32], 10)?;
/// assert_eq!(net.summary().parameters, 62_006);
/// # Ok(()) }
/// ```
pub fn preset(name: &str, input: &[usize], classes: usize) -> Result<ModelSpec> {
    let found = PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        Error::value("preset", format!("there is no preset '{name}'; known are {}", known.join(", ")))
    })?;
    found.model(input, classes)
}

fn named(name: &str, kind: impl Into<Kind>) -> LayerSpec {
    LayerSpec::named(name, kind)
}

fn linear(name: &str, in_features: usize, out_features: usize) -> LayerSpec {
    named(name, LinearSpec { in_features, out_features, bias: true })
}

fn conv(name: &str, from: usize, to: usize, kernel: usize, padding: usize) -> LayerSpec {
    named(name, Conv2dSpec::new(from, to, kernel).padding(padding))
}

fn relu() -> LayerSpec {
    LayerSpec::numbered(ReLU {})
}

fn pool() -> LayerSpec {
    LayerSpec::numbered(MaxPool2d::new(2))
}

fn flatten() -> LayerSpec {
    LayerSpec::numbered(Flatten::default())
}

// `fitted` sets the sizes that follow from the image.
fn softmax(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(vec![flatten(), linear("fc", 1, classes)])
}

fn mlp(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(vec![flatten(), linear("fc1", 1, 256), relu(), linear("fc2", 256, 128), relu(), linear("fc3", 128, classes)])
}

fn lenet(kernel: usize, classes: usize) -> Vec<LayerSpec> {
    vec![
        conv("conv1", 1, 6, kernel, 0),
        relu(),
        pool(),
        conv("conv2", 6, 16, kernel, 0),
        relu(),
        pool(),
        flatten(),
        linear("fc1", 1, 120),
        relu(),
        linear("fc2", 120, 84),
        relu(),
        linear("fc3", 84, classes),
    ]
}

fn intro(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(lenet(3, classes))
}

fn cifar(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(lenet(5, classes))
}

fn vgg(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    let mut layers = Vec::new();
    for (i, (from, to)) in [(3, 32), (32, 32), (32, 64), (64, 64)].into_iter().enumerate() {
        layers.extend([conv(&format!("conv{}", i + 1), from, to, 3, 1), relu()]);
        if i % 2 == 1 {
            layers.push(pool());
        }
    }
    layers.extend([flatten(), linear("fc1", 4096, 256), relu(), linear("fc2", 256, classes)]);
    Ok(layers)
}

fn resnet8(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(resnet(1, batch_norm, classes))
}

fn resnet20(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(resnet(3, batch_norm, classes))
}

fn resnet20_gn(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    Ok(resnet(3, |channels| GroupNormSpec::new(8, channels).into(), classes))
}

fn batch_norm(channels: usize) -> Kind {
    BatchNormSpec::<2>::new(channels).into()
}

/// Returns a convolution without a bias, whose padding keeps the size at stride 1.
fn plain_conv(from: usize, to: usize, kernel: usize, stride: usize) -> Conv2dSpec {
    Conv2dSpec::new(from, to, kernel).stride(stride).padding(kernel / 2).bias(false)
}

/// Returns the 6n + 2 layers of a ResNet: three stages of n blocks with 16, 32 and 64 channels.
fn resnet(n: usize, norm: fn(usize) -> Kind, classes: usize) -> Vec<LayerSpec> {
    let mut layers = vec![named("conv1", plain_conv(3, 16, 3, 1)), named("bn1", norm(16)), relu()];
    let mut from = 16;
    for (stage, to) in [16, 32, 64].into_iter().enumerate() {
        let mut blocks = Vec::new();
        for block in 0..n {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let body = vec![
                named("conv1", plain_conv(from, to, 3, stride)),
                named("bn1", norm(to)),
                relu(),
                named("conv2", plain_conv(to, to, 3, 1)),
                named("bn2", norm(to)),
            ];
            let shortcut = match stride {
                1 => Vec::new(),
                stride => [plain_conv(from, to, 1, stride).into(), norm(to)].map(LayerSpec::numbered).to_vec(),
            };
            let activation = Some(Box::new(ReLU {}.into()));
            blocks.push(LayerSpec::numbered(Branches { body, shortcut, activation, ..Branches::default() }));
            from = to;
        }
        layers.push(named(&format!("layer{}", stage + 1), Sequence { layers: blocks }));
    }
    layers.extend([LayerSpec::numbered(AdaptiveAvgPool2d::new(1)), flatten(), linear("fc", 64, classes)]);
    layers
}

/// Returns a MobileNetV2 for images of 32×32: blocks that expand the channels, convolve each by
/// itself, and project them to fewer; with a shortcut where the shape stays.
fn mobilenet(_input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    const STEM: usize = 16;
    const HEAD: usize = 128;
    /// Expansion, output channels and stride of each block.
    const BLOCKS: [[usize; 3]; 7] =
        [[1, 16, 1], [4, 24, 2], [4, 24, 1], [4, 32, 2], [4, 32, 1], [4, 64, 2], [4, 64, 1]];
    // A convolution, its norm, and ReLU6 unless it projects.
    let unit = |n: usize, conv: Conv2dSpec, projects: bool| {
        let norm = batch_norm(conv.out_channels);
        let mut layers = vec![named(&format!("conv{n}"), conv), named(&format!("bn{n}"), norm)];
        layers.extend((!projects).then(|| LayerSpec::numbered(ReLU6 {})));
        layers
    };
    let mut from = STEM;
    let mut blocks = Vec::new();
    for [expansion, to, stride] in BLOCKS {
        let wide = from * expansion;
        let depthwise = plain_conv(wide, wide, 3, stride).groups(wide);
        let units = [
            unit(1, plain_conv(from, wide, 1, 1), false),
            unit(2, depthwise, false),
            unit(3, plain_conv(wide, to, 1, 1), true),
        ];
        let body = units.concat();
        blocks.push(match (stride, from == to) {
            (1, true) => LayerSpec::numbered(Branches { body, ..Branches::default() }),
            _ => LayerSpec::numbered(Sequence { layers: body }),
        });
        from = to;
    }
    let stem = unit(1, plain_conv(3, STEM, 3, 1), false);
    let end = vec![LayerSpec::numbered(AdaptiveAvgPool2d::new(1)), flatten(), linear("fc", HEAD, classes)];
    let blocks = vec![named("layers", Sequence { layers: blocks })];
    Ok([stem, blocks, unit(2, plain_conv(from, HEAD, 1, 1), false), end].concat())
}

fn vit(input: &[usize], classes: usize) -> Result<Vec<LayerSpec>> {
    const PATCH: usize = 4;
    let [_, height, width] = *input else {
        return Err(Error::shape("preset", format!("vit-small takes channels×height×width, got {}", times(input))));
    };
    let tokens = (height / PATCH) * (width / PATCH);
    Ok(transformer(PATCH, tokens, 64, 4, 4, 128, classes))
}

/// Returns a vision transformer: patches as a sequence, a class token, and blocks of attention and
/// two linear layers, each after a norm.
fn transformer(
    patch: usize,
    tokens: usize,
    dim: usize,
    heads: usize,
    depth: usize,
    hidden: usize,
    classes: usize,
) -> Vec<LayerSpec> {
    let norm = |name: &str| named(name, LayerNormSpec { normalized_shape: vec![dim], eps: 1e-5 });
    let residual = |body: Vec<LayerSpec>| named("", Branches { body, ..Branches::default() });
    let block = || {
        let attention = MultiheadAttentionSpec { embed_dim: dim, num_heads: heads, dropout: 0.0, is_causal: false };
        let look = residual(vec![norm("norm1"), named("attn", attention)]);
        let think = vec![
            norm("norm2"),
            linear("fc1", dim, hidden),
            LayerSpec::numbered(GELU::default()),
            linear("fc2", hidden, dim),
        ];
        LayerSpec::numbered(Sequence { layers: vec![look, residual(think)] })
    };
    vec![
        named("patch_embed", Conv2dSpec::new(3, dim, patch).stride(patch)),
        LayerSpec::numbered(Flatten { start_dim: 2, end_dim: -1 }),
        LayerSpec::numbered(Transpose { dim0: 1, dim1: 2 }),
        named("", ClassTokenSpec { dim }),
        named("", PositionEmbeddingSpec { length: tokens + 1, dim }),
        named("blocks", Sequence { layers: (0..depth).map(|_| block()).collect() }),
        norm("norm"),
        LayerSpec::numbered(Select { dim: 1, index: 0 }),
        linear("head", dim, classes),
    ]
}
