//! Images from bytes, in a grid on one canvas, with square pixels.

use crate::ui::browser::{Pixels, context_2d, paint};
use leptos::html;
use leptos::prelude::*;

/// Images of a message in a grid.
#[component]
pub fn ImageGrid(
    /// Bytes of the images.
    pixels: Pixels,
    /// Indices of the images.
    #[prop(into)]
    which: Vec<usize>,
    /// Description; empty if adjacent text describes them.
    #[prop(into, optional)]
    label: String,
    /// Number of images per row; all by default.
    #[prop(optional)]
    columns: Option<usize>,
    /// Gap between images, in pixels.
    #[prop(optional)]
    gap: usize,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let columns = columns.unwrap_or(which.len()).clamp(1, which.len().max(1));
    let rows = which.len().div_ceil(columns).max(1);
    let size = pixels.size;
    let side = |count: usize, length: usize| (count * (length + gap)).saturating_sub(gap);
    Effect::new(move |_| {
        let Some(context) = canvas.get().and_then(|canvas| context_2d(&canvas)) else { return };
        for (cell, index) in which.iter().enumerate() {
            let at = [cell % columns * (size[0] + gap), cell / columns * (size[1] + gap)];
            if let Some(bytes) = pixels.image(*index) {
                paint(&context, size, bytes, at);
            }
        }
    });
    let silent = label.is_empty();
    view! {
        <canvas
            class="image"
            node_ref=canvas
            width=side(columns, size[0])
            height=side(rows, size[1])
            role="img"
            aria-hidden=silent.then_some("true")
            aria-label=(!silent).then_some(label)
        ></canvas>
    }
}
