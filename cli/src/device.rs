//! The device that a command runs on.

use kindling::device::AdapterKind;
use kindling::ops::tune_as_needed;
use kindling::{Device, Result, block_on};

/// Choice of `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU.
    Auto,
    /// The processor.
    Cpu,
    /// The GPU that the system prefers, a software one too.
    Gpu,
}

/// Milliseconds for measuring kernels, the first time that an adapter gets products of new sizes.
const MEASURING: f64 = 1000.0;

impl DeviceChoice {
    /// Opens the device; what it is called.
    pub fn open(self) -> Result<(Device, String)> {
        let device = match self {
            Self::Auto => block_on(Device::best()),
            Self::Cpu => Device::cpu(),
            Self::Gpu => block_on(Device::gpu())?,
        };
        tune_as_needed(&device, MEASURING)?;
        let name = match &device {
            Device::Cpu(_) => "cpu".to_owned(),
            Device::Gpu(gpu) if gpu.kind() == AdapterKind::Software => {
                format!("{} through {} (software)", gpu.name(), gpu.backend())
            }
            Device::Gpu(gpu) => format!("{} through {}", gpu.name(), gpu.backend()),
        };
        Ok((device, name))
    }
}
