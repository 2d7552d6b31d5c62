//! Images with the model's predictions, and the user's image.

use super::draw::Draw;
use super::loading_placeholder;
use crate::protocol::{ClassifiedView, ImageSource, Order, Prediction, SplitName};
use crate::ui::browser::Pixels;
use crate::ui::files::classify;
use crate::ui::numbers;
use crate::ui::pieces::{Choice, ImageGrid};
use crate::ui::store::{Inspected, Store};
use leptos::prelude::*;
use web_sys::{Event, HtmlInputElement};

/// Available orders.
const ORDERS: [(Order, &str, &str); 4] = [
    (Order::ByIndex, "plain", "by index"),
    (Order::MostConfident, "sure", "most confident first"),
    (Order::LeastConfident, "unsure", "least confident first"),
    (Order::MostConfidentErrors, "wrong", "most confident errors"),
];

/// The view.
#[component]
pub fn Predictions(store: Store) -> impl IntoView {
    let state = store.inspection;
    let request = state.requests.predictions;
    let order = Signal::derive(move || {
        let order = request.get().order;
        ORDERS.iter().find(|(known, ..)| *known == order).map_or("plain", |(_, name, _)| *name).to_owned()
    });
    let choose_order = move |name: String| {
        if let Some((order, ..)) = ORDERS.iter().find(|(_, known, _)| *known == name) {
            request.update(|request| (request.first, request.order) = (0, *order));
        }
    };
    let split =
        Signal::derive(move || if request.get().split == SplitName::Test { "test" } else { "train" }.to_owned());
    let choose_split = move |name: String| {
        let split = if name == "train" { SplitName::Train } else { SplitName::Test };
        request.update(|request| (request.first, request.split) = (0, split));
    };
    let cell = move || {
        request.get().cell.map(|(label, predicted)| {
            let (label, predicted) = (class_name(store, label), class_name(store, predicted));
            view! {
                <button
                    class="button small"
                    type="button"
                    title="Show all again"
                    on:click=move |_| request.update(|request| (request.first, request.cell) = (0, None))
                >
                    {format!("{label}, predicted {predicted}")}
                    <span aria-hidden="true">" ×"</span>
                </button>
            }
        })
    };
    let turn_page = move |by: isize| {
        request.update(|request| request.first = request.first.saturating_add_signed(by * request.count as isize));
    };
    let pages = move || {
        state.answers.predictions.with(|answer| {
            answer.as_ref().map(|Inspected { view, .. }| {
                let (first, last) = (view.first, view.first + view.items.len());
                let text = format!("{}–{} of {}", numbers::count(first + 1), numbers::count(last), numbers::count(view.of));
                let (begin, end) = (first == 0, last >= view.of);
                view! {
                    <div class="pages">
                        <button class="icon-button" type="button" aria-label="Previous page" disabled=begin on:click=move |_| turn_page(-1)>"‹"</button>
                        <span>{text}</span>
                        <button class="icon-button" type="button" aria-label="Next page" disabled=end on:click=move |_| turn_page(1)>"›"</button>
                    </div>
                }
            })
        })
    };
    let grid = move || {
        let Some(answer) = state.answers.predictions.get() else { return loading_placeholder() };
        let (pixels, view) = (answer.pixels(0, answer.view.size), answer.view);
        if view.items.is_empty() {
            return view! { <p class="empty">"No such images."</p> }.into_any();
        }
        let split = view.split;
        let items = view.items.into_iter().enumerate().map(|(i, item)| {
            view! { <Card store split item index=i pixels=pixels.clone() /> }
        });
        view! { <ul class="predictions">{items.collect_view()}</ul> }.into_any()
    };
    let chosen = move |event: Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            classify(store, file.into());
        }
        input.set_value("");
    };
    let drawing = RwSignal::new(false);
    let user_image = move || state.classified.get().map(|(view, pixels)| view! { <UserImage store view pixels /> });
    view! {
        <div class="inside-tools">
            <Choice
                label="Split"
                options=vec![("test".into(), "test".into()), ("train".into(), "train".into())]
                value=split
                on_change=Callback::new(choose_split)
            />
            <Choice
                label="Order"
                options=ORDERS.map(|(_, name, text)| (name.to_owned(), text.to_owned())).to_vec()
                value=order
                on_change=Callback::new(choose_order)
            />
            {cell}
            {pages}
            <label class="button small">
                "Your image …"
                <input class="hidden" type="file" accept="image/*" on:change=chosen />
            </label>
            <button
                class="button small"
                type="button"
                aria-expanded=move || drawing.get().to_string()
                on:click=move |_| drawing.update(|on| *on = !*on)
            >
                "Draw"
            </button>
            <span class="quiet">"or drop or paste an image"</span>
        </div>
        {move || drawing.get().then(|| view! { <Draw store /> })}
        {user_image}
        {grid}
    }
}

