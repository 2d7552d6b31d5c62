//! `tril`, `triu`, `eye`: matrices with zeros on one side of a diagonal.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Element, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut,
};
use crate::{Error, Result, dispatch};

use super::create::TensorOptions;

#[derive(Clone, Debug)]
struct Triangle {
    upper: bool,
    rows: usize,
    cols: usize,
    diagonal: i32,
}

impl Triangle {
    /// Returns `true` if element `i` of a batch of matrices is kept.
    fn keeps(&self, i: usize) -> bool {
        let (row, col) = (i / self.cols % self.rows, i % self.cols);
        let at = col as i64 - row as i64;
        if self.upper { at >= i64::from(self.diagonal) } else { at <= i64::from(self.diagonal) }
    }
}

impl Function for Triangle {
    fn name(&self) -> &'static str {
        if self.upper { "triu" } else { "tril" }
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(Tensor::call(self.clone(), &[grad])?)])
    }
}

impl Op for Triangle {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Word(self.rows as u32), Scalar::Word(self.cols as u32), Scalar::Int(self.diagonal)]
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Triangle {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: crate::shader!("tril").into(),
            name: format!("{}_forward_{}", self.name(), operands[0]),
            scalars: smallvec!["u32", "u32", "i32"],
            takes_index: true,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()> {
        fn run<T: Element>(op: &Triangle, input: &[T], first: usize, output: &mut [T]) {
            for (i, (y, x)) in output.iter_mut().zip(input).enumerate() {
                *y = if op.keeps(first + i) { *x } else { T::default() };
            }
        }
        dispatch!(output.dtype(), T => run::<T>(self, typed(operands[0])?, first, typed_mut(output)?));
        Ok(())
    }
}

impl Tensor {
    /// Returns the matrices in the last two dimensions with zeros above the diagonal that lies
    /// `diagonal` above the main one.
    /// [torch.tril](https://docs.pytorch.org/docs/stable/generated/torch.tril.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.tril(0)?.to_string(), "tensor([[1., 0.],\n        [3., 4.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions.
    pub fn tril(&self, diagonal: isize) -> Result<Self> {
        self.triangle(false, diagonal)
    }

    /// Returns the matrices in the last two dimensions with zeros below the diagonal that lies
    /// `diagonal` above the main one.
    /// [torch.triu](https://docs.pytorch.org/docs/stable/generated/torch.triu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.triu(0)?.to_string(), "tensor([[1., 2.],\n        [0., 4.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions.
    pub fn triu(&self, diagonal: isize) -> Result<Self> {
        self.triangle(true, diagonal)
    }

    /// Returns the n × m matrix with ones on its main diagonal.
    /// [torch.eye](https://docs.pytorch.org/docs/stable/generated/torch.eye.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::eye(2, 2, &cpu)?.to_string(), "tensor([[1., 0.],\n        [0., 1.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn eye(n: usize, m: usize, options: impl Into<TensorOptions>) -> Result<Self> {
        Self::ones([n, m], options)?.tril(0)?.triu(0)
    }

    fn triangle(&self, upper: bool, diagonal: isize) -> Result<Self> {
        let &[.., rows, cols] = self.dims() else {
            let name = if upper { "triu" } else { "tril" };
            return Err(Error::shape(name, format!("expects at least 2 dimensions, got shape {}", self.shape())));
        };
        // Diagonals beyond the corners are all equivalent.
        let most = i32::MAX as isize;
        let op = Triangle { upper, rows, cols, diagonal: diagonal.clamp(-most, most) as i32 };
        Self::call(op, &[self])
    }
}
