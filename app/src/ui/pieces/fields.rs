//! Form fields with labels: number, choice, checkbox.

use leptos::prelude::*;

/// A number field. Text that is not a number, or out of range, is marked and changes nothing.
#[component]
pub fn NumberField(
    /// Label of the field.
    #[prop(into)]
    label: String,
    /// Explanation, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Current value.
    #[prop(into)]
    value: Signal<f64>,
    /// Minimum value.
    #[prop(default = 0.0)]
    min: f64,
    /// Requires an integer if true.
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

/// A choice among several values.
#[component]
pub fn Choice(
    /// Label of the field.
    #[prop(into)]
    label: String,
    /// Explanation, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Hides the label except for screen readers if true.
    #[prop(optional)]
    bare: bool,
    /// Values and their names.
    options: Vec<(String, String)>,
    /// Current value.
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

/// A checkbox.
#[component]
pub fn Check(
    /// Label of the field.
    #[prop(into)]
    label: String,
    /// Explanation, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Current state.
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
