//! A GPU through wgpu: the adapter and its limits, memory, pipelines, submission. Only this folder
//! names wgpu. It knows buffers of bytes and kernels of WGSL, not their meaning.

mod buffer;
mod fault;
mod kernel;
mod readback;
mod timing;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

pub use buffer::GpuBuffer;
pub use fault::FaultSite;
pub(crate) use kernel::shader;
pub use kernel::{Access, KernelSource, Pipeline};
pub use wgpu::BindGroup;

use super::{Attachment, Counts, KernelTime, Profiler, count};
use crate::{Error, Result};
use buffer::Pool;
use fault::Faults;
use kernel::Kernels;

/// Kind of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// A graphics card or a GPU integrated into the processor.
    Hardware,
    /// A GPU emulated on the CPU (SwiftShader, llvmpipe): correct, and slower than the CPU itself.
    Software,
    /// Unknown: the browser does not report it.
    Unknown,
}

/// An opened GPU.
#[derive(Clone)]
pub struct Gpu(Rc<Inner>);

struct Inner {
    name: String,
    identity: String,
    backend: String,
    kind: AdapterKind,
    /// Description supplied for an adapter that wgpu knows nothing of.
    described: OnceCell<(String, AdapterKind)>,
    /// Threads of the largest subgroup, if known.
    subgroup: u32,
    /// True if kernels may use subgroups.
    subgroups: Cell<bool>,
    device: wgpu::Device,
    queue: wgpu::Queue,
    limits: wgpu::Limits,
    counts: Rc<Counts>,
    pool: Rc<Pool>,
    kernels: Kernels,
    faults: Faults,
    encoder: RefCell<Option<wgpu::CommandEncoder>>,
    /// First error reported since the last read. wgpu reports from its own threads, hence the lock.
    heard: Arc<Mutex<Option<String>>>,
    attached: Attachment,
    profiler: Profiler,
    /// Kernels whose times are still pending, and whether they have been submitted.
    timing: RefCell<Option<(timing::Timing, bool)>>,
}

/// A range of a parameter buffer, in words.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Offset of the first word.
    pub first: usize,
    /// Number of words.
    pub words: usize,
}

/// A dispatch: pipeline, bindings, parameters and number of workgroups.
pub struct Dispatch<'a> {
    /// Compiled kernel.
    pub pipeline: &'a Pipeline,
    /// Buffers and parameters.
    pub bind_group: &'a BindGroup,
    /// Number of workgroups in x, y and z.
    pub groups: [u32; 3],
}