/// Returns a class's name.
pub fn class_name(store: Store, class: usize) -> String {
    let name = store.data.with(|data| data.as_ref().and_then(|data| data.classes.get(class).cloned()));
    name.unwrap_or_else(|| class.to_string())
}

/// An image and the probabilities of the most likely classes.
#[component]
fn Card(store: Store, split: SplitName, item: Prediction, index: usize, pixels: Pixels) -> impl IntoView {
    let is_correct = item.label == item.predicted;
    let (label, predicted) = (class_name(store, item.label), class_name(store, item.predicted));
    let confidence = item.probabilities.get(item.predicted).copied().unwrap_or(0.0);
    let verdict = if is_correct {
        format!("{label}, correct, {}", numbers::percent(confidence.into()))
    } else {
        format!("{label}, predicted {predicted}, {}", numbers::percent(confidence.into()))
    };
    let show_activations = move |_| {
        store.inspection.show_activations(ImageSource::Sample { split, index: item.index });
    };
    view! {
        <li class="prediction" class:wrong=!is_correct>
            <button class="prediction-image" type="button" title="Show the activations of every layer" aria-label=verdict on:click=show_activations>
                <ImageGrid pixels which=vec![index] />
            </button>
            <span class="prediction-label">
                <span class="verdict" aria-hidden="true">{if is_correct { "✓" } else { "×" }}</span>
                {label}
            </span>
            <Bars store probabilities=item.probabilities count=3 mark=Some(item.label) />
        </li>
    }
}

/// The most likely classes as bars.
#[component]
pub fn Bars(
    store: Store,
    probabilities: Vec<f32>,
    count: usize,
    #[prop(optional_no_strip)] mark: Option<usize>,
) -> impl IntoView {
    let order = kindling::argsort(probabilities.len(), &mut |a, b| probabilities[b].total_cmp(&probabilities[a]));
    let bars = order.into_iter().take(count).map(|class| {
        let fraction = probabilities[class];
        let name = class_name(store, class);
        view! {
            <li class="bar-row" class:right=mark == Some(class)>
                <span class="bar-name" title=name.clone()>{name.clone()}</span>
                <span class="bar-track" aria-hidden="true"><span class="bar-fill" style:width=format!("{:.1}%", fraction * 100.0)></span></span>
                <span class="bar-value">{format!("{:.0}", fraction * 100.0)}</span>
            </li>
        }
    });
    view! { <ul class="bars" aria-label="Probabilities in percent">{bars.collect_view()}</ul> }
}

#[component]
fn UserImage(store: Store, view: ClassifiedView, pixels: Pixels) -> impl IntoView {
    view! {
        <div class="user-image">
            <ImageGrid pixels which=vec![0] label="Your image as the input of the model" />
            <Bars store probabilities=view.probabilities count=5 />
            <button
                class="button small"
                type="button"
                on:click=move |_| store.inspection.show_activations(ImageSource::User)
            >
                "Show activations"
            </button>
        </div>
    }
}
