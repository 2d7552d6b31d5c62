//! Cache of the tuner's choices: native programs measure products as they are planned. Choices are
//! stored in a file per adapter, in `$KINDLING_CACHE`, or `kindling` in the user's cache folder.
//! The module knows files and clocks, no kernel.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::device::{Device, Gpu};
use crate::{Result, plan};

use super::Gemm;
use super::tuner::{Choices, adopt, choices, measure, with_table};
use super::variant::Variant;

/// Loads the choices of earlier runs and, from now on, measures products when they are first
/// planned, for about `budget` milliseconds in all; results are stored. For programs that train:
/// the next start is faster, and every step. A file that cannot be read or written costs only the
/// time to measure.
///
/// # Errors
/// None today: products of an unreadable file are measured again.
pub fn tune_as_needed(device: &Device, budget: f64) -> Result<()> {
    recall(device)?;
    if let Device::Gpu(gpu) = device {
        with_table(gpu, |table| table.budget = budget);
    }
    Ok(())
}

/// Loads the choices from the user's cache folder; returns `true` if there were any.
///
/// # Errors
/// None today: products of an unreadable file are measured again.
pub fn recall(device: &Device) -> Result<bool> {
    let text = file(device).and_then(|path| std::fs::read_to_string(path).ok());
    let kept: Option<Choices> = text.and_then(|text| serde_json::from_str(&text).ok());
    let adopted = kept.is_some_and(|kept| adopt(device, kept));
    if adopted {
        plan::forget(device)?;
    }
    Ok(adopted)
}

/// Returns the milliseconds spent on measuring as products were planned.
pub fn tuning_ms(device: &Device) -> f64 {
    let Device::Gpu(gpu) = device else { return 0.0 };
    with_table(gpu, |table| table.spent)
}

/// Measures a class, takes the time from the budget, and stores the choice if the budget was
/// sufficient.
pub(super) fn measured(gpu: &Gpu, device: &Device, gemm: &Gemm, class: String) -> Result<Option<Variant>> {
    let start = Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1e3;
    let budget = with_table(gpu, |table| table.budget);
    let choice = plan::block_on(measure(gpu, device, gemm.clone(), budget, &now))?;
    with_table(gpu, |table| {
        table.budget -= now();
        table.spent += now();
    });
    let Some(choice) = choice else { return Ok(None) };
    let variant = choice.variant;
    with_table(gpu, |table| table.choices.insert(class, choice));
    if let Some(path) = file(device)
        && let Ok(text) = serde_json::to_string_pretty(&choices(device))
        && let Err(error) = write(&path, &text)
    {
        log::warn!("the choices of kernels could not be kept in {}: {error}", path.display());
    }
    Ok(Some(variant))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    // Written atomically: another program may be reading, or writing too.
    let half = path.with_extension(format!("{}.half", std::process::id()));
    std::fs::write(&half, text)?;
    std::fs::rename(half, path)
}

fn file(device: &Device) -> Option<PathBuf> {
    let Device::Gpu(gpu) = device else { return None };
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        var("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        var("HOME").map(|home| home.join("Library/Caches"))
    } else {
        var("XDG_CACHE_HOME").or_else(|| var("HOME").map(|home| home.join(".cache")))
    };
    let folder = var("KINDLING_CACHE").or_else(|| base.map(|base| base.join("kindling")))?;
    let name: String = gpu.identity().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Some(folder.join("kernels").join(format!("{name}.json")))
}
