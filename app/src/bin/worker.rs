//! The worker: owns the engine, so that nothing the engine does can freeze the page.

use kindling_app::protocol::FromWorker;
use kindling_app::{channel, worker};

fn main() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        channel::say(&FromWorker::Crashed { reason: info.to_string() }, &[]);
    }));
    worker::start();
}
