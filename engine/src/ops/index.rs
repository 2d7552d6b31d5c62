//! Indexing as in NumPy: numbers, ranges with steps, new axes and an ellipsis, all of them views.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::tensor::Tensor;
use crate::{Error, Result};

/// An entry of the brackets in PyTorch's `x[0, 1:5:2, None, ...]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// Element of a dimension, negative from the end; the dimension is removed.
    At(isize),
    /// Range of a dimension, by Python's rules.
    Slice {
        /// First index; `None` is the start.
        start: Option<isize>,
        /// End, exclusive; `None` is the end of the dimension.
        stop: Option<isize>,
        /// Step between elements, at least 1.
        step: isize,
    },
    /// New dimension of size 1.
    NewAxis,
    /// All dimensions not mentioned.
    Ellipsis,
}

impl Index {
    /// Selects every `step`th element of a range: `Index::from(1..).by(2)` is Python's `1::2`.
    #[must_use]
    pub fn by(self, step: isize) -> Self {
        match self {
            Self::Slice { start, stop, .. } => Self::Slice { start, stop, step },
            other => other,
        }
    }

    fn slice(start: Option<isize>, stop: Option<isize>) -> Self {
        Self::Slice { start, stop, step: 1 }
    }

    /// Returns the number of dimensions of the input it consumes.
    fn consumes(self) -> usize {
        usize::from(matches!(self, Self::At(_) | Self::Slice { .. }))
    }
}

impl From<RangeFull> for Index {
    fn from(_: RangeFull) -> Self {
        Self::slice(None, None)
    }
}

/// Returns the exclusive end of a range that includes `end`; `None` if that is −1.
fn exclusive_end(end: isize) -> Option<isize> {
    if end == -1 { None } else { Some(end.saturating_add(1)) }
}

macro_rules! from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for Index {
            fn from(at: $int) -> Self {
                Self::At(at as isize)
            }
        }

        impl From<Range<$int>> for Index {
            fn from(range: Range<$int>) -> Self {
                Self::slice(Some(range.start as isize), Some(range.end as isize))
            }
        }

        impl From<RangeInclusive<$int>> for Index {
            fn from(range: RangeInclusive<$int>) -> Self {
                Self::slice(Some(*range.start() as isize), exclusive_end(*range.end() as isize))
            }
        }

        impl From<RangeFrom<$int>> for Index {
            fn from(range: RangeFrom<$int>) -> Self {
                Self::slice(Some(range.start as isize), None)
            }
        }

        impl From<RangeTo<$int>> for Index {
            fn from(range: RangeTo<$int>) -> Self {
                Self::slice(None, Some(range.end as isize))
            }
        }

        impl From<RangeToInclusive<$int>> for Index {
            fn from(range: RangeToInclusive<$int>) -> Self {
                Self::slice(None, exclusive_end(range.end as isize))
            }
        }
    )*};
}

from_integers!(i32, isize, usize);

/// Arguments of [`Tensor::i`]: a single index, a tuple of up to six, or a slice of [`Index`].
pub trait Indices {
    /// Returns the indices in order.
    fn indices(self) -> Vec<Index>;
}

impl<T: Into<Index>> Indices for T {
    fn indices(self) -> Vec<Index> {
        vec![self.into()]
    }
}

impl Indices for &[Index] {
    fn indices(self) -> Vec<Index> {
        self.to_vec()
    }
}

macro_rules! tuples {
    ($(($($name:ident)+);)*) => {$(
        impl<$($name: Into<Index>),+> Indices for ($($name,)+) {
            #[expect(non_snake_case, reason = "a tuple's parts are named like their types")]
            fn indices(self) -> Vec<Index> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )*};
}

tuples! {
    (A);
    (A B);
    (A B C);
    (A B C D);
    (A B C D E);
    (A B C D E F);
}

impl Tensor {
    /// Creates a view of part of the tensor, as `x[…]` in PyTorch.
    ///
    /// ```
    /// use kindling::{Device, Index, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::arange(0.0, 24.0, 1.0, &Device::cpu())?.reshape(&[4, 6])?;
    /// assert_eq!(block_on(x.i((1, ..3))?.to_vec::<f32>())?, [6.0, 7.0, 8.0]);
    /// assert_eq!(block_on(x.i((.., -1))?.to_vec::<f32>())?, [5.0, 11.0, 17.0, 23.0]);
    /// assert_eq!(x.i((Index::Ellipsis, Index::from(1..).by(2), Index::NewAxis))?.dims(), [4, 3, 1]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// More indices than dimensions, an index out of range, a step that is not positive, or two
    /// ellipses.
    pub fn i(&self, indices: impl Indices) -> Result<Self> {
        self.index(&indices.indices())
    }

    /// Creates the view of [`Tensor::i`] from a list of indices.
    ///
    /// ```
    /// use kindling::{ops::Index, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.index(&[Index::from(1..)])?.to_string(), "tensor([2., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::i`].
    pub fn index(&self, indices: &[Index]) -> Result<Self> {
        let named: usize = indices.iter().map(|index| index.consumes()).sum();
        let Some(rest) = self.ndim().checked_sub(named) else {
            let rule = format!("{named} indices are too many for a tensor of shape {}", self.shape());
            return Err(Error::shape("index", rule));
        };
        if indices.iter().filter(|index| **index == Index::Ellipsis).count() > 1 {
            return Err(Error::shape("index", "only one ellipsis can stand for the dimensions that are not mentioned"));
        }
        let mut view = self.clone();
        let mut dim = 0isize;
        for index in indices {
            match *index {
                Index::At(at) => view = view.select(dim, at)?,
                Index::Slice { start, stop, step } => {
                    if (start, stop, step) != (None, None, 1) {
                        view = view.slice(dim, start, stop, step)?;
                    }
                    dim += 1;
                }
                Index::NewAxis => {
                    view = view.unsqueeze(dim)?;
                    dim += 1;
                }
                Index::Ellipsis => dim += rest as isize,
            }
        }
        Ok(view)
    }

    /// Assigns `value`, broadcast, to part of the tensor in place: `x[…] = value` in PyTorch.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::zeros([2, 3], &Device::cpu())?;
    /// x.set((.., 1), &Tensor::scalar(5.0f32, &Device::cpu())?)?;
    /// assert_eq!(block_on(x.to_vec::<f32>())?, [0.0, 5.0, 0.0, 0.0, 5.0, 0.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::i`] and [`Tensor::copy_`].
    pub fn set(&self, indices: impl Indices, value: &Self) -> Result<()> {
        self.i(indices)?.copy_(value)
    }
}
