//! `Shapes`: a procedural data set, for use without a network or a disk. Ten classes of shapes on
//! 32×32 color images, equal on every machine: only additions, products and `libm`.
//!
//! Shape and background have random colors, either may be brighter; the background is a gradient
//! with noise. The mean image of every class is therefore the same gray, and a linear model, which
//! compares with mean images, learns almost nothing. Edges and their arrangement distinguish the
//! classes.

use std::sync::Arc;

use super::dataset::Dataset;
use super::images::Images;
use super::limits::{Limits, Split};
use super::random::Random;
use super::splits::{SplitMethod, Splits};
use crate::Result;

const SIZE: usize = 32;

/// Range of the noise, in units of full brightness.
const NOISE_RANGE: f32 = 0.12;

/// The classes, in the order of their labels.
const CLASSES: [&str; 10] =
    ["disc", "ring", "half-disc", "crescent", "triangle", "square", "bar", "cross", "star", "heart"];

/// A procedural set of ten classes of 32×32 color images.
///
/// ```
/// use kindling::data::{Dataset, Shapes};
/// let shapes = Shapes::new(0).generate(100);
/// assert_eq!(shapes.shape(), [3, 32, 32]);
/// assert_eq!(shapes, Shapes::new(0).generate(100));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    random: Random,
}

/// Greatest number of images of a split.
const MAX_IMAGES: usize = 1_000_000;

impl Shapes {
    /// Creates the training set of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed).split(0x0073_6861_7065) }
    }

    /// Returns the test set of the same seed: other images of the same distribution.
    #[must_use]
    pub fn test(self) -> Self {
        Self { random: self.random.split(1) }
    }

    /// Returns the data set of seed 0, with `train` training and `test` test images.
    ///
    /// # Errors
    /// A number exceeds the maximum of a split.
    pub fn splits(train: usize, test: usize) -> Result<Splits> {
        let limits = Limits { train: Some(train), test: Some(test) };
        for split in [Split::Train, Split::Test] {
            limits.checked("shapes", split, MAX_IMAGES)?;
        }
        let shapes = Self::new(0);
        let images = |shapes: Self, n: usize| Arc::new(shapes.generate(n)) as Arc<dyn Dataset>;
        Ok(Splits::new("Shapes", "shapes", SplitMethod::Official, images(shapes, train), images(shapes.test(), test)))
    }

    /// Generates the first `n` images. Labels are random and equally likely.
    pub fn generate(&self, n: usize) -> Images {
        let mut images = Images::new([3, SIZE, SIZE], CLASSES.map(str::to_owned).to_vec());
        images.reserve(n);
        for i in 0..n {
            let (image, label) = self.image(i);
            // Never an error: the image has 3×32×32 bytes and a label below 10.
            if images.push(&image, label).is_err() {
                break;
            }
        }
        images
    }

    /// Generates image `i`, and its label.
    fn image(&self, i: usize) -> (Vec<u8>, usize) {
        let random = self.random.split(i as u64);
        let label = random.below(0, CLASSES.len());
        let shape = Shape::new(label, random);
        let (background, foreground) = colors(random);
        let slope = [random.range(20, -0.15, 0.15), random.range(21, -0.15, 0.15)];
        let noise = random.split(1);
        let mut image = vec![0u8; 3 * SIZE * SIZE];
        for y in 0..SIZE {
            for x in 0..SIZE {
                let cover = shape.cover(x, y);
                let shade = (slope[0] * x as f32 + slope[1] * y as f32) / SIZE as f32;
                // A single random number has the noise of all three channels.
                let noises = noise.word((y * SIZE + x) as u64).to_le_bytes();
                for c in 0..3 {
                    let clean = background[c] + (foreground[c] - background[c]) * cover + shade;
                    let grain = (f32::from(noises[c]) / 255.0 - 0.5) * NOISE_RANGE;
                    image[(c * SIZE + y) * SIZE + x] = ((clean + grain).clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
                }
            }
        }
        (image, label)
    }
}

