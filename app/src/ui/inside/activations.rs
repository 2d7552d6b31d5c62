//! Activations of every layer for an image.

use super::looking;
use super::predictions::{Bars, class_name};
use crate::protocol::PictureOf;
use crate::ui::numbers;
use crate::ui::pieces::{NumberField, Picture};
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Activations(store: Store) -> impl IntoView {
    let inside = store.inside;
    let index = Signal::derive(move || match inside.picture.get() {
        PictureOf::Sample { index, .. } => index as f64,
        PictureOf::Own => 0.0,
    });
    let choose = move |value: f64| {
        inside.picture.set(PictureOf::Sample { split: inside.split.get_untracked(), index: value as usize });
    };
    let body = move || {
        let Some((view, picture, layers)) = inside.activations.get() else { return looking() };
        let rows = view.layers.iter().zip(layers).map(|(layer, pixels)| {
            let flat = layer.size[1] <= 1;
            let count = if flat { 1 } else { layer.channels.min(pixels.count()) };
            let columns = count.clamp(1, 16);
            let words = format!(
                "{} … {}, {} zero",
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
                    <span class="activation-picture" class:flat=flat>
                        <Picture
                            pixels
                            which={(0..count).collect::<Vec<_>>()}
                            columns
                            gap=1
                            label=format!("What {} gives", layer.name)
                        />
                    </span>
                    <span class="quiet">{words}</span>
                </li>
            }
        });
        let label = view.label.map(|label| class_name(store, label));
        view! {
            <div class="activations">
                <div class="activation-input">
                    <Picture pixels=picture which=vec![0] label="The picture" />
                    {label.map(|label| view! { <p><b>{label}</b></p> })}
                    <Bars store probabilities=view.probabilities count=5 mark=view.label />
                </div>
                <ol class="activation-list">{rows.collect_view()}</ol>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="inside-tools">
            <NumberField label="Picture number" whole=true value=index on_change=Callback::new(choose) />
            <span class="quiet">"Or choose one among the predictions."</span>
        </div>
        {body}
    }
}
