//! The operations: one file, one shader, one test, one name each. A file has the operation's
//! arguments, its shape rule, its CPU loop, its kernel, its derivative, and its `impl Tensor`.
//! Families (`unary`, `binary`, `reduce`) have the code shared by their members. Operations know no
//! buffers and no gradients beyond their own derivative.

// Families.
#[macro_use]
mod ints;
mod binary;
mod compare;
mod conv;
#[macro_use]
pub(crate) mod gemm;
mod normalize;
mod pool;
pub(crate) mod reduce;
mod rows;
mod unary;

// Creation.
mod arange;
mod create;
mod full;
mod nested;
mod rand;
mod random;
mod to;

// Display.
mod display;

// Layouts: no kernel.
mod expand;
mod index;
mod permute;
mod reshape;
mod slice;
mod split;
mod squeeze;

// Copies.
mod as_strided_scatter;
mod cat;
mod contiguous;
mod flip;
mod pad;
mod repeat;
mod roll;
mod to_dtype;
mod tril;

// Pointwise, beside the families.
mod dropout;
mod masked_fill;
mod where_;

// Lookup by index.
mod embedding;
mod gather;
mod index_sum;
mod one_hot;
mod scatter;

// Along a dimension.
mod scan;
mod sort;

// Rows, normalization, losses.
mod batch_norm;
mod group_norm;
mod layer_norm;
mod loss;
mod softmax;

// Windows of images, and other sizes.
mod interpolate;
mod unfold;

// Pooling.
mod adaptive_avg_pool2d;
mod avg_pool2d;
mod max_pool1d;
mod max_pool2d;
mod max_pool2d_maxima;

// Products.
mod addmm;
mod attention;
mod bmm;
mod conv1d;
mod conv2d;
mod conv2d_input;
mod conv2d_weight;
mod conv_transpose2d;
mod linear;
mod matmul;
mod outer;

// Images on their way into a network.
mod color_jitter;
mod gather_batch;
mod warp;

pub use attention::AttentionOptions;
pub use avg_pool2d::AvgPool2dOptions;
pub use color_jitter::Adjust;
pub use conv_transpose2d::ConvTranspose2dOptions;
pub use conv1d::Conv1dOptions;
pub use conv2d::{Conv2dOptions, Padding};
pub use create::TensorOptions;
pub use gather_batch::{Crop, GatherBatch};
pub use index::{Index, Indices};
pub use interpolate::{InterpolateMode, InterpolateOptions, InterpolateSize};
pub use loss::{CrossEntropyOptions, Reduction};
pub use max_pool1d::MaxPool1dOptions;
pub use max_pool2d::MaxPool2dOptions;
pub use nested::Nested;
pub use pad::PadMode;
pub(crate) use pool::pooled_size;
pub(crate) use random::threefry;
pub use random::{Generator, manual_seed};
pub use unary::Gelu;
pub use unfold::UnfoldOptions;
