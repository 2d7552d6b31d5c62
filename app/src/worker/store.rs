//! The page's storage in the browser: values under names in IndexedDB, with atomic changes. Private
//! windows and full disks refuse; the error says so, and everything else works.

use crate::js::{call, call_async, error_message, get, global};
use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

const DATABASE: &str = "kindling";
const VALUES: &str = "values";

/// The page's storage.
#[derive(Default)]
pub struct Store {
    open: RefCell<Option<JsValue>>,
}

impl Store {
    async fn database(&self) -> Result<JsValue, String> {
        if let Some(open) = self.open.borrow().clone() {
            return Ok(open);
        }
        let factory = get(&global(), "indexedDB");
        if factory.is_falsy() {
            return Err("This browser has no storage for this page: a reload loses the run.".into());
        }
        let request = call(&factory, "open", &[DATABASE.into(), 1.into()]).map_err(|error| denied(&error))?;
        let of = request.clone();
        let upgrade = Closure::once_into_js(move || {
            // If it cannot be created, opening it fails, which is reported.
            let _ = call(&get(&of, "result"), "createObjectStore", &[VALUES.into()]);
        });
        let _ = js_sys::Reflect::set(&request, &"onupgradeneeded".into(), &upgrade);
        let database = settled(&request, "onsuccess", "onerror").await.map_err(|error| denied(&error))?;
        self.open.replace(Some(database.clone()));
        Ok(database)
    }

    /// Begins a transaction on the values.
    async fn begin(&self, mode: &str) -> Result<(JsValue, JsValue), String> {
        let database = self.database().await?;
        let names = Array::of1(&VALUES.into());
        let transaction = call(&database, "transaction", &[names.into(), mode.into()]).map_err(|error| {
            // A connection that the browser has closed is reopened the next time.
            self.open.replace(None);
            denied(&error)
        })?;
        let values = call(&transaction, "objectStore", &[VALUES.into()]).map_err(|error| denied(&error))?;
        Ok((transaction, values))
    }

    /// Stores values under names, all or none.
    pub async fn put(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), String> {
        let (transaction, values) = self.begin("readwrite").await?;
        for (name, bytes) in entries {
            let bytes = Uint8Array::from(bytes.as_slice());
            call(&values, "put", &[bytes.into(), name.into()]).map_err(|error| denied(&error))?;
        }
        settled(&transaction, "oncomplete", "onabort").await.map(drop).map_err(|error| denied(&error))
    }

    /// Returns a value; `None` if there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let (_, values) = self.begin("readonly").await?;
        let request = call(&values, "get", &[name.into()]).map_err(|error| denied(&error))?;
        let value = settled(&request, "onsuccess", "onerror").await.map_err(|error| denied(&error))?;
        Ok(match value.dyn_ref::<Uint8Array>() {
            Some(array) => Some(array.to_vec()),
            None => value.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec()),
        })
    }

    /// Returns the names of all values.
    pub async fn names(&self) -> Result<Vec<String>, String> {
        let (_, values) = self.begin("readonly").await?;
        let request = call(&values, "getAllKeys", &[]).map_err(|error| denied(&error))?;
        let names = settled(&request, "onsuccess", "onerror").await.map_err(|error| denied(&error))?;
        Ok(Array::from(&names).iter().filter_map(|name| name.as_string()).collect())
    }

    /// Deletes values.
    pub async fn delete(&self, names: Vec<String>) -> Result<(), String> {
        let (transaction, values) = self.begin("readwrite").await?;
        for name in names {
            call(&values, "delete", &[name.into()]).map_err(|error| denied(&error))?;
        }
        settled(&transaction, "oncomplete", "onabort").await.map(drop).map_err(|error| denied(&error))
    }

    /// Requests persistence, so that the browser does not clear data sets, which take long to
    /// fetch, on a full disk.
    pub async fn persist(&self) {
        let storage = get(&get(&global(), "navigator"), "storage");
        if !storage.is_falsy() {
            // If it refuses, data may be cleared, and is fetched again.
            let _ = call_async(&storage, "persist", &[]).await;
        }
    }
}

/// Awaits a request or transaction: its result, or its error.
async fn settled(target: &JsValue, success: &str, failure: &str) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        let of = target.clone();
        let done = Closure::once_into_js(move || {
            let _ = resolve.call1(&JsValue::UNDEFINED, &get(&of, "result"));
        });
        let of = target.clone();
        let failed = Closure::once_into_js(move || {
            let _ = reject.call1(&JsValue::UNDEFINED, &get(&of, "error"));
        });
        for (name, handler) in [(success, done), (failure, failed)] {
            // The properties of these objects can always be set.
            let _ = js_sys::Reflect::set(target, &name.into(), &handler);
        }
    });
    JsFuture::from(promise).await
}

fn denied(error: &JsValue) -> String {
    let full = get(error, "name").as_string().is_some_and(|name| name == "QuotaExceededError");
    if full {
        return "The browser's storage for this page is full: nothing more is stored, and a reload loses the run. Free disk \
                space, or clear this page's data in the browser's settings."
            .into();
    }
    format!(
        "The browser stores nothing for this page ({}): training continues, but a reload loses the run.",
        error_message(error)
    )
}
