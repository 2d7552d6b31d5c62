//! Augmentation as plain data: random transforms of training images, by torchvision's names and
//! arguments.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Maximum side and padding in pixels; larger ones are refused before memory is allocated.
const MAX_SIDE: usize = 1 << 14;

/// A random transform of images, by torchvision's name and arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", deny_unknown_fields)]
pub enum Augment {
    /// Random crop after padding with zeros.
    RandomCrop {
        /// Height and width of the crop in pixels; one number in JSON if they are equal.
        #[serde(with = "square_or_pair")]
        size: [usize; 2],
        /// Zeros on every side, in pixels; 0 by default.
        #[serde(default)]
        padding: usize,
    },
    /// Random horizontal flip.
    RandomHorizontalFlip {
        /// Probability, 0 … 1; 0.5 by default.
        #[serde(default = "default_p")]
        p: f64,
    },
    /// Random vertical flip.
    RandomVerticalFlip {
        /// Probability, 0 … 1; 0.5 by default.
        #[serde(default = "default_p")]
        p: f64,
    },
    /// Random change of brightness, contrast, saturation and hue.
    ColorJitter {
        /// Maximum relative change, 0 by default.
        #[serde(default)]
        brightness: f64,
        /// Maximum relative change, 0 by default.
        #[serde(default)]
        contrast: f64,
        /// Maximum relative change, 0 by default.
        #[serde(default)]
        saturation: f64,
        /// Maximum change as a fraction of the color wheel, 0 … 0.5; 0 by default.
        #[serde(default)]
        hue: f64,
    },
    /// Random rotation, translation and scaling.
    RandomAffine {
        /// Maximum rotation in either direction, in degrees.
        degrees: f64,
        /// Maximum translations, as fractions of width and height; none by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        translate: Option<[f64; 2]>,
        /// Minimum and maximum scale factor; 1 by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scale: Option<[f64; 2]>,
    },
    /// Random erasing of a rectangle.
    RandomErasing {
        /// Probability, 0 … 1; 0.5 by default.
        #[serde(default = "default_p")]
        p: f64,
    },
}

fn default_p() -> f64 {
    0.5
}

/// Sizes as torchvision takes them: one number for a square, else height and width.
mod square_or_pair {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Size {
        Square(usize),
        Pair([usize; 2]),
    }

    pub fn serialize<S: Serializer>(size: &[usize; 2], serializer: S) -> Result<S::Ok, S::Error> {
        match size {
            [height, width] if height == width => Size::Square(*height),
            pair => Size::Pair(*pair),
        }
        .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[usize; 2], D::Error> {
        let expected = |_| serde::de::Error::custom("size must be a number, or height and width as [32, 20]");
        Ok(match Size::deserialize(deserializer).map_err(expected)? {
            Size::Square(side) => [side; 2],
            Size::Pair(pair) => pair,
        })
    }
}

impl Augment {
    /// Checks the arguments, as far as possible without the images.
    ///
    /// # Errors
    /// An argument is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::value("augment", rule));
        let not_negative = |values: &[f64]| values.iter().all(|x| x.is_finite() && *x >= 0.0);
        match self {
            Self::RandomCrop { size: [height, width], padding } => {
                if [height, width].iter().any(|side| !(1..=MAX_SIDE).contains(*side)) {
                    return refuse(format!("RandomCrop: size must be 1 to {MAX_SIDE}, got {height}×{width}"));
                }
                if *padding > MAX_SIDE {
                    return refuse(format!("RandomCrop: padding must be at most {MAX_SIDE}, got {padding}"));
                }
                Ok(())
            }
            Self::RandomHorizontalFlip { p } | Self::RandomVerticalFlip { p } | Self::RandomErasing { p }
                if !(0.0..=1.0).contains(p) =>
            {
                refuse(format!("p must be between 0 and 1, got {p}"))
            }
            Self::ColorJitter { brightness, contrast, saturation, hue }
                if !not_negative(&[*brightness, *contrast, *saturation]) || !(0.0..=0.5).contains(hue) =>
            {
                refuse("ColorJitter: parts must be at least 0, and hue at most 0.5".into())
            }
            Self::RandomAffine { degrees, .. } if !not_negative(&[*degrees]) => {
                refuse(format!("RandomAffine: degrees must be at least 0, got {degrees}"))
            }
            Self::RandomAffine { translate: Some(parts), .. }
                if !parts.iter().all(|part| (0.0..=1.0).contains(part)) =>
            {
                refuse(format!("RandomAffine: translate must be between 0 and 1, got {parts:?}"))
            }
            Self::RandomAffine { scale: Some([low, high]), .. } if !(*low > 0.0 && high >= low && high.is_finite()) => {
                refuse(format!("RandomAffine: scale must be above 0 and rise, got [{low}, {high}]"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Augment;
    use crate::json::{read, write};

    #[test]
    fn a_crop_has_one_side_or_two() {
        for (text, size) in [("28", [28, 28]), ("[32,20]", [32, 20])] {
            let text = format!("{{\"name\":\"RandomCrop\",\"size\":{text},\"padding\":4}}");
            let crop: Augment = read(&text).unwrap();
            assert_eq!(crop, Augment::RandomCrop { size, padding: 4 });
            assert_eq!(write(&crop).unwrap(), text);
        }
        assert!(read::<Augment>(r#"{"name":"RandomCrop","size":"big"}"#).unwrap_err().contains("height and width"));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (text, word) in [
            (r#"{"name":"RandomCrop","size":0}"#, "size"),
            (r#"{"name":"RandomCrop","size":32,"padding":18446744073709551615}"#, "padding"),
            (r#"{"name":"RandomErasing","p":1.5}"#, "p must"),
            (r#"{"name":"RandomAffine","degrees":-1}"#, "degrees"),
            (r#"{"name":"RandomAffine","degrees":1,"translate":[0.1,1.5]}"#, "translate"),
            (r#"{"name":"RandomAffine","degrees":1,"scale":[1,0.5]}"#, "scale"),
        ] {
            let error = read::<Augment>(text).unwrap().check().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
