//! Data of one's own: chosen, dropped, or fetched. Folders are read with all that is in them.

use crate::js::{call, call_async, get};
use crate::protocol::{DataKind, DataSource};
use crate::ui::store::Store;
use js_sys::{Array, Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, HtmlInputElement, SubmitEvent};

/// Files that are looked for in a folder.
const MOST_FILES: usize = 200_000;

/// The zone.
#[component]
pub fn Own(store: Store) -> impl IntoView {
    let chosen = move |event: Event| {
        let input = event_target::<HtmlInputElement>(&event);
        let files: Vec<JsValue> = input.files().map(|list| Array::from(&list).to_vec()).unwrap_or_default();
        open(store, files.into_iter().map(|file| (path(&file), file)).collect());
        // The same file can be chosen again.
        input.set_value("");
    };
    let url = RwSignal::new(String::new());
    let fetch = move |event: SubmitEvent| {
        event.prevent_default();
        let url = url.get_untracked().trim().to_owned();
        if !url.is_empty() {
            store.open_data(DataSource::new(DataKind::Url(url)), Vec::new());
        }
    };
    view! {
        <details class="own">
            <summary>"Your own data"</summary>
            <p class="quiet">
                "A folder, .zip or .tar.gz with a folder of images for each class, a .csv, a .npz of NumPy, or the files of CIFAR or MNIST: choose it, or drop it anywhere on the page. It stays on this machine."
            </p>
            <div class="own-buttons">
                <label class="button small">
                    "Files …"
                    <input class="hidden" type="file" multiple on:change=chosen />
                </label>
                <label class="button small">
                    "Folder …"
                    <input class="hidden" type="file" prop:webkitdirectory=true multiple on:change=chosen />
                </label>
            </div>
            <form class="own-url" on:submit=fetch>
                <label class="field">
                    <span class="field-label">"Address"</span>
                    <input
                        class="input"
                        type="text"
                        inputmode="url"
                        placeholder="data/mine.zip"
                        prop:value=move || url.get()
                        on:input=move |event| url.set(event_target_value(&event))
                    />
                </label>
                <button class="button small" type="submit">"Fetch"</button>
            </form>
        </details>
    }
}

/// Loads files as data.
pub fn open(store: Store, files: Vec<(String, JsValue)>) {
    if files.is_empty() {
        return;
    }
    let (names, files): (Vec<String>, Vec<JsValue>) = files.into_iter().unzip();
    store.open_data(DataSource::new(DataKind::Files(names)), files);
}

/// A file's path below the folder that was chosen; else its name.
fn path(file: &JsValue) -> String {
    let below = get(file, "webkitRelativePath").as_string().filter(|path| !path.is_empty());
    below.or_else(|| get(file, "name").as_string()).unwrap_or_default()
}

/// All files of a drop, those of folders with their paths; handed on when they are known.
pub fn dropped(transfer: &JsValue, then: impl FnOnce(Vec<(String, JsValue)>) + 'static) {
    // Entries must be asked for before the event is over; they can be read later.
    let items = Array::from(&get(transfer, "items"));
    let entries: Vec<JsValue> = items
        .iter()
        .filter_map(|item| call(&item, "webkitGetAsEntry", &[]).ok())
        .filter(|entry| entry.is_truthy())
        .collect();
    let loose: Vec<JsValue> = Array::from(&get(transfer, "files")).to_vec();
    spawn_local(async move {
        let mut found = Vec::new();
        let mut waiting = entries;
        while let Some(entry) = waiting.pop() {
            if found.len() >= MOST_FILES {
                break;
            }
            if get(&entry, "isDirectory").is_truthy() {
                waiting.extend(children(&entry).await);
            } else if let Ok(file) = promised(&entry, "file").await {
                let path = get(&entry, "fullPath").as_string().unwrap_or_default();
                found.push((path.trim_start_matches('/').to_owned(), file));
            }
        }
        if found.is_empty() {
            found = loose.into_iter().map(|file| (path(&file), file)).collect();
        }
        let order = kindling::argsort(found.len(), &mut |a, b| found[a].0.cmp(&found[b].0));
        then(order.into_iter().map(|i| found[i].clone()).collect());
    });
}

/// What a folder holds: the browser tells a hundred at a time.
async fn children(folder: &JsValue) -> Vec<JsValue> {
    let mut all = Vec::new();
    let Ok(reader) = call(folder, "createReader", &[]) else { return all };
    while let Ok(some) = promised(&reader, "readEntries").await {
        let some = Array::from(&some).to_vec();
        if some.is_empty() {
            break;
        }
        all.extend(some);
    }
    all
}

/// A method that takes what to do with its answer, and with an error, as a promise.
async fn promised(object: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        if let Err(error) = call(object, method, &[resolve.into(), reject.clone().into()]) {
            // A promise's own function always takes an answer.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    JsFuture::from(promise).await
}

/// A file's bytes.
///
/// # Errors
/// It cannot be read any more.
pub async fn bytes(file: &JsValue) -> Result<JsValue, String> {
    call_async(file, "arrayBuffer", &[]).await.map_err(|error| crate::js::said(&error))
}
