//! The CPU as a device: its counters, what the plan layer attaches, and its memory: arrays that go back to a pool when
//! nobody holds them, so that a training step asks the system for nothing. Kernels are Rust.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;

use super::{Array, Attachment, Counts, DType, Profiler};

/// Arrays shorter than this are not worth keeping.
const SHORTEST_KEPT: usize = 256;

/// Bytes that the pool may hold before it lets go of what has not been used for a while.
const MOST_IDLE: usize = 32 << 20;

/// How many executions of plans an array may lie idle then.
const LONGEST_IDLE: u64 = 8;

/// The processor, as seen by one thread.
#[derive(Clone)]
pub struct Cpu(Rc<Inner>);

#[derive(Default)]
struct Inner {
    counts: Counts,
    attached: Attachment,
    profiler: Profiler,
}

#[derive(Default)]
struct Pool {
    /// Idle arrays by type and length, and when each came back.
    idle: HashMap<(DType, usize), Vec<(u64, Array)>>,
    bytes: usize,
    clock: u64,
}

thread_local! {
    static CPU: Cpu = Cpu(Rc::new(Inner::default()));
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Cpu {
    /// This thread's.
    pub(crate) fn this_thread() -> Self {
        CPU.with(Self::clone)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(crate) fn profiler(&self) -> &Profiler {
        &self.0.profiler
    }

    pub(crate) fn attachment(&self) -> &Attachment {
        &self.0.attached
    }
}

/// Elements on the CPU, whose memory is used again.
#[derive(Debug)]
pub struct CpuBuffer(Array);

impl CpuBuffer {
    /// `len` elements with any values.
    pub(crate) fn any(dtype: DType, len: usize) -> Self {
        let kept = POOL.with_borrow_mut(|pool| pool.take(dtype, len));
        let array = kept.unwrap_or_else(|| Array::zeros(dtype, len));
        // What a kernel leaves out must show in a test, not only where memory is used again.
        #[cfg(debug_assertions)]
        let array = {
            let mut array = array;
            array.fill(-350_000_000.0);
            array
        };
        Self(array)
    }

    /// `len` zeros.
    pub(crate) fn zeros(dtype: DType, len: usize) -> Self {
        match POOL.with_borrow_mut(|pool| pool.take(dtype, len)) {
            Some(mut array) => {
                array.fill(0.0);
                Self(array)
            }
            None => Self(Array::zeros(dtype, len)),
        }
    }

    /// The elements, to write.
    pub(crate) fn array_mut(&mut self) -> &mut Array {
        &mut self.0
    }

    /// Lets go of idle memory that has not been used for a while; called after every execution.
    pub(crate) fn tidy() {
        POOL.with_borrow_mut(Pool::tidy);
    }
}

impl From<Array> for CpuBuffer {
    fn from(array: Array) -> Self {
        Self(array)
    }
}

impl Deref for CpuBuffer {
    type Target = Array;

    fn deref(&self) -> &Array {
        &self.0
    }
}

impl Drop for CpuBuffer {
    fn drop(&mut self) {
        if self.0.len() < SHORTEST_KEPT {
            return;
        }
        let array = std::mem::replace(&mut self.0, Array::zeros(DType::Bool, 0));
        // When the thread ends, its pool may have ended before; then the memory is simply freed.
        let _ = POOL.try_with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut() {
                pool.give(array);
            }
        });
    }
}

impl Pool {
    fn take(&mut self, dtype: DType, len: usize) -> Option<Array> {
        let (_, array) = self.idle.get_mut(&(dtype, len))?.pop()?;
        self.bytes -= array.bytes();
        Some(array)
    }

    fn give(&mut self, array: Array) {
        self.bytes += array.bytes();
        self.idle.entry((array.dtype(), array.len())).or_default().push((self.clock, array));
    }

    fn tidy(&mut self) {
        self.clock += 1;
        if self.bytes <= MOST_IDLE {
            return;
        }
        let oldest = self.clock.saturating_sub(LONGEST_IDLE);
        self.idle.retain(|_, arrays| {
            arrays.retain(|(since, _)| *since >= oldest);
            !arrays.is_empty()
        });
        self.bytes = self.idle.values().flatten().map(|(_, array)| array.bytes()).sum();
    }
}

/// How many threads the engine's CPU kernels share: rayon's; in a browser those that large products have by now, everything
/// else has one.
pub fn threads() -> usize {
    #[cfg(target_arch = "wasm32")]
    return kindling_gemm::browser::threads().unwrap_or(1);
    #[cfg(not(target_arch = "wasm32"))]
    rayon::current_num_threads()
}

/// Makes the calling thread one of those that [`threads`] counts: it works on its part of a kernel instead of waking another
/// thread for it and waiting. To be called once, before anything is computed, by the only thread that will compute: it takes
/// nothing from others while it does something else. Says whether that is so now; it is not if the threads were there already.
///
/// ```
/// assert!(kindling::device::compute_on_this_thread());
/// assert!(!kindling::device::compute_on_this_thread());
/// ```
#[cfg(not(target_arch = "wasm32"))]
pub fn compute_on_this_thread() -> bool {
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{CpuBuffer, LONGEST_IDLE, MOST_IDLE, POOL};
    use crate::device::{Array, DType};

    #[test]
    fn memory_comes_back_and_goes_when_it_is_not_used() {
        let held = || POOL.with_borrow(|pool| pool.bytes);
        let place = |buffer: &CpuBuffer| match &**buffer {
            Array::F32(data) => data.as_ptr(),
            _ => std::ptr::null(),
        };
        let before = held();
        let first = CpuBuffer::any(DType::F32, 1000);
        let at = place(&first);
        drop(first);
        assert_eq!(held(), before + 4000);
        let again = CpuBuffer::zeros(DType::F32, 1000);
        assert_eq!((place(&again), held()), (at, before));
        assert_eq!(*again, Array::F32(vec![0.0; 1000]));
        drop(CpuBuffer::any(DType::F32, MOST_IDLE / 4 + 1));
        for _ in 0..=LONGEST_IDLE {
            assert!(held() > MOST_IDLE);
            CpuBuffer::tidy();
        }
        assert_eq!(held(), 0);
    }
}
