//! The learning rate's schedule, in fields made from its JSON.

use crate::ui::pieces::{Check, Choice, NumberField};
use crate::ui::store::Store;
use kindling::optim::Schedule;
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Returns the available schedules, their names, and their initial values in epochs.
fn offers() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("", "constant", "null"),
        ("StepLR", "StepLR", r#"{"step_size": 5, "gamma": 0.1}"#),
        ("ExponentialLR", "ExponentialLR", r#"{"gamma": 0.9}"#),
        ("CosineAnnealingLR", "CosineAnnealingLR", r#"{"T_max": 10, "eta_min": 0.0}"#),
        ("CosineAnnealingWarmRestarts", "CosineAnnealingWarmRestarts", r#"{"T_0": 5}"#),
        ("LinearLR", "LinearLR", r#"{"start_factor": 0.1, "end_factor": 1.0, "total_iters": 5}"#),
        ("PolynomialLR", "PolynomialLR", r#"{"total_iters": 10, "power": 1.0}"#),
        ("ReduceLROnPlateau", "ReduceLROnPlateau", r#"{"factor": 0.1, "patience": 2}"#),
        ("OneCycleLR", "OneCycleLR", r#"{"max_lr": 0.1, "total_steps": 1250}"#),
    ]
}

fn make(name: &str, attrs: &str) -> Option<Schedule> {
    Schedule::from_attrs(name, &kindling::json::read(attrs).ok()?).ok()
}

fn attrs(schedule: &Schedule) -> Map<String, Value> {
    match kindling::json::to_value(schedule) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn name_of(schedule: Option<&Schedule>) -> String {
    schedule.and_then(|s| attrs(s).get("name").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default()
}

/// The fields.
#[component]
pub fn ScheduleFields(store: Store) -> impl IntoView {
    let spec = store.draft.spec;
    let name = Memo::new(move |_| spec.with(|spec| name_of(spec.schedule.as_ref())));
    let choose = move |name: String| {
        let begin = offers().into_iter().find(|(offer, ..)| *offer == name);
        let schedule = begin.and_then(|(name, _, attrs)| make(name, attrs));
        spec.update(|spec| {
            // OneCycleLR is stepped per batch; the others by default per epoch.
            spec.schedule_by_epoch = !matches!(schedule, Some(Schedule::OneCycle(_)));
            spec.schedule = schedule;
        });
    };
    let set = move |key: &str, value: Value| {
        spec.update(|spec| {
            let Some(schedule) = &spec.schedule else { return };
            let mut map = attrs(schedule);
            let name = name_of(Some(schedule));
            map.remove("name");
            map.insert(key.to_owned(), value);
            if let Ok(changed) = Schedule::from_attrs(&name, &map)
                && changed.check().is_ok()
            {
                spec.schedule = Some(changed);
            }
        });
    };
    let fields = move || {
        let name = name.get();
        let offer = offers().into_iter().find(|(offer, ..)| *offer == name);
        let begin = offer.and_then(|(_, _, attrs)| kindling::json::read::<Map<String, Value>>(attrs).ok());
        let field = |(key, value): (&String, &Value)| {
            let (key, whole) = (key.clone(), value.is_u64());
            let read = key.clone();
            let number = Signal::derive(move || {
                spec.with(|spec| {
                    let value = spec.schedule.as_ref().and_then(|s| attrs(s).get(&read).and_then(Value::as_f64));
                    value.unwrap_or(0.0)
                })
            });
            let label = key.replace('_', " ");
            let change = Callback::new(move |value: f64| {
                set(&key, if whole { Value::from(value as u64) } else { Value::from(value) });
            });
            view! { <NumberField label whole value=number on_change=change /> }.into_any()
        };
        begin.iter().flatten().map(field).collect::<Vec<_>>()
    };
    let options = offers().into_iter().map(|(name, text, _)| (name.to_owned(), text.to_owned())).collect();
    view! {
        <Choice
            label="Schedule"
            hint="Change of the learning rate during training."
            options
            value=name
            on_change=Callback::new(choose)
        />
        {fields}
        <Show when=move || !name.get().is_empty()>
            <Check
                label="by epoch"
                hint="Steps the schedule per epoch; otherwise per batch."
                checked=Signal::derive(move || spec.with(|spec| spec.schedule_by_epoch))
                on_change=Callback::new(move |on: bool| spec.update(|spec| spec.schedule_by_epoch = on))
            />
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_schedule_can_be_created_and_changed() {
        for (name, _, begin) in offers().into_iter().skip(1) {
            let schedule = make(name, begin).unwrap_or_else(|| panic!("{name}"));
            assert!(schedule.check().is_ok(), "{name}");
            let map = attrs(&schedule);
            assert_eq!(name_of(Some(&schedule)), name);
            for key in kindling::json::read::<Map<String, Value>>(begin).unwrap_or_default().keys() {
                assert!(map.contains_key(key), "{name} writes no {key}");
            }
        }
    }
}
