//! `RandomErasing`: a rectangle of each image set to 0 at random.

use super::{Transform, sizes};
use crate::data::Random;
use crate::device::Array;
use crate::{Error, Result, Tensor};

/// Sets a rectangle of an image to 0, with probability `p`: 2 to 33 % of its area, with an aspect
/// ratio of 0.3 to 3.3.
/// [RandomErasing](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomErasing.html)
#[derive(Clone, Debug, PartialEq)]
pub struct RandomErasing {
    p: f64,
    scale: [f64; 2],
    ratio: [f64; 2],
}

/// Number of attempts, as in torchvision, to find a rectangle that fits.
const ATTEMPTS: u64 = 10;

impl RandomErasing {
    /// Creates the transform with probability `p`.
    ///
    /// # Errors
    /// `p` is not a probability.
    pub fn new(p: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::value("RandomErasing", format!("p must be between 0 and 1, got {p}")));
        }
        Ok(Self { p, scale: [0.02, 0.33], ratio: [0.3, 3.3] })
    }

    /// Returns top, bottom, left, right of the rectangle; all 0 if there is none.
    fn rectangle(&self, [height, width]: [usize; 2], random: Random) -> [f32; 4] {
        if f64::from(random.unit(0)) >= self.p {
            return [0.0; 4];
        }
        let draw = |at: u64, [low, high]: [f64; 2]| low + (high - low) * f64::from(random.unit(at));
        for attempt in 0..ATTEMPTS {
            let area = draw(1 + 4 * attempt, self.scale) * (height * width) as f64;
            let ratio = libm::exp(draw(2 + 4 * attempt, self.ratio.map(libm::log)));
            let rows = (area * ratio).sqrt().round_ties_even() as usize;
            let columns = (area / ratio).sqrt().round_ties_even() as usize;
            if rows < height && columns < width {
                let top = random.below(3 + 4 * attempt, height - rows + 1);
                let left = random.below(4 + 4 * attempt, width - columns + 1);
                return [top, top + rows, left, left + columns].map(|edge| edge as f32);
            }
        }
        [0.0; 4]
    }
}

impl Transform for RandomErasing {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        let [n, _, height, width] = sizes("RandomErasing", batch, random)?;
        let device = batch.device();
        let edges: Vec<f32> = random.iter().flat_map(|random| self.rectangle([height, width], *random)).collect();
        let edges = Tensor::from_array(Array::F32(edges), [n, 4, 1, 1], &device)?;
        let edge = |i: isize| edges.narrow(1, i, 1);
        let rows = Tensor::arange(0.0, height as f64, 1.0, &device)?.reshape(&[1, 1, -1, 1])?;
        let columns = Tensor::arange(0.0, width as f64, 1.0, &device)?.reshape(&[1, 1, 1, -1])?;
        let inside_rows = rows.ge(&edge(0)?)?.logical_and(&rows.lt(&edge(1)?)?)?;
        let inside_columns = columns.ge(&edge(2)?)?.logical_and(&columns.lt(&edge(3)?)?)?;
        batch.masked_fill(&inside_rows.logical_and(&inside_columns)?, 0.0)
    }
}
