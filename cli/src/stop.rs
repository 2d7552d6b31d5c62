//! Signals. Ctrl-C: the first asks the program to finish what it does and save; the second ends it
//! at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen for Ctrl-C and the system's request to end.
pub fn listen() {
    let heard = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    if let Err(error) = heard {
        output::warn(format!("Ctrl-C will not save a checkpoint: {error}"));
    }
}

/// Has a file that grows over the system's limit be an error of that write, not the end of the
/// program.
pub fn outlive_limits() {
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGXFSZ, flag};
        let heard = flag::register(SIGXFSZ, std::sync::Arc::new(AtomicBool::new(false)));
        if let Err(error) = heard {
            output::warn(format!("a file that grows too large will end the program: {error}"));
        }
    }
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
