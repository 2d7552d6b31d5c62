//! Device of a command.

use kindling::device::AdapterKind;
use kindling::tuning::tune_as_needed;
use kindling::{Device, Error, Result, block_on};

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

/// Default of the maximum time for measuring kernels of new products on an adapter, in
/// milliseconds.
const MAX_MEASURING_MS: f64 = 1000.0;

/// Environment variable that replaces [`MAX_MEASURING_MS`]; 0 measures nothing.
const MAX_MEASURING_VARIABLE: &str = "KINDLING_TUNING_MS";

impl DeviceChoice {
    /// Opens the device. Returns it with its name.
    pub fn open(self) -> Result<(Device, String)> {
        let device = match self {
            Self::Auto => block_on(Device::best()),
            Self::Cpu => Device::cpu(),
            Self::Gpu => block_on(Device::gpu())?,
        };
        tune_as_needed(&device, max_measuring_ms()?)?;
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

fn max_measuring_ms() -> Result<f64> {
    let Some(text) = std::env::var_os(MAX_MEASURING_VARIABLE) else { return Ok(MAX_MEASURING_MS) };
    let parsed = text.to_str().and_then(|text| text.parse().ok()).filter(|ms: &f64| ms.is_finite() && *ms >= 0.0);
    let rule = || format!("expected a number of milliseconds of at least 0, got {}", text.display());
    parsed.ok_or_else(|| Error::value(MAX_MEASURING_VARIABLE, rule()))
}
