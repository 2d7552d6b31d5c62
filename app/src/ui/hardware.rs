//! The card that names the hardware, says what it means and shows its limits.

use super::Status;
use super::header::kind;
use crate::protocol::{Adapter, Hardware};
use crate::words;
use leptos::prelude::*;

/// The card.
#[component]
pub fn Card(status: RwSignal<Status>) -> impl IntoView {
    let body = move || match status.get() {
        Status::Asking => view! {
            <p class="card-name">"Looking for the graphics card …"</p>
        }
        .into_any(),
        Status::Failed(reason) => view! {
            <p class="card-name">"The engine did not start"</p>
            <p class="card-meaning">{reason}</p>
            <p class="card-meaning">"Reload the page; if that does not help, try a current version of the browser."</p>
        }
        .into_any(),
        Status::Known(hardware) => {
            let words::Described { name, kind, meaning } = words::describe(&hardware);
            let limits = match hardware {
                Hardware::Gpu(adapter) | Hardware::Software(adapter) => Some(view! { <Limits adapter /> }),
                Hardware::Cpu(_) => None,
            };
            view! {
                <p class="card-name">{name} <span class="badge">{kind}</span></p>
                <p class="card-meaning">{meaning}</p>
                {limits}
            }
            .into_any()
        }
    };
    view! {
        <section class="card" data-kind=move || status.with(kind) aria-labelledby="hardware-title">
            <h2 id="hardware-title" class="eyebrow">"This browser offers"</h2>
            <div role="status">{body}</div>
        </section>
    }
}

#[component]
fn Limits(adapter: Adapter) -> impl IntoView {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let facts = [
        ("Largest buffer", words::bytes(adapter.max_buffer), "A tensor cannot be larger than this."),
        (
            "Workgroup memory",
            words::bytes(adapter.workgroup_memory),
            "Fast memory that the threads of a workgroup share: matrix products keep their tiles in it.",
        ),
        ("Workgroup size", format!("{} threads", adapter.workgroup_size), "Threads that can share memory."),
        ("Half precision", yes_or_no(adapter.half_precision), "Whether shaders can compute with 16-bit numbers."),
        ("Kernel timing", yes_or_no(adapter.timestamps), "Whether the adapter itself can time its work."),
    ];
    let rows = facts.map(|(label, value, title)| {
        view! {
            <div class="fact" title=title>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    view! { <dl class="facts">{rows.to_vec()}</dl> }
}
