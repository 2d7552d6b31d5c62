//! JavaScript interfaces that `web-sys` has no stable bindings for: properties, methods, promises,
//! errors.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Returns a property; `undefined` if there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Creates a plain object with these properties.
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
/// The method is missing, or throws this error.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = get(object, method).dyn_into()?;
    function.apply(object, &arguments.iter().collect::<Array>())
}

/// Evaluates `new Class(…)` of the global object.
///
/// # Errors
/// The class is missing, or its constructor throws this error.
pub fn construct(class: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let class: Function = get(&global(), class).dyn_into()?;
    Reflect::construct(&class, &arguments.iter().collect::<Array>())
}

/// Calls a method that returns a promise, and awaits it.
///
/// # Errors
/// The method is missing or throws this error, or the promise is rejected with it.
pub async fn call_async(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let promise: Promise = call(object, method, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// Returns the global object, `self`.
pub fn global() -> JsValue {
    js_sys::global().into()
}

/// Returns an exception's message.
pub fn error_message(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(
        || {
            let message = get(error, "message").as_string();
            message.unwrap_or_else(|| error.as_string().unwrap_or_else(|| format!("{error:?}")))
        },
        |error| String::from(error.message()),
    )
}
