//! `interpolate`: images and sequences sampled at another size. Here are its options and the size
//! they ask for; `resample` has the operation.

mod resample;

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

use super::pool::float_only;
use resample::{Resample, Sampling};

const OP: &str = "interpolate";

/// Ways of [`Tensor::interpolate`] to compute an element, by PyTorch's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InterpolateMode {
    /// The element at ⌊j·scale⌋. The default.
    #[default]
    Nearest,
    /// The element whose center is nearest, at ⌊(j + ½)·scale⌋.
    NearestExact,
    /// A mix of two neighbors in a sequence (N, C, L).
    Linear,
    /// A mix of four neighbors in an image (N, C, H, W).
    Bilinear,
    /// The mean over as many parts as the output is large, as `adaptive_avg_pool2d` gives.
    Area,
}

/// Size of [`Tensor::interpolate`]'s result, or factors that it is computed of.
#[derive(Clone, Debug, PartialEq)]
pub enum InterpolateSize {
    /// The size itself, a number a spatial dimension.
    Size(Vec<usize>),
    /// Factors, one a spatial dimension: the size becomes ⌊size·factor⌋, and positions are scaled
    /// by 1/factor.
    ScaleFactor(Vec<f64>),
}

/// Options of [`Tensor::interpolate`].
#[derive(Clone, Debug, PartialEq)]
pub struct InterpolateOptions {
    /// Size of the result.
    pub size: InterpolateSize,
    /// Way to compute an element, `Nearest` by default.
    pub mode: InterpolateMode,
    /// For linear modes: `true` if the outermost elements keep their positions, `false` if the
    /// edges do. `None`, the default, means `false`; other modes take nothing else.
    pub align_corners: Option<bool>,
}

impl InterpolateOptions {
    /// To a size, a number a spatial dimension.
    pub fn new(size: &[usize], mode: InterpolateMode) -> Self {
        Self { size: InterpolateSize::Size(size.to_vec()), mode, align_corners: None }
    }

    /// By factors, one a spatial dimension.
    pub fn by_factor(factors: &[f64], mode: InterpolateMode) -> Self {
        Self { size: InterpolateSize::ScaleFactor(factors.to_vec()), mode, align_corners: None }
    }

    /// Sets [`InterpolateOptions::align_corners`].
    #[must_use]
    pub fn align_corners(mut self, align_corners: bool) -> Self {
        self.align_corners = Some(align_corners);
        self
    }

    /// The size of the result for spatial dimensions of these sizes.
    ///
    /// # Errors
    /// Another number of dimensions; an empty input or result.
    pub(crate) fn output_size(&self, input: &[usize]) -> Result<Vec<usize>> {
        let given = match &self.size {
            InterpolateSize::Size(size) => size.len(),
            InterpolateSize::ScaleFactor(factors) => factors.len(),
        };
        if given != input.len() {
            let rule = format!(
                "input and output must have the same number of spatial dimensions, got {input:?} and {:?}",
                self.size
            );
            return Err(Error::shape(OP, rule));
        }
        let scaled = |(n, factor): (&usize, &f64)| (*n as f64 * factor).floor() as usize;
        let output: Vec<usize> = match &self.size {
            InterpolateSize::Size(size) => size.clone(),
            InterpolateSize::ScaleFactor(factors) => input.iter().zip(factors).map(scaled).collect(),
        };
        // The GPU counts in 32 bits; so large a side would not fit into memory anyway.
        if input.iter().chain(&output).any(|n| *n == 0 || u32::try_from(*n).is_err()) {
            let rule = format!(
                "input and output sizes should be greater than 0 and below 2^32, got {input:?} and {output:?} ({:?})",
                self.size
            );
            return Err(Error::shape(OP, rule));
        }
        Ok(output)
    }

    fn sampling(&self, spatial: usize) -> Result<Option<Sampling>> {
        let align_corners = self.align_corners.unwrap_or(false);
        let refuse = |rule: String| Err(Error::shape(OP, rule));
        let needed = match self.mode {
            InterpolateMode::Linear => 1,
            InterpolateMode::Bilinear => 2,
            mode if self.align_corners.is_some() => {
                return refuse(format!(
                    "align_corners can only be set with the modes Linear and Bilinear, got {mode:?}"
                ));
            }
            _ => spatial,
        };
        if needed != spatial {
            let got = spatial + 2;
            return refuse(format!("got an input of {got} dimensions, but {:?} needs {}", self.mode, needed + 2));
        }
        Ok(match self.mode {
            InterpolateMode::Nearest => Some(Sampling::Nearest),
            InterpolateMode::NearestExact => Some(Sampling::NearestExact),
            InterpolateMode::Area => None,
            _ if align_corners => Some(Sampling::LinearCorners),
            _ => Some(Sampling::Linear),
        })
    }

