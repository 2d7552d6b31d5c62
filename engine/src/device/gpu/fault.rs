//! Faults that only a kernel can detect, such as an index out of range. The kernel writes them into
//! a small buffer, and the next read of anything returns them as an error with the operation's
//! name.

use std::cell::RefCell;
use std::rc::Rc;

use super::buffer::{GpuBuffer, Pool, Use};
use crate::Error;

/// A site in a plan that can fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultSite {
    /// Name of the operation.
    pub op: &'static str,
    /// Size of the indexed dimension, or [`FaultSite::UNIT_INTERVAL`].
    pub size: usize,
}

impl FaultSite {
    /// WGSL of `report_fault(site, index)`, which writes to a binding named `faults`: a piece for
    /// the kernels of other crates.
    pub const WGSL: &'static str = match super::shader!("shared/fault") {
        &[piece] => piece,
        _ => panic!("shared/fault is one piece"),
    };
    /// Marker instead of a size: the reported value is a float that should be in 0..=1.
    pub const UNIT_INTERVAL: usize = usize::MAX;
    /// Rule broken by such a float.
    pub const UNIT_INTERVAL_RULE: &'static str = "all elements of input and target should be between 0 and 1";
}

/// Words that a kernel may write: the site's number and the offending index.
pub(super) const FAULT_WORDS: usize = 2;

pub(super) struct Faults {
    buffer: Rc<GpuBuffer>,
    sites: RefCell<Vec<FaultSite>>,
}

impl Faults {
    pub fn new(pool: &Rc<Pool>) -> Self {
        Self { buffer: pool.alloc(FAULT_WORDS * 4, Use::Storage), sites: RefCell::default() }
    }

    pub fn buffer(&self) -> &Rc<GpuBuffer> {
        &self.buffer
    }

    /// Returns the number under which a kernel reports from `site`; never 0, which means "no
    /// fault".
    pub fn register(&self, site: FaultSite) -> u32 {
        let mut sites = self.sites.borrow_mut();
        let at = sites.iter().position(|s| *s == site).unwrap_or_else(|| {
            sites.push(site);
            sites.len() - 1
        });
        at as u32 + 1
    }

    /// Decodes the buffer's words into an error.
    pub fn error(&self, words: &[u32]) -> Option<Error> {
        let number = words.first().copied().filter(|n| *n != 0)?;
        let site = self.sites.borrow().get(number as usize - 1).copied()?;
        let found = words.get(1).copied().unwrap_or(0);
        if site.size == FaultSite::UNIT_INTERVAL {
            let rule = format!("{}, found {}", FaultSite::UNIT_INTERVAL_RULE, f32::from_bits(found));
            return Some(Error::value(site.op, rule));
        }
        let index = i64::from(found as i32);
        Some(Error::Index { op: site.op, index, size: site.size })
    }
}
