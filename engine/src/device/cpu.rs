//! The CPU as a device: its counters and what the plan layer attaches. Memory is `Array`s, kernels are Rust.

use std::rc::Rc;

use super::{Attachment, Counts};

/// The processor, as seen by one thread.
#[derive(Clone)]
pub struct Cpu(Rc<Inner>);

#[derive(Default)]
struct Inner {
    counts: Counts,
    attached: Attachment,
}

thread_local! {
    static CPU: Cpu = Cpu(Rc::new(Inner::default()));
}

impl Cpu {
    /// This thread's.
    pub(crate) fn this_thread() -> Self {
        CPU.with(Self::clone)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(crate) fn attachment(&self) -> &Attachment {
        &self.0.attached
    }
}

/// How many threads the engine's CPU kernels share: rayon's, one in a browser.
pub fn threads() -> usize {
    #[cfg(target_arch = "wasm32")]
    return 1;
    #[cfg(not(target_arch = "wasm32"))]
    rayon::current_num_threads()
}
