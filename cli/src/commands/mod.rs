//! The subcommands, a file each.

pub mod bench;
pub mod data;
pub mod eval;
pub mod info;
pub mod predict;
pub mod train;
