//! The page: starts the worker and draws.

use kindling_app::{report_panics, ui};

fn main() {
    report_panics();
    ui::mount();
}
