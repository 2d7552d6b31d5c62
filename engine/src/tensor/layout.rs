//! Memory layouts: strides and an offset over a flat run of elements. Reshape, permute, expand,
//! slice and flip change nothing else.

use smallvec::SmallVec;

use super::Shape;

/// Strides in elements; negative along flipped dimensions.
pub type Strides = SmallVec<[isize; 6]>;

/// A shape over a flat run of elements: element `(i, j, …)` is at
/// `offset + i·strides[0] + j·strides[1] + …`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Sizes of the dimensions.
    pub shape: Shape,
    /// Stride of each dimension, in elements.
    pub strides: Strides,
    /// Offset of the first element.
    pub offset: usize,
}

impl Layout {
    /// Creates a contiguous layout, row-major from offset 0.
    pub fn contiguous(shape: Shape) -> Self {
        let strides = row_major(&shape);
        Self { shape, strides, offset: 0 }
    }

    /// Returns the number of elements.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    /// Returns the length of memory, from its start, that the elements reach into.
    pub fn extent(&self) -> usize {
        let reach = |(size, stride): (&usize, &isize)| size.saturating_sub(1) * stride.max(&0).unsigned_abs();
        self.offset + self.shape.iter().zip(&self.strides).map(reach).sum::<usize>() + usize::from(self.numel() > 0)
    }

    /// Returns `true` if the elements are in row-major order without gaps, at any offset. Strides
    /// of dimensions of size 1 do not matter, nor do any in an empty tensor.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (size, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *size == 0 {
                return true;
            }
            if *size != 1 {
                if *stride != expected {
                    return false;
                }
                expected *= *size as isize;
            }
        }
        true
    }

    /// Returns `true` if this is all of a run of `len` elements, contiguous.
    pub fn is_whole(&self, len: usize) -> bool {
        self.offset == 0 && self.numel() == len && self.is_contiguous()
    }

    /// Merges neighboring dimensions that one stride serves and drops those of size 1: the fewest
    /// dimensions that visit memory in the same order.
    pub fn collapse(&self) -> (SmallVec<[usize; 6]>, Strides) {
        let mut sizes: SmallVec<[usize; 6]> = SmallVec::new();
        let mut strides = Strides::new();
        for (size, stride) in self.shape.iter().copied().zip(self.strides.iter().copied()) {
            match (sizes.last_mut(), strides.last_mut()) {
                _ if size == 1 => {}
                (Some(outer), Some(outer_stride)) if *outer_stride == stride * size as isize => {
                    *outer *= size;
                    *outer_stride = stride;
                }
                _ => {
                    sizes.push(size);
                    strides.push(stride);
                }
            }
        }
        (sizes, strides)
    }

    /// Broadcasts to `shape` by strides of zero. The shapes must have been checked.
    pub fn broadcast_to(&self, shape: &Shape) -> Self {
        let missing = shape.len().saturating_sub(self.shape.len());
        let strides = (0..shape.len()).map(|i| match i.checked_sub(missing) {
            Some(j) if self.shape[j] == shape[i] => self.strides[j],
            _ => 0,
        });
        Self { shape: shape.clone(), strides: strides.collect(), offset: self.offset }
    }

    /// Returns strides that give this memory another shape, if they exist: the rule of PyTorch's
    /// `view`.
    pub fn view(&self, shape: &Shape) -> Option<Self> {
        if self.numel() != shape.numel() {
            return None;
        }
        if self.numel() == 0 {
            return Some(Self { strides: row_major(shape), shape: shape.clone(), offset: self.offset });
        }
        let (sizes, strides) = self.collapse();
        let mut out = SmallVec::from_elem(1isize, shape.len());
        let mut at = shape.len();
        // Each run of memory, from the innermost, is split into the new dimensions that fill it
        // exactly.
        for (size, stride) in sizes.iter().copied().zip(strides.iter().copied()).rev() {
            let (mut filled, mut step) = (1, stride);
            while filled < size {
                at = at.checked_sub(1)?;
                out[at] = step;
                step *= shape[at] as isize;
                filled *= shape[at];
            }
            if filled != size {
                return None;
            }
        }
        // Only dimensions of size 1 remain; their strides never matter, so they get row-major ones.
        let mut step = if at < shape.len() { out[at] * shape[at] as isize } else { 1 };
        for i in (0..at).rev() {
            out[i] = step;
            step *= shape[i] as isize;
        }
        Some(Self { shape: shape.clone(), strides: out, offset: self.offset })
    }

    /// Calls `visit` with the memory offset of every element, in row-major order.
    pub fn for_each(&self, mut visit: impl FnMut(usize)) {
        let mut cursor = Cursor::new(self);
        for _ in 0..self.numel() {
            visit(cursor.next_offset());
        }
    }
}

/// Returns the row-major strides of a shape.
pub fn row_major(shape: &[usize]) -> Strides {
    let mut strides = SmallVec::from_elem(0isize, shape.len());
    let mut step = 1isize;
    for (stride, size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= (*size).max(1) as isize;
    }
    strides
}

/// Iterates over a layout's memory offsets in row-major order, from any element on.
pub struct Cursor {
    sizes: SmallVec<[usize; 6]>,
    strides: Strides,
    index: SmallVec<[usize; 6]>,
    offset: isize,
}

impl Cursor {
    /// Starts at the first element.
    pub fn new(layout: &Layout) -> Self {
        Self::at(layout, 0)
    }

    /// Starts at the element with this row-major index.
    pub fn at(layout: &Layout, mut element: usize) -> Self {
        let (sizes, strides) = layout.collapse();
        let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, sizes.len());
        let mut offset = layout.offset as isize;
        for d in (0..sizes.len()).rev() {
            index[d] = element % sizes[d].max(1);
            element /= sizes[d].max(1);
            offset += index[d] as isize * strides[d];
        }
        Self { sizes, strides, index, offset }
    }

    /// Returns the stride of the innermost run and the number of elements left in it.
    pub fn run(&self) -> (isize, usize) {
        match (self.sizes.last(), self.strides.last(), self.index.last()) {
            (Some(size), Some(stride), Some(index)) => (*stride, size - index),
            _ => (0, 1),
        }
    }

    /// Returns the offset of the current element.
    pub fn offset(&self) -> usize {
        self.offset as usize
    }

    /// Advances by `n` elements of the innermost run, which must have that many left.
    pub fn advance(&mut self, n: usize) {
        let Some(last) = self.sizes.len().checked_sub(1) else { return };
        self.index[last] += n;
        self.offset += self.strides[last] * n as isize;
        let mut d = last;
        while self.index[d] == self.sizes[d] && d > 0 {
            self.offset += self.strides[d - 1] - self.strides[d] * self.sizes[d] as isize;
            self.index[d] = 0;
            d -= 1;
            self.index[d] += 1;
        }
    }

    /// Returns the offset of the current element and advances.
    pub fn next_offset(&mut self) -> usize {
        let offset = self.offset as usize;
        self.advance(1);
        offset
    }
}

impl Layout {
    /// Composes layouts: `inner`, over the contiguous elements of this one, as a layout of this
    /// one's memory. This one must be contiguous.
    pub(crate) fn through(&self, inner: &Self) -> Self {
        Self { offset: self.offset + inner.offset, ..inner.clone() }
    }
}
