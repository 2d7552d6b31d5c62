//! Progress of training, in tqdm's format, and its speed.

use crate::ui::numbers;
use crate::ui::store::{Phase, Store};
use crate::words;
use kindling::train::Ending;
use leptos::prelude::*;

/// The line.
#[component]
pub fn Progress(store: Store) -> impl IntoView {
    let run = store.run;
    let part = move || format!("{:.0}", run.line().part() * 100.0);
    let line = move || match (run.phase.get(), run.testing.get()) {
        (Phase::None, _) => "Press Train: it begins at once, on this machine.".to_owned(),
        (Phase::Starting, _) => "Making the run ready …".to_owned(),
        (Phase::Going, Some((done, of))) => {
            let part = done as f64 / of.max(1) as f64;
            format!("testing {:6.0}%|{}| {done}/{of}", part * 100.0, numbers::bar(part, 10))
        }
        _ => run.line().line(),
    };
    let spoken = move || {
        let line = run.line();
        let loss = line.loss.map_or(String::new(), |loss| format!(", loss {loss:.2}"));
        format!("epoch {} of {}, batch {} of {}{loss}", line.epoch[0], line.epoch[1], line.batch[0], line.batch[1])
    };
    view! {
        <div class="progress">
            <div
                class="progress-line"
                role="progressbar"
                aria-label="This epoch"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=part
                aria-valuetext=spoken
            >
                <code>{line}</code>
            </div>
        </div>
    }
}

/// State of the run, in a word.
#[component]
pub fn Standing(store: Store) -> impl IntoView {
    let run = store.run;
    let word = move || match run.phase.get() {
        Phase::Ended(Ending::Finished) => Some("finished"),
        Phase::Ended(Ending::StoppedEarly) => Some("stopped early"),
        Phase::Paused => Some("paused"),
        _ => None,
    };
    move || word().map(|word| view! { <span class="badge">{word}</span> })
}

/// Throughput, time, memory.
#[component]
pub fn Pace(store: Store) -> impl IntoView {
    let pace = store.run.pace;
    let dash = || "–".to_owned();
    let shown =
        move |value: fn(&crate::ui::store::Pace) -> Option<String>| move || pace.with(value).unwrap_or_else(dash);
    let fast = shown(|pace| (pace.images_per_second > 0.0).then(|| numbers::amount(pace.images_per_second)));
    let step = shown(|pace| (pace.ms_per_step > 0.0).then(|| numbers::amount(pace.ms_per_step)));
    let memory = shown(|pace| (pace.gpu_bytes > 0).then(|| words::bytes(pace.gpu_bytes as f64)));
    let kernels = shown(|pace| (pace.dispatches > 0.0).then(|| numbers::amount(pace.dispatches)));
    let rate = shown(|pace| (pace.lr > 0.0).then(|| format!("{}", (pace.lr * 1e9).round() / 1e9)));
    view! {
        <dl class="pace">
            <div><dt>"samples/s"</dt><dd>{fast}</dd></div>
            <div><dt>"ms a step"</dt><dd>{step}</dd></div>
            <div><dt>"learning rate"</dt><dd>{rate}</dd></div>
            <div title="What the engine holds on the GPU; on the CPU it is not counted."><dt>"GPU memory"</dt><dd>{memory}</dd></div>
            <div title="Kernels run in a step."><dt>"kernels a step"</dt><dd>{kernels}</dd></div>
        </dl>
    }
}
