//! Tests that run in a browser, in a dedicated worker, like the engine on the page: see `tests/`.
//!
//! They are a crate of their own because they are built for wasm32 only.
//! `cargo xtask test --only web` runs them in headless Chromium, on its software WebGPU adapter, so
//! that they need no GPU.
