//! Files dropped or pasted on the page: a model, data, an image to classify.

use super::menu::inspect;
use crate::js::get;
use crate::protocol::ToWorker;
use crate::ui::browser;
use crate::ui::data::files;
use crate::ui::store::{Store, View};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DragEvent};

/// Longest side of an image for the model, which scales it down further.
const MAX_SIDE: u32 = 512;

/// Handles drops on the whole window, and shows a hint while a file is held over the page.
#[component]
pub fn DropZone(store: Store) -> impl IntoView {
    let over = RwSignal::new(false);
    let has_files = |event: &DragEvent| {
        let types = event.data_transfer().map(|transfer| transfer.types());
        types.is_some_and(|types| types.includes(&"Files".into(), 0))
    };
    let enter = window_event_listener(leptos::ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            over.set(true);
        }
    });
    let leave = window_event_listener(leptos::ev::dragleave, move |event| {
        // Without a related target, the pointer has left the page.
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    let drop = window_event_listener(leptos::ev::drop, move |event| {
        over.set(false);
        if has_files(&event) {
            event.prevent_default();
            if let Some(transfer) = event.data_transfer() {
                files::dropped(&transfer, move |files| take(store, files));
            }
        }
    });
    let paste = window_event_listener(leptos::ev::paste, move |event| {
        let files = get(&get(&event, "clipboardData"), "files");
        let file = js_sys::Array::from(&files).get(0);
        if get(&file, "type").as_string().is_some_and(|kind| kind.starts_with("image/")) {
            event.prevent_default();
            classify(store, file);
        }
    });
    on_cleanup(move || [enter, leave, drop, paste].into_iter().for_each(WindowListenerHandle::remove));
    view! {
        <div class="drop" hidden=move || !over.get()>
            <p>"Drop a model, a checkpoint, data, or an image"</p>
        </div>
    }
}

/// Determines the purpose of a file by its name.
fn take(store: Store, mut files: Vec<(String, JsValue)>) {
    let ends = |name: &str, endings: &[&str]| endings.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let images = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif"];
    if files.len() > 1 {
        return files::open(store, files);
    }
    let Some((name, file)) = files.pop() else { return };
    if ends(&name, &[".safetensors"]) {
        inspect(store, name, file);
    } else if ends(&name, &images) && !name.contains('/') {
        classify(store, file);
    } else {
        files::open(store, vec![(name, file)]);
    }
}

/// Requests the classification of an image.
pub fn classify(store: Store, file: JsValue) {
    spawn_local(async move {
        let Ok(blob) = file.dyn_into::<Blob>() else { return };
        match browser::decode_image(&blob, MAX_SIDE).await {
            Ok((width, height, bytes)) => {
                store.inspection.view.set(View::Predictions);
                store.send_with(ToWorker::Classify { width, height }, vec![bytes.into()]);
            }
            Err(reason) => store.notify(true, reason),
        }
    });
}
