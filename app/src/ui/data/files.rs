//! The user's data: chosen, dropped, or fetched. Folders are read recursively.

use crate::js::{call, call_async, get};
use crate::protocol::{DataKind, DataSource};
use crate::ui::store::Store;
use js_sys::{Array, Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, HtmlInputElement, SubmitEvent};

/// Maximum number of files of a drop.
const MAX_FILES: usize = 200_000;

/// Choice of files, folders or an address.
#[component]
pub fn UserData(store: Store) -> impl IntoView {
    let chosen = move |event: Event| {
        let input = event_target::<HtmlInputElement>(&event);
        let files: Vec<JsValue> = input.files().map(|list| Array::from(&list).to_vec()).unwrap_or_default();
        open(store, files.into_iter().map(|file| (path(&file), file)).collect());
        // Without this the same file could not be chosen again.
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
                "A folder, .zip or .tar.gz with a folder of images for each class, a .csv, a .npz of NumPy, or the files of CIFAR or MNIST: choose it, or drop it anywhere on the page. It stays on this computer."
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
                    <span class="field-label">"URL"</span>
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

/// Returns a file's path in the chosen folder, or its name.
fn path(file: &JsValue) -> String {
    let below = get(file, "webkitRelativePath").as_string().filter(|path| !path.is_empty());
    below.or_else(|| get(file, "name").as_string()).unwrap_or_default()
}

/// Lists all files of a drop, those of folders with their paths, and passes them to `on_files`.
pub fn dropped(transfer: &JsValue, on_files: impl FnOnce(Vec<(String, JsValue)>) + 'static) {
    // Entries must be requested during the event; they can be read later.
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
            if found.len() >= MAX_FILES {
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
        on_files(order.into_iter().map(|i| found[i].clone()).collect());
    });
}

/// Returns the entries of a folder; the browser lists at most a hundred per call.
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

/// Calls a method with two callbacks, for its result and for an error, and awaits it.
async fn promised(object: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        if let Err(error) = call(object, method, &[resolve.into(), reject.clone().into()]) {
            // Rejecting a promise does not fail.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    JsFuture::from(promise).await
}

/// Returns a file's bytes.
///
/// # Errors
/// The file cannot be read any more.
pub async fn bytes(file: &JsValue) -> Result<JsValue, String> {
    call_async(file, "arrayBuffer", &[]).await.map_err(|error| crate::js::error_message(&error))
}
