//! The subcommands, one file each.

pub mod bench;
pub mod data;
pub mod eval;
pub mod export;
mod fetch;
pub mod info;
pub mod predict;
mod predict_rows;
mod roofline;
pub mod train;
