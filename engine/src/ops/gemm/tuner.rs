//! Choice of the fastest kernel by measurement. Sizes are rounded to powers of two; products that
//! agree in them form a class. Natively a class is measured when it is first planned, after a call
//! of `tune_as_needed`. Otherwise it waits for [`tune`], which a browser can await, and until then
//! the table of `variant` decides. All kernels give the same bits, so a choice affects only time.
//! Choices are cached by adapter: in this thread, natively also in a file in the user's cache
//! folder. They can be exported and imported as text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::{Device, Gpu};
use crate::tensor::Program;
use crate::{Error, Result, argsort, plan, shader};

use super::variant::Variant;
use super::{Gemm, Shape};

/// Version of the kernels; raised when earlier measurements no longer apply.
const VERSION: u32 = 3;

/// Multiply-adds of a measured run; the smallest that takes a few milliseconds is used. Larger
/// products are cut.
const SAMPLE_WORKS: [usize; 4] = [1 << 24, 1 << 27, 1 << 30, 1 << 31];

/// Time long enough to compare kernels by.
const MIN_MEASUREMENT_MS: f64 = 4.0;

/// Number of multiply-adds below which measuring does not pay.
const MIN_TUNED_WORK: usize = 1 << 20;

/// Maximum time of a better kernel, relative to the usual one: a smaller gain may be noise.
const MAX_RELATIVE_TIME: f64 = 0.95;

/// Timed runs of each kernel, of which the fastest counts.
const TIMED_RUNS: usize = 2;

/// Result of the measurement of a class of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Fastest kernel.
    pub variant: Variant,
    /// Milliseconds of each measured kernel, on a product cut to a few milliseconds.
    pub milliseconds: BTreeMap<String, f64>,
}

/// Choices for an adapter, by class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Version of the measured kernels.
    pub version: u32,
    /// Adapter.
    pub adapter: String,
    /// Choice for each class.
    pub classes: BTreeMap<String, Choice>,
}

/// State of the tuner for an adapter.
#[derive(Default)]
pub(super) struct Table {
    /// Choices, by class.
    pub choices: BTreeMap<String, Choice>,
    /// Milliseconds that may be spent on measuring during planning.
    #[cfg(not(target_arch = "wasm32"))]
    pub budget: f64,
    /// Milliseconds spent so far.
    #[cfg(not(target_arch = "wasm32"))]
    pub spent: f64,
    waiting: Vec<(String, Gemm)>,
}

thread_local! {
    static TABLES: RefCell<Vec<(String, Table)>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn with_table<T>(gpu: &Gpu, f: impl FnOnce(&mut Table) -> T) -> T {
    TABLES.with_borrow_mut(|tables| {
        let known = tables.iter().position(|(adapter, _)| adapter == gpu.identity());
        let i = known.unwrap_or_else(|| {
            tables.push((gpu.identity().to_owned(), Table::default()));
            tables.len() - 1
        });
        f(&mut tables[i].1)
    })
}

/// Returns the operation and the sizes, rows × depth × columns; `N` and `T`, BLAS's letters, give
/// the layout of the factors.
fn class(gemm: &Gemm) -> String {
    let Shape { m, n, k, batches } = gemm.shape;
    let [m, n, k, batches] = [m, n, k, batches].map(usize::next_power_of_two);
    let letter = |as_it_is: bool| if as_it_is { 'N' } else { 'T' };
    let [a, b] = [letter(gemm.deep[0]), letter(!gemm.deep[1])];
    let batch = if batches > 1 { format!("{batches} × ") } else { String::new() };
    format!("{} {} {batch}{m}×{k}×{n} {a}{b}", gemm.name, gemm.dtype)
}

/// Returns the fastest kernel for products like this one. If none has been measured, it is measured
/// now where possible; else the class is queued.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub(super) fn chosen(device: &Device, gemm: &Gemm) -> Result<Option<Variant>> {
    let Device::Gpu(gpu) = device else { return Ok(None) };
    if gemm.shape.work() < MIN_TUNED_WORK || Variant::candidates(gpu, &gemm.shape).len() < 2 {
        return Ok(None);
    }
    let class = class(gemm);
    let known = with_table(gpu, |table| table.choices.get(&class).map(|choice| choice.variant));
    #[cfg(not(target_arch = "wasm32"))]
    if known.is_none() && with_table(gpu, |table| table.budget > 0.0) {
        return super::cache::measured(gpu, device, gemm, class);
    }
    if known.is_none() {
        with_table(gpu, |table| {
            if !table.waiting.iter().any(|(waiting, _)| *waiting == class) {
                table.waiting.push((class, gemm.clone()));
            }
        });
    }
    Ok(known)
}

