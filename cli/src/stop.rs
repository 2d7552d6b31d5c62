//! Signals. The first Ctrl-C asks the program to finish its step and save; the second ends it at
//! once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Installs handlers for Ctrl-C and the system's request to terminate.
pub fn listen() {
    let installed = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    if let Err(error) = installed {
        output::warn(format!("Ctrl-C will not save a checkpoint: {error}"));
    }
}

/// Makes a file that exceeds the system's limit an error of that write, not the end of the program.
pub fn outlive_limits() {
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGXFSZ, flag};
        let installed = flag::register(SIGXFSZ, std::sync::Arc::new(AtomicBool::new(false)));
        if let Err(error) = installed {
            output::warn(format!("a file that grows too large will end the program: {error}"));
        }
    }
}

/// Returns `true` if Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
