//! `ColorJitter`: random changes of brightness, contrast, saturation and hue.

use super::{Transform, sizes};
use crate::data::Random;
use crate::device::Array;
use crate::ops::Adjust;
use crate::{Error, Result, Tensor};

/// Changes brightness, contrast and saturation by factors from `1 − x` to `1 + x`, and hue by up to
/// `±hue` of the color circle, in random order.
/// [ColorJitter](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html)
#[derive(Clone, Debug, PartialEq)]
pub struct ColorJitter {
    parts: [f64; 4],
}

impl ColorJitter {
    /// Creates the transform with these maximum changes.
    ///
    /// # Errors
    /// A negative change, or a hue beyond 0.5.
    pub fn new(brightness: f64, contrast: f64, saturation: f64, hue: f64) -> Result<Self> {
        let parts = [brightness, contrast, saturation, hue];
        if parts.iter().any(|part| !part.is_finite() || *part < 0.0) || hue > 0.5 {
            let rule = format!("parts must be at least 0 and hue at most 0.5, got {parts:?}");
            return Err(Error::value("ColorJitter", rule));
        }
        Ok(Self { parts })
    }
}

impl Transform for ColorJitter {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        let [n, ..] = sizes("ColorJitter", batch, random)?;
        let all = [Adjust::Brightness, Adjust::Contrast, Adjust::Saturation, Adjust::Hue];
        let (mut factors, mut orders) = (Vec::with_capacity(n * 4), Vec::with_capacity(n));
        for random in random {
            for (i, part) in self.parts.iter().enumerate() {
                let part = *part as f32;
                factors.push(match all[i] {
                    Adjust::Hue => random.range(i as u64, -part, part),
                    _ => random.range(i as u64, (1.0 - part).max(0.0), 1.0 + part),
                });
            }
            let order = random.split(1).permutation(4).into_iter().map(|i| i as usize);
            let order: Vec<Adjust> = order.filter(|i| self.parts[*i] > 0.0).map(|i| all[i]).collect();
            orders.push(Adjust::order(&order));
        }
        let device = batch.device();
        let factors = Tensor::from_array(Array::F32(factors), [n, 4], &device)?;
        batch.color_jitter(&factors, &Tensor::from_array(Array::I32(orders), [n], &device)?)
    }
}
