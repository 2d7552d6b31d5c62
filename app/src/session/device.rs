//! The device of a session: choice, name, measurements.

use super::Host;
use super::kernels;
use super::page::Page;
use crate::hardware_text;
use crate::protocol::{DeviceChoice, DeviceKind, FromWorker, Hardware, Measurement};
use kindling::device::{AdapterKind, gather_threads};
use kindling::{Device, Result, Tensor};

/// An open device.
#[derive(Clone)]
pub struct OpenDevice {
    /// The device.
    pub device: Device,
    /// Name of the device.
    pub name: String,
    /// Kind of the device.
    pub kind: DeviceKind,
}

/// The chosen device, open once it is needed.
pub struct Devices {
    page: Page,
    choice: DeviceChoice,
    open: Option<OpenDevice>,
}

impl Devices {
    /// Chooses the best device, without opening it.
    pub fn new(page: Page) -> Self {
        Self { page, choice: DeviceChoice::Best, open: None }
    }

    /// Sets the device of the next run.
    pub async fn choose(&mut self, choice: DeviceChoice) {
        self.choice = choice;
        self.reopen(None).await;
    }

    /// Returns the device, opened if necessary.
    pub async fn open(&mut self) -> OpenDevice {
        match &self.open {
            Some(opened) => opened.clone(),
            None => self.reopen(None).await,
        }
    }

    /// Opens the device anew; `note` gives the reason.
    pub async fn reopen(&mut self, note: Option<String>) -> OpenDevice {
        self.open = None;
        let (opened, fallback) = match open(self.choice, self.page.host()).await {
            Ok(opened) => (opened, None),
            Err(error) => {
                let is_requested = self.choice == DeviceChoice::Gpu;
                (cpu().await, is_requested.then(|| format!("No GPU is available, so the CPU is used: {error}")))
            }
        };
        let note = match (note, fallback) {
            (Some(note), Some(fallback)) => Some(format!("{note} {fallback}")),
            (note, fallback) => note.or(fallback),
        };
        self.page.say(FromWorker::DeviceOpened { name: opened.name.clone(), kind: opened.kind, note });
        kernels::load(&opened.device, &self.page).await;
        self.open = Some(opened.clone());
        opened
    }

    /// Loses the GPU, as a driver reset would.
    pub fn lose(&self) {
        match &self.open {
            Some(OpenDevice { device: Device::Gpu(gpu), .. }) => gpu.destroy(),
            _ => self.page.fail(None, "There is no GPU to lose: the CPU is used.".into()),
        }
    }

    /// Measures the device in the operations of networks.
    pub async fn measure(&mut self) -> Result<()> {
        let OpenDevice { device, .. } = self.open().await;
        let mut measurements = Vec::new();
        for size in [256usize, 512, 1024] {
            let a = Tensor::full([size, size], 0.5, &device)?;
            let b = Tensor::full([size, size], 1.0 / size as f64, &device)?;
            let flops = 2.0 * (size as f64).powi(3);
            let seconds = self.time(|x| x.matmul(&b), &a).await?;
            measurements.push(measurement(format!("matmul {size}×{size}×{size}"), flops / seconds / 1e9, "GFLOP/s"));
            if seconds > 0.2 {
                break;
            }
        }
        let images = Tensor::full([32, 32, 32, 32], 0.5, &device)?;
        let weight = Tensor::full([32, 32, 3, 3], 0.01, &device)?;
        let options = kindling::ops::Conv2dOptions { padding: kindling::ops::Padding::Same, ..Default::default() };
        let seconds = self.time(|x| x.conv2d(&weight, None, &options), &images).await?;
        let flops = 2.0 * 32.0 * 32.0 * 32.0 * 32.0 * 32.0 * 9.0;
        measurements.push(measurement(
            "conv2d 3×3, 32 → 32 channels, 32×32, batch 32".into(),
            flops / seconds / 1e9,
            "GFLOP/s",
        ));
        let elements = 1usize << 22;
        let long = Tensor::full([elements], 1.0, &device)?;
        let seconds = self.time(|x| x.neg(), &long).await?;
        measurements.push(measurement("memory read and write".into(), 8.0 * elements as f64 / seconds / 1e9, "GB/s"));
        self.page.say(FromWorker::Measured { measurements });
        Ok(())
    }

    /// Returns the seconds of an operation, repeated on its last result.
    async fn time(&self, run: impl Fn(&Tensor) -> Result<Tensor>, start: &Tensor) -> Result<f64> {
        let once = |n: usize| -> Result<Tensor> {
            (0..n).try_fold(start.clone(), |x, _| {
                let y = run(&x)?;
                y.device().flush()?;
                Ok(y)
            })
        };
        let read = async |x: Tensor| x.flatten(0, -1)?.narrow(0, 0, 1)?.to_array().await;
        read(once(1)?).await?;
        let mut repeats = 1;
        loop {
            let start_ms = self.page.now();
            read(once(repeats)?).await?;
            let elapsed = (self.page.now() - start_ms) / 1e3;
            if elapsed > 0.15 || repeats >= 4096 {
                return Ok((elapsed / repeats as f64).max(1e-9));
            }
            repeats *= 4;
        }
    }
}

/// Opens the chosen device, and passes the browser's description of the adapter to the engine.
///
/// # Errors
/// There is no GPU, or it creates no device.
pub async fn open(choice: DeviceChoice, host: &dyn Host) -> Result<OpenDevice> {
    if choice == DeviceChoice::Cpu {
        return Ok(cpu().await);
    }
    let hardware = host.hardware().await;
    if choice == DeviceChoice::Best && matches!(hardware, Hardware::Software(_)) {
        return Ok(cpu().await);
    }
    let Device::Gpu(gpu) = Device::gpu().await? else { return Ok(cpu().await) };
    let described = hardware_text::describe(&hardware).name;
    if matches!(&hardware, Hardware::Software(adapter) | Hardware::Gpu(adapter) if adapter.subgroups) {
        gpu.has_subgroups();
    }
    match hardware {
        Hardware::Software(_) => gpu.describe(&described, AdapterKind::Software),
        Hardware::Gpu(adapter) if !adapter.vendor.is_empty() => gpu.describe(&described, AdapterKind::Hardware),
        _ => {}
    }
    let kind = match gpu.kind() {
        AdapterKind::Hardware => DeviceKind::Hardware,
        AdapterKind::Software => DeviceKind::Software,
        AdapterKind::Unknown => DeviceKind::Unknown,
    };
    let name = format!("{} · {}", gpu.name(), gpu.backend());
    Ok(OpenDevice { device: Device::Gpu(gpu), name, kind })
}

fn measurement(name: String, value: f64, unit: &str) -> Measurement {
    Measurement { name, value, unit: unit.to_owned() }
}

async fn cpu() -> OpenDevice {
    gather_threads().await;
    OpenDevice { device: Device::cpu(), name: "CPU".into(), kind: DeviceKind::Cpu }
}
