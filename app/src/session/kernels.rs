//! The fastest kernels of a GPU: measured after the first steps of a run, cached in the browser's
//! storage, and sent to the page.

use super::page::Page;
use crate::protocol::FromWorker;
use kindling::tuning::{self, Choices, adopt, choices};
use kindling::{Device, Result, json};

/// Storage key of the choices.
const KEY: &str = "kernels";

/// Time for measuring per run, in milliseconds.
pub const TUNING_TIME_MS: f64 = 1000.0;

/// Loads the measurements of an earlier visit. Without them kernels are measured again.
pub async fn load(device: &Device, page: &Page) {
    if device.is_cpu() {
        return;
    }
    let stored = page.host().get(KEY).await.ok().flatten();
    if let Some(stored) = stored.and_then(|bytes| json::read::<Choices>(&String::from_utf8_lossy(&bytes)).ok())
        && adopt(device, stored)
    {
        page.say(FromWorker::Kernels(choices(device)));
    }
}

/// Measures the kernels requested by the run's steps.
///
/// # Errors
/// The device fails.
pub async fn tune(device: &Device, page: &Page) -> Result<()> {
    let measured = tuning::tune(device, TUNING_TIME_MS, &|| page.now()).await?;
    if measured == 0 {
        return Ok(());
    }
    let choices = choices(device);
    page.say(FromWorker::Kernels(choices.clone()));
    if let Ok(text) = json::write(&choices)
        && let Err(reason) = page.host().put(vec![(KEY.to_owned(), text.into_bytes())]).await
    {
        page.report_storage(reason);
    }
    Ok(())
}
