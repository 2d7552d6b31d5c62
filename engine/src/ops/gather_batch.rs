//! `gather_batch`: a batch of pictures out of a data set that lies on the device as bytes. Picking, cropping,
//! padding, mirroring, conversion to floats and normalization are one kernel, so that a training step sends
//! nothing but the places of its pictures.

use std::hash::{Hash, Hasher};

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

const NAME: &str = "gather_batch";

/// How pictures lie in memory, and the size of what is cut out of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatherBatch {
    /// How many pictures there are.
    pub pictures: usize,
    /// Channels, height and width of each.
    pub shape: [usize; 3],
    /// Height and width of the result.
    pub size: [usize; 2],
}

/// Where an element of the result comes from, in pixels: `left + x`, or `left + (width − 1 − x)` if mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The picture.
    pub picture: u32,
    /// The row of the picture that becomes the first; negative in the padding.
    pub top: i32,
    /// The column.
    pub left: i32,
    /// Mirrored left to right.
    pub mirrored: bool,
    /// Mirrored top to bottom.
    pub upside_down: bool,
}

impl Place {
    /// The integers that stand for it in the operation's second operand.
    pub fn words(self) -> [i32; 4] {
        let flips = i32::from(self.mirrored) + 2 * i32::from(self.upside_down);
        [self.picture as i32, self.top, self.left, flips]
    }
}

impl GatherBatch {
    fn bytes(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Function for GatherBatch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None, None, None]) // Bytes and places have no gradient; nothing learns the normalization.
    }
}

impl Op for GatherBatch {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let [pixels, places, scale] = operands else {
            return Err(Error::internal("gather_batch has three operands"));
        };
        let [channels, ..] = self.shape;
        let words = self.pictures.checked_mul(self.bytes()).map(|bytes| bytes.div_ceil(4));
        if pixels.dtype != DType::U32 || words.is_none_or(|words| pixels.shape.numel() < words) {
            let [c, h, w] = self.shape;
            let rule = format!(
                "{} pictures of {c}×{h}×{w} need {} words of four bytes, got {} of {}",
                self.pictures,
                words.unwrap_or(usize::MAX),
                pixels.shape.numel(),
                pixels.dtype
            );
            return Err(Error::shape(NAME, rule));
        }
        if places.dtype != DType::I32 || places.shape.len() != 2 || places.shape[1] != 4 {
            let rule = format!("places must be i32 of shape [N, 4], got {} of {}", places.dtype, places.shape);
            return Err(Error::shape(NAME, rule));
        }
        if !scale.dtype.is_float() || *scale.shape != [2, channels] {
            let rule = format!("expected means and deviations of shape [2, {channels}], got {}", scale.shape);
            return Err(Error::shape(NAME, rule));
        }
        let [height, width] = self.size;
        Ok(Spec::new([places.shape[0], channels, height, width], scale.dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for GatherBatch {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (words, places) = (operands[0].contiguous::<u32>()?, operands[1].contiguous::<i32>()?);
        let scale = operands[2].contiguous::<T>()?;
        let ([channels, height, width], [rows, columns]) = (self.shape, self.size);
        let byte = |at: usize| T::c(f64::from(words[at / 4] >> (8 * (at % 4)) & 255)) / T::c(255.0);
        // An index of the picture, if it is not in the padding.
        let inside = |at: i64, size: usize| usize::try_from(at).ok().filter(|at| *at < size);
        let plane = rows * columns;
        for (place, picture) in places.as_chunks::<4>().0.iter().zip(output.chunks_exact_mut((channels * plane).max(1)))
        {
            let [number, top, left, flips] = *place;
            let number = usize::try_from(number).ok().filter(|n| *n < self.pictures).ok_or(Error::Index {
                op: NAME,
                index: i64::from(number),
                size: self.pictures,
            })?;
            for (c, out) in picture.chunks_exact_mut(plane.max(1)).enumerate() {
                let (mean, std) = (scale[c], scale[channels + c]);
                for (i, y) in out.iter_mut().enumerate() {
                    let (row, column) = (i / columns, i % columns);
                    let row = if flips & 2 != 0 { rows - 1 - row } else { row };
                    let column = if flips & 1 != 0 { columns - 1 - column } else { column };
                    let row = inside(i64::from(top) + row as i64, height);
                    let column = inside(i64::from(left) + column as i64, width);
                    let value = match (row, column) {
                        (Some(row), Some(column)) => byte(((number * channels + c) * height + row) * width + column),
                        _ => T::zero(),
                    };
                    *y = (value - mean) / std;
                }
            }
        }
        Ok(())
    }
}

impl Kernel for GatherBatch {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        if u32::try_from(self.pictures * self.bytes()).is_err() {
            let rule = format!("{} pictures of {} bytes are more than 4 GiB", self.pictures, self.bytes());
            return Err(Error::shape(NAME, rule));
        }
        let [channels, height, width] = self.shape;
        let [rows, columns] = self.size;
        let mut params: Vec<Param> =
            [count, self.pictures, channels, height, width, rows, columns].into_iter().map(Param::from).collect();
        params.extend(operands.iter().map(|operand| Param::from(operand.layout.offset)));
        params.push(Param::Fault(FaultSite { op: NAME, size: self.pictures }));
        params.push(Param::Word(0));
        let launch = Launch {
            source: KernelSource::new(NAME, &[shader!("gather_batch"), shader!("shared/fault")]),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(2), Bind::Output, Bind::Faults],
            params,
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// A batch of pictures of a data set. `self` holds the pictures' bytes, channels first, four to a u32, the first
    /// in the lowest bits. `places` (i32, N×4) has a row of [`Place::words`] for each picture of the batch. `scale`
    /// (2×channels) has means and standard deviations. The result is N×channels×height×width:
    /// `(byte / 255 − mean) / std`, where what lies outside of the picture counts as 0, as the padding of
    /// torchvision's `RandomCrop` does. A picture that does not exist is an error when the result is computed.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// use kindling::ops::{GatherBatch, Place};
    /// # fn main() -> kindling::Result<()> {
    /// let cpu = Device::cpu();
    /// // Two pictures of 1×1×2: (0, 255) and (255, 51).
    /// let bytes = Tensor::from_slice(&[u32::from_le_bytes([0, 255, 255, 51])], [1], &cpu)?;
    /// let place = Place { picture: 1, mirrored: true, ..Place::default() };
    /// let places = Tensor::from_slice(&place.words(), [1, 4], &cpu)?;
    /// let scale = Tensor::from_slice(&[0.0f32, 1.0], [2, 1], &cpu)?;
    /// let how = GatherBatch { pictures: 2, shape: [1, 1, 2], size: [1, 2] };
    /// assert_eq!(block_on(bytes.gather_batch(&places, &scale, how)?.to_vec::<f32>())?, [0.2, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Too few bytes for the pictures, or operands of other shapes and types.
    pub fn gather_batch(&self, places: &Self, scale: &Self, how: GatherBatch) -> Result<Self> {
        Self::apply(how, &[self, places, scale])
    }
}
