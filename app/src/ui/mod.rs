//! The user interface. It knows the worker's messages and, of the engine, models and settings as
//! plain data.

mod browser;
mod chart;
mod data;
mod device;
mod files;
mod header;
mod inspection;
mod learn;
mod model;
mod notices;
mod numbers;
mod pieces;
mod route;
mod runs;
mod settings;
mod store;
mod theme;
mod training;

use leptos::prelude::*;
use route::Tab;
use store::Store;
use wasm_bindgen::JsCast as _;

/// Replaces the placeholder of index.html, shown while the wasm loads, by the page.
pub fn mount() {
    let Some(root) = document().get_element_by_id("app") else {
        web_sys::console::error_1(&"index.html has no element #app".into());
        return;
    };
    root.set_inner_html("");
    leptos::mount::mount_to(root.unchecked_into(), App).forget();
}

/// The whole page.
#[component]
fn App() -> impl IntoView {
    let store = Store::start();
    let tab = route::route();
    let title = Memo::new(move |_| match (tab.get(), store.run.phase.get()) {
        (_, store::Phase::Training) => {
            let line = store.run.epoch_progress();
            format!("{:.0} % · epoch {}/{} · Kindling", line.fraction() * 100.0, line.epoch[0], line.epoch[1])
        }
        (Tab::Playground, _) => "Kindling".to_owned(),
        (tab, _) => format!("{} · Kindling", tab.name()),
    });
    Effect::new(move |_| document().set_title(&title.get()));
    let keys = window_event_listener(leptos::ev::keydown, move |event| shortcut(store, &event));
    on_cleanup(move || keys.remove());
    let body = move || match tab.get() {
        Tab::Playground => view! { <Playground store /> }.into_any(),
        Tab::Runs => view! { <runs::Runs store /> }.into_any(),
        Tab::Learn => view! { <learn::Learn store /> }.into_any(),
        Tab::Device => view! { <device::Device store /> }.into_any(),
    };
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <header::Header store tab />
        <notices::Notices store />
        <main id="main" tabindex="-1">{body}</main>
        <files::DropZone store />
        <files::FileDialog store />
    }
}

/// Ctrl Enter trains or pauses, Ctrl Shift Enter makes a single step, on every tab.
fn shortcut(store: Store, event: &web_sys::KeyboardEvent) {
    if event.key() != "Enter" || !(event.ctrl_key() || event.meta_key()) || event.repeat() {
        return;
    }
    event.prevent_default();
    let is_training = store.run.phase.get_untracked() == store::Phase::Training;
    match event.shift_key() {
        true if !is_training => store.step(),
        true => {}
        false => store.toggle(),
    }
}

/// The first screen: everything for one run.
#[component]
fn Playground(store: Store) -> impl IntoView {
    view! {
        <h1 class="hidden">"Train a neural network in this tab"</h1>
        <div class="playground">
            <data::DataPanel store />
            <model::ModelPanel store />
            <training::TrainingPanel store />
            <inspection::InspectionPanel store />
        </div>
        <training::Dock store />
    }
}
