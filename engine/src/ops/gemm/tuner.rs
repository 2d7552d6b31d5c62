//! Which kernel wins, by measurement. Sizes are rounded to powers of two: products that agree in them are a class. What has
//! been planned without a measurement is remembered until [`tune`] measures it; until then, and beyond its time, the table of
//! `variant` decides. Choices are kept by adapter: in this thread, natively also in a file in the user's cache folder, and
//! they can be handed out and in as text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::{AdapterKind, Device, Gpu};
use crate::tensor::Program;
use crate::{Error, Result, plan, shader};

use super::variant::Variant;
use super::{Gemm, Shape};

/// Counts up when kernels change so much that old measurements say nothing.
const VERSION: u32 = 1;

/// Multiply-adds of a measured run: a few milliseconds. Larger products are cut.
const SOFTWARE_WORK: usize = 1 << 24;
const HARDWARE_WORK: usize = 1 << 31;

/// Runs of each kernel, of which the fastest counts.
const RUNS: usize = 2;

/// What was measured for a class of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The fastest kernel.
    pub variant: Variant,
    /// Milliseconds of each kernel that was measured, on a product cut to a few milliseconds.
    pub milliseconds: BTreeMap<String, f64>,
}

/// The choices for an adapter, by class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Of the kernels that were measured.
    pub version: u32,
    /// The adapter.
    pub adapter: String,
    /// What was chosen.
    pub classes: BTreeMap<String, Choice>,
}

#[derive(Default)]
struct Table {
    choices: BTreeMap<String, Choice>,
    waiting: BTreeMap<String, Gemm>,
}

thread_local! {
    static TABLES: RefCell<BTreeMap<String, Table>> = const { RefCell::new(BTreeMap::new()) };
}

fn with_table<T>(gpu: &Gpu, f: impl FnOnce(&mut Table) -> T) -> T {
    TABLES.with_borrow_mut(|tables| f(tables.entry(gpu.identity().to_owned()).or_default()))
}

fn class(gemm: &Gemm) -> String {
    let Shape { m, n, k, batches } = gemm.shape;
    let [m, n, k, batches] = [m, n, k, batches].map(usize::next_power_of_two);
    format!("{} {m}×{k}×{n}, {batches}", gemm.name)
}

/// The kernel that was fastest for products like this one; if none has been measured, this one waits for it.
pub(super) fn chosen(device: &Device, gemm: &Gemm) -> Option<Variant> {
    let Device::Gpu(gpu) = device else { return None };
    let class = class(gemm);
    with_table(gpu, |table| {
        let choice = table.choices.get(&class).map(|choice| choice.variant);
        if choice.is_none() && !table.waiting.contains_key(&class) {
            table.waiting.insert(class, gemm.clone());
        }
        choice
    })
}

/// The choices made so far for a device's adapter; none on a CPU.
pub fn choices(device: &Device) -> Choices {
    let Device::Gpu(gpu) = device else { return Choices::default() };
    let classes = with_table(gpu, |table| table.choices.clone());
    Choices { version: VERSION, adapter: gpu.identity().to_owned(), classes }
}

/// Takes over choices made before, if they were made for this adapter and these kernels; says whether they were. Plans made
/// from now on follow them.
pub fn adopt(device: &Device, choices: Choices) -> bool {
    let Device::Gpu(gpu) = device else { return false };
    let fits = choices.version == VERSION && choices.adapter == gpu.identity();
    if fits {
        with_table(gpu, |table| {
            choices.classes.keys().for_each(|class| drop(table.waiting.remove(class)));
            table.choices.extend(choices.classes);
        });
    }
    fits
}

