//! Rows: the elements along one dimension of a contiguous tensor, the units of kernels such as
//! softmax. Their layout, and their division among threads.

use crate::device::{Device, Float};
use crate::tensor::{Layout, Param};

use super::reduce::program::{groups_of_teams, team};

/// The rows of a contiguous tensor along one dimension: `length` elements at a stride of `inner`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Number of rows.
    pub rows: usize,
    /// Number of elements of a row.
    pub length: usize,
    /// Stride within a row.
    pub inner: usize,
}

impl Rows {
    /// Returns the rows along `dim` of a tensor of this shape; a scalar is one row of one element.
    pub fn along(shape: &[usize], dim: usize) -> Self {
        let length = shape.get(dim).copied().unwrap_or(1);
        let inner = shape.iter().skip(dim + 1).product();
        let outer: usize = shape.iter().take(dim).product();
        Self { rows: outer * inner, length, inner }
    }

    /// Returns the offset of a row.
    pub fn start(&self, row: usize) -> usize {
        let inner = self.inner.max(1);
        row / inner * self.length * inner + row % inner
    }

    /// Returns the number of threads that share a row.
    pub fn team(&self, device: &Device) -> usize {
        team(device, self.length, self.inner > 1)
    }

    /// Returns the workgroups for one team a row.
    pub fn groups(&self, device: &Device) -> [u32; 3] {
        groups_of_teams(self.rows, self.team(device))
    }

    /// Returns the shader's first parameters, followed by the offsets of operands.
    pub fn params(&self, operands: &[&Layout]) -> Vec<Param> {
        let mut params = [self.rows, self.length, self.inner].map(Param::from).to_vec();
        params.extend(operands.iter().map(|layout| Param::from(layout.offset)));
        params
    }

    /// Calls `visit` with each row of `N` tensors as runs, and writes the run left in the first of
    /// `outputs`.
    pub fn map<T: Float, const N: usize>(
        &self,
        inputs: [&[T]; N],
        output: &mut [T],
        mut visit: impl FnMut([&[T]; N], &mut [T]),
    ) {
        if self.inner <= 1 {
            for (row, out) in output.chunks_exact_mut(self.length.max(1)).enumerate() {
                visit(inputs.map(|input| &input[row * self.length..(row + 1) * self.length]), out);
            }
            return;
        }
        let mut gathered = [(); N].map(|()| vec![T::default(); self.length]);
        let mut made = vec![T::default(); self.length];
        for row in 0..self.rows {
            let start = self.start(row);
            for (run, input) in gathered.iter_mut().zip(inputs) {
                run.iter_mut().enumerate().for_each(|(i, x)| *x = input[start + i * self.inner]);
            }
            visit(std::array::from_fn(|i| gathered[i].as_slice()), &mut made);
            made.iter().enumerate().for_each(|(i, x)| output[start + i * self.inner] = *x);
        }
    }
}
