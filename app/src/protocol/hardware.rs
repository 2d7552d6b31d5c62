//! Available and used hardware.

use serde::{Deserialize, Serialize};

/// Hardware of the engine in this browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardware {
    /// A graphics card, through WebGPU.
    Gpu(Adapter),
    /// A WebGPU adapter emulated on the CPU.
    Software(Adapter),
    /// The engine's own CPU code.
    Cpu(NoGpu),
}

/// A WebGPU adapter, as far as the browser describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Vendor, such as `nvidia` or `apple`; empty if the browser does not report it.
    pub vendor: String,
    /// Architecture, such as `ampere` or `swiftshader`; empty if the browser does not report it.
    pub architecture: String,
    /// Full name; most browsers do not report it.
    pub description: String,
    /// Maximum size of a buffer, in bytes.
    pub max_buffer: f64,
    /// Memory shared by a workgroup, in bytes.
    pub workgroup_memory: f64,
    /// Maximum number of invocations in a workgroup.
    pub workgroup_size: f64,
    /// True if shaders may compute in half precision.
    pub half_precision: bool,
    /// True if kernels can be timed on the adapter itself.
    pub timestamps: bool,
    /// True if kernels can use subgroups. `worker.js` requests them if they are available.
    pub subgroups: bool,
}

/// Reason for a missing adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoGpu {
    /// The page was loaded over plain HTTP from another machine: browsers disable WebGPU for such
    /// pages.
    InsecurePage,
    /// The browser has no WebGPU, or it is switched off.
    NoWebGpu,
    /// The browser has WebGPU but offers no adapter.
    NoAdapter,
    /// The engine could not open the adapter.
    Refused {
        /// Message of the engine.
        reason: String,
    },
}

/// Device choice for a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// Fastest device: a hardware GPU, else the CPU.
    #[default]
    Best,
    /// WebGPU, even if the adapter is emulated.
    Gpu,
    /// The engine's own CPU code.
    Cpu,
}

/// Kind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// A GPU.
    Hardware,
    /// A GPU emulated on the CPU.
    Software,
    /// A WebGPU adapter of unknown kind.
    Unknown,
    /// The engine's own CPU code.
    Cpu,
}

/// A measurement of the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name, such as `matmul 512×512×512`.
    pub name: String,
    /// Measured value.
    pub value: f64,
    /// Unit: `GFLOP/s`, `GB/s`, `µs`.
    pub unit: String,
}
