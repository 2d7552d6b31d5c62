//! The device of a session: choice, name, measurements.

use super::{Opened, Outside, Session};
use crate::protocol::{DeviceChoice, DeviceKind, FromWorker, Hardware, Measurement};
use crate::words;
use kindling::device::{AdapterKind, gather_threads};
use kindling::{Device, Result, Tensor};

impl Session {
    /// Sets the device of the next run.
    pub(super) async fn use_device(&mut self, choice: DeviceChoice) {
        self.choice = choice;
        self.device = None;
        self.open_device(None).await;
    }

    /// Returns the device, opened if necessary; `note` gives the reason of a reopening.
    pub(super) async fn open_device(&mut self, note: Option<String>) -> Opened {
        if let Some(opened) = &self.device {
            return opened.clone();
        }
        let (opened, found) = match open(self.choice, self.outside.as_ref()).await {
            Ok(opened) => (opened, None),
            Err(error) => {
                let asked = self.choice == DeviceChoice::Gpu;
                (cpu().await, asked.then(|| format!("There is no GPU to be had, the CPU computes: {error}")))
            }
        };
        let note = match (note, found) {
            (Some(note), Some(found)) => Some(format!("{note} {found}")),
            (note, found) => note.or(found),
        };
        self.say(FromWorker::DeviceOpened { name: opened.name.clone(), kind: opened.kind, note });
        self.recall_kernels(&opened.device).await;
        self.device = Some(opened.clone());
        opened
    }

    /// Loses the GPU, as a driver reset would.
    pub(super) fn lose_device(&self) {
        match &self.device {
            Some(Opened { device: Device::Gpu(gpu), .. }) => gpu.destroy(),
            _ => self.fail(None, "There is no GPU to be lost: the CPU computes.".into()),
        }
    }

    /// Measures the device in the operations of networks.
    pub(super) async fn measure(&mut self) -> Result<()> {
        let Opened { device, .. } = self.open_device(None).await;
        let mut figures = Vec::new();
        for size in [256usize, 512, 1024] {
            let a = Tensor::full([size, size], 0.5, &device)?;
            let b = Tensor::full([size, size], 1.0 / size as f64, &device)?;
            let flops = 2.0 * (size as f64).powi(3);
            let seconds = self.time(|x| x.matmul(&b), &a).await?;
            figures.push(figure(format!("matmul {size}×{size}×{size}"), flops / seconds / 1e9, "GFLOP/s"));
            if seconds > 0.2 {
                break;
            }
        }
        let images = Tensor::full([32, 32, 32, 32], 0.5, &device)?;
        let weight = Tensor::full([32, 32, 3, 3], 0.01, &device)?;
        let options = kindling::ops::Conv2dOptions { padding: kindling::ops::Padding::Same, ..Default::default() };
        let seconds = self.time(|x| x.conv2d(&weight, None, &options), &images).await?;
        let flops = 2.0 * 32.0 * 32.0 * 32.0 * 32.0 * 32.0 * 9.0;
        figures.push(figure("conv2d 3×3, 32 → 32 channels, 32×32, batch 32".into(), flops / seconds / 1e9, "GFLOP/s"));
        let elements = 1usize << 22;
        let long = Tensor::full([elements], 1.0, &device)?;
        let seconds = self.time(|x| x.neg(), &long).await?;
        figures.push(figure("memory, read and written".into(), 8.0 * elements as f64 / seconds / 1e9, "GB/s"));
        self.say(FromWorker::Measured { figures });
        Ok(())
    }

    /// Returns the seconds of an operation, repeated on its last result.
    async fn time(&self, run: impl Fn(&Tensor) -> Result<Tensor>, start: &Tensor) -> Result<f64> {
        let once = |n: usize| -> Result<Tensor> {
            (0..n).try_fold(start.clone(), |x, _| {
                let y = run(&x)?;
                kindling::plan::flush(&y.device())?;
                Ok(y)
            })
        };
        let read = async |x: Tensor| x.flatten(0, -1)?.narrow(0, 0, 1)?.to_array().await;
        read(once(1)?).await?;
        let mut repeats = 1;
        loop {
            let begun = self.now();
            read(once(repeats)?).await?;
            let taken = (self.now() - begun) / 1e3;
            if taken > 0.15 || repeats >= 4096 {
                return Ok((taken / repeats as f64).max(1e-9));
            }
            repeats *= 4;
        }
    }
}

/// Opens the chosen device, and passes the browser's description of the adapter to the engine.
///
/// # Errors
/// There is no GPU, or it creates no device.
pub async fn open(choice: DeviceChoice, outside: &dyn Outside) -> Result<Opened> {
    if choice == DeviceChoice::Cpu {
        return Ok(cpu().await);
    }
    let hardware = outside.hardware().await;
    if choice == DeviceChoice::Best && matches!(hardware, Hardware::Software(_)) {
        return Ok(cpu().await);
    }
    let Device::Gpu(gpu) = Device::gpu().await? else { return Ok(cpu().await) };
    let described = words::describe(&hardware).name;
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
    Ok(Opened { device: Device::Gpu(gpu), name, kind })
}

fn figure(name: String, value: f64, unit: &str) -> Measurement {
    Measurement { name, value, unit: unit.to_owned() }
}

async fn cpu() -> Opened {
    gather_threads().await;
    Opened { device: Device::cpu(), name: "CPU".into(), kind: DeviceKind::Cpu }
}
