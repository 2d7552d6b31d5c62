//! The page's end of the connection to the worker: starts it, sends once it is ready, passes on its
//! messages, and replaces it when it dies.
//!
//! Detection of a death: a panic is announced ([`FromWorker::Crashed`]) or reported by the browser.
//! A worker that dies silently releases its lock (Web Locks), and the page, which waits for that
//! lock, gets it.

mod memory;

use crate::js::{call, error_message, get, global, object};
use crate::protocol::{FromWorker, ToWorker};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use memory::Memory;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Address of the worker's starter, relative to the page.
const WORKER: &str = "./worker.js";

/// Maximum number of deaths within [`WINDOW_MS`] before no other worker is started.
const MAX_DEATHS: usize = 4;
const WINDOW_MS: f64 = 60_000.0;

/// An event for the page.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message of the worker, with its attached bytes.
    Message(Box<FromWorker>, Vec<Uint8Array>),
    /// The worker has died, for this reason; another was started and resumes from the last
    /// checkpoint.
    Restarted(String),
    /// The worker could not be started, or dies repeatedly.
    Failed(String),
}

/// The connection to the worker.
#[derive(Clone)]
pub struct Link {
    shared: Rc<Shared>,
}

struct Shared {
    on_event: Box<dyn Fn(Event)>,
    state: RefCell<State>,
}

struct State {
    worker: Option<Worker>,
    /// Number of this worker; messages of earlier ones are dropped.
    number: u32,
    /// Messages sent before the worker was ready; `None` once it is.
    waiting: Option<Vec<(ToWorker, Vec<JsValue>)>>,
    memory: Memory<JsValue>,
    /// Times of the workers' deaths.
    deaths: Vec<f64>,
}

impl Link {
    /// Starts the worker. `on_event` receives everything except [`FromWorker::Ready`].
    ///
    /// # Errors
    /// The browser's message, if it starts no worker.
    pub fn start(on_event: impl Fn(Event) + 'static) -> Result<Link, String> {
        let state =
            State { worker: None, number: 0, waiting: Some(Vec::new()), memory: Memory::default(), deaths: Vec::new() };
        let link = Link { shared: Rc::new(Shared { on_event: Box::new(on_event), state: RefCell::new(state) }) };
        link.begin()?;
        Ok(link)
    }

    /// Sends a message, or queues it until the worker is ready.
    pub fn send(&self, message: ToWorker) {
        self.send_with(message, Vec::new());
    }

    /// Sends a message with attachments: `File`s, which the worker reads itself, or `Uint8Array`s
    /// and `ArrayBuffer`s, which are transferred and empty afterwards.
    pub fn send_with(&self, message: ToWorker, attachments: Vec<JsValue>) {
        let mut state = self.shared.state.borrow_mut();
        state.memory.record_request(&message, &attachments);
        if let Some(waiting) = &mut state.waiting {
            waiting.push((message, attachments));
            return;
        }
        post(state.worker.as_ref(), &message, &attachments);
    }

    /// Terminates the worker in any state, and starts another that resumes from the last
    /// checkpoint.
    pub fn restart(&self, reason: &str) {
        let failed = {
            let mut state = self.shared.state.borrow_mut();
            if let Some(worker) = state.worker.take() {
                worker.terminate();
            }
            let now = js_sys::Date::now();
            state.deaths.retain(|death| now - death < WINDOW_MS);
            state.deaths.push(now);
            state.waiting = Some(state.memory.restoring_messages());
            state.deaths.len() > MAX_DEATHS
        };
        if failed {
            return self.emit(Event::Failed(format!("The engine stopped repeatedly: {reason}")));
        }
        match self.begin() {
            Ok(()) => self.emit(Event::Restarted(reason.to_owned())),
            Err(error) => self.emit(Event::Failed(error)),
        }
    }

    fn emit(&self, event: Event) {
        (self.shared.on_event)(event);
    }

