//! `RandomAffine`: images rotated, translated, scaled and sheared at random.

use super::{Transform, sizes};
use crate::data::Random;
use crate::device::Array;
use crate::{Error, Result, Tensor};

/// Rotates images around their center by up to `±degrees`, translates them by up to fractions of
/// their size, scales and shears them. Pixels are interpolated by nearest neighbor; outside pixels
/// are 0.
/// [RandomAffine](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html)
#[derive(Clone, Debug, PartialEq)]
pub struct RandomAffine {
    degrees: f64,
    translate: [f64; 2],
    scale: [f64; 2],
    shear: f64,
}

impl RandomAffine {
    /// Creates a rotation by up to `degrees` either way.
    ///
    /// # Errors
    /// A negative angle.
    pub fn new(degrees: f64) -> Result<Self> {
        if degrees < 0.0 || !degrees.is_finite() {
            return Err(Error::value("RandomAffine", format!("degrees must be at least 0, got {degrees}")));
        }
        Ok(Self { degrees, translate: [0.0; 2], scale: [1.0; 2], shear: 0.0 })
    }

    /// Translates by up to these fractions of width and height.
    ///
    /// # Errors
    /// A fraction that is not between 0 and 1.
    pub fn translate(mut self, parts: [f64; 2]) -> Result<Self> {
        if parts.iter().any(|part| !(0.0..=1.0).contains(part)) {
            return Err(Error::value("RandomAffine", format!("translate must be between 0 and 1, got {parts:?}")));
        }
        self.translate = parts;
        Ok(self)
    }

    /// Scales by a factor between these.
    ///
    /// # Errors
    /// Factors that are not above 0.
    pub fn scale(mut self, [low, high]: [f64; 2]) -> Result<Self> {
        if low.is_nan() || low <= 0.0 || high < low || !high.is_finite() {
            return Err(Error::value("RandomAffine", format!("scale must be above 0, got [{low}, {high}]")));
        }
        self.scale = [low, high];
        Ok(self)
    }

    /// Shears along the rows by up to `degrees` either way.
    ///
    /// # Errors
    /// An angle that is not between 0 and 90.
    pub fn shear(mut self, degrees: f64) -> Result<Self> {
        if !(0.0..90.0).contains(&degrees) {
            return Err(Error::value("RandomAffine", format!("shear must be at least 0 and below 90, got {degrees}")));
        }
        self.shear = degrees;
        Ok(self)
    }

    /// Returns the map from pixels of the result to pixels of the image.
    fn map(&self, [height, width]: [usize; 2], random: Random) -> [f32; 6] {
        let draw = |at: u64, low: f64, high: f64| low + (high - low) * f64::from(random.unit(at));
        let angle = draw(0, -self.degrees, self.degrees).to_radians();
        // torchvision translates by integral pixels.
        let [dx, dy] = [(1, self.translate[0] * width as f64), (2, self.translate[1] * height as f64)]
            .map(|(at, most)| draw(at, -most, most).round_ties_even());
        let scale = draw(3, self.scale[0], self.scale[1]);
        let shear = draw(4, -self.shear, self.shear).to_radians();
        inverse(angle, [dx, dy], scale, shear, [height, width])
    }
}

/// Computes torchvision's `_get_inverse_affine_matrix` without a shear along the columns, in pixel
/// indices. It is the inverse of rotating by `angle`, shearing by `shear` along the rows, scaling
/// and translating, around the image's center.
fn inverse(angle: f64, [dx, dy]: [f64; 2], scale: f64, shear: f64, [height, width]: [usize; 2]) -> [f32; 6] {
    let (cos, sin, tan) = (libm::cos(angle), libm::sin(angle), libm::tan(shear));
    // RSS = rotation · shear = [[cos, −cos·tan − sin], [sin, −sin·tan + cos]]; its determinant is
    // 1.
    let (a, b, c, d) = (cos, -cos * tan - sin, sin, -sin * tan + cos);
    let [m0, m1, m3, m4] = [d, -b, -c, a].map(|x| x / scale);
    let (middle_x, middle_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
    let m2 = middle_x - m0 * (middle_x + dx) - m1 * (middle_y + dy);
    let m5 = middle_y - m3 * (middle_x + dx) - m4 * (middle_y + dy);
    [m0, m1, m2, m3, m4, m5].map(|x| x as f32)
}

impl Transform for RandomAffine {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        let [n, _, height, width] = sizes("RandomAffine", batch, random)?;
        let maps: Vec<f32> = random.iter().flat_map(|random| self.map([height, width], *random)).collect();
        batch.warp(&Tensor::from_array(Array::F32(maps), [n, 6], &batch.device())?, [height, width])
    }
}

#[cfg(test)]
mod tests {
    use super::inverse;

    #[test]
    fn nothing_is_the_identity() {
        assert_eq!(inverse(0.0, [0.0; 2], 1.0, 0.0, [5, 7]), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_move_to_the_right_takes_from_the_left() {
        assert_eq!(inverse(0.0, [2.0, -1.0], 1.0, 0.0, [5, 7]), [1.0, 0.0, -2.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn a_quarter_turn_exchanges_rows_and_columns() {
        let map = inverse(std::f64::consts::FRAC_PI_2, [0.0; 2], 1.0, 0.0, [4, 4]);
        let close = map.iter().zip([0.0, 1.0, 0.0, -1.0, 0.0, 3.0]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6);
        assert!(close, "{map:?}");
    }

    #[test]
    fn twice_as_large_takes_from_half_as_far() {
        assert_eq!(inverse(0.0, [0.0; 2], 2.0, 0.0, [5, 5]), [0.5, 0.0, 1.0, 0.0, 0.5, 1.0]);
    }
}
