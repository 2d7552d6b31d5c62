//! Files: saved, opened, dropped; and the share link.

mod drop;
mod inspected;
mod menu;

pub use drop::{DropZone, classify};
pub use inspected::Inspected;
pub use menu::{FileMenu, ShareButton};