/// Returns random colors of background and shape, with a minimum distance.
fn colors(random: Random) -> ([f32; 3], [f32; 3]) {
    let draw = |at: u64| [random.unit(at), random.unit(at + 1), random.unit(at + 2)];
    let background = draw(30);
    for attempt in 0..16 {
        let foreground = draw(40 + 3 * attempt);
        let distance: f32 = foreground.iter().zip(background).map(|(a, b)| (a - b) * (a - b)).sum();
        if distance > 0.25 {
            return (background, foreground);
        }
    }
    (background, background.map(|x| if x < 0.5 { x + 0.5 } else { x - 0.5 }))
}

/// A shape with its position, size and rotation.
struct Shape {
    label: usize,
    center: [f32; 2],
    radius: f32,
    rotation: [f32; 2],
}

impl Shape {
    fn new(label: usize, random: Random) -> Self {
        let radius = random.range(1, 7.0, 13.0);
        // The circle of half the radius around the shape's center stays within the image.
        let reach = (SIZE as f32 / 2.0 - radius).max(0.0) + 1.5;
        let middle = SIZE as f32 / 2.0;
        let center = [middle + random.range(2, -reach, reach), middle + random.range(3, -reach, reach)];
        let angle = random.range(4, -0.6, 0.6);
        Self { label, center, radius, rotation: [libm::cosf(angle), libm::sinf(angle)] }
    }

    /// Returns the covered fraction of a pixel, from 4×4 points in it.
    fn cover(&self, x: usize, y: usize) -> f32 {
        let mut inside = 0;
        for i in 0..16 {
            let px = x as f32 + (i % 4) as f32 * 0.25 + 0.125 - self.center[0];
            let py = y as f32 + (i / 4) as f32 * 0.25 + 0.125 - self.center[1];
            let [cos, sin] = self.rotation;
            let (u, v) = ((px * cos + py * sin) / self.radius, (py * cos - px * sin) / self.radius);
            inside += i32::from(self.contains(u, v));
        }
        inside as f32 / 16.0
    }

    /// Returns `true` if a point of the unit disc, v downward, is inside the shape.
    fn contains(&self, u: f32, v: f32) -> bool {
        let r2 = u * u + v * v;
        match self.label {
            0 => r2 < 0.8,
            1 => r2 < 0.95 && r2 > 0.36,
            2 => r2 < 1.0 && v < 0.0,
            3 => r2 < 0.95 && (u - 0.45) * (u - 0.45) + v * v > 0.55,
            4 => v < 0.6 && v > -1.0 && u.abs() < (v + 1.0) * 0.58,
            5 => u.abs().max(v.abs()) < 0.75,
            6 => u.abs() < 1.0 && v.abs() < 0.3,
            7 => u.abs().min(v.abs()) < 0.28 && u.abs().max(v.abs()) < 0.95,
            8 => star(u, v),
            _ => heart(u, -v),
        }
    }
}

/// Returns `true` inside a five-pointed star: in at least four of the five half-planes of a
/// pentagram.
fn star(u: f32, v: f32) -> bool {
    // Normals of the pentagram's lines, one point upward, and their distance, cos 72°.
    const NORMALS: [[f32; 2]; 5] = [
        [0.0, 1.0],
        [0.951_056_5, 0.309_017],
        [0.587_785_25, -0.809_017],
        [-0.587_785_25, -0.809_017],
        [-0.951_056_5, 0.309_017],
    ];
    NORMALS.iter().filter(|[a, b]| a * u + b * v < 0.38).count() >= 4 && u * u + v * v < 1.0
}

/// Returns `true` inside (x² + y² − 1)³ < x² y³, scaled to the unit disc, y upward.
fn heart(u: f32, v: f32) -> bool {
    let (x, y) = (u * 1.25, v * 1.25 + 0.1);
    let a = x * x + y * y - 1.0;
    a * a * a < x * x * y * y * y
}
