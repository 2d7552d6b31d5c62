//! Kernel times of an execution, on request: a clock for kernels that run one after another, as on
//! the CPU. The module knows names and times.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// A clock in milliseconds since any moment. Browsers and native programs have different ones, so
/// the caller brings it.
pub type Clock = fn() -> f64;

/// Total time of the kernels of one name in an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelTime {
    /// Name of the operation; for a fused group, the names joined by `+`.
    pub name: String,
    /// Number of kernels.
    pub count: usize,
    /// Total time in milliseconds.
    pub ms: f64,
}

/// State of the profiler: the pending request and the last result.
#[derive(Debug, Default)]
pub(crate) struct Profiler {
    wanted: Cell<Option<Clock>>,
    last: RefCell<Option<Rc<[KernelTime]>>>,
}

impl Profiler {
    /// Requests a profile of the next execution.
    pub fn want(&self, clock: Clock) {
        self.wanted.set(Some(clock));
    }

    /// Returns the clock if this execution is to be profiled; called once an execution.
    pub fn take(&self) -> Option<Clock> {
        self.wanted.take()
    }

    /// Stores the times of an execution, the longest first.
    pub fn keep(&self, times: &[KernelTime]) {
        let order = crate::argsort(times.len(), &mut |a, b| times[b].ms.total_cmp(&times[a].ms));
        self.last.replace(Some(order.into_iter().map(|i| times[i].clone()).collect()));
    }

    /// Returns the times of the last profiled execution.
    pub fn last(&self) -> Option<Rc<[KernelTime]>> {
        self.last.borrow().clone()
    }
}

/// Adds a kernel's time to the total of its name.
pub(crate) fn add(times: &mut Vec<KernelTime>, name: String, ms: f64) {
    match times.iter_mut().find(|time| time.name == name) {
        Some(time) => {
            time.count += 1;
            time.ms += ms;
        }
        None => times.push(KernelTime { name, count: 1, ms }),
    }
}
