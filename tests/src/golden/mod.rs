//! Replays PyTorch's golden files through the engine. The format is described in
//! `tests/golden/README.md`; any directory of that format will do.

pub mod autograd;
mod call;
mod compare;
mod file;
pub mod ops;
pub mod optim;
mod report;
pub mod train;

pub use call::{Call, Failure, Outcome};
pub use compare::{Tolerance, compare};
pub use file::{Entry, File};
pub use report::Report;
