//! What is done to pictures at random before they are learned from.

use crate::ui::pieces::Check;
use crate::ui::store::Store;
use kindling::train::Augment;
use leptos::prelude::*;
use std::mem::discriminant;

/// The changes on offer, as they begin. A crop's size is the picture's own.
fn offers(size: [usize; 2]) -> Vec<(&'static str, &'static str, Augment)> {
    vec![
        ("flip", "Mirrored half of the time.", Augment::RandomHorizontalFlip { p: 0.5 }),
        (
            "crop 4",
            "Moved by up to four pixels: a crop after four pixels of black have been put around it.",
            Augment::RandomCrop { size, padding: 4 },
        ),
        (
            "colour",
            "Brightness, contrast and saturation by up to a fifth, and a little of the hue.",
            Augment::ColorJitter { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 },
        ),
        (
            "turn",
            "Turned by up to 15 degrees, moved and scaled by up to a tenth.",
            Augment::RandomAffine { degrees: 15.0, translate: Some([0.1, 0.1]), scale: Some([0.9, 1.1]) },
        ),
        ("erase", "A rectangle blotted out, half of the time.", Augment::RandomErasing { p: 0.5 }),
    ]
}

/// The ticks.
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
        let check = |(place, (words, hint, augment)): (usize, (&'static str, &'static str, Augment))| {
            let kind = discriminant(&augment);
            let checked =
                Signal::derive(move || spec.with(|spec| spec.augment.iter().any(|a| discriminant(a) == kind)));
            let change = Callback::new(move |on: bool| {
                spec.update(|spec| {
                    spec.augment.retain(|a| discriminant(a) != kind);
                    if on {
                        let at = place.min(spec.augment.len());
                        spec.augment.insert(at, augment.clone());
                    }
                });
            });
            view! { <Check label=words hint checked on_change=change /> }
        };
        offers.map(check).collect_view()
    };
    view! {
        <fieldset class="augment" hidden=move || size.get().is_none()>
            <legend class="field-label">"Augment"</legend>
            {checks}
        </fieldset>
    }
}
