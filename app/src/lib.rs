//! Kindling's page: what the two programs, the page and the worker, share.
//!
//! The page shows and asks; the worker owns the engine. They know each other only through [`protocol`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should panic"))]

pub mod channel;
pub mod js;
pub mod link;
pub mod probe;
pub mod protocol;
pub mod session;
pub mod ui;
pub mod words;
pub mod worker;

/// Shows a panic's message and place in the browser's console: without it a panic in wasm says only "unreachable".
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
}
