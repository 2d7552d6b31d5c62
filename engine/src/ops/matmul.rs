//! `matmul`: the product of two tensors as matrices, vectors, or batches of them.

use std::hash::Hasher;

use kindling_gemm::Strided;
use smallvec::SmallVec;

use crate::device::{DType, Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Cursor, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, typed_mut,
};
use crate::{Error, Result, shader};

use super::gemm::{self, Gemm, multiply_batches};

/// Maximum number of batch dimensions in the shader, after merging neighbors.
const MAX_BATCH_DIMS: usize = 4;

/// Computes `output[…, m, n] = Σ_k a[…, m, k]·b[…, k, n]` for operands of the same number of
/// dimensions, at least two, and equal batches.
#[derive(Debug)]
struct MatMul;

impl Function for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let a = cx.needs(0).then(|| Tensor::call(Self, &[grad, &cx.input(1)?.transpose(-1, -2)?])).transpose()?;
        let b = cx.needs(1).then(|| Tensor::call(Self, &[&cx.input(0)?.transpose(-1, -2)?, grad])).transpose()?;
        Ok(vec![a, b])
    }
}

impl Op for MatMul {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (a, b) = (&operands[0], &operands[1]);
        let dtype = product_dtype("matmul", a.dtype, b.dtype)?;
        let ([a_batch @ .., m, k], [b_batch @ .., k2, n]) = (&a.shape[..], &b.shape[..]) else {
            return Err(Error::internal("matmul of less than matrices"));
        };
        if a_batch != b_batch || k != k2 {
            let rule = format!(
                "mat1 and mat2 shapes cannot be multiplied ({m}x{k} and {k2}x{n}): the columns of the first must be the rows of the second"
            );
            return Err(Error::shape("matmul", rule));
        }
        Ok(Spec { shape: Shape::new(a_batch.iter().chain([m, n]).copied()), dtype })
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for MatMul {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.shape.len() <= MAX_BATCH_DIMS + 2 || layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let (a, b) = (Sides::of(operands[0].layout), Sides::of(operands[1].layout));
        let sizes = [a.rows, a.cols, b.cols];
        let (mut at_a, mut at_b) = (Cursor::new(&a.batch), Cursor::new(&b.batch));
        let offsets: Vec<[usize; 2]> = (0..a.batch.numel()).map(|_| [at_a.next_offset(), at_b.next_offset()]).collect();
        products!(output.dtype(), "matmul", T => {
            let (a, b) = ((operands[0].typed::<T>()?, a.at), (operands[1].typed::<T>()?, b.at));
            multiply_batches(sizes, a, b, &offsets, typed_mut(output)?)
        })
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let (a, b) = (Sides::of(&operands[0].layout), Sides::of(&operands[1].layout));
        let (sizes, a_batch, b_batch) = join(&a.batch, &b.batch);
        if sizes.len() > MAX_BATCH_DIMS {
            let rule = format!("the batches of {} and {} lie too scattered in memory", a.batch.shape, b.batch.shape);
            return Err(Error::shape("matmul", rule));
        }
        let offsets = [a.batch.offset, b.batch.offset];
        let mut params = operand_params(offsets, [a.at, b.at], None);
        let inner = |i: usize| sizes.len().checked_sub(i + 1);
        params.extend((0..MAX_BATCH_DIMS).map(|i| inner(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
        for steps in [a_batch, b_batch] {
            params.extend((0..MAX_BATCH_DIMS).map(|i| inner(i).map_or(Param::Word(0), |d| Param::from(steps[d]))));
        }
        let gemm = Gemm {
            name: "matmul",
            wgsl: shader!("matmul"),
            constants: Vec::new(),
            dtype: output.dtype,
            shape: gemm::Shape { m: a.rows, n: b.cols, k: a.cols, batches: a.batch.numel() },
            deep: deep(a.at, b.at),
            operands: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(0)],
            params,
            extents: operands.iter().map(|operand| operand.layout.extent()).collect(),
            output: output.shape.numel(),
        };
        gemm.program(device)
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

/// A layout as batches of matrices.
struct Sides {
    batch: Layout,
    rows: usize,
    cols: usize,
    /// Strides of a matrix; the offset is in `batch`.
    at: Strided,
}

impl Sides {
    fn of(layout: &Layout) -> Self {
        let n = layout.shape.len().saturating_sub(2);
        Self {
            batch: Layout {
                shape: Shape::from(&layout.shape[..n]),
                strides: layout.strides[..n].into(),
                offset: layout.offset,
            },
            rows: layout.shape[n],
            cols: layout.shape[n + 1],
            at: Strided { offset: 0, row: layout.strides[n], col: layout.strides[n + 1] },
        }
    }
}

type Steps = SmallVec<[isize; 6]>;

/// Returns the sizes and both strides of equal batches, with neighbors merged where both allow it.
fn join(a: &Layout, b: &Layout) -> (SmallVec<[usize; 6]>, Steps, Steps) {
    let (mut sizes, mut at_a, mut at_b) = (SmallVec::<[usize; 6]>::new(), Steps::new(), Steps::new());
    for (d, size) in a.shape.iter().copied().enumerate().filter(|(_, size)| *size != 1) {
        let (step_a, step_b, run) = (a.strides[d], b.strides[d], size as isize);
        match (sizes.last_mut(), at_a.last_mut(), at_b.last_mut()) {
            (Some(outer), Some(outer_a), Some(outer_b)) if *outer_a == step_a * run && *outer_b == step_b * run => {
                *outer *= size;
                (*outer_a, *outer_b) = (step_a, step_b);
            }
            _ => {
                sizes.push(size);
                at_a.push(step_a);
                at_b.push(step_b);
            }
        }
    }
    (sizes, at_a, at_b)
}

/// Returns the parameters of `shaders/matmul.wgsl` from `a_offset` to `bias_step`, and padding,
/// followed by the batches.
pub(super) fn operand_params(offsets: [usize; 2], at: [Strided; 2], bias: Option<(usize, isize)>) -> Vec<Param> {
    let mut params = offsets.map(Param::from).to_vec();
    params.extend(at.iter().flat_map(|at| [Param::from(at.row), Param::from(at.col)]));
    let (offset, step) = bias.unwrap_or_default();
    params.extend([Param::from(u32::from(bias.is_some())), Param::from(offset), Param::from(step), Param::Word(0)]);
    params
}

/// Returns `true` if neighbors in memory of A, and of B, differ in depth.
pub(super) fn deep(a: Strided, b: Strided) -> [bool; 2] {
    [a.col.unsigned_abs() <= a.row.unsigned_abs(), b.row.unsigned_abs() < b.col.unsigned_abs()]
}

/// Returns the type of a product of two types.
///
/// # Errors
/// The types differ, or cannot be multiplied.
pub(super) fn product_dtype(op: &'static str, a: DType, b: DType) -> Result<DType> {
    match (a, b) {
        (a, b) if a != b => {
            Err(Error::dtype(op, format!("expected both operands to have the same type, got {a} and {b}")))
        }
        (DType::F32 | DType::F64 | DType::I32 | DType::I64, _) => Ok(a),
        _ => Err(Error::dtype(op, format!("not implemented for {a}"))),
    }
}

impl Tensor {
    /// Returns the matrix product, by the ranks of the operands. Two vectors give their dot
    /// product. A vector on the left is a row, on the right a column, and that dimension is removed
    /// from the result. More than two dimensions are batches of matrices, which broadcast.
    /// [torch.matmul](https://docs.pytorch.org/docs/stable/generated/torch.matmul.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let cpu = Device::cpu();
    /// let a = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [2, 2], &cpu)?;
    /// let x = Tensor::from_slice(&[1.0f32, 1.0], [2], &cpu)?;
    /// assert_eq!(block_on(a.matmul(&x)?.to_vec::<f32>())?, [3.0, 7.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A scalar; inner sizes that differ; batches that do not broadcast; types that differ.
    pub fn matmul(&self, other: &Self) -> Result<Self> {
        let (a_dims, b_dims) = (self.ndim(), other.ndim());
        if a_dims == 0 || b_dims == 0 {
            let rule = format!("both arguments need to be at least 1D, but they are {a_dims}D and {b_dims}D");
            return Err(Error::shape("matmul", rule));
        }
        product_dtype("matmul", self.dtype(), other.dtype())?;
        let a = if a_dims == 1 { self.reshape_to(&Shape::from([1, self.numel()]))? } else { self.clone() };
        let b = if b_dims == 1 { other.reshape_to(&Shape::from([other.numel(), 1]))? } else { other.clone() };
        let ([a_batch @ .., m, k], [b_batch @ .., k2, n]) = (a.dims(), b.dims()) else {
            return Err(Error::internal("matmul of less than matrices"));
        };
        if k != k2 {
            let rule = format!(
                "shapes {} and {} cannot be multiplied: the inner sizes {k} and {k2} differ",
                self.shape(),
                other.shape()
            );
            return Err(Error::shape("matmul", rule));
        }
        let batch = Shape::from(a_batch).broadcast(&Shape::from(b_batch), "matmul")?;
        // One matrix on the right serves all rows of all batches: one large product, and one for
        // its gradient.
        let product = if b_batch.is_empty() && !a_batch.is_empty() {
            let rows = batch.numel() * m;
            Self::call(MatMul, &[&a.reshape_to(&Shape::from([rows, *k]))?, &b])?
        } else {
            let with = |rows: &usize, cols: &usize| Shape::new(batch.iter().chain([rows, cols]).copied());
            let (left, right) = (a.expand_to_batch(&with(m, k))?, b.expand_to_batch(&with(k, n))?);
            Self::call(MatMul, &[&left, &right])?
        };
        let rows = (a_dims > 1).then_some(m);
        let cols = (b_dims > 1).then_some(n);
        product.reshape_to(&Shape::new(batch.iter().chain(rows).chain(cols).copied()))
    }

    fn expand_to_batch(&self, shape: &Shape) -> Result<Self> {
        if self.shape() == shape { Ok(self.clone()) } else { self.expand_to(shape) }
    }
}
