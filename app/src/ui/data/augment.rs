//! Random transforms of training images.

use crate::ui::pieces::Check;
use crate::ui::store::Store;
use kindling::train::Augment;
use leptos::prelude::*;
use std::mem::discriminant;

/// Returns the available transforms with their initial arguments. `size` is that of the images.
fn offers(size: [usize; 2]) -> Vec<(&'static str, &'static str, Augment)> {
    vec![
        ("flip", "RandomHorizontalFlip: mirrored with probability 0.5.", Augment::RandomHorizontalFlip { p: 0.5 }),
        (
            "crop 4",
            "RandomCrop: cropped to the same size after padding by four black pixels.",
            Augment::RandomCrop { size, padding: 4 },
        ),
        (
            "color jitter",
            "ColorJitter: brightness, contrast and saturation by up to 20 %, hue by up to 5 %.",
            Augment::ColorJitter { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 },
        ),
        (
            "affine",
            "RandomAffine: rotated by up to 15 degrees, moved and scaled by up to 10 %.",
            Augment::RandomAffine { degrees: 15.0, translate: Some([0.1, 0.1]), scale: Some([0.9, 1.1]) },
        ),
        ("erasing", "RandomErasing: a rectangle is erased with probability 0.5.", Augment::RandomErasing { p: 0.5 }),
    ]
}

/// Checkboxes of the transforms.
#[component]
pub fn AugmentFields(store: Store) -> impl IntoView {
    let spec = store.draft.spec;
    let size = Memo::new(move |_| {
        store.data.with(|data| match data.as_ref().map(|data| data.shape.as_slice()) {
            Some([_, height, width]) => Some([*height, *width]),
            Some([..]) => None,
            None => Some([32, 32]),
        })
    });
    let checks = move || {
        let offers = size.get().map(offers).unwrap_or_default().into_iter().enumerate();
        let check = |(index, (text, hint, augment)): (usize, (&'static str, &'static str, Augment))| {
            let kind = discriminant(&augment);
            let checked =
                Signal::derive(move || spec.with(|spec| spec.augment.iter().any(|a| discriminant(a) == kind)));
            let change = Callback::new(move |on: bool| {
                spec.update(|spec| {
                    spec.augment.retain(|a| discriminant(a) != kind);
                    if on {
                        let position = index.min(spec.augment.len());
                        spec.augment.insert(position, augment.clone());
                    }
                });
            });
            view! { <Check label=text hint checked on_change=change /> }
        };
        offers.map(check).collect_view()
    };
    view! {
        <fieldset class="augment" hidden=move || size.get().is_none()>
            <legend class="field-label">"Augmentation"</legend>
            {checks}
        </fieldset>
    }
}
