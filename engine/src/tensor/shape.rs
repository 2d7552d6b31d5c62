//! Shapes and the rules shared by all operations: broadcasting, dimensions counted from the end.
//! The module knows no memory.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::{Error, Result};

/// Sizes of a tensor's dimensions, outermost first.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 6]>);

impl Shape {
    /// Creates a shape of these sizes.
    pub fn new(sizes: impl IntoIterator<Item = usize>) -> Self {
        Self(sizes.into_iter().collect())
    }

    /// Returns the number of elements: the product of the sizes, 1 for a scalar.
    pub fn numel(&self) -> usize {
        self.0.iter().product()
    }

    /// Returns the sizes for modification.
    pub(crate) fn sizes_mut(&mut self) -> &mut SmallVec<[usize; 6]> {
        &mut self.0
    }

    /// Resolves `dim`, negative from the end. A scalar is treated as having one dimension.
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn dim(&self, op: &'static str, dim: isize) -> Result<usize> {
        wrap_dim(op, dim, self.len().max(1))
    }

    /// Resolves several dimensions and sorts them.
    ///
    /// # Errors
    /// A dimension is out of range or repeated.
    pub fn dims(&self, op: &'static str, dims: &[isize]) -> Result<SmallVec<[usize; 6]>> {
        let mut out: SmallVec<[usize; 6]> = SmallVec::new();
        for dim in dims {
            let dim = self.dim(op, *dim)?;
            if out.contains(&dim) {
                return Err(Error::shape(op, format!("dim {dim} appears multiple times in the list of dims")));
            }
            out.push(dim);
        }
        out.sort_unstable();
        Ok(out)
    }

    /// Broadcasts two shapes: aligned at the end, sizes equal or 1.
    ///
    /// # Errors
    /// Two sizes differ and neither is 1.
    pub fn broadcast(&self, other: &Self, op: &'static str) -> Result<Self> {
        let ndim = self.len().max(other.len());
        let mut sizes = SmallVec::from_elem(1, ndim);
        for (i, size) in sizes.iter_mut().enumerate() {
            let a = (i + self.len()).checked_sub(ndim).map_or(1, |i| self[i]);
            let b = (i + other.len()).checked_sub(ndim).map_or(1, |i| other[i]);
            *size = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                (a, b) => {
                    let rule = format!(
                        "the shapes {self} and {other} cannot be broadcast: {a} must match {b} at dimension {i}, or one of them be 1"
                    );
                    return Err(Error::shape(op, rule));
                }
            };
        }
        Ok(Self(sizes))
    }

    /// Returns the shape after reducing `dims` (sorted): size 1 with `keepdim`, otherwise dropped.
    pub fn reduce(&self, dims: &[usize], keepdim: bool) -> Self {
        let sizes = self.iter().enumerate().filter_map(|(i, size)| match dims.contains(&i) {
            true if keepdim => Some(1),
            true => None,
            false => Some(*size),
        });
        Self(sizes.collect())
    }
}

/// Resolves `dim` among `ndim` dimensions, negative from the end.
///
/// # Errors
/// The dimension is out of range.
pub fn wrap_dim(op: &'static str, dim: isize, ndim: usize) -> Result<usize> {
    let n = ndim as isize;
    if dim < -n || dim >= n {
        return Err(Error::Dim { op, dim, low: -n, high: n - 1 });
    }
    Ok(if dim < 0 { dim + n } else { dim } as usize)
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Self(SmallVec::from_slice(sizes))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Self {
        Self(SmallVec::from_vec(sizes))
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(sizes: &Vec<usize>) -> Self {
        Self(SmallVec::from_slice(sizes))
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        Self(SmallVec::from_slice(&sizes))
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(sizes: &[usize; N]) -> Self {
        Self(SmallVec::from_slice(sizes))
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<usize> for Shape {
    fn from(size: usize) -> Self {
        Self(SmallVec::from_slice(&[size]))
    }
}
