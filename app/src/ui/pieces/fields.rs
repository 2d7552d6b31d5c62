//! Form fields with labels: choice, checkbox.

use leptos::prelude::*;

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
        .map(|(name, text)| {
            let option = name.clone();
            view! { <option value=name selected=move || value.get() == option>{text}</option> }
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