/// Measures the kernels for the products that have been planned without a measurement, for at most about `budget`
/// milliseconds, and has plans made anew where they are used. `now` gives milliseconds. Gives how many classes were measured.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub async fn tune(device: &Device, budget: f64, now: &dyn Fn() -> f64) -> Result<usize> {
    let Device::Gpu(gpu) = device else { return Ok(0) };
    let waiting = with_table(gpu, |table| std::mem::take(&mut table.waiting));
    let (start, mut measured) = (now(), 0);
    // The largest products first: most is to be won there.
    let mut waiting: Vec<(String, Gemm)> = waiting.into_iter().collect();
    waiting.sort_by_key(|(_, gemm)| std::cmp::Reverse(gemm.shape.work()));
    for (class, gemm) in waiting {
        if now() - start > budget {
            break;
        }
        let choice = measure(gpu, device, gemm, now).await?;
        with_table(gpu, |table| table.choices.insert(class, choice));
        measured += 1;
    }
    if measured > 0 {
        plan::forget(device)?;
    }
    Ok(measured)
}

async fn measure(gpu: &Gpu, device: &Device, mut gemm: Gemm, now: &dyn Fn() -> f64) -> Result<Choice> {
    let software = gpu.kind() == AdapterKind::Software;
    gemm.shape = gemm.shape.cut(if software { SOFTWARE_WORK } else { HARDWARE_WORK });
    let mut milliseconds = BTreeMap::new();
    let mut best: Option<(Variant, f64)> = None;
    for variant in Variant::candidates(software, &gemm.shape) {
        let mut program: Program = gemm.program_by(device, *variant)?;
        for launch in &mut program.launches {
            launch.source.pieces.push(shader!("shared/finish").into());
        }
        let Shape { m, n, batches, .. } = gemm.shape;
        let output = gemm.output.max(m * n * batches);
        let time = plan::milliseconds(gpu, &program, &gemm.extents, output, RUNS, now).await?;
        milliseconds.insert(format!("{variant:?}"), time);
        if best.is_none_or(|(_, fastest)| time < fastest) {
            best = Some((*variant, time));
        }
    }
    let (variant, _) = best.ok_or_else(|| Error::internal("no kernel was measured"))?;
    Ok(Choice { variant, milliseconds })
}

/// [`tune`] for native programs: choices of earlier runs are read from a file in the user's cache folder, and what was
/// measured is added to it. A file that cannot be read or written costs only the time to measure.
///
/// # Errors
/// As [`tune`].
#[cfg(not(target_arch = "wasm32"))]
pub fn tune_now(device: &Device, budget: f64) -> Result<usize> {
    recall(device)?;
    let start = std::time::Instant::now();
    let measured = plan::block_on(tune(device, budget, &|| start.elapsed().as_secs_f64() * 1e3))?;
    if measured > 0
        && let Some(path) = file(device)
        && let Ok(text) = serde_json::to_string_pretty(&choices(device))
        && let Err(error) = write(&path, &text)
    {
        log::warn!("the choices of kernels could not be kept in {}: {error}", path.display());
    }
    Ok(measured)
}

/// Takes over the choices in the user's cache folder; says whether there were any.
///
/// # Errors
/// None today: what cannot be read is measured again.
#[cfg(not(target_arch = "wasm32"))]
pub fn recall(device: &Device) -> Result<bool> {
    let text = file(device).and_then(|path| std::fs::read_to_string(path).ok());
    let kept: Option<Choices> = text.and_then(|text| serde_json::from_str(&text).ok());
    let adopted = kept.is_some_and(|kept| adopt(device, kept));
    if adopted {
        plan::forget(device)?;
    }
    Ok(adopted)
}

#[cfg(not(target_arch = "wasm32"))]
fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    // Whole or not at all: another program may be reading.
    let half = path.with_extension("half");
    std::fs::write(&half, text)?;
    std::fs::rename(half, path)
}

/// `$KINDLING_CACHE`, or `kindling` in the user's cache folder; a file for each adapter.
#[cfg(not(target_arch = "wasm32"))]
fn file(device: &Device) -> Option<std::path::PathBuf> {
    use std::path::PathBuf;
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
