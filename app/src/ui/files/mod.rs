//! Files: saved, opened, dropped; and the share link.

mod dialog;
mod drop;
mod menu;

pub use dialog::FileDialog;
pub use drop::{DropZone, classify};
pub use menu::{FileMenu, ShareButton};