impl Gpu {
    /// Opens the adapter that wgpu prefers, with the adapter's own limits.
    ///
    /// # Errors
    /// No adapter is available, or it refuses to create a device.
    pub async fn open() -> Result<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            .map_err(|e| Error::Gpu(format!("no adapter: {e}; use Device::cpu(), or install a GPU driver")))?;
        let info = adapter.get_info();
        let limits = adapter.limits();
        // Only requested features: a browser then reveals less about the machine.
        let features = adapter.features() & (wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP);
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("kindling"),
                required_features: features,
                required_limits: limits.clone(),
                ..Default::default()
            })
            .await
            .map_err(|e| Error::Gpu(format!("the adapter {} gives no device: {e}", info.name)))?;
        let heard = Arc::new(Mutex::new(None));
        let ear = heard.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| hear(&ear, error.to_string())));
        let ear = heard.clone();
        device.set_device_lost_callback(move |reason, message| {
            hear(&ear, format!("the device was lost ({reason:?}): {message}"));
        });
        let counts = Rc::new(Counts::default());
        let pool = Rc::new(Pool::new(device.clone(), counts.clone()));
        let faults = Faults::new(&pool);
        let kind = match info.device_type {
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other if is_software(&info) => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Unknown,
            _ => AdapterKind::Hardware,
        };
        let gpu = Inner {
            name: adapter_name(&info),
            identity: format!("{:?} {} {} {}", info.backend, info.name, info.driver, info.driver_info),
            backend: if cfg!(target_arch = "wasm32") { "WebGPU".into() } else { format!("{:?}", info.backend) },
            kind,
            described: OnceCell::new(),
            subgroup: info.subgroup_max_size,
            subgroups: Cell::new(features.contains(wgpu::Features::SUBGROUP)),
            kernels: Kernels::new(device.clone(), counts.clone()),
            device,
            queue,
            limits,
            pool,
            counts,
            faults,
            encoder: RefCell::new(None),
            heard,
            attached: Attachment::new(),
            profiler: Profiler::default(),
            timing: RefCell::new(None),
        };
        Ok(Self(Rc::new(gpu)))
    }

    /// Describes the adapter by facts that a browser tells scripts and wgpu does not pass on: its
    /// name and kind. Kernels are chosen and cached by them. Known facts stay.
    pub fn describe(&self, name: &str, kind: AdapterKind) {
        if self.0.name == UNNAMED {
            let known = self.0.kind;
            let kind = if known == AdapterKind::Unknown { kind } else { known };
            self.0.described.get_or_init(|| (name.to_owned(), kind));
        }
    }

    /// Declares that the device was opened with WebGPU's feature "subgroups", which wgpu neither
    /// requests from a browser nor detects there
    /// ([gfx-rs/wgpu#5555](https://github.com/gfx-rs/wgpu/issues/5555)). Natively it is known.
    pub fn has_subgroups(&self) {
        self.0.subgroups.set(true);
    }

    /// Returns the threads of the largest subgroup, if kernels may use subgroups.
    pub(crate) fn subgroup(&self) -> Option<u32> {
        Some(self.0.subgroup).filter(|size| *size > 0 && self.0.subgroups.get())
    }

    /// Returns the adapter's name, such as "NVIDIA GeForce RTX 4070".
    pub fn name(&self) -> &str {
        self.0.described.get().map_or(&self.0.name, |(name, _)| name)
    }

    /// Returns a key that identifies this adapter and its driver, as far as known.
    pub fn identity(&self) -> &str {
        self.0.described.get().map_or(&self.0.identity, |(name, _)| name)
    }

    /// Returns the graphics interface: WebGPU, Vulkan, Metal or Dx12.
    pub fn backend(&self) -> &str {
        &self.0.backend
    }

    /// Returns the kind of adapter, hardware or emulated.
    pub fn kind(&self) -> AdapterKind {
        self.0.described.get().map_or(self.0.kind, |(_, kind)| *kind)
    }

    /// Returns the limits of the device, which are the adapter's own.
    pub fn limits(&self) -> &wgpu::Limits {
        &self.0.limits
    }

    /// Destroys the device, as a driver crash or a closed laptop lid does. Everything on it is
    /// lost.
    pub fn destroy(&self) {
        self.0.device.destroy();
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
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

    /// Allocates a buffer of at least `bytes` bytes from the pool.
    pub(crate) fn alloc(&self, bytes: usize) -> Rc<GpuBuffer> {
        self.0.pool.alloc(bytes, buffer::Use::Storage)
    }

    /// Allocates a buffer for kernel parameters.
    pub(crate) fn alloc_params(&self, bytes: usize) -> Rc<GpuBuffer> {
        self.0.pool.alloc(bytes, buffer::Use::Params)
    }

    /// Writes words into a buffer, before anything submitted later.
    pub(crate) fn write(&self, buffer: &GpuBuffer, words: &[u32]) {
        if !words.is_empty() {
            self.0.queue.write_buffer(buffer.raw(), 0, bytemuck::cast_slice(words));
        }
    }

    /// Returns the compiled form of a kernel, from the cache if it is there.
    pub(crate) fn pipeline(&self, source: &KernelSource, access: &[Access]) -> Rc<Pipeline> {
        self.0.kernels.get(source, access)
    }

    /// Returns the buffer in which kernels report indices out of range, and registers a new fault
    /// site.
    pub(crate) fn fault_buffer(&self) -> &Rc<GpuBuffer> {
        self.0.faults.buffer()
    }

    pub(crate) fn fault_site(&self, site: FaultSite) -> u32 {
        self.0.faults.register(site)
    }

    /// Binds buffers to a pipeline, in its order: each whole, or for a parameter buffer the `words`
    /// words from `first` on.
    pub(crate) fn bind(&self, pipeline: &Pipeline, buffers: &[(&Rc<GpuBuffer>, Option<Window>)]) -> BindGroup {
        count(&self.0.counts.bind_groups_created, 1);
        let mut entries: Vec<wgpu::BindGroupEntry<'_>> = Vec::with_capacity(buffers.len());
        for (i, (buffer, window)) in buffers.iter().enumerate() {
            let resource = match window {
                None => buffer.raw().as_entire_binding(),
                Some(window) => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: buffer.raw(),
                    offset: window.first as u64 * 4,
                    size: std::num::NonZeroU64::new(window.words as u64 * 4),
                }),
            };
            entries.push(wgpu::BindGroupEntry { binding: i as u32, resource });
        }
        self.0.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(pipeline.name()),
            layout: pipeline.layout(),
            entries: &entries,
        })
    }

    /// Encodes kernels in order, in one pass, after everything encoded since the last submit.
    pub(crate) fn encode<'a>(&self, dispatches: impl Iterator<Item = Dispatch<'a>>) {
        let mut slot = self.0.encoder.borrow_mut();
        let encoder = slot.get_or_insert_with(|| self.0.device.create_command_encoder(&Default::default()));
        if self.0.profiler.take().is_some() && self.0.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return self.encode_timed(encoder, &dispatches.collect::<Vec<_>>());
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        let mut last: Option<*const Pipeline> = None;
        for dispatch in dispatches {
            if last != Some(std::ptr::from_ref(dispatch.pipeline)) {
                pass.set_pipeline(dispatch.pipeline.raw());
                last = Some(std::ptr::from_ref(dispatch.pipeline));
            }
            self.launch(&mut pass, &dispatch);
        }
    }

    /// Dispatches a kernel whose pipeline has been set.
    fn launch(&self, pass: &mut wgpu::ComputePass<'_>, dispatch: &Dispatch<'_>) {
        pass.set_bind_group(0, dispatch.bind_group, &[]);
        let [x, y, z] = dispatch.groups;
        pass.dispatch_workgroups(x, y, z);
        count(&self.0.counts.dispatches, 1);
    }

    /// Encodes kernels in order, each in a pass between two timestamps.
    fn encode_timed(&self, encoder: &mut wgpu::CommandEncoder, dispatches: &[Dispatch<'_>]) {
        let names = dispatches
            .iter()
            .take(timing::MAX_TIMED_KERNELS)
            .map(|dispatch| dispatch.pipeline.name().to_owned())
            .collect();
        let timing = timing::Timing::new(&self.0.device, &self.0.queue, names);
        for (i, dispatch) in dispatches.iter().enumerate() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(dispatch.pipeline.name()),
                timestamp_writes: (i < timing::MAX_TIMED_KERNELS).then(|| timing.writes(i)),
            });
            pass.set_pipeline(dispatch.pipeline.raw());
            self.launch(&mut pass, dispatch);
        }
        timing.resolve(encoder);
        self.0.timing.replace(Some((timing, false)));
    }

    /// Returns the kernel times of the last profiled execution, once they are known.
    pub(crate) fn profile(&self) -> Option<Rc<[KernelTime]>> {
        let times =
            self.0.timing.borrow().as_ref().and_then(|(timing, submitted)| timing.times().filter(|_| *submitted));
        if let Some(times) = times {
            self.0.timing.replace(None);
            self.0.profiler.keep(&times);
        }
        self.0.profiler.last()
    }

    /// Submits everything encoded, if anything.
    pub(crate) fn submit(&self) {
        if let Some(encoder) = self.0.encoder.borrow_mut().take() {
            self.0.queue.submit([encoder.finish()]);
            count(&self.0.counts.submits, 1);
            if let Some((timing, submitted)) = self.0.timing.borrow_mut().as_mut().filter(|(_, submitted)| !submitted) {
                timing.ask();
                *submitted = true;
            }
        }
    }

    /// Returns the first error reported since the last call.
    pub(crate) fn take_error(&self) -> Option<Error> {
        let mut heard = self.0.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        heard.take().map(Error::Gpu)
    }
}

fn hear(ear: &Mutex<Option<String>>, message: String) {
    log::error!("gpu: {message}");
    let mut heard = ear.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    heard.get_or_insert(message);
}

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    let text = format!("{} {} {}", info.name, info.driver, info.driver_info).to_ascii_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "basic render", "software"].iter().any(|word| text.contains(word))
}

/// Name of an adapter that reports none.
const UNNAMED: &str = "unnamed adapter";

fn adapter_name(info: &wgpu::AdapterInfo) -> String {
    let parts = [&info.name, &info.driver, &info.driver_info];
    parts.into_iter().find(|part| !part.is_empty()).cloned().unwrap_or_else(|| UNNAMED.into())
}
