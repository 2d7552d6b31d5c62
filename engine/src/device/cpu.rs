//! The CPU as a device: counters, the plan layer's attachments, and pooled memory. Arrays return to
//! the pool when the last handle is dropped, so a training step allocates nothing. Kernels are
//! Rust.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;

use super::{Array, Attachment, Counts, DType, Profiler};

/// Length below which arrays are not pooled, in elements.
const MIN_POOLED_LEN: usize = 256;

/// Idle bytes up to which the pool frees nothing.
const MAX_IDLE_BYTES: usize = 32 << 20;

/// Executions that an array may stay idle above that limit.
const MAX_IDLE_EXECUTIONS: u64 = 8;

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
    /// Idle arrays by type and length, each with the execution of its return.
    idle: HashMap<(DType, usize), Vec<(u64, Array)>>,
    bytes: usize,
    clock: u64,
}

thread_local! {
    static CPU: Cpu = Cpu(Rc::new(Inner::default()));
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Cpu {
    /// Returns the pool of this thread.
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

/// Elements on the CPU, in pooled memory.
#[derive(Debug)]
pub struct CpuBuffer(Array);

impl CpuBuffer {
    /// Allocates `len` elements of unspecified value.
    pub(crate) fn any(dtype: DType, len: usize) -> Self {
        let kept = POOL.with_borrow_mut(|pool| pool.take(dtype, len));
        let array = kept.unwrap_or_else(|| Array::zeros(dtype, len));
        // An element that a kernel leaves out must fail a test always, not only where memory is
        // reused.
        #[cfg(debug_assertions)]
        let array = {
            let mut array = array;
            array.fill(-350_000_000.0);
            array
        };
        Self(array)
    }

    /// Allocates `len` zeros.
    pub(crate) fn zeros(dtype: DType, len: usize) -> Self {
        match POOL.with_borrow_mut(|pool| pool.take(dtype, len)) {
            Some(mut array) => {
                array.fill(0.0);
                Self(array)
            }
            None => Self(Array::zeros(dtype, len)),
        }
    }

    /// Returns the elements for writing.
    pub(crate) fn array_mut(&mut self) -> &mut Array {
        &mut self.0
    }

    /// Frees memory that has been idle too long; called after every execution.
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
        if self.0.len() < MIN_POOLED_LEN {
            return;
        }
        let array = std::mem::replace(&mut self.0, Array::zeros(DType::Bool, 0));
        // The thread's pool may have been destroyed before; then the memory is freed directly.
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
        if self.bytes <= MAX_IDLE_BYTES {
            return;
        }
        let oldest = self.clock.saturating_sub(MAX_IDLE_EXECUTIONS);
        self.idle.retain(|_, arrays| {
            arrays.retain(|(since, _)| *since >= oldest);
            !arrays.is_empty()
        });
        self.bytes = self.idle.values().flatten().map(|(_, array)| array.bytes()).sum();
    }
}

/// Returns the number of threads that CPU kernels share: rayon's natively. In a browser, matrix
/// products use those started so far; everything else has one.
pub fn threads() -> usize {
    #[cfg(target_arch = "wasm32")]
    return kindling_gemm::browser::threads().unwrap_or(1);
    #[cfg(not(target_arch = "wasm32"))]
    rayon::current_num_threads()
}

/// Makes the calling thread one of those that [`threads`] counts: it computes its part of a kernel
/// itself instead of waking another thread and waiting. Call it once, before anything is computed,
/// from the only thread that will compute: it takes no work from others meanwhile. Returns `false`
/// if the threads had been started already.
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
    use super::{CpuBuffer, MAX_IDLE_BYTES, MAX_IDLE_EXECUTIONS, POOL};
    use crate::device::{Array, DType};

    #[test]
    fn memory_comes_back_and_goes_when_it_is_not_used() {
        let held = || POOL.with_borrow(|pool| pool.bytes);
        let address = |buffer: &CpuBuffer| match &**buffer {
            Array::F32(data) => data.as_ptr(),
            _ => std::ptr::null(),
        };
        let before = held();
        let first = CpuBuffer::any(DType::F32, 1000);
        let at = address(&first);
        drop(first);
        assert_eq!(held(), before + 4000);
        let again = CpuBuffer::zeros(DType::F32, 1000);
        assert_eq!((address(&again), held()), (at, before));
        assert_eq!(*again, Array::F32(vec![0.0; 1000]));
        drop(CpuBuffer::any(DType::F32, MAX_IDLE_BYTES / 4 + 1));
        for _ in 0..=MAX_IDLE_EXECUTIONS {
            assert!(held() > MAX_IDLE_BYTES);
            CpuBuffer::tidy();
        }
        assert_eq!(held(), 0);
    }
}
