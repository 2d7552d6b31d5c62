//! Activations of every layer for an image.

use super::loading_placeholder;
use super::predictions::{Bars, class_name};
use crate::protocol::ImageSource;
use crate::ui::numbers;
use crate::ui::pieces::{ImageGrid, NumberField};
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Activations(store: Store) -> impl IntoView {
    let state = store.inspection;
    let index = Signal::derive(move || match state.requests.activations.get().image {
        ImageSource::Sample { index, .. } => index as f64,
        ImageSource::User => 0.0,
    });
    let choose = move |value: f64| {
        let split = state.requests.predictions.with_untracked(|request| request.split);
        state.show_activations(ImageSource::Sample { split, index: value as usize });
    };
    let body = move || {
        let Some(answer) = state.answers.activations.get() else { return loading_placeholder() };
        let image = answer.pixels(0, answer.view.size);
        let rows = answer.view.layers.iter().enumerate().map(|(i, layer)| {
            let pixels = answer.pixels(i + 1, layer.size);
            let flat = layer.size[1] <= 1;
            let count = if flat { 1 } else { layer.channels.min(pixels.count()) };
            let columns = count.clamp(1, 16);
            let text = format!(
                "{} … {}, {} zeros",
                numbers::figure(layer.range[0].into()),
                numbers::figure(layer.range[1].into()),
                numbers::percent(layer.zeros.into())
            );
            view! {
                <li class="activation">
                    <span class="activation-name">
                        <b>{layer.name.clone()}</b>
                        " "
                        {numbers::shape(&layer.shape)}
                    </span>
                    <span class="activation-image" class:flat=flat>
                        <ImageGrid
                            pixels
                            which={(0..count).collect::<Vec<_>>()}
                            columns
                            gap=1
                            label=format!("Output of {}", layer.name)
                        />
                    </span>
                    <span class="quiet">{text}</span>
                </li>
            }
        });
        let view = &answer.view;
        let label = view.label.map(|label| class_name(store, label));
        view! {
            <div class="activations">
                <div class="activation-input">
                    <ImageGrid pixels=image which=vec![0] label="Input image" />
                    {label.map(|label| view! { <p><b>{label}</b></p> })}
                    <Bars store probabilities=view.probabilities.clone() count=5 mark=view.label />
                </div>
                <ol class="activation-list">{rows.collect_view()}</ol>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="inside-tools">
            <NumberField label="Image index" whole=true value=index on_change=Callback::new(choose) />
            <span class="quiet">"Or select an image under Predictions."</span>
        </div>
        {body}
    }
}
