//! Progress of training, in tqdm's format, and its speed.

use crate::hardware_text;
use crate::ui::numbers;
use crate::ui::store::{Phase, Store};
use kindling::train::Ending;
use leptos::prelude::*;

/// The line.
#[component]
pub fn Progress(store: Store) -> impl IntoView {
    let run = store.run;
    let fraction = move || format!("{:.0}", run.epoch_progress().fraction() * 100.0);
    let line = move || match (run.phase.get(), run.testing.get()) {
        (Phase::None, _) => "Press Train to start.".to_owned(),
        (Phase::Starting, _) => "Preparing the run …".to_owned(),
        (Phase::Training, Some((done, of))) => {
            let fraction = done as f64 / of.max(1) as f64;
            format!("testing {:6.0}%|{}| {done}/{of}", fraction * 100.0, numbers::bar(fraction, 10))
        }
        _ => run.epoch_progress().line(),
    };
    let announcement = move || {
        let line = run.epoch_progress();
        let loss = line.loss.map_or(String::new(), |loss| format!(", loss {loss:.2}"));
        format!("epoch {} of {}, batch {} of {}{loss}", line.epoch[0], line.epoch[1], line.batch[0], line.batch[1])
    };
    view! {
        <div class="progress">
            <div
                class="progress-line"
                role="progressbar"
                aria-label="Progress of the epoch"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=fraction
                aria-valuetext=announcement
            >
                <code>{line}</code>
            </div>
        </div>
    }
}

/// Phase of the run.
#[component]
pub fn PhaseBadge(store: Store) -> impl IntoView {
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
pub fn Stats(store: Store) -> impl IntoView {
    let stats = store.run.stats;
    let dash = || "–".to_owned();
    let shown =
        move |value: fn(&crate::ui::store::RunStats) -> Option<String>| move || stats.with(value).unwrap_or_else(dash);
    let fast = shown(|stats| (stats.samples_per_second > 0.0).then(|| numbers::amount(stats.samples_per_second)));
    let step = shown(|stats| (stats.ms_per_step > 0.0).then(|| numbers::amount(stats.ms_per_step)));
    let memory = shown(|stats| (stats.gpu_bytes > 0).then(|| hardware_text::format_bytes(stats.gpu_bytes as f64)));
    let kernels = shown(|stats| (stats.dispatches > 0.0).then(|| numbers::amount(stats.dispatches)));
    let rate = shown(|stats| (stats.lr > 0.0).then(|| format!("{}", (stats.lr * 1e9).round() / 1e9)));
    view! {
        <dl class="pace">
            <div><dt>"samples/s"</dt><dd>{fast}</dd></div>
            <div><dt>"ms/step"</dt><dd>{step}</dd></div>
            <div><dt>"learning rate"</dt><dd>{rate}</dd></div>
            <div title="Memory allocated by the engine on the GPU; not counted on the CPU."><dt>"GPU memory"</dt><dd>{memory}</dd></div>
            <div title="Kernels dispatched per step."><dt>"kernels/step"</dt><dd>{kernels}</dd></div>
        </dl>
    }
}
