//! A field for a number, which takes effect when typing is done.

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Pause in typing after which the typed number takes effect.
const COMMIT_DELAY: Duration = Duration::from_millis(700);

/// A field for a number. It takes effect on Enter, when the field loses focus, or after a pause;
/// Escape reverts it. Text that is not a number, or is out of range, has no effect, and the reason
/// is shown below the field.
#[component]
pub fn NumberField(
    /// Name of the quantity.
    #[prop(into)]
    label: String,
    /// Explanation, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// Current value.
    #[prop(into)]
    value: Signal<f64>,
    /// Smallest value, 0 by default.
    #[prop(default = 0.0)]
    min: f64,
    /// Largest value, unlimited by default.
    #[prop(default = f64::INFINITY)]
    max: f64,
    /// Accepts whole numbers only.
    #[prop(optional)]
    whole: bool,
    /// Called with a new value.
    #[prop(into)]
    on_change: Callback<f64>,
) -> impl IntoView {
    let typed = RwSignal::new(None::<String>);
    let error = RwSignal::new(None::<String>);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel_timer = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    let set = move |number: f64| {
        typed.set(None);
        error.set(None);
        if number != value.get_untracked() {
            on_change.run(number);
        }
    };
    let commit = move || {
        cancel_timer();
        match typed.try_get_untracked().flatten().map(|text| parse(&text, [min, max], whole)) {
            Some(Ok(number)) => set(number),
            Some(Err(reason)) => error.set(Some(reason)),
            None => {}
        }
    };
    on_cleanup(cancel_timer);
    let input = move |event: web_sys::Event| {
        typed.set(Some(event_target_value(&event)));
        cancel_timer();
        timer.set_value(set_timeout_with_handle(commit, COMMIT_DELAY).ok());
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        let by = match event.key().as_str() {
            "Escape" if typed.with_untracked(Option::is_some) => {
                cancel_timer();
                typed.set(None);
                return error.set(None);
            }
            "ArrowUp" if whole => 1.0,
            "ArrowDown" if whole => -1.0,
            _ => return,
        };
        event.prevent_default();
        commit();
        set((value.get_untracked() + by).clamp(min, max));
    };
    let mode = if whole { "numeric" } else { "decimal" };
    let error_id = format!("number-error-{}", NEXT_ID.fetch_add(1, Ordering::Relaxed));
    let described = error_id.clone();
    view! {
        <div class="field-cell">
            <label class="field" title=hint>
                <span class="field-label">{label}</span>
                <input
                    class="input number"
                    class:pending=move || typed.with(Option::is_some)
                    type="text"
                    inputmode=mode
                    autocomplete="off"
                    spellcheck="false"
                    aria-invalid=move || error.with(Option::is_some).to_string()
                    aria-describedby=move || error.with(Option::is_some).then(|| described.clone())
                    prop:value=move || typed.get().unwrap_or_else(|| value.get().to_string())
                    on:input=input
                    on:change=move |_| commit()
                    on:keydown=keys
                />
            </label>
            <p class="field-error" id=error_id role="status">{move || error.get()}</p>
        </div>
    }
}

/// Ids of error texts.
static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// Parses a number in its usual forms: `0,01` and `0.01`, `1e-4`, `50,000` and `50 000` for whole
/// numbers.
fn parse(text: &str, [min, max]: [f64; 2], whole: bool) -> Result<f64, String> {
    let mut plain: String = text.trim().chars().filter(|c| !c.is_whitespace() && *c != '\'' && *c != '_').collect();
    if whole {
        let mut groups = plain.split([',', '.']);
        let is_grouped = groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
            && groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
        if is_grouped {
            plain.retain(|c| c != ',' && c != '.');
        }
    } else if plain.matches(',').count() == 1 && !plain.contains('.') {
        plain = plain.replace(',', ".");
    }
    let number = plain.parse::<f64>().ok().filter(|number| number.is_finite());
    match number {
        None if plain.is_empty() => Err("A number is needed.".into()),
        None => Err(format!("“{}” is not a number.", text.trim())),
        Some(number) if number < min => Err(format!("At least {min}.")),
        Some(number) if number > max => Err(format!("At most {max}.")),
        Some(number) if whole && number.fract() != 0.0 => Err("A whole number is needed.".into()),
        Some(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers_are_parsed_in_their_usual_forms() {
        let any = [0.0, f64::INFINITY];
        for (text, number) in
            [("0.01", 0.01), ("0,01", 0.01), (" 1e-4 ", 1e-4), ("1E-4", 1e-4), (".5", 0.5), ("3", 3.0)]
        {
            assert_eq!(parse(text, any, false), Ok(number), "{text}");
        }
        for (text, number) in [("50,000", 50_000.0), ("50 000", 50_000.0), ("1.250.000", 1_250_000.0), ("7", 7.0)] {
            assert_eq!(parse(text, any, true), Ok(number), "{text}");
        }
    }

    #[test]
    fn invalid_input_is_explained() {
        let reason = |text: &str, whole| parse(text, [1.0, 100.0], whole).expect_err("it is wrong");
        assert_eq!(reason("", true), "A number is needed.");
        assert_eq!(reason("abc", false), "“abc” is not a number.");
        assert_eq!(reason("inf", false), "“inf” is not a number.");
        assert_eq!(reason("-1", true), "At least 1.");
        assert_eq!(reason("101", true), "At most 100.");
        assert_eq!(reason("1.5", true), "A whole number is needed.");
        assert_eq!(reason("1,2,3", false), "“1,2,3” is not a number.");
    }
}
