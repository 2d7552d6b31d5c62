//! The worker: owns the engine, so that nothing the engine does can freeze the page.

use kindling_app::protocol::{FromWorker, ToWorker};
use kindling_app::{channel, probe, report_panics};
use wasm_bindgen_futures::spawn_local;

fn main() {
    report_panics();
    channel::listen(|message, _| spawn_local(answer(message)));
}

async fn answer(message: ToWorker) {
    match message {
        ToWorker::ProbeHardware => channel::say(&FromWorker::Hardware(probe::hardware().await), &[]),
        other => {
            let reason = format!("{other:?} is not known");
            channel::say(&FromWorker::NotUnderstood { reason }, &[]);
        }
    }
}
