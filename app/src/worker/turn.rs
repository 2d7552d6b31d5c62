//! Yielding to the browser's event loop: a message to itself is queued after all waiting ones, and
//! is not throttled, as timers are.

use crate::js::{call, get, global};
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageChannel, MessagePort};

/// Returns milliseconds since 1970, at a finer resolution than `Date`.
pub fn now() -> f64 {
    let performance = get(&global(), "performance");
    let since = call(&performance, "now", &[]).ok().and_then(|now| now.as_f64());
    let origin = get(&performance, "timeOrigin").as_f64();
    since.zip(origin).map_or_else(js_sys::Date::now, |(since, origin)| since + origin)
}

/// A signal; raising it wakes the current waiter, or the next one.
#[derive(Default)]
pub struct Signal {
    raised: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Signal {
    pub fn raise(&self) {
        self.raised.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.raised.replace(false) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// A message port to the same thread.
pub struct Turn {
    port: Option<MessagePort>,
    came: Rc<Signal>,
}

impl Turn {
    pub fn new() -> Self {
        let came = Rc::new(Signal::default());
        let port = MessageChannel::new().ok().map(|channel| {
            let signal = came.clone();
            let listener = Closure::<dyn Fn()>::new(move || signal.raise());
            channel.port1().set_onmessage(Some(listener.as_ref().unchecked_ref()));
            listener.forget();
            channel.port2()
        });
        Self { port, came }
    }

    /// Yields until all queued tasks have run.
    pub async fn next(&self) {
        match &self.port {
            Some(port) if port.post_message(&JsValue::NULL).is_ok() => self.came.wait().await,
            // Without ports at least pending promises are run.
            _ => drop(wasm_bindgen_futures::JsFuture::from(Promise::resolve(&JsValue::NULL)).await),
        }
    }
}
