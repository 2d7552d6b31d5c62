//! What is drawn. It knows the worker's messages and nothing of the engine.

mod hardware;
mod header;
mod theme;

use crate::link::{Event, Link};
use crate::protocol::{FromWorker, Hardware, ToWorker};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// What is known of the hardware so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// The worker has not answered yet.
    Asking,
    /// It has.
    Known(Hardware),
    /// It cannot.
    Failed(String),
}

/// Draws the page in place of what index.html shows while the wasm loads.
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
    let status = RwSignal::new(Status::Asking);
    let link = Link::start(move |event| match event {
        Event::Message(FromWorker::Hardware(hardware), _) => status.set(Status::Known(hardware)),
        Event::Message(FromWorker::NotUnderstood { reason }, _) => {
            status.set(Status::Failed(format!("Page and engine are of different versions: {reason}")));
        }
        Event::Message(..) | Event::Restarted(_) => {}
        Event::Failed(reason) => status.set(Status::Failed(reason)),
    });
    match link {
        Ok(link) => link.send(ToWorker::ProbeHardware),
        Err(reason) => status.set(Status::Failed(reason)),
    }
    view! {
        <header::Header status />
        <main class="welcome">
            <div class="welcome-words">
                <h1>"Train a neural network in this tab"</h1>
                <p class="lead">
                    "Kindling builds, trains and saves real networks with PyTorch’s words and numbers, on the hardware in \
                     front of you. There is nothing to install and no account, and no data is sent anywhere."
                </p>
            </div>
            <hardware::Card status />
        </main>
    }
}
