//! Widgets shared by the panels.

mod fields;
mod images;
mod number;
mod tabs;

pub use fields::{Check, Choice};
pub use images::ImageGrid;
pub use number::NumberField;
pub use tabs::Tabs;
