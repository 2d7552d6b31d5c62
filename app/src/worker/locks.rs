//! Locks that tabs of the page share
//! ([Web Locks](https://developer.mozilla.org/en-US/docs/Web/API/Web_Locks_API)). The browser
//! releases them with the worker. Where it has none, every lock counts as free.

use crate::js::{call, call_async, get, global};
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

fn manager() -> Option<JsValue> {
    let locks = get(&get(&global(), "navigator"), "locks");
    locks.is_truthy().then_some(locks)
}

/// A requested lock; it is released when the value is dropped.
pub struct Lock {
    release: Rc<RefCell<Option<Function>>>,
}

impl Lock {
    /// Requests a lock, which is held as soon as no other worker holds it.
    pub fn request(name: &str) -> Option<Self> {
        let locks = manager()?;
        let release = Rc::new(RefCell::new(None));
        let (resolver, until) = (release.clone(), release.clone());
        let released = Promise::new(&mut |resolve, _| drop(resolver.replace(Some(resolve))));
        // The lock is held until the promise settles: at once if the value is gone already.
        let granted = Closure::once_into_js(move || match until.borrow().is_some() {
            true => JsValue::from(released),
            false => JsValue::UNDEFINED,
        });
        // The promise of the request settles when the lock is released.
        call(&locks, "request", &[name.into(), granted]).ok()?;
        Some(Self { release })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // A promise's own function takes any value.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits until no worker holds a lock. Returns `false` if the browser cannot tell.
pub async fn released(name: &str) -> bool {
    let Some(locks) = manager() else { return false };
    let granted = Closure::once_into_js(|| JsValue::UNDEFINED);
    call_async(&locks, "request", &[name.into(), granted]).await.is_ok()
}

/// Returns the names of the locks that workers of this page hold.
pub async fn held() -> Vec<String> {
    let Some(locks) = manager() else { return Vec::new() };
    match call_async(&locks, "query", &[]).await {
        Ok(state) => {
            Array::from(&get(&state, "held")).iter().filter_map(|lock| get(&lock, "name").as_string()).collect()
        }
        Err(_) => Vec::new(),
    }
}
