//! Numbers that JSON cannot express: infinities and NaN as the texts `inf`, `-inf` and `nan`. The
//! `null` of older files reads as NaN.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A number that survives JSON whatever its value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Float(pub f64);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            finite if finite.is_finite() => serializer.serialize_f64(finite),
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            _ => serializer.serialize_str("nan"),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Float;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"inf\", \"-inf\" or \"nan\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Float, E> {
        Ok(Float(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Float, E> {
        Ok(Float(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Float, E> {
        Ok(Float(value as f64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Float, E> {
        match value {
            "inf" => Ok(Float(f64::INFINITY)),
            "-inf" => Ok(Float(f64::NEG_INFINITY)),
            "nan" => Ok(Float(f64::NAN)),
            other => Err(E::custom(format_args!("{other:?} is no number"))),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Float, E> {
        Ok(Float(f64::NAN))
    }
}

/// Writes a field that is marked `#[serde(with = "crate::json::float")]`.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Float(*value).serialize(serializer)
}

/// Reads such a field.
///
/// # Errors
/// Neither a number nor one of the three texts.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Float::deserialize(deserializer).map(|float| float.0)
}

/// Fields that are numbers by name.
pub mod map {
    use super::Float;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    /// Writes a field that is marked `#[serde(with = "crate::json::float::map")]`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(values: &BTreeMap<String, f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(name, value)| (name, Float(*value))))
    }

    /// Reads such a field.
    ///
    /// # Errors
    /// A value that is neither a number nor one of the three texts.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
        let values = BTreeMap::<String, Float>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|(name, value)| (name, value.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Float;
    use crate::json::{from_value, read, to_value, write};
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Losses {
        #[serde(with = "super")]
        loss: f64,
        #[serde(with = "super::map")]
        metrics: BTreeMap<String, f64>,
    }

    #[test]
    fn every_number_survives() {
        for loss in [0.0, -1.5, 3.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY] {
            let losses = Losses { loss, metrics: [("test_loss".to_owned(), loss)].into() };
            assert_eq!(read::<Losses>(&write(&losses).unwrap()).as_ref(), Ok(&losses));
            assert_eq!(from_value::<Losses>(&to_value(&losses).unwrap()), Ok(losses));
        }
        let nan: Float = read(&write(&Float(f64::NAN)).unwrap()).unwrap();
        assert!(nan.0.is_nan());
        assert!(read::<Float>("null").unwrap().0.is_nan());
        assert!(read::<Float>("\"much\"").unwrap_err().contains("much"));
    }
}
