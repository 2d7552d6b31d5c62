//! Images with the model's predictions, and the user's own image.

use super::draw::Draw;
use super::looking;
use crate::protocol::{ClassifiedView, Order, PictureOf, Prediction, SplitName};
use crate::ui::browser::Pixels;
use crate::ui::files::classify;
use crate::ui::numbers;
use crate::ui::pieces::{Choice, Picture};
use crate::ui::store::{PAGE, Store, View};
use leptos::prelude::*;
use web_sys::{Event, HtmlInputElement};

/// Available orders.
const ORDERS: [(Order, &str, &str); 4] = [
    (Order::AsTheyCome, "plain", "as they come"),
    (Order::MostConfident, "sure", "the surest first"),
    (Order::LeastConfident, "unsure", "the least sure first"),
    (Order::WorstMistakes, "wrong", "the worst mistakes"),
];

/// The view.
#[component]
pub fn Predictions(store: Store) -> impl IntoView {
    let inside = store.inside;
    let order = Signal::derive(move || {
        let order = inside.order.get();
        ORDERS.iter().find(|(known, ..)| *known == order).map_or("plain", |(_, name, _)| *name).to_owned()
    });
    let choose_order = move |name: String| {
        if let Some((order, ..)) = ORDERS.iter().find(|(_, known, _)| *known == name) {
            inside.first.set(0);
            inside.order.set(*order);
        }
    };
    let split = Signal::derive(move || if inside.split.get() == SplitName::Test { "test" } else { "train" }.to_owned());
    let choose_split = move |name: String| {
        inside.first.set(0);
        inside.split.set(if name == "train" { SplitName::Train } else { SplitName::Test });
    };
    let cell = move || {
        inside.cell.get().map(|(is, guess)| {
            let (is, guess) = (class_name(store, is), class_name(store, guess));
            view! {
                <button
                    class="button small"
                    type="button"
                    title="Show all again"
                    on:click=move |_| {
                        inside.first.set(0);
                        inside.cell.set(None);
                    }
                >
                    {format!("{is} taken for {guess}")}
                    <span aria-hidden="true">" ×"</span>
                </button>
            }
        })
    };
    let turn = move |by: isize| {
        inside.first.update(|first| *first = first.saturating_add_signed(by * PAGE as isize));
    };
    let pages = move || {
        inside.predictions.with(|view| {
            view.as_ref().map(|(view, _)| {
                let (first, last) = (view.first, view.first + view.items.len());
                let words = format!("{}–{} of {}", numbers::count(first + 1), numbers::count(last), numbers::count(view.of));
                let (begin, end) = (first == 0, last >= view.of);
                view! {
                    <div class="pages">
                        <button class="icon-button" type="button" aria-label="Earlier" disabled=begin on:click=move |_| turn(-1)>"‹"</button>
                        <span>{words}</span>
                        <button class="icon-button" type="button" aria-label="Later" disabled=end on:click=move |_| turn(1)>"›"</button>
                    </div>
                }
            })
        })
    };
    let grid = move || {
        let Some((view, pixels)) = inside.predictions.get() else { return looking() };
        if view.items.is_empty() {
            return view! { <p class="empty">"There is no such picture."</p> }.into_any();
        }
        let split = view.split;
        let items = view.items.into_iter().enumerate().map(|(i, item)| {
            view! { <Card store split item place=i pixels=pixels.clone() /> }
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
    let own = move || inside.classified.get().map(|(view, pixels)| view! { <Own store view pixels /> });
    view! {
        <div class="inside-tools">
            <Choice
                label="Pictures"
                options=vec![("test".into(), "test".into()), ("train".into(), "train".into())]
                value=split
                on_change=Callback::new(choose_split)
            />
            <Choice
                label="Order"
                options=ORDERS.map(|(_, name, words)| (name.to_owned(), words.to_owned())).to_vec()
                value=order
                on_change=Callback::new(choose_order)
            />
            {cell}
            {pages}
            <label class="button small">
                "Your picture …"
                <input class="hidden" type="file" accept="image/*" on:change=chosen />
            </label>
            <button
                class="button small"
                type="button"
                aria-expanded=move || drawing.get().to_string()
                on:click=move |_| drawing.update(|on| *on = !*on)
            >
                "Draw one"
            </button>
            <span class="quiet">"or drop or paste one"</span>
        </div>
        {move || drawing.get().then(|| view! { <Draw store /> })}
        {own}
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
fn Card(store: Store, split: SplitName, item: Prediction, place: usize, pixels: Pixels) -> impl IntoView {
    let right = item.label == item.guess;
    let (label, guess) = (class_name(store, item.label), class_name(store, item.guess));
    let sure = item.probabilities.get(item.guess).copied().unwrap_or(0.0);
    let verdict = if right {
        format!("{label}, right, {}", numbers::percent(sure.into()))
    } else {
        format!("{label}, taken for {guess}, {}", numbers::percent(sure.into()))
    };
    let look = move |_| {
        store.inside.picture.set(PictureOf::Sample { split, index: item.index });
        store.inside.view.set(View::Activations);
    };
    view! {
        <li class="prediction" class:wrong=!right>
            <button class="prediction-picture" type="button" title="See what every layer makes of it" aria-label=verdict on:click=look>
                <Picture pixels which=vec![place] />
            </button>
            <span class="prediction-label">
                <span class="verdict" aria-hidden="true">{if right { "✓" } else { "×" }}</span>
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
        let part = probabilities[class];
        let name = class_name(store, class);
        view! {
            <li class="bar-row" class:right=mark == Some(class)>
                <span class="bar-name" title=name.clone()>{name.clone()}</span>
                <span class="bar-track" aria-hidden="true"><span class="bar-fill" style:width=format!("{:.1}%", part * 100.0)></span></span>
                <span class="bar-value">{format!("{:.0}", part * 100.0)}</span>
            </li>
        }
    });
    view! { <ul class="bars" aria-label="Probabilities in percent">{bars.collect_view()}</ul> }
}

#[component]
fn Own(store: Store, view: ClassifiedView, pixels: Pixels) -> impl IntoView {
    view! {
        <div class="own-picture">
            <Picture pixels which=vec![0] label="Your picture, as the model sees it" />
            <Bars store probabilities=view.probabilities count=5 />
            <button
                class="button small"
                type="button"
                on:click=move |_| {
                    store.inside.picture.set(PictureOf::Own);
                    store.inside.view.set(View::Activations);
                }
            >
                "What each layer makes of it"
            </button>
        </div>
    }
}
