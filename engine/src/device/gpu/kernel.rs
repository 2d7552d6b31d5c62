//! Kernels: WGSL source compiled to pipelines, each once. Every kernel has its buffers at bindings
//! 0, 1, … of group 0: storage first, then its uniform parameters. A fused epilogue has its own
//! bindings after them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::device::{Counts, count};

/// The pieces of a shader in `shaders/`, without comments: the files that its header names, each
/// once, then its own (`build.rs`). Their type is `&'static [&'static str]`.
macro_rules! shader {
    ($stem:literal) => {
        include!(concat!(env!("OUT_DIR"), "/shaders/", $stem, ".rs"))
    };
}
pub(crate) use shader;

/// A kernel's source: WGSL pieces to concatenate, an entry point, and values for its `override`s.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelSource {
    /// Name shown in profiles and errors: the operation's, with the entry point if it has several.
    pub name: Cow<'static, str>,
    /// Pieces of WGSL, in any order.
    pub pieces: Vec<Cow<'static, str>>,
    /// Entry point.
    pub entry: &'static str,
    /// Values of `override` constants, as integers.
    pub constants: Vec<(&'static str, u32)>,
}

impl KernelSource {
    /// Creates a kernel with the entry point `main`. A repeated piece counts once.
    pub fn new(name: &'static str, pieces: &[&'static str]) -> Self {
        let mut source = Self { name: Cow::Borrowed(name), pieces: Vec::new(), entry: "main", constants: Vec::new() };
        source.add(pieces.iter().copied());
        source
    }

    /// Adds pieces of WGSL; those it has already stay one.
    pub(crate) fn add(&mut self, pieces: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) {
        for piece in pieces.into_iter().map(Into::into) {
            if !self.pieces.contains(&piece) {
                self.pieces.push(piece);
            }
        }
    }

    /// Sets another entry point.
    pub fn entry(mut self, entry: &'static str) -> Self {
        self.entry = entry;
        self
    }

    /// Sets the value of an `override`.
    pub fn constant(mut self, name: &'static str, value: u32) -> Self {
        self.constants.push((name, value));
        self
    }

    /// Returns the concatenated pieces, as the compiler sees them.
    pub fn wgsl(&self) -> String {
        let wgsl = self.pieces.join("\n");
        // The standard requires the directive; naga does not know it yet (gfx-rs/wgpu#5555).
        let enable = cfg!(target_arch = "wasm32") && wgsl.contains("quadSwap");
        if enable { format!("enable subgroups;\n{wgsl}") } else { wgsl }
    }
}

/// Access of a kernel to a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read only, `var<storage, read>`.
    Read,
    /// Read and write, `var<storage, read_write>`.
    Write,
    /// Uniform, `var<uniform>`.
    Uniform,
}

/// A compiled kernel.
pub struct Pipeline {
    name: String,
    raw: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Pipeline {
    /// Returns the kernel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn raw(&self) -> &wgpu::ComputePipeline {
        &self.raw
    }

    pub(super) fn layout(&self) -> &wgpu::BindGroupLayout {
        &self.layout
    }
}

type Key = (KernelSource, Vec<Access>);

pub(super) struct Kernels {
    device: wgpu::Device,
    counts: Rc<Counts>,
    pipelines: RefCell<HashMap<Key, Rc<Pipeline>>>,
    modules: RefCell<HashMap<String, wgpu::ShaderModule>>,
}

impl Kernels {
    pub fn new(device: wgpu::Device, counts: Rc<Counts>) -> Self {
        Self { device, counts, pipelines: RefCell::default(), modules: RefCell::default() }
    }

    pub fn get(&self, source: &KernelSource, access: &[Access]) -> Rc<Pipeline> {
        let key = (source.clone(), access.to_vec());
        if let Some(found) = self.pipelines.borrow().get(&key) {
            return found.clone();
        }
        let made = Rc::new(self.compile(source, access));
        self.pipelines.borrow_mut().insert(key, made.clone());
        made
    }

    fn compile(&self, source: &KernelSource, access: &[Access]) -> Pipeline {
        count(&self.counts.pipelines_created, 1);
        let name: &str = &source.name;
        let wgsl = source.wgsl();
        let mut modules = self.modules.borrow_mut();
        let module = modules.entry(wgsl).or_insert_with_key(|wgsl| {
            self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(Cow::Borrowed(wgsl)),
            })
        });
        let entries: Vec<wgpu::BindGroupLayoutEntry> =
            access.iter().enumerate().map(|(i, access)| entry(i, *access)).collect();
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(name), entries: &entries });
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let constants: Vec<(&str, f64)> = source.constants.iter().map(|(k, v)| (*k, f64::from(*v))).collect();
        let raw = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&pipeline_layout),
            module,
            entry_point: Some(source.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        Pipeline { name: name.to_owned(), raw, layout }
    }
}

fn entry(binding: usize, access: Access) -> wgpu::BindGroupLayoutEntry {
    let ty = match access {
        Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
        Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
        Access::Uniform => wgpu::BufferBindingType::Uniform,
    };
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}