    /// Elements of the input from one element of the output to the next, in dimension `d`.
    fn scale(&self, sampling: Sampling, d: usize, input: usize, output: usize, spatial: usize) -> f64 {
        let of_sizes = input as f64 / output as f64;
        // PyTorch copies where the sizes are equal, whatever the factor, and doubles images as they
        // stand.
        let stands = match sampling {
            Sampling::Nearest => spatial == 2 && (output == input || output == 2 * input),
            Sampling::NearestExact => false,
            Sampling::Linear | Sampling::LinearCorners => output == input,
        };
        match (&self.size, sampling) {
            _ if stands => of_sizes,
            (_, Sampling::LinearCorners) if output > 1 => (input as f64 - 1.0) / (output as f64 - 1.0),
            (_, Sampling::LinearCorners) => 0.0,
            (InterpolateSize::ScaleFactor(factors), _) => 1.0 / factors[d],
            _ => of_sizes,
        }
    }
}

impl Tensor {
    /// Returns images (N, C, H, W), or sequences (N, C, L), sampled at another size.
    ///
    /// Element j of a side comes from position p = j·scale of the input; scale is the ratio of the
    /// sizes, or 1/factor. `Nearest` takes element ⌊p⌋, `NearestExact` ⌊p + scale/2⌋. `Linear` and
    /// `Bilinear` mix the two elements around max((j + ½)·scale − ½, 0), in each dimension; with
    /// `align_corners` around j·(n − 1)/(m − 1) for sizes n to m. `Area` gives means over parts.
    /// [torch.nn.functional.interpolate](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html)
    ///
    /// ```
    /// use kindling::ops::{InterpolateMode, InterpolateOptions};
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[0.0f32, 4.0], [1, 1, 2], &Device::cpu())?;
    /// let nearest = x.interpolate(&InterpolateOptions::by_factor(&[2.0], InterpolateMode::Nearest))?;
    /// assert_eq!(block_on(nearest.to_vec::<f32>())?, [0.0, 0.0, 4.0, 4.0]);
    /// let linear = x.interpolate(&InterpolateOptions::new(&[4], InterpolateMode::Linear))?;
    /// assert_eq!(block_on(linear.to_vec::<f32>())?, [0.0, 1.0, 3.0, 4.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Other numbers of dimensions, or of sizes or factors than spatial dimensions. A mode for
    /// another number of dimensions; `align_corners` with a mode that is not linear; an empty input
    /// or result; integers.
    pub fn interpolate(&self, options: &InterpolateOptions) -> Result<Self> {
        float_only(OP, self.dtype())?;
        let (batch, channels, spatial) = match self.dims() {
            [n, c, spatial @ ..] if matches!(spatial.len(), 1 | 2) => (*n, *c, spatial),
            _ => {
                let rule =
                    format!("expected an input of 3 dimensions (N, C, L) or 4 (N, C, H, W), got {}", self.shape());
                return Err(Error::shape(OP, rule));
            }
        };
        let output = options.output_size(spatial)?;
        let sampling = options.sampling(spatial.len())?;
        if channels == 0 {
            return Err(Error::shape(OP, format!("expected an input with channels, got {}", self.shape())));
        }
        // A sequence is an image of height 1.
        let side = |sizes: &[usize]| [if sizes.len() == 2 { sizes[0] } else { 1 }, sizes[sizes.len() - 1]];
        let (from_size, to_size) = (side(spatial), side(&output));
        let images = self.reshape_to(&Shape::from([batch, channels, from_size[0], from_size[1]]))?;
        let result = match sampling {
            None => images.adaptive_avg_pool2d(to_size.map(Some))?,
            Some(sampling) => {
                let count = spatial.len();
                let scale = |d: usize| match (d + count).checked_sub(2) {
                    Some(i) => options.scale(sampling, i, spatial[i], output[i], count),
                    None => 1.0,
                };
                let op = Resample {
                    sampling,
                    input: from_size,
                    output: to_size,
                    scale: [scale(0), scale(1)],
                    backward: false,
                };
                Self::call(op, &[&images])?
            }
        };
        result.reshape_to(&Shape::new([batch, channels].into_iter().chain(output)))
    }
}
