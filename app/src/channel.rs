//! The worker's end of the connection to the page: `{text, bulk}` in and out.

use crate::js::{call, error_message, get, global, object};
use crate::protocol::{FromWorker, ToWorker};
use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, File, MessageEvent};

/// Attachment of a message from the page.
#[derive(Clone, Debug)]
pub enum Attachment {
    /// A file that can be read in pieces.
    File(File),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Passes every message of the page to `on_message`, and announces that the worker is ready.
pub fn listen(on_message: impl Fn(ToWorker, Vec<Attachment>) + 'static) {
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let text = get(&data, "text").as_string().unwrap_or_default();
        match kindling::json::read(&text) {
            Ok(message) => on_message(message, attachments(&get(&data, "bulk"))),
            Err(error) => send(&FromWorker::InvalidMessage { reason: error }, &[]),
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    // The worker holds a lock of its own name as long as it lives: the page waits for it (`link`).
    let ready = Closure::once_into_js(|| {
        send(&FromWorker::Ready, &[]);
        Promise::new(&mut |_, _| {})
    });
    let locks = get(&get(&global(), "navigator"), "locks");
    if locks.is_falsy() || call(&locks, "request", &[scope().name().into(), ready]).is_err() {
        send(&FromWorker::Ready, &[]);
    }
}

fn attachments(bulk: &JsValue) -> Vec<Attachment> {
    let attachment = |value: JsValue| match value.dyn_into::<File>() {
        Ok(file) => Some(Attachment::File(file)),
        Err(value) => match value.dyn_ref::<Uint8Array>() {
            Some(array) => Some(Attachment::Bytes(array.to_vec())),
            None => value.dyn_ref::<ArrayBuffer>().map(|buffer| Attachment::Bytes(Uint8Array::new(buffer).to_vec())),
        },
    };
    bulk.dyn_ref::<Array>().map(|bulk| bulk.iter().filter_map(attachment).collect()).unwrap_or_default()
}

/// Sends a message to the page, with attached bytes.
pub fn send(message: &FromWorker, bulk: &[Vec<u8>]) {
    let buffers: Array = bulk.iter().map(|bytes| JsValue::from(Uint8Array::from(bytes.as_slice()).buffer())).collect();
    let sent = kindling::json::write(message).and_then(|text| {
        let envelope = object(&[("text", text.into()), ("bulk", buffers.clone().into())]);
        scope().post_message_with_transfer(&envelope, &buffers).map_err(|error| error_message(&error))
    });
    if let Err(reason) = sent {
        web_sys::console::error_1(&format!("a message to the page was not sent: {reason}").into());
    }
}

/// Returns the worker's global object.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
