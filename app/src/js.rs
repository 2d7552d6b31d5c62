//! What Rust needs of JavaScript where `web-sys` has no stable words for it: properties, methods, promises, errors.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A property; `undefined` if there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A plain object with these properties.
pub fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in properties {
        // Setting a property of a fresh plain object does not fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// Calls a method.
///
/// # Errors
/// There is no such method, or what it throws.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = get(object, method).dyn_into()?;
    function.apply(object, &arguments.iter().collect::<Array>())
}

/// `new Class(…)` of the global object.
///
/// # Errors
/// There is no such class, or what its constructor throws.
pub fn construct(class: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let class: Function = get(&global(), class).dyn_into()?;
    Reflect::construct(&class, &arguments.iter().collect::<Array>())
}

/// Calls a method that gives a promise, and waits for it.
///
/// # Errors
/// There is no such method, what it throws, or what the promise is rejected with.
pub async fn call_async(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let promise: Promise = call(object, method, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// What is reached from everywhere: `self`.
pub fn global() -> JsValue {
    js_sys::global().into()
}

/// An exception's message.
pub fn said(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(
        || {
            let message = get(error, "message").as_string();
            message.unwrap_or_else(|| error.as_string().unwrap_or_else(|| format!("{error:?}")))
        },
        |error| String::from(error.message()),
    )
}
