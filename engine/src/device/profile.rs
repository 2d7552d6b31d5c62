//! How long each kernel of an execution takes, for whoever asks: a clock where kernels run one after the other, as on the
//! CPU. It knows names and times.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Milliseconds since any moment. Programs in a browser have another one than native programs, so whoever asks brings
/// it.
pub type Clock = fn() -> f64;

/// What the kernels of one name took in an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The operation's name; those of a fused group joined by `+`.
    pub name: String,
    /// How many there were.
    pub count: usize,
    /// Milliseconds that they took together.
    pub ms: f64,
}

/// What is to be timed, and what was.
#[derive(Debug, Default)]
pub(crate) struct Profiler {
    wanted: Cell<Option<Clock>>,
    last: RefCell<Option<Rc<[KernelTime]>>>,
}

impl Profiler {
    /// Wants the next execution timed.
    pub fn want(&self, clock: Clock) {
        self.wanted.set(Some(clock));
    }

    /// The clock, if this execution is to be timed; asked once an execution.
    pub fn take(&self) -> Option<Clock> {
        self.wanted.take()
    }

    /// Keeps what an execution took, the longest first.
    pub fn keep(&self, times: &[KernelTime]) {
        let order = crate::argsort(times.len(), &mut |a, b| times[b].ms.total_cmp(&times[a].ms));
        self.last.replace(Some(order.into_iter().map(|i| times[i].clone()).collect()));
    }

    /// What the last execution took that was timed.
    pub fn last(&self) -> Option<Rc<[KernelTime]>> {
        self.last.borrow().clone()
    }
}

/// Adds a kernel's time to those of its name.
pub(crate) fn add(times: &mut Vec<KernelTime>, name: String, ms: f64) {
    match times.iter_mut().find(|time| time.name == name) {
        Some(time) => {
            time.count += 1;
            time.ms += ms;
        }
        None => times.push(KernelTime { name, count: 1, ms }),
    }
}
