//! `gather_batch`: a batch of images from a data set stored on the device as bytes. Selection,
//! cropping, padding, flipping, conversion to floats and normalization are one kernel, so a
//! training step uploads only the crops of its images.

use std::hash::{Hash, Hasher};

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

const NAME: &str = "gather_batch";

/// Layout of the images in memory, and the size of the crops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatherBatch {
    /// Number of images.
    pub images: usize,
    /// Channels, height and width of an image.
    pub shape: [usize; 3],
    /// Height and width of the crops.
    pub size: [usize; 2],
}

/// Source of a crop, in pixels: column x is `left + x`, or `left + (width − 1 − x)` if mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crop {
    /// Index of the image.
    pub image: u32,
    /// First row of the crop in the image; negative in the padding.
    pub top: i32,
    /// First column of the crop in the image; negative in the padding.
    pub left: i32,
    /// Flips left to right if true.
    pub mirrored: bool,
    /// Flips top to bottom if true.
    pub upside_down: bool,
}

impl Crop {
    /// Returns the integers that encode it in the operation's second operand.
    pub fn words(self) -> [i32; 4] {
        let flips = i32::from(self.mirrored) + 2 * i32::from(self.upside_down);
        [self.image as i32, self.top, self.left, flips]
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
        Ok(vec![None, None, None]) // Bytes and crops have no gradient; nothing learns the normalization.
    }
}

impl Op for GatherBatch {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let [pixels, crops, scale] = operands else {
            return Err(Error::internal("gather_batch has three operands"));
        };
        let [channels, ..] = self.shape;
        let words = self.images.checked_mul(self.bytes()).map(|bytes| bytes.div_ceil(4));
        if pixels.dtype != DType::U32 || words.is_none_or(|words| pixels.shape.numel() < words) {
            let [c, h, w] = self.shape;
            let rule = format!(
                "{} images of {c}×{h}×{w} need {} words of four bytes, got {} of {}",
                self.images,
                words.unwrap_or(usize::MAX),
                pixels.shape.numel(),
                pixels.dtype
            );
            return Err(Error::shape(NAME, rule));
        }
        if crops.dtype != DType::I32 || crops.shape.len() != 2 || crops.shape[1] != 4 {
            let rule = format!("crops must be i32 of shape [N, 4], got {} of {}", crops.dtype, crops.shape);
            return Err(Error::shape(NAME, rule));
        }
        if !scale.dtype.is_float() || *scale.shape != [2, channels] {
            let rule = format!("expected means and deviations of shape [2, {channels}], got {}", scale.shape);
            return Err(Error::shape(NAME, rule));
        }
        let [height, width] = self.size;
        Ok(Spec::new([crops.shape[0], channels, height, width], scale.dtype))
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
        let (words, crops) = (operands[0].contiguous::<u32>()?, operands[1].contiguous::<i32>()?);
        let scale = operands[2].contiguous::<T>()?;
        let ([channels, height, width], [rows, columns]) = (self.shape, self.size);
        let byte = |at: usize| T::c(f64::from(words[at / 4] >> (8 * (at % 4)) & 255)) / T::c(255.0);
        // Index into the image, if it is not in the padding.
        let inside = |at: i64, size: usize| usize::try_from(at).ok().filter(|at| *at < size);
        let plane = rows * columns;
        for (crop, image) in crops.as_chunks::<4>().0.iter().zip(output.chunks_exact_mut((channels * plane).max(1))) {
            let [number, top, left, flips] = *crop;
            let number = usize::try_from(number).ok().filter(|n| *n < self.images).ok_or(Error::Index {
                op: NAME,
                index: i64::from(number),
                size: self.images,
            })?;
            for (c, out) in image.chunks_exact_mut(plane.max(1)).enumerate() {
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
        if u32::try_from(self.images * self.bytes()).is_err() {
            let rule = format!("{} images of {} bytes are more than 4 GiB", self.images, self.bytes());
            return Err(Error::shape(NAME, rule));
        }
        let [channels, height, width] = self.shape;
        let [rows, columns] = self.size;
        let mut params: Vec<Param> =
            [count, self.images, channels, height, width, rows, columns].into_iter().map(Param::from).collect();
        params.extend(operands.iter().map(|operand| Param::from(operand.layout.offset)));
        params.push(Param::Fault(FaultSite { op: NAME, size: self.images }));
        params.push(Param::Word(0));
        let launch = Launch {
            source: KernelSource::new(NAME, shader!("gather_batch")),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(2), Bind::Output, Bind::Faults],
            params,
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Gathers a batch of images of a data set. `self` holds the images' bytes, channels first,
    /// four to a u32, the first in the lowest bits. `crops` (i32, N×4) has a row of
    /// [`Crop::words`] for each image of the batch. `scale` (2×channels) has means and standard
    /// deviations. The result is N×channels×height×width: `(byte / 255 − mean) / std`, with 0 for
    /// pixels outside of the image, like the padding of torchvision's `RandomCrop`. An image index
    /// out of range is an error when the result is computed.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// use kindling::ops::{GatherBatch, Crop};
    /// # fn main() -> kindling::Result<()> {
    /// let cpu = Device::cpu();
    /// // Two images of 1×1×2: (0, 255) and (255, 51).
    /// let bytes = Tensor::from_slice(&[u32::from_le_bytes([0, 255, 255, 51])], [1], &cpu)?;
    /// let crop = Crop { image: 1, mirrored: true, ..Crop::default() };
    /// let crops = Tensor::from_slice(&crop.words(), [1, 4], &cpu)?;
    /// let scale = Tensor::from_slice(&[0.0f32, 1.0], [2, 1], &cpu)?;
    /// let how = GatherBatch { images: 2, shape: [1, 1, 2], size: [1, 2] };
    /// assert_eq!(block_on(bytes.gather_batch(&crops, &scale, how)?.to_vec::<f32>())?, [0.2, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Too few bytes for the images, or operands of other shapes or types.
    pub fn gather_batch(&self, crops: &Self, scale: &Self, how: GatherBatch) -> Result<Self> {
        Self::call(how, &[self, crops, scale])
    }
}
