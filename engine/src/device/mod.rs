//! Devices: memory for bytes, and execution of kernels. The layer knows no shapes, operations or
//! gradients; higher layers attach their own state to a device.

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

/// A device on which tensors are stored and operations run.
///
/// ```
/// use kindling::Device;
/// let device = Device::cpu();
/// assert_eq!(device.to_string(), "cpu");
/// ```
#[derive(Clone)]
pub enum Device {
    /// The CPU this program runs on.
    Cpu(Cpu),
    /// A GPU, through wgpu.
    Gpu(Gpu),
}

/// Waits until the threads for matrix products have started in a browser; natively they have.
/// Products called earlier use those started so far.
pub async fn gather_threads() {
    #[cfg(target_arch = "wasm32")]
    kindling_gemm::browser::gather().await;
}

impl Device {
    /// Returns the CPU. There is one for every thread.
    pub fn cpu() -> Self {
        Self::Cpu(Cpu::this_thread())
    }

    /// Opens the GPU that wgpu prefers: WebGPU in the browser, Vulkan, Metal or DX12 natively. A
    /// software adapter counts too; [`Gpu::kind`] tells them apart.
    ///
    /// # Errors
    /// No adapter is available, or it refuses to create a device.
    pub async fn gpu() -> Result<Self> {
        Ok(Self::Gpu(Gpu::open().await?))
    }

    /// Returns the fastest device for training: a hardware GPU if there is one, else the CPU. An
    /// emulated GPU is slower than the CPU itself.
    pub async fn best() -> Self {
        match Gpu::open().await {
            Ok(gpu) if gpu.kind() != AdapterKind::Software => Self::Gpu(gpu),
            _ => Self::cpu(),
        }
    }

    /// Returns `true` if two handles name the same device.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cpu(_), Self::Cpu(_)) => true,
            (Self::Gpu(a), Self::Gpu(b)) => a.same(b),
            _ => false,
        }
    }

    /// Returns `true` for the CPU.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    /// Returns the current values of the device's counters.
    pub fn counters(&self) -> Counters {
        match self {
            Self::Cpu(cpu) => cpu.counts().read(),
            Self::Gpu(gpu) => gpu.counts().read(),
        }
    }

    /// Returns the live counters.
    pub(crate) fn counts(&self) -> &Counts {
        match self {
            Self::Cpu(cpu) => cpu.counts(),
            Self::Gpu(gpu) => gpu.counts(),
        }
    }

    /// Profiles every kernel of the next execution, such as a training step. `clock` returns
    /// milliseconds.
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

    /// Returns the kernel times of the last profiled execution, the longest first; `None` until
    /// they are known. A GPU reports them after a delay, and only if it supports timestamps.
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

    /// Returns the state that a higher layer attaches to this device, created on first use; it
    /// lives as long as the device.
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
        /// Counters of a device at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $(#[doc = $doc] pub $name: u64),* }

        /// Live counters of a device.
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
