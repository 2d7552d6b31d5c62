//! The user interface. It knows the worker's messages and, of the engine, models and settings as
//! plain data.

mod browser;
mod chart;
mod data;
mod device;
mod files;
mod header;
mod inside;
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
    let Some(place) = document().get_element_by_id("app") else {
        web_sys::console::error_1(&"index.html has no element #app".into());
        return;
    };
    place.set_inner_html("");
    leptos::mount::mount_to(place.unchecked_into(), App).forget();
}

/// The whole page.
#[component]
fn App() -> impl IntoView {
    let store = Store::start();
    let tab = route::route();
    Effect::new(move |_| {
        let name = tab.get().name();
        document().set_title(if tab.get() == Tab::Playground { "Kindling" } else { name });
    });
    let body = move || match tab.get() {
        Tab::Playground => view! { <Playground store /> }.into_any(),
        Tab::Runs => view! { <runs::Runs store /> }.into_any(),
        Tab::Learn => view! { <learn::Learn store /> }.into_any(),
        Tab::Device => view! { <device::Device store /> }.into_any(),
    };
    view! {
        <a class="skip" href="#main">"To the content"</a>
        <header::Header store tab />
        <notices::Notices store />
        <main id="main" tabindex="-1">{body}</main>
        <files::DropZone store />
        <files::Inspected store />
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
            <inside::InsidePanel store />
        </div>
        <training::Dock store />
    }
}
