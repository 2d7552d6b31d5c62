//! Ctrl-C: the first asks the program to finish what it does and save; the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen for Ctrl-C and the system's request to end.
pub fn listen() {
    let heard = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    if let Err(error) = heard {
        eprintln!("kindling: Ctrl-C will not save a checkpoint: {error}");
    }
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
