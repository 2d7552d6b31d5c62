//! How a shape lies in memory: strides and an offset over a flat run of elements. Reshape, permute, expand,
//! slice and flip only change this.

use smallvec::SmallVec;

use super::Shape;

/// Strides, in elements; negative where a dimension runs backwards.
pub type Strides = SmallVec<[isize; 6]>;

/// A shape over a flat run of elements: element `(i, j, …)` lies at `offset + i·strides[0] + j·strides[1] + …`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The sizes.
    pub shape: Shape,
    /// The step in memory along each dimension.
    pub strides: Strides,
    /// Where the first element lies.
    pub offset: usize,
}

impl Layout {
    /// Row-major from the start of memory.
    pub fn contiguous(shape: Shape) -> Self {
        let strides = row_major(&shape);
        Self { shape, strides, offset: 0 }
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    /// How much memory from its beginning the elements reach into.
    pub fn extent(&self) -> usize {
        let reach = |(size, stride): (&usize, &isize)| size.saturating_sub(1) * stride.max(&0).unsigned_abs();
        self.offset + self.shape.iter().zip(&self.strides).map(reach).sum::<usize>() + usize::from(self.numel() > 0)
    }

    /// Whether the elements lie in row-major order without gaps, wherever they start. Strides of dimensions of
    /// size 1 do not matter, nor any in an empty tensor.
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

    /// Whether this is all of a run of `len` elements, in order.
    pub fn is_whole(&self, len: usize) -> bool {
        self.offset == 0 && self.numel() == len && self.is_contiguous()
    }

    /// The same elements with neighbouring dimensions joined where one stride serves both and those of size 1
    /// left out: the fewest dimensions that visit memory in the same order.
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

    /// This layout read through strides of zero where `shape` is larger, as broadcasting does. The shapes must
    /// have been checked.
    pub fn broadcast_to(&self, shape: &Shape) -> Self {
        let missing = shape.len().saturating_sub(self.shape.len());
        let strides = (0..shape.len()).map(|i| match i.checked_sub(missing) {
            Some(j) if self.shape[j] == shape[i] => self.strides[j],
            _ => 0,
        });
        Self { shape: shape.clone(), strides: strides.collect(), offset: self.offset }
    }

    /// Strides under which this memory has another shape, if there are any: the rule of PyTorch's `view`.
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
        // Each run of memory, from the innermost, is cut into the new dimensions that fill it exactly.
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
        // What is left are dimensions of size 1, whose strides never matter; give them row-major ones.
        let mut step = if at < shape.len() { out[at] * shape[at] as isize } else { 1 };
        for i in (0..at).rev() {
            out[i] = step;
            step *= shape[i] as isize;
        }
        Some(Self { shape: shape.clone(), strides: out, offset: self.offset })
    }

    /// Calls `visit` with the place in memory of every element, in row-major order.
    pub fn for_each(&self, mut visit: impl FnMut(usize)) {
        let mut cursor = Cursor::new(self);
        for _ in 0..self.numel() {
            visit(cursor.next_place());
        }
    }
}

/// Row-major strides of a shape.
pub fn row_major(shape: &[usize]) -> Strides {
    let mut strides = SmallVec::from_elem(0isize, shape.len());
    let mut step = 1isize;
    for (stride, size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= (*size).max(1) as isize;
    }
    strides
}

/// Walks a layout's places in memory in row-major order, from any element on.
pub struct Cursor {
    sizes: SmallVec<[usize; 6]>,
    strides: Strides,
    index: SmallVec<[usize; 6]>,
    place: isize,
}

impl Cursor {
    /// At the first element.
    pub fn new(layout: &Layout) -> Self {
        Self::at(layout, 0)
    }

    /// At the element with this number in row-major order.
    pub fn at(layout: &Layout, mut element: usize) -> Self {
        let (sizes, strides) = layout.collapse();
        let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, sizes.len());
        let mut place = layout.offset as isize;
        for d in (0..sizes.len()).rev() {
            index[d] = element % sizes[d].max(1);
            element /= sizes[d].max(1);
            place += index[d] as isize * strides[d];
        }
        Self { sizes, strides, index, place }
    }

    /// The stride of the innermost run and how many elements of it are left.
    pub fn run(&self) -> (isize, usize) {
        match (self.sizes.last(), self.strides.last(), self.index.last()) {
            (Some(size), Some(stride), Some(index)) => (*stride, size - index),
            _ => (0, 1),
        }
    }

    /// The place of the element it stands on.
    pub fn place(&self) -> usize {
        self.place as usize
    }

    /// Moves on by `n` elements of the innermost run, which must have that many left.
    pub fn advance(&mut self, n: usize) {
        let Some(last) = self.sizes.len().checked_sub(1) else { return };
        self.index[last] += n;
        self.place += self.strides[last] * n as isize;
        let mut d = last;
        while self.index[d] == self.sizes[d] && d > 0 {
            self.place += self.strides[d - 1] - self.strides[d] * self.sizes[d] as isize;
            self.index[d] = 0;
            d -= 1;
            self.index[d] += 1;
        }
    }

    /// The place of the element it stands on, and moves to the next.
    pub fn next_place(&mut self) -> usize {
        let place = self.place as usize;
        self.advance(1);
        place
    }
}

impl Layout {
    /// What `inner`, a layout over the contiguous elements of this one, visits in this one's memory. This one must
    /// be contiguous.
    pub(crate) fn through(&self, inner: &Self) -> Self {
        Self { offset: self.offset + inner.offset, ..inner.clone() }
    }
}
