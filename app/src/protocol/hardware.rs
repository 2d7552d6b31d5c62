//! What the engine can run on, and what it runs on.

use serde::{Deserialize, Serialize};

/// What the engine runs on in this browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardware {
    /// A graphics card, through WebGPU.
    Gpu(Adapter),
    /// A WebGPU adapter that is a program on the CPU.
    Software(Adapter),
    /// The engine's own CPU code.
    Cpu(NoGpu),
}

/// A WebGPU adapter, as far as the browser describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Who made it: `nvidia`, `apple`; empty where the browser does not say.
    pub vendor: String,
    /// Its family: `ampere`, `swiftshader`; empty where the browser does not say.
    pub architecture: String,
    /// Its full name; browsers mostly keep it to themselves.
    pub description: String,
    /// The largest buffer, in bytes.
    pub max_buffer: f64,
    /// Memory shared by a workgroup, in bytes.
    pub workgroup_memory: f64,
    /// Invocations in a workgroup.
    pub workgroup_size: f64,
    /// Whether shaders may compute in half precision.
    pub half_precision: bool,
    /// Whether kernels can be timed on the adapter itself.
    pub timestamps: bool,
    /// Whether kernels can use subgroups. `worker.js` asks for them wherever they are.
    pub subgroups: bool,
}

/// Why there is no adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoGpu {
    /// The page was loaded over plain HTTP from another machine: browsers keep WebGPU from such pages.
    InsecurePage,
    /// The browser has no WebGPU, or it is switched off.
    NoWebGpu,
    /// The browser has WebGPU but offers no adapter.
    NoAdapter,
    /// The engine could not open the adapter.
    Refused {
        /// The engine's words.
        reason: String,
    },
}

/// Where a run should compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// The fastest: a hardware GPU, else the CPU.
    #[default]
    Best,
    /// WebGPU, even where the adapter is a program.
    Gpu,
    /// The engine's own CPU code.
    Cpu,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// A GPU.
    Hardware,
    /// A program that plays a GPU.
    Software,
    /// A WebGPU adapter of which the browser does not say what it is.
    Unknown,
    /// The engine's own CPU code.
    Cpu,
}

/// Which kernel multiplies fastest on a device, for products of about one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelChoice {
    /// The operation and the sizes: `conv2d f32 32×256×32768 NN`.
    pub product: String,
    /// The kernel: `Register16x8`.
    pub kernel: String,
    /// What each kernel took, in milliseconds, on a part of the product that is long enough to tell.
    pub milliseconds: Vec<(String, f64)>,
}

/// Something that was measured on the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What: `matmul 512×512×512`.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit: `GFLOP/s`, `GB/s`, `µs`.
    pub unit: String,
}
