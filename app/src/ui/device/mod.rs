//! The device: adapters of the browser, choice, measurements.

mod kernels;

use crate::hardware_text;
use crate::protocol::{Adapter, Hardware, Measurement, ToWorker};
use crate::ui::browser;
use crate::ui::header::kind;
use crate::ui::numbers;
use crate::ui::store::{Status, Store};
use crate::ui::training::DeviceField;
use kernels::Kernels;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The tab.
#[component]
pub fn Device(store: Store) -> impl IntoView {
    view! {
        <div class="page">
            <h1>"Device"</h1>
            <Offer store />
            <Use store />
            <Measured store />
            <Kernels store />
        </div>
    }
}

/// Adapters offered by the browser.
#[component]
fn Offer(store: Store) -> impl IntoView {
    let status = store.status;
    let body = move || match status.get() {
        Status::Detecting => view! { <p class="card-name">"Detecting the GPU …"</p> }.into_any(),
        Status::Failed(reason) => view! {
            <p class="card-name">"The engine did not start"</p>
            <p class="card-meaning">{reason}</p>
            <p class="card-meaning">"Reload the page; if that does not help, try a current version of the browser."</p>
        }
        .into_any(),
        Status::Known(hardware) => {
            let hardware_text::HardwareText { name, kind, explanation } = hardware_text::describe(&hardware);
            let limits = match hardware {
                Hardware::Gpu(adapter) | Hardware::Software(adapter) => Some(view! { <Limits adapter /> }),
                Hardware::Cpu(_) => None,
            };
            view! {
                <p class="card-name">{name} <span class="badge">{kind}</span></p>
                <p class="card-meaning">{explanation}</p>
                {limits}
            }
            .into_any()
        }
    };
    view! {
        <section class="panel card" data-kind=move || status.with(kind) aria-labelledby="hardware-title">
            <h2 id="hardware-title">"This browser offers"</h2>
            <div role="status">{body}</div>
        </section>
    }
}

#[component]
fn Limits(adapter: Adapter) -> impl IntoView {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let facts = [
        ("Largest buffer", hardware_text::format_bytes(adapter.max_buffer), "A tensor cannot be larger than this."),
        (
            "Workgroup memory",
            hardware_text::format_bytes(adapter.workgroup_memory),
            "Fast memory shared by the threads of a workgroup, used for tiles of matrix products.",
        ),
        ("Workgroup size", format!("{} threads", adapter.workgroup_size), "Threads that can share memory, at most."),
        ("Half precision", yes_or_no(adapter.half_precision), "Shaders can compute with 16-bit floats."),
        ("Kernel timing", yes_or_no(adapter.timestamps), "The adapter can time its own work."),
        ("Subgroups", yes_or_no(adapter.subgroups), "Neighboring threads can exchange values without memory."),
    ];
    let rows = facts.into_iter().map(|(label, value, title)| {
        view! {
            <div title=title>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    view! { <dl class="facts">{rows.collect_view()}</dl> }
}

/// Current device, and alternatives.
#[component]
fn Use(store: Store) -> impl IntoView {
    let opened = move || {
        store.device.get().map(|device| view! { <p class="card-meaning">"New runs use " <b>{device.name}</b> "."</p> })
    };
    view! {
        <section class="panel card" aria-labelledby="use-title">
            <h2 id="use-title">"Device of new runs"</h2>
            <DeviceField store />
            {opened}
        </section>
    }
}

/// Measurements of the device.
#[component]
fn Measured(store: Store) -> impl IntoView {
    let busy = move || store.measured.with(|figures| figures.as_ref().is_some_and(Vec::is_empty));
    let measure = move |_| {
        store.measured.set(Some(Vec::new()));
        store.send(ToWorker::Measure);
    };
    let copy = move |_| {
        let figures = store.measured.get_untracked().unwrap_or_default();
        let device = store.device.get_untracked().map_or_else(String::new, |device| device.name);
        let text = markdown(&device, &window().navigator().user_agent().unwrap_or_default(), &figures);
        spawn_local(async move {
            match browser::copy(&text).await {
                Ok(()) => store.notify(false, "The table is on the clipboard, as Markdown.".into()),
                Err(reason) => store.notify(true, format!("The browser does not let the page copy: {reason}")),
            }
        });
    };
    let table = move || {
        store.measured.get().filter(|figures| !figures.is_empty()).map(|figures| {
            let rows = figures.into_iter().map(|figure| {
                view! {
                    <tr>
                        <th scope="row">{figure.name}</th>
                        <td>{numbers::amount(figure.value)}</td>
                        <td>{figure.unit}</td>
                    </tr>
                }
            });
            view! {
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"operation"</th>
                            <th scope="col">"measured"</th>
                            <th scope="col">"unit"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
                <button class="button" type="button" on:click=copy>"Copy the table"</button>
            }
        })
    };
    view! {
        <section class="panel card" aria-labelledby="measured-title">
            <h2 id="measured-title">"Measurements"</h2>
            <p class="card-meaning">
                "Throughput of this device for matrix products, a convolution and memory. Pause training first: it shares the device."
            </p>
            <button class="button" type="button" disabled=busy on:click=measure>
                {move || if busy() { "Measuring …" } else { "Measure" }}
            </button>
            <div role="status">{table}</div>
        </section>
    }
}

/// Formats the measurements as a Markdown table: the environment, then a line each.
fn markdown(device: &str, browser: &str, figures: &[Measurement]) -> String {
    let line =
        |figure: &Measurement| format!("| {} | {} | {} |\n", figure.name, numbers::amount(figure.value), figure.unit);
    let lines: String = figures.iter().map(line).collect();
    format!("Kindling on {device} ({browser})\n\n| operation | measured | unit |\n|---|---:|---|\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pasted_table_names_device_and_browser() {
        let figure = Measurement { name: "matmul 512×512×512".into(), value: 20.94, unit: "GFLOP/s".into() };
        let text = markdown("CPU", "Firefox", &[figure]);
        let table = "| operation | measured | unit |\n|---|---:|---|\n| matmul 512×512×512 | 20.9 | GFLOP/s |\n";
        assert_eq!(text, format!("Kindling on CPU (Firefox)\n\n{table}"));
    }
}
