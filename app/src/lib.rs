//! Kindling's page and its worker: one program, which `main` starts as the one or the other.
//!
//! The page displays and sends requests; the worker owns the engine. They know each other only
//! through
//! [`protocol`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should panic"))]

pub mod channel;
pub mod hardware_text;
pub mod js;
pub mod link;
pub mod probe;
pub mod protocol;
pub mod session;
pub mod ui;
pub mod worker;

/// Prints a panic's message and location to the browser's console, where a panic in wasm would
/// print only "unreachable", and passes it to `also`.
pub fn report_panics(also: impl Fn(&str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let message = info.to_string();
        web_sys::console::error_1(&message.as_str().into());
        also(&message);
    }));
}
