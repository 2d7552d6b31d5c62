//! The page's end of the line to the worker: starts it, sends once it listens, hands on what it says.

use crate::protocol::{FromWorker, ToWorker};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Where trunk puts the worker's starter, relative to the page.
const WORKER: &str = "./worker_loader.js";

/// What reaches the page.
#[derive(Clone, Debug)]
pub enum Event {
    /// The worker said something.
    Message(FromWorker),
    /// The worker could not be started or has crashed.
    Failed(String),
}

/// The line to the worker.
#[derive(Clone)]
pub struct Link {
    shared: Rc<Shared>,
}

struct Shared {
    worker: Worker,
    /// What was sent before the worker listened; `None` once it does.
    waiting: RefCell<Option<Vec<ToWorker>>>,
}

impl Link {
    /// Starts the worker. `on_event` hears everything but [`FromWorker::Ready`].
    ///
    /// # Errors
    /// The browser's words, if it starts no worker.
    pub fn start(on_event: impl Fn(Event) + 'static) -> Result<Link, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(WORKER, &options).map_err(|error| said(&error))?;
        let link = Link { shared: Rc::new(Shared { worker, waiting: RefCell::new(Some(Vec::new())) }) };
        let on_event = Rc::new(on_event);

        let listener = link.clone();
        let hand_on = on_event.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(FromWorker::Ready) => listener.send_waiting(),
                Ok(message) => hand_on(Event::Message(message)),
                Err(error) => hand_on(Event::Failed(format!("The engine sent what the page cannot read: {error}"))),
            }
        });
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            // A script that does not load gives an event without a message.
            let message = js_sys::Reflect::get(&event, &"message".into()).ok().and_then(|text| text.as_string());
            on_event(Event::Failed(message.unwrap_or_else(|| format!("{WORKER} could not be loaded"))));
        });
        let worker = &link.shared.worker;
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // The worker lives as long as the page, and so must these.
        on_message.forget();
        on_error.forget();
        Ok(link)
    }

    /// Sends a message, or keeps it until the worker listens.
    pub fn send(&self, message: ToWorker) {
        if let Some(waiting) = self.shared.waiting.borrow_mut().as_mut() {
            waiting.push(message);
            return;
        }
        self.post(&message);
    }

    fn send_waiting(&self) {
        let waiting = self.shared.waiting.borrow_mut().take();
        for message in waiting.unwrap_or_default() {
            self.post(&message);
        }
    }

    fn post(&self, message: &ToWorker) {
        let sent = serde_json::to_string(message)
            .map_err(|error| error.to_string())
            .and_then(|text| self.shared.worker.post_message(&text.into()).map_err(|error| said(&error)));
        if let Err(reason) = sent {
            web_sys::console::error_1(&format!("a message to the worker was not sent: {reason}").into());
        }
    }
}

/// An exception's message.
fn said(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| String::from(error.message()))
}
