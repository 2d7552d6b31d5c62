//! Small parts that panels share.

mod fields;
mod picture;
mod tabs;

pub use fields::{Check, Choice, NumberField};
pub use picture::Picture;
pub use tabs::Tabs;
