//! Benchmarks in the worker: the workloads of the comparison with other engines, for `bench.html`.

use super::turn::now;
use crate::protocol::{Benched, DeviceChoice};
use crate::session::{Host, OpenDevice, TUNING_TIME_MS, open};
use kindling::Result;
use kindling::tuning::tune;
use kindling_bench::{Bench, Recipe};

/// A running workload.
#[derive(Default)]
pub struct Benches {
    current: Option<(String, DeviceChoice, OpenDevice, Bench)>,
}

impl Benches {
    /// Runs steps, and reads the last one's loss. Kernels are measured after a workload's first
    /// step, as after the first steps of a run.
    pub async fn run(&mut self, workload: &str, steps: u32, choice: DeviceChoice, host: &dyn Host) -> Result<Benched> {
        let fits =
            |(name, device, ..): &(String, DeviceChoice, OpenDevice, Bench)| name == workload && *device == choice;
        let new = !self.current.as_ref().is_some_and(fits);
        if new {
            let opened = open(choice, host).await?;
            let bench = Bench::new(workload, Recipe::Web, &opened.device)?;
            self.current = Some((workload.to_owned(), choice, opened, bench));
        }
        let Some((_, _, OpenDevice { device, name, .. }, bench)) = &mut self.current else {
            return Err(kindling::Error::value("bench", "the workload has gone"));
        };
        let (before, start) = (device.counters(), now());
        let mut last = bench.step()?;
        for _ in 1..steps {
            last = bench.step()?;
        }
        if new {
            last.item().await?;
            tune(device, TUNING_TIME_MS, &now).await?;
        }
        let loss = last.item().await?;
        let (after, elapsed) = (device.counters(), now() - start);
        let count = f64::from(steps.max(1));
        Ok(Benched {
            ms_per_step: elapsed / count,
            loss,
            dispatches: after.dispatches.saturating_sub(before.dispatches) as f64 / count,
            submits: after.submits.saturating_sub(before.submits) as f64 / count,
            device: name.clone(),
        })
    }
}
