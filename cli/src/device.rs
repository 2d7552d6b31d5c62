//! Device of a command.

use kindling::device::AdapterKind;
use kindling::tuning::tune_as_needed;
use kindling::{Device, Result, block_on};

/// Values of `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU that the system prefers, including software GPUs.
    Gpu,
}

/// Maximum time for measuring kernels of new products on an adapter, in milliseconds.
const MAX_MEASURING_MS: f64 = 1000.0;

impl DeviceChoice {
    /// Opens the device. Returns it with its name.
    pub fn open(self) -> Result<(Device, String)> {
        let device = match self {
            Self::Auto => block_on(Device::best()),
            Self::Cpu => Device::cpu(),
            Self::Gpu => block_on(Device::gpu())?,
        };
        tune_as_needed(&device, MAX_MEASURING_MS)?;
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
