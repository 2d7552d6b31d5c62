//! Files: saved, opened, dropped; and the link that shares what was chosen.

mod drop;
mod inspected;
mod menu;

pub use drop::{DropZone, classify};
pub use inspected::Inspected;
pub use menu::{FileMenu, ShareButton};