    fn begin(&self) -> Result<(), String> {
        let number = {
            let mut state = self.shared.state.borrow_mut();
            state.number += 1;
            state.number
        };
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let name = format!("kindling-{number}-{}", js_sys::Math::random());
        options.set_name(&name);
        let worker = Worker::new_with_options(WORKER, &options).map_err(|error| error_message(&error))?;

        let link = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if link.is_current(number) {
                link.on_message(&event.data(), number, &name);
            }
        });
        let link = self.clone();
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            if !link.is_current(number) {
                return;
            }
            // A script that does not load gives an event without a message; trying again would not
            // help.
            match get(&event, "message").as_string() {
                Some(message) => link.restart(&message),
                None => link.emit(Event::Failed(format!("{WORKER} could not be loaded"))),
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // The worker receives the module that the page has loaded and compiled.
        let program = object(&[("js", program().into()), ("module", wasm_bindgen::module())]);
        worker.post_message(&program).map_err(|error| error_message(&error))?;
        // A worker lives as long as the page, or dies a few times: these few closures are leaked.
        on_message.forget();
        on_error.forget();
        self.shared.state.borrow_mut().worker = Some(worker);
        Ok(())
    }

    fn is_current(&self, number: u32) -> bool {
        self.shared.state.borrow().number == number
    }

    fn on_message(&self, data: &JsValue, number: u32, name: &str) {
        let text = get(data, "text").as_string().unwrap_or_default();
        match kindling::json::read(&text) {
            Ok(FromWorker::Ready) => {
                self.await_death(number, name);
                self.send_waiting();
            }
            Ok(FromWorker::Crashed { reason }) => self.restart(&reason),
            Ok(message) => {
                self.shared.state.borrow_mut().memory.record_message(&message);
                let bulk = get(data, "bulk");
                let bulk: Vec<Uint8Array> = bulk
                    .dyn_ref::<Array>()
                    .map(|bulk| bulk.iter().map(|buffer| Uint8Array::new(&buffer)).collect())
                    .unwrap_or_default();
                self.emit(Event::Message(Box::new(message), bulk));
            }
            Err(error) => self.emit(Event::Failed(format!("The engine sent an invalid message: {error}"))),
        }
    }

    fn send_waiting(&self) {
        let mut state = self.shared.state.borrow_mut();
        for (message, attachments) in state.waiting.take().unwrap_or_default() {
            post(state.worker.as_ref(), &message, &attachments);
        }
    }

    /// Waits for the lock that the worker holds as long as it lives.
    fn await_death(&self, number: u32, name: &str) {
        let link = self.clone();
        let granted = Closure::once_into_js(move || {
            if link.is_current(number) {
                link.restart("the browser has ended the worker");
            }
        });
        let locks = get(&get(&global(), "navigator"), "locks");
        // Over plain HTTP there are no locks; only panics are detected there.
        if !locks.is_falsy() {
            let _ = call(&locks, "request", &[name.into(), granted]);
        }
    }
}

/// Returns the address of the program's JavaScript, from the tag that started it
/// (`public/boot.js`).
fn program() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let tag = document.and_then(|document| document.query_selector("script[data-js]").ok().flatten());
    let js = tag.and_then(|tag| tag.get_attribute("data-js")).unwrap_or_default();
    let base = get(&get(&global(), "document"), "baseURI").as_string().unwrap_or_default();
    web_sys::Url::new_with_base(&js, &base).map_or(js, |url| url.href())
}

fn post(worker: Option<&Worker>, message: &ToWorker, attachments: &[JsValue]) {
    let Some(worker) = worker else { return };
    let transfer = Array::new();
    for attachment in attachments {
        if let Some(array) = attachment.dyn_ref::<Uint8Array>() {
            transfer.push(&array.buffer());
        } else if attachment.is_instance_of::<ArrayBuffer>() {
            transfer.push(attachment);
        }
    }
    let sent = kindling::json::write(message).and_then(|text| {
        let envelope = object(&[("text", text.into()), ("bulk", attachments.iter().collect::<Array>().into())]);
        worker.post_message_with_transfer(&envelope, &transfer).map_err(|error| error_message(&error))
    });
    if let Err(reason) = sent {
        web_sys::console::error_1(&format!("a message to the worker was not sent: {reason}").into());
    }
}
