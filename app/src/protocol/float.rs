//! Numbers in messages that survive JSON whatever their value: a network that has diverged is shown
//! with its NaN and infinities. Fields are marked `#[serde(with = "super::float")]`.

use kindling::json::float::Float;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number or a collection of numbers, with its form in JSON.
pub trait Numbers: Sized {
    /// The form in JSON.
    type Text: Serialize + DeserializeOwned;

    /// Returns the form in JSON.
    fn to_text(&self) -> Self::Text;

    /// Returns the numbers of a form in JSON.
    fn from_text(text: Self::Text) -> Self;
}

impl Numbers for f64 {
    type Text = Float;

    fn to_text(&self) -> Float {
        Float(*self)
    }

    fn from_text(text: Float) -> Self {
        text.0
    }
}

impl Numbers for f32 {
    type Text = Float;

    fn to_text(&self) -> Float {
        Float(f64::from(*self))
    }

    fn from_text(text: Float) -> Self {
        text.0 as Self
    }
}

impl<T: Numbers> Numbers for Option<T> {
    type Text = Option<T::Text>;

    fn to_text(&self) -> Self::Text {
        self.as_ref().map(T::to_text)
    }

    fn from_text(text: Self::Text) -> Self {
        text.map(T::from_text)
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    type Text = Vec<T::Text>;

    fn to_text(&self) -> Self::Text {
        self.iter().map(T::to_text).collect()
    }

    fn from_text(text: Self::Text) -> Self {
        text.into_iter().map(T::from_text).collect()
    }
}

impl<T: Numbers> Numbers for [T; 2] {
    type Text = [T::Text; 2];

    fn to_text(&self) -> Self::Text {
        self.each_ref().map(T::to_text)
    }

    fn from_text(text: Self::Text) -> Self {
        text.map(T::from_text)
    }
}

/// Writes a marked field.
///
/// # Errors
/// The serializer's own.
pub fn serialize<T: Numbers, S: Serializer>(numbers: &T, serializer: S) -> Result<S::Ok, S::Error> {
    numbers.to_text().serialize(serializer)
}

/// Reads a marked field.
///
/// # Errors
/// A value that is neither a number nor `inf`, `-inf` or `nan`.
pub fn deserialize<'de, T: Numbers, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::Text::deserialize(deserializer).map(T::from_text)
}
