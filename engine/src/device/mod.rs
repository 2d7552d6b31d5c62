//! Bytes and kernels: where memory lies and what runs there. It knows no shapes, no operations and no
//! gradients; what the layers above keep with a device they attach to it.

mod cpu;
mod dtype;
pub mod gpu;
mod math;
mod profile;

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;

#[cfg(not(target_arch = "wasm32"))]
pub use cpu::compute_on_this_thread;
pub use cpu::{Cpu, CpuBuffer, threads};
pub use dtype::{Array, DType, Element, Float, Int, Slice, SliceMut};
pub use gpu::{AdapterKind, Gpu, GpuBuffer};
pub use profile::{Clock, KernelTime};
pub(crate) use profile::{Profiler, add as add_time};

use crate::{Error, Result};

/// Where tensors live and operations run.
///
/// ```
/// use kindling::Device;
/// let device = Device::cpu();
/// assert_eq!(device.to_string(), "cpu");
/// ```
#[derive(Clone)]
pub enum Device {
    /// The processor this program runs on.
    Cpu(Cpu),
    /// A GPU, through wgpu.
    Gpu(Gpu),
}

/// Waits until the threads that large products have in a browser are there; natively they are. Products before, or without
/// it, take those that have come.
pub async fn gather_threads() {
    #[cfg(target_arch = "wasm32")]
    kindling_gemm::browser::gather().await;
}

impl Device {
    /// The CPU. There is one in every thread.
    pub fn cpu() -> Self {
        Self::Cpu(Cpu::this_thread())
    }

    /// The GPU that wgpu prefers: WebGPU in the browser, Vulkan, Metal or DX12 natively. A software adapter
    /// counts too; [`Gpu::kind`] tells which it is.
    ///
    /// # Errors
    /// No adapter, or one that gives no device.
    pub async fn gpu() -> Result<Self> {
        Ok(Self::Gpu(Gpu::open().await?))
    }

    /// The device that trains fastest here: a hardware GPU if there is one, else the CPU. A GPU that is
    /// emulated on the CPU is slower than the CPU itself.
    pub async fn best() -> Self {
        match Gpu::open().await {
            Ok(gpu) if gpu.kind() != AdapterKind::Software => Self::Gpu(gpu),
            _ => Self::cpu(),
        }
    }

    /// Whether two handles name the same device.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cpu(_), Self::Cpu(_)) => true,
            (Self::Gpu(a), Self::Gpu(b)) => a.same(b),
            _ => false,
        }
    }

    /// Whether this is a CPU.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    /// What has been counted on this device so far.
    pub fn counters(&self) -> Counters {
        match self {
            Self::Cpu(cpu) => cpu.counts().read(),
            Self::Gpu(gpu) => gpu.counts().read(),
        }
    }

    /// The counters themselves, for those who count.
    pub(crate) fn counts(&self) -> &Counts {
        match self {
            Self::Cpu(cpu) => cpu.counts(),
            Self::Gpu(gpu) => gpu.counts(),
        }
    }

    /// Times every kernel of the next execution: of a training step, if one comes next. `clock` gives milliseconds.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// use std::time::{SystemTime, UNIX_EPOCH};
    /// let device = Device::cpu();
    /// device.profile_next(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64() * 1e3));
    /// block_on(Tensor::from_slice(&[1.0f32, 2.0], [2], &device)?.exp()?.to_vec::<f32>())?;
    /// let times = device.profile().unwrap_or_default();
    /// assert_eq!((times[0].name.as_str(), times[0].count), ("exp", 1));
    /// # Ok::<(), kindling::Error>(())
    /// ```
    pub fn profile_next(&self, clock: Clock) {
        self.profiler().want(clock);
    }

    /// What the kernels of the last timed execution took, the longest first; `None` before the first is known. A GPU tells
    /// some time after it has run them, and only if it has timestamps.
    pub fn profile(&self) -> Option<Rc<[KernelTime]>> {
        match self {
            Self::Cpu(cpu) => cpu.profiler().last(),
            Self::Gpu(gpu) => gpu.profile(),
        }
    }

    pub(crate) fn profiler(&self) -> &Profiler {
        match self {
            Self::Cpu(cpu) => cpu.profiler(),
            Self::Gpu(gpu) => gpu.profiler(),
        }
    }

    /// What a higher layer keeps with this device, made on first use; it lives as long as the device.
    pub(crate) fn attached<T: 'static>(&self, make: impl FnOnce() -> T) -> Result<Rc<T>> {
        let cell = match self {
            Self::Cpu(cpu) => cpu.attachment(),
            Self::Gpu(gpu) => gpu.attachment(),
        };
        let any = cell.get_or_init(|| Rc::new(make())).clone();
        any.downcast::<T>().map_err(|_| Error::internal("two kinds of state attached to one device"))
    }
}

/// A slot for the state of a higher layer.
pub(crate) type Attachment = OnceCell<Rc<dyn Any>>;

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu(_) => f.write_str("cpu"),
            Self::Gpu(_) => f.write_str("gpu"),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! counters {
    ($($name:ident: $doc:literal),* $(,)?) => {
        /// What a device has done and holds, as numbers at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $(#[doc = $doc] pub $name: u64),* }

        /// The same, counting.
        #[derive(Debug, Default)]
        pub(crate) struct Counts { $(pub $name: Cell<u64>),* }

        impl Counts {
            pub fn read(&self) -> Counters { Counters { $($name: self.$name.get()),* } }
        }
    };
}

counters! {
    dispatches: "Kernels run (on the CPU: fused groups and kernels executed).",
    submits: "Command buffers handed to the GPU's queue.",
    buffers_live: "Buffers that exist, in use or pooled.",
    bytes_live: "Bytes of those buffers.",
    buffers_created: "Buffers created since the device was opened.",
    pipelines_created: "Compute pipelines compiled.",
    bind_groups_created: "Bind groups created.",
    plans_created: "Plans made: recordings whose structure had not been seen.",
    plan_hits: "Recordings that were executed by a plan made before.",
    readbacks: "Times that memory was read back.",
}

pub(crate) fn count(cell: &Cell<u64>, by: u64) {
    cell.set(cell.get().wrapping_add(by));
}

pub(crate) fn uncount(cell: &Cell<u64>, by: u64) {
    cell.set(cell.get().saturating_sub(by));
}
