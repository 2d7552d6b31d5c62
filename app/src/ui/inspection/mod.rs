//! Inspection: predictions, activations, weights and kernel times of the network.

mod activations;
mod confusion;
mod draw;
mod filters;
mod graph;
mod histograms;
mod predictions;
mod profile;
mod step;

pub use graph::Graph;
pub use step::Step;

use crate::ui::numbers;
use crate::ui::pieces::Tabs;
use crate::ui::store::{Phase, Store, View};
use leptos::prelude::*;

/// A view, its title and its component.
type ViewRow = (View, &'static str, fn(Store) -> AnyView);

/// The views in the order of their tabs.
const VIEWS: [ViewRow; View::Step as usize + 1] = [
    (View::Predictions, "Predictions", |store| view! { <predictions::Predictions store /> }.into_any()),
    (View::Confusion, "Confusion matrix", |store| view! { <confusion::Confusion store /> }.into_any()),
    (View::Filters, "Filters", |store| view! { <filters::Filters store /> }.into_any()),
    (View::Activations, "Activations", |store| view! { <activations::Activations store /> }.into_any()),
    (View::Histograms, "Histograms", |store| view! { <histograms::Histograms store /> }.into_any()),
    (View::Step, "Last step", |store| view! { <Step store /> }.into_any()),
    (View::Graph, "Graph", |store| view! { <Graph store /> }.into_any()),
    (View::Profile, "Profile", |store| view! { <profile::Profile store /> }.into_any()),
];

/// The panel.
#[component]
pub fn InspectionPanel(store: Store) -> impl IntoView {
    let view = store.inspection.view;
    let ready = Memo::new(move |_| !matches!(store.run.phase.get(), Phase::None | Phase::Starting));
    // A change of any input of the request sends it again, and a run that has just become ready is
    // queried at once.
    let request = Memo::new(move |_| ready.get().then(|| store.inspection.request()).flatten());
    Effect::new(move |_| {
        if request.get().is_some() {
            store.inspect();
        }
    });
    let tabs = VIEWS.iter().map(|(view, title, _)| (*view, *title)).collect::<Vec<_>>();
    let body = move || VIEWS.iter().find(|(name, ..)| *name == view.get()).map(|(.., component)| component(store));
    let state = store.inspection;
    let stale = move || state.pending.get() && state.step().is_some();
    let age = move || {
        let step = numbers::whole(state.step()?);
        Some(if stale() { format!("as of step {step}, updating …") } else { format!("as of step {step}") })
    };
    view! {
        <section class="panel inside" aria-labelledby="inside-title">
            <header class="panel-head">
                <h2 id="inside-title">"Inspect"</h2>
                <Tabs id="inside" label="Views" tabs open=view />
                <span class="quiet inside-age">{move || ready.get().then(age).flatten()}</span>
                <button
                    class="button small"
                    type="button"
                    title="Refresh the view, which is updated after every epoch and at every pause"
                    disabled=move || !ready.get()
                    on:click=move |_| store.inspect()
                >
                    "Refresh"
                </button>
            </header>
            <div
                id="inside-panel"
                role="tabpanel"
                class="inside-body"
                class:stale=stale
                aria-busy=move || stale().to_string()
                tabindex="0"
                aria-label="Inspection"
            >
                <Show
                    when=move || ready.get()
                    fallback=|| {
                        view! {
                            <p class="empty">
                                "Press Train or Step to inspect predictions, filters, activations and kernel times here."
                            </p>
                        }
                    }
                >
                    {body}
                </Show>
            </div>
        </section>
    }
}

/// Placeholder until an answer arrives.
pub fn loading_placeholder() -> AnyView {
    view! { <p class="empty">"Loading …"</p> }.into_any()
}
