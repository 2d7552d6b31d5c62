//! One program in two places, so that what both need is loaded once: on the page it draws; in the worker it owns the
//! engine, so that nothing the engine does can freeze the page.

use kindling_app::protocol::FromWorker;
use kindling_app::{channel, js, report_panics, ui, worker};

fn main() {
    let in_worker = js::get(&js::global(), "document").is_undefined();
    report_panics(move |reason| {
        if in_worker {
            channel::say(&FromWorker::Crashed { reason: reason.to_owned() }, &[]);
        }
    });
    if in_worker {
        worker::start();
    } else {
        ui::mount();
    }
}
