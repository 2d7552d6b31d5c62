//! Numbers in messages that survive JSON whatever their value: a diverged network is shown with its
//! NaN and infinities. Fields are marked `#[serde(with = "super::float")]`. All have one form, a
//! list, so that the page has its code once.

use kindling::json::float::Float;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number or a collection of numbers, as a list.
pub trait Numbers: Sized {
    /// Returns the numbers in order.
    fn to_list(&self) -> Vec<f64>;

    /// Returns the value of a list; `None` if it has another length.
    fn from_list(list: &[f64]) -> Option<Self>;
}

impl Numbers for f64 {
    fn to_list(&self) -> Vec<f64> {
        vec![*self]
    }

    fn from_list(list: &[f64]) -> Option<Self> {
        list.first().copied()
    }
}

impl Numbers for f32 {
    fn to_list(&self) -> Vec<f64> {
        vec![f64::from(*self)]
    }

    fn from_list(list: &[f64]) -> Option<Self> {
        list.first().map(|number| *number as Self)
    }
}

impl Numbers for Option<f64> {
    fn to_list(&self) -> Vec<f64> {
        self.iter().copied().collect()
    }

    fn from_list(list: &[f64]) -> Option<Self> {
        Some(list.first().copied())
    }
}

impl Numbers for Vec<f32> {
    fn to_list(&self) -> Vec<f64> {
        self.iter().copied().map(f64::from).collect()
    }

    fn from_list(list: &[f64]) -> Option<Self> {
        Some(list.iter().map(|number| *number as f32).collect())
    }
}

impl Numbers for [f32; 2] {
    fn to_list(&self) -> Vec<f64> {
        self.map(f64::from).to_vec()
    }

    fn from_list(list: &[f64]) -> Option<Self> {
        Some([*list.first()? as f32, *list.get(1)? as f32])
    }
}

/// Writes a marked field.
///
/// # Errors
/// The serializer's own.
pub fn serialize<T: Numbers, S: Serializer>(numbers: &T, serializer: S) -> Result<S::Ok, S::Error> {
    numbers.to_list().into_iter().map(Float).collect::<Vec<_>>().serialize(serializer)
}

/// Reads a marked field.
///
/// # Errors
/// An element that is neither a number nor `inf`, `-inf` or `nan`; too few elements.
pub fn deserialize<'de, T: Numbers, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let list: Vec<f64> = Vec::<Float>::deserialize(deserializer)?.into_iter().map(|float| float.0).collect();
    T::from_list(&list).ok_or_else(|| D::Error::custom("too few numbers"))
}
