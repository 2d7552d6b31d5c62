//! `pad`: elements added around a tensor, or removed by negative padding. A constant is a copy into
//! a larger tensor; the other modes concatenate pieces of the tensor, so that their derivatives are
//! those of the pieces.

use std::rc::Rc;

use crate::tensor::{Function, Layout, Saves, Shape, Tensor, Vjp, no_grad, row_major};
use crate::{Error, Result};

/// Padding mode of [`Tensor::pad`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// A constant number.
    Constant(f64),
    /// Elements mirrored at the edge, which is not repeated: `c b | a b c | b a`.
    Reflect,
    /// Element at the edge: `a a | a b c | c c`.
    Replicate,
    /// Elements from the other end: `b c | a b c | a b`.
    Circular,
}

struct ConstantPad {
    pad: Vec<isize>,
}

impl Function for ConstantPad {
    fn name(&self) -> &'static str {
        "constant_pad_nd"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let pad: Vec<isize> = self.pad.iter().map(|n| -n).collect();
        Ok(vec![Some(grad.pad(&pad, PadMode::Constant(0.0))?)])
    }
}

impl Tensor {
    /// Adds `pad[0]` elements before and `pad[1]` after the last dimension, `pad[2]` and `pad[3]`
    /// around the one before it, and so on; negative numbers remove elements.
    /// [torch.nn.functional.pad](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html)
    ///
    /// ```
    /// use kindling::{Device, PadMode, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1, 2, 3], [1, 3], &Device::cpu())?;
    /// assert_eq!(block_on(x.pad(&[2, 1], PadMode::Reflect)?.to_vec::<i32>())?, [3, 2, 1, 2, 3, 2]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An odd number of paddings, or more than two per dimension; a negative size; `Reflect` by the
    /// dimension's size or more, `Circular` by more than it. Modes other than `Constant` pad the
    /// last one, two or three dimensions after one or two others.
    pub fn pad(&self, pad: &[isize], mode: PadMode) -> Result<Self> {
        let padded = pad.len() / 2;
        if !pad.len().is_multiple_of(2) || padded > self.ndim() {
            let rule = format!("expects two numbers for each of at most {} dimensions, got {pad:?}", self.ndim());
            return Err(Error::shape("pad", rule));
        }
        let sides = |i: usize| (self.ndim() - 1 - i, pad[2 * i], pad[2 * i + 1]);
        for (dim, before, after) in (0..padded).map(sides) {
            self.check_pad(dim, [before, after], mode)?;
        }
        if let PadMode::Constant(value) = mode {
            let output = no_grad(|| self.constant_pad(pad, value))?;
            output.record_grad_fn(Rc::new(ConstantPad { pad: pad.to_vec() }), &[self]);
            return Ok(output);
        }
        if !(1..=3).contains(&padded) || ![padded + 1, padded + 2].contains(&self.ndim()) {
            let rule = format!("{mode:?} cannot pad the last {padded} dimensions of shape {}", self.shape());
            return Err(Error::shape("pad", rule));
        }
        let mut output = self.clone();
        for (dim, before, after) in (0..padded).map(sides) {
            output = output.pad_dim(dim, [before, after], mode)?;
        }
        if output.is(self) { self.copy() } else { Ok(output) }
    }

    fn check_pad(&self, dim: usize, [before, after]: [isize; 2], mode: PadMode) -> Result<()> {
        let size = self.dims()[dim] as isize;
        let refuse = |why: &str| {
            let rule = format!("({before}, {after}) at dimension {dim} of {}: {why}", self.shape());
            Err(Error::shape("pad", rule))
        };
        // An enormous padding would overflow the size.
        let new = before.checked_add(after).and_then(|n| n.checked_add(size));
        if new.is_none_or(|n| n < 0) || before < -size || after < -size {
            return refuse("more is cut off than there is");
        }
        let most = before.max(after);
        match mode {
            PadMode::Constant(_) => Ok(()),
            _ if new == Some(0) && (before, after) != (0, 0) => refuse("nothing would be left"),
            PadMode::Reflect if most > 0 && most >= size => refuse("reflection needs a padding smaller than the size"),
            PadMode::Replicate if most > 0 && size == 0 => refuse("there is no edge to replicate"),
            PadMode::Circular if most > size + before.min(0) + after.min(0) => {
                refuse("the padding wraps around more than once")
            }
            _ => Ok(()),
        }
    }

    fn constant_pad(&self, pad: &[isize], value: f64) -> Result<Self> {
        let mut inner = self.clone();
        let mut shape = self.shape().clone();
        let mut starts = vec![0; self.ndim()];
        for (i, side) in pad.chunks_exact(2).enumerate() {
            let dim = self.ndim() - 1 - i;
            inner = inner.crop(dim, [side[0], side[1]])?;
            starts[dim] = side[0].max(0) as usize;
            shape.sizes_mut()[dim] = inner.dims()[dim] + starts[dim] + side[1].max(0) as usize;
        }
        let strides = row_major(&shape);
        let offset: usize = starts.iter().zip(&strides).map(|(start, stride)| start * *stride as usize).sum();
        if inner.shape() == &shape {
            return inner.copy();
        }
        let outer = Self::full(shape, value, (self.dtype(), &self.device()))?;
        outer.as_strided_scatter(&inner, &Layout { shape: Shape::from(inner.dims()), strides, offset })
    }

    /// Removes elements for negative padding.
    fn crop(&self, dim: usize, [before, after]: [isize; 2]) -> Result<Self> {
        let (start, end) = ((-before).max(0), self.dims()[dim] as isize + after.min(0));
        if start == 0 && end == self.dims()[dim] as isize {
            return Ok(self.clone());
        }
        self.take("pad", dim, start as usize, (end - start).max(0) as usize, 1)
    }

    fn pad_dim(&self, dim: usize, sides: [isize; 2], mode: PadMode) -> Result<Self> {
        // Removed elements can still be mirrored, but do not wrap around.
        let input = if mode == PadMode::Circular { self.crop(dim, sides)? } else { self.clone() };
        let size = input.dims()[dim];
        let [before, after] = sides.map(|n| n.max(0) as usize);
        let at = dim as isize;
        let piece = |start: usize, length: usize| input.take("pad", dim, start, length, 1);
        let edge = |start: usize, length: usize| {
            let mut shape = input.shape().clone();
            shape.sizes_mut()[dim] = length;
            piece(start, 1)?.expand_to(&shape)
        };
        let mut pieces = Vec::with_capacity(3);
        if before > 0 {
            pieces.push(match mode {
                PadMode::Reflect => piece(1, before)?.flip(&[at])?,
                PadMode::Circular => piece(size.saturating_sub(before), before)?,
                _ => edge(0, before)?,
            });
        }
        pieces.push(input.clone());
        if after > 0 {
            pieces.push(match mode {
                PadMode::Reflect => piece(size - 1 - after, after)?.flip(&[at])?,
                PadMode::Circular => piece(0, after)?,
                _ => edge(size - 1, after)?,
            });
        }
        let joined = match pieces.as_slice() {
            [only] => only.clone(),
            pieces => Self::cat(&pieces.iter().collect::<Vec<_>>(), at)?,
        };
        if mode == PadMode::Circular {
            return Ok(joined);
        }
        joined.crop(dim, sides.map(|n| n.min(0)))
    }
}
