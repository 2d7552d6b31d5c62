//! One program for page and worker, so that common code is loaded once. The page draws; the worker
//! owns the engine, so that the engine cannot block the page.

use kindling_app::protocol::FromWorker;
use kindling_app::{channel, js, report_panics, ui, worker};

fn main() {
    let in_worker = js::get(&js::global(), "document").is_undefined();
    report_panics(move |reason| {
        if in_worker {
            channel::send(&FromWorker::Crashed { reason: reason.to_owned() }, &[]);
        }
    });
    if in_worker {
        worker::start();
    } else {
        ui::mount();
    }
}
