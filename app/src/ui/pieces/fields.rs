//! Fields with labels: a number, a choice, a tick.

use leptos::prelude::*;

/// A number that is typed. What is no number, or out of range, is marked and changes nothing.
#[component]
pub fn NumberField(
    /// What it is.
    #[prop(into)]
    label: String,
    /// What that means, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// The value.
    #[prop(into)]
    value: Signal<f64>,
    /// The least value.
    #[prop(default = 0.0)]
    min: f64,
    /// Whether it must be whole.
    #[prop(optional)]
    whole: bool,
    /// Called with a new value.
    #[prop(into)]
    on_change: Callback<f64>,
) -> impl IntoView {
    let wrong = RwSignal::new(false);
    let change = move |event: web_sys::Event| {
        let text = event_target_value(&event);
        let number = kindling::json::number(&text).filter(|n| *n >= min);
        match number.filter(|n| !whole || n.fract() == 0.0) {
            Some(number) => {
                wrong.set(false);
                if number != value.get_untracked() {
                    on_change.run(number);
                }
            }
            None => wrong.set(true),
        }
    };
    let mode = if whole { "numeric" } else { "decimal" };
    view! {
        <label class="field" title=hint>
            <span class="field-label">{label}</span>
            <input
                class="input number"
                type="text"
                inputmode=mode
                autocomplete="off"
                spellcheck="false"
                aria-invalid=move || wrong.get().to_string()
                prop:value=move || value.get().to_string()
                on:input=change
            />
        </label>
    }
}

/// One of several.
#[component]
pub fn Choice(
    /// What it is.
    #[prop(into)]
    label: String,
    /// What that means, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Whether the label is only read out.
    #[prop(optional)]
    bare: bool,
    /// The values and what they are called.
    options: Vec<(String, String)>,
    /// The value.
    #[prop(into)]
    value: Signal<String>,
    /// Called with a new value.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let entries = options
        .into_iter()
        .map(|(name, words)| {
            let here = name.clone();
            view! { <option value=name selected=move || value.get() == here>{words}</option> }
        })
        .collect_view();
    view! {
        <label class="field" title=hint>
            <span class=if bare { "hidden" } else { "field-label" }>{label}</span>
            <select
                class="input select"
                prop:value=move || value.get()
                on:change=move |event| on_change.run(event_target_value(&event))
            >
                {entries}
            </select>
        </label>
    }
}

/// Yes or no.
#[component]
pub fn Check(
    /// What it is.
    #[prop(into)]
    label: String,
    /// What that means, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Whether it is ticked.
    #[prop(into)]
    checked: Signal<bool>,
    /// Called with the new state.
    #[prop(into)]
    on_change: Callback<bool>,
) -> impl IntoView {
    view! {
        <label class="check" title=hint>
            <input
                type="checkbox"
                prop:checked=move || checked.get()
                on:change=move |event| on_change.run(event_target_checked(&event))
            />
            <span>{label}</span>
        </label>
    }
}
