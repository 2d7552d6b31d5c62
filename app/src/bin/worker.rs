//! The worker: owns the engine, so that nothing the engine does can freeze the page.

use kindling_app::protocol::{FromWorker, ToWorker};
use kindling_app::{probe, report_panics};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

fn main() {
    report_panics();
    let scope = scope();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(message) => spawn_local(answer(message)),
            Err(error) => say(&FromWorker::NotUnderstood { reason: error.to_string() }),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    say(&FromWorker::Ready);
}

async fn answer(message: ToWorker) {
    match message {
        ToWorker::ProbeHardware => say(&FromWorker::Hardware(probe::hardware().await)),
    }
}

fn say(message: &FromWorker) {
    let sent = serde_json::to_string(message)
        .map_err(|error| error.to_string().into())
        .and_then(|text| scope().post_message(&text.into()));
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
