//! Which kernel wins, by measurement. Sizes are rounded to powers of two: products that agree in them are a class. Natively
//! a class is measured when it is first planned, if `kept`'s `tune_as_needed` was called; otherwise it waits for [`tune`], which a
//! browser can await, and until then the table of `variant` decides. All kernels give the same bits, so a choice changes
//! nothing but time. Choices are kept by adapter: in this thread, natively also in a file in the user's cache folder, and they
//! can be handed out and in as text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::{Device, Gpu};
use crate::tensor::Program;
use crate::{Error, Result, argsort, plan, shader};

use super::variant::Variant;
use super::{Gemm, Shape};

/// Counts up when kernels change so much that old measurements say nothing.
const VERSION: u32 = 3;

/// Multiply-adds of a measured run: as many of these as take a few milliseconds. Larger products are cut.
const WORKS: [usize; 4] = [1 << 24, 1 << 27, 1 << 30, 1 << 31];

/// Milliseconds that are long enough to compare kernels by.
const LONG: f64 = 4.0;

/// Products of fewer multiply-adds are not measured: there is nothing to be won.
const LEAST: usize = 1 << 20;

/// How much faster than the usual kernel another has to be: less may be chance.
const WORTH: f64 = 0.95;

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

/// What is known of an adapter.
#[derive(Default)]
pub(super) struct Table {
    /// The choices, by class.
    pub choices: BTreeMap<String, Choice>,
    /// Milliseconds that may be spent on measuring as products are planned.
    #[cfg(not(target_arch = "wasm32"))]
    pub budget: f64,
    /// Milliseconds that were.
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
        let place = known.unwrap_or_else(|| {
            tables.push((gpu.identity().to_owned(), Table::default()));
            tables.len() - 1
        });
        f(&mut tables[place].1)
    })
}

/// The operation and the sizes, rows × depth × columns; `N` and `T`, BLAS's letters, say how the factors lie.
fn class(gemm: &Gemm) -> String {
    let Shape { m, n, k, batches } = gemm.shape;
    let [m, n, k, batches] = [m, n, k, batches].map(usize::next_power_of_two);
    let letter = |as_it_is: bool| if as_it_is { 'N' } else { 'T' };
    let [a, b] = [letter(gemm.deep[0]), letter(!gemm.deep[1])];
    let batch = if batches > 1 { format!("{batches} × ") } else { String::new() };
    format!("{} {} {batch}{m}×{k}×{n} {a}{b}", gemm.name, gemm.dtype)
}

/// The kernel that was fastest for products like this one. If none has been measured, that is done now where it may be; else
/// this one waits for it.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub(super) fn chosen(device: &Device, gemm: &Gemm) -> Result<Option<Variant>> {
    let Device::Gpu(gpu) = device else { return Ok(None) };
    if gemm.shape.work() < LEAST || Variant::candidates(gpu, &gemm.shape).len() < 2 {
        return Ok(None);
    }
    let class = class(gemm);
    let known = with_table(gpu, |table| table.choices.get(&class).map(|choice| choice.variant));
    #[cfg(not(target_arch = "wasm32"))]
    if known.is_none() && with_table(gpu, |table| table.budget > 0.0) {
        return super::kept::measured(gpu, device, gemm, class);
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
            table.waiting.retain(|(class, _)| !choices.classes.contains_key(class));
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
    let work = |place: usize| waiting[place].1.shape.work();
    // The largest products first: most is to be won there.
    let order = argsort(waiting.len(), &mut |a, b| work(b).cmp(&work(a)));
    for &place in &order {
        if now() - start > budget {
            break;
        }
        let (class, gemm) = waiting[place].clone();
        let Some(choice) = measure(gpu, device, gemm, start + budget, now).await? else { break };
        with_table(gpu, |table| table.choices.insert(class, choice));
        measured += 1;
    }
    // What was not reached goes on waiting: its kernels may have been compiled by now.
    let left = order.get(measured..).unwrap_or_default().iter().map(|place| waiting[*place].clone());
    with_table(gpu, |table| table.waiting.extend(left));
    if measured > 0 {
        plan::forget(device)?;
    }
    Ok(measured)
}

/// Times the kernels for a product; `None` if they are not all timed by the deadline, in `now`'s milliseconds: where they have
/// to be compiled first, that takes longer than they run, but next time less.
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
    // An adapter may be a hundred times faster than another, and a browser says of none what it is.
    for work in WORKS {
        gemm.shape = whole.cut(work);
        fastest = time(gpu, device, &gemm, best, now).await?;
        if fastest >= LONG || gemm.shape == whole {
            break;
        }
    }
    let tried = best;
    let mut milliseconds = BTreeMap::new();
    milliseconds.insert(format!("{tried:?}"), fastest);
    fastest *= WORTH;
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

/// Milliseconds of one kernel.
async fn time(gpu: &Gpu, device: &Device, gemm: &Gemm, variant: Variant, now: &dyn Fn() -> f64) -> Result<f64> {
    let mut program: Program = gemm.program_by(device, variant)?;
    for launch in &mut program.launches {
        launch.source.pieces.push(shader!("shared/finish").into());
    }
    let Shape { m, n, batches, .. } = gemm.shape;
    plan::milliseconds(gpu, &program, &gemm.extents, gemm.output.max(m * n * batches), RUNS, now).await
}
