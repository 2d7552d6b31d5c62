//! Benchmarks in the worker: the workloads that rivals are measured by, for `bench.html`.

use super::turn::now;
use crate::protocol::{Benched, DeviceChoice};
use kindling::train::bench::{Bench, Recipe};
use kindling::{Device, Result};

/// A workload under way.
#[derive(Default)]
pub struct Benches {
    current: Option<(String, DeviceChoice, Device, Bench)>,
}

impl Benches {
    /// Makes steps, and reads the last one's loss.
    pub async fn run(&mut self, workload: &str, steps: u32, choice: DeviceChoice) -> Result<Benched> {
        let fits = |(name, device, ..): &(String, DeviceChoice, Device, Bench)| name == workload && *device == choice;
        if !self.current.as_ref().is_some_and(fits) {
            let device = match choice {
                DeviceChoice::Cpu => Device::cpu(),
                DeviceChoice::Best => Device::best().await,
                DeviceChoice::Gpu => Device::gpu().await?,
            };
            let bench = Bench::new(workload, Recipe::Web, &device)?;
            self.current = Some((workload.to_owned(), choice, device, bench));
        }
        let Some((_, _, device, bench)) = &mut self.current else {
            return Err(kindling::Error::value("bench", "the workload has gone"));
        };
        let (before, begun) = (device.counters(), now());
        let mut last = bench.step()?;
        for _ in 1..steps {
            last = bench.step()?;
        }
        let loss = last.item().await?;
        let (after, taken) = (device.counters(), now() - begun);
        let each = f64::from(steps.max(1));
        Ok(Benched {
            ms_per_step: taken / each,
            loss,
            dispatches: after.dispatches.saturating_sub(before.dispatches) as f64 / each,
            submits: after.submits.saturating_sub(before.submits) as f64 / each,
            device: match device {
                Device::Cpu(_) => "CPU".to_owned(),
                Device::Gpu(gpu) => format!("{} · {}", gpu.name(), gpu.backend()),
            },
        })
    }
}
