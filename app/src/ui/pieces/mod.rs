//! Small parts that panels share.

mod fields;
mod number;
mod picture;
mod tabs;

pub use fields::{Check, Choice};
pub use number::NumberField;
pub use picture::Picture;
pub use tabs::Tabs;
