//! The fastest kernels of a GPU: measured after the first steps of a run, cached in the browser's
//! storage, and sent to the page.

use super::Session;
use crate::protocol::{FromWorker, KernelChoice};
use kindling::ops::{Choices, adopt, choices, tune};
use kindling::{Device, Result, json};

/// Storage key of the choices.
const KEY: &str = "kernels";

/// Time for measuring per run, in milliseconds.
pub const TUNING_TIME_MS: f64 = 1000.0;

impl Session {
    /// Loads the measurements of an earlier visit. Without them kernels are
    /// measured again.
    pub(super) async fn load_kernels(&self, device: &Device) {
        if device.is_cpu() {
            return;
        }
        let stored = self.host.get(KEY).await.ok().flatten();
        if let Some(stored) = stored.and_then(|bytes| json::read::<Choices>(&String::from_utf8_lossy(&bytes)).ok())
            && adopt(device, stored)
        {
            self.send_kernels(&choices(device));
        }
    }

    /// Measures the kernels requested by the run's steps.
    pub(super) async fn tune(&mut self, device: &Device) -> Result<()> {
        let measured = tune(device, TUNING_TIME_MS, &|| self.host.now()).await?;
        if measured == 0 {
            return Ok(());
        }
        let choices = choices(device);
        self.send_kernels(&choices);
        if let Ok(text) = json::write(&choices)
            && let Err(reason) = self.host.put(vec![(KEY.to_owned(), text.into_bytes())]).await
        {
            self.not_stored(reason);
        }
        Ok(())
    }

    fn send_kernels(&self, choices: &Choices) {
        let choices = choices.classes.iter().map(|(product, choice)| KernelChoice {
            product: product.clone(),
            kernel: format!("{:?}", choice.variant),
            milliseconds: choice.milliseconds.iter().map(|(kernel, ms)| (kernel.clone(), *ms)).collect(),
        });
        self.say(FromWorker::Kernels { choices: choices.collect() });
    }
}