/// Returns the choices made so far for a device's adapter; none on a CPU.
pub fn choices(device: &Device) -> Choices {
    let Device::Gpu(gpu) = device else { return Choices::default() };
    let classes = with_table(gpu, |table| table.choices.clone());
    Choices { version: VERSION, adapter: gpu.identity().to_owned(), classes }
}

/// Imports choices made for this adapter and these kernels; returns `false` if they were made for
/// others. Plans made from now on follow them.
pub fn adopt(device: &Device, choices: Choices) -> bool {
    let Device::Gpu(gpu) = device else { return false };
    let fits = choices.version == VERSION && choices.adapter == gpu.identity();
    if fits {
        with_table(gpu, |table| {
            table.waiting.retain(|(class, _)| !choices.classes.contains_key(class));
            table.choices.extend(choices.classes);
        });
    }
    fits
}

/// Measures the kernels for the products planned without a measurement, for about `budget`
/// milliseconds at most, and drops plans that use them. `now` returns milliseconds. Returns the
/// number of classes measured.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub async fn tune(device: &Device, budget: f64, now: &dyn Fn() -> f64) -> Result<usize> {
    let Device::Gpu(gpu) = device else { return Ok(0) };
    let waiting = with_table(gpu, |table| std::mem::take(&mut table.waiting));
    let (start, mut measured) = (now(), 0);
    let work = |i: usize| waiting[i].1.shape.work();
    // The largest products first: they gain the most.
    let order = argsort(waiting.len(), &mut |a, b| work(b).cmp(&work(a)));
    for &i in &order {
        if now() - start > budget {
            break;
        }
        let (class, gemm) = waiting[i].clone();
        let Some(choice) = measure(gpu, device, gemm, start + budget, now).await? else { break };
        with_table(gpu, |table| table.choices.insert(class, choice));
        measured += 1;
    }
    // Classes not reached stay queued: their kernels may have been compiled by now.
    let left = order.get(measured..).unwrap_or_default().iter().map(|i| waiting[*i].clone());
    with_table(gpu, |table| table.waiting.extend(left));
    if measured > 0 {
        plan::forget(device)?;
    }
    Ok(measured)
}

/// Times the kernels for a product; `None` if some are not timed by the deadline, in `now`'s
/// milliseconds. Compilation takes longer than a run, but is cached for the next call.
pub(super) async fn measure(
    gpu: &Gpu,
    device: &Device,
    mut gemm: Gemm,
    deadline: f64,
    now: &dyn Fn() -> f64,
) -> Result<Option<Choice>> {
    let candidates = Variant::candidates(gpu, &gemm.shape);
    let usual = Variant::usual(device, &gemm.shape);
    let whole = gemm.shape;
    let first = candidates.iter().find(|variant| **variant == usual).or(candidates.first());
    let mut best = *first.ok_or_else(|| Error::internal("no kernel to be measured"))?;
    let mut fastest = f64::INFINITY;
    // An adapter may be a hundred times faster than another, and a browser does not describe any.
    for work in SAMPLE_WORKS {
        gemm.shape = whole.cut(work);
        fastest = time(gpu, device, &gemm, best, now).await?;
        if fastest >= MIN_MEASUREMENT_MS || gemm.shape == whole {
            break;
        }
    }
    let tried = best;
    let mut milliseconds = BTreeMap::new();
    milliseconds.insert(format!("{tried:?}"), fastest);
    fastest *= MAX_RELATIVE_TIME;
    for variant in candidates.iter().copied().filter(|variant| *variant != tried) {
        if now() > deadline {
            return Ok(None);
        }
        let taken = time(gpu, device, &gemm, variant, now).await?;
        milliseconds.insert(format!("{variant:?}"), taken);
        if taken < fastest {
            (best, fastest) = (variant, taken);
        }
    }
    Ok(Some(Choice { variant: best, milliseconds }))
}

/// Measures one kernel, in milliseconds.
async fn time(gpu: &Gpu, device: &Device, gemm: &Gemm, variant: Variant, now: &dyn Fn() -> f64) -> Result<f64> {
    let mut program: Program = gemm.program_by(device, variant)?;
    for launch in &mut program.launches {
        launch.source.add(shader!("shared/epilogue").iter().copied());
    }
    let Shape { m, n, batches, .. } = gemm.shape;
    plan::milliseconds(gpu, &program, &gemm.extents, gemm.output.max(m * n * batches), TIMED_RUNS, now).await
}
