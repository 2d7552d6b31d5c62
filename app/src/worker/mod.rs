//! The worker's loop: messages of the page and pieces of data are queued in one inbox. The session
//! handles them one at a time, and advances the run between them. The loop yields by messages to
//! itself, not by timers, which browsers throttle in hidden tabs.

mod bench;
mod fetch;
mod image;
mod locks;
mod store;
mod supply;
mod turn;
mod unpack;

use crate::channel::{self, Attachment};
use crate::probe;
use crate::protocol::{FromWorker, Hardware, ToWorker};
use crate::session::{Arrival, Host, LocalBoxFuture, Session};
use kindling::data::images::RgbImage;
use kindling::data::{Codecs, Packing};
use kindling::device::Clock;
use locks::Lock;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use store::Store;
use turn::{Signal, Turn};
use wasm_bindgen_futures::spawn_local;

/// Maximum number of queued pieces of data; beyond it their sender waits.
const MAX_QUEUED_PIECES: usize = 16;

/// Time slice of the run between checks of the inbox, in milliseconds.
const TIME_SLICE_MS: f64 = 8.0;

enum Item {
    Page(Box<ToWorker>, Vec<Attachment>),
    Data(u32, Arrival),
    /// Name of a lock that no tab holds.
    Released(String),
}

/// Queue of the session.
#[derive(Default)]
pub struct Inbox {
    items: RefCell<VecDeque<Item>>,
    pieces: Cell<usize>,
    /// Number of the load whose pieces are wanted.
    wanted: Cell<Option<u32>>,
    arrived: Signal,
    room: Signal,
}

impl Inbox {
    fn page(&self, message: ToWorker, attachments: Vec<Attachment>) {
        self.items.borrow_mut().push_back(Item::Page(Box::new(message), attachments));
        self.arrived.raise();
    }

    /// Queues a piece, once there is room; returns `false` if it is no longer wanted.
    async fn send(&self, load: u32, arrival: Arrival) -> bool {
        while self.pieces.get() >= MAX_QUEUED_PIECES && self.wanted.get() == Some(load) {
            self.room.wait().await;
        }
        if self.wanted.get() != Some(load) {
            return false;
        }
        self.pieces.set(self.pieces.get() + 1);
        self.items.borrow_mut().push_back(Item::Data(load, arrival));
        self.arrived.raise();
        true
    }

    fn take(&self) -> Option<Item> {
        let item = self.items.borrow_mut().pop_front();
        if let Some(Item::Data(..)) = item {
            self.pieces.set(self.pieces.get().saturating_sub(1));
            self.room.raise();
        }
        item
    }
}

/// The browser as the host of a session.
struct Browser {
    store: Rc<Store>,
    hardware: RefCell<Option<Hardware>>,
    /// Lock of the session's slot.
    lock: RefCell<Option<Lock>>,
    inbox: Rc<Inbox>,
}

impl Host for Browser {
    fn send(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        channel::send(&message, &bulk);
    }

    fn now(&self) -> f64 {
        turn::now()
    }

    fn clock(&self) -> Clock {
        turn::now
    }

    fn hardware(&self) -> LocalBoxFuture<'_, Hardware> {
        Box::pin(async {
            if let Some(known) = self.hardware.borrow().clone() {
                return known;
            }
            let found = probe::hardware().await;
            self.hardware.replace(Some(found.clone()));
            found
        })
    }

    fn codecs(&self) -> &'static dyn Codecs {
        &BrowserCodecs
    }

    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(self.store.put(entries))
    }

    fn get<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(self.store.get(name))
    }

    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(self.store.names())
    }

    fn hold(&self, lock: String) {
        self.lock.replace(Lock::request(&lock));
    }

    fn watch(&self, lock: String) {
        let inbox = self.inbox.clone();
        spawn_local(async move {
            if locks::released(&lock).await {
                inbox.items.borrow_mut().push_back(Item::Released(lock));
                inbox.arrived.raise();
            }
        });
    }

    fn held(&self) -> LocalBoxFuture<'_, Vec<String>> {
        Box::pin(locks::held())
    }

    fn delete(&self, names: Vec<String>) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(self.store.delete(names))
    }
}

/// The browser's decoders.
struct BrowserCodecs;

impl Codecs for BrowserCodecs {
    fn decode<'a>(&'a self, _: &'a str, bytes: Vec<u8>) -> LocalBoxFuture<'a, Result<RgbImage, String>> {
        Box::pin(async move { image::decode(bytes).await })
    }

    fn inflate<'a>(
        &'a self,
        packing: Packing,
        bytes: &'a [u8],
        limit: u64,
    ) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            unpack::inflate(packing, bytes, limit).await.map_err(|error| crate::js::error_message(&error))
        })
    }
}

/// Starts the worker.
pub fn start() {
    let inbox = Rc::new(Inbox::default());
    let messages = inbox.clone();
    channel::listen(move |message, attachments| messages.page(message, attachments));
    spawn_local(run_loop(inbox));
}

async fn run_loop(inbox: Rc<Inbox>) {
    let store = Rc::new(Store::default());
    let browser = Rc::new(Browser {
        store: store.clone(),
        hardware: RefCell::default(),
        lock: RefCell::default(),
        inbox: inbox.clone(),
    });
    let mut session = Session::new(browser.clone());
    let turn = Turn::new();
    let mut benches = bench::Benches::default();
    session.start().await;
    loop {
        while let Some(item) = inbox.take() {
            match item {
                Item::Data(load, arrival) => {
                    session.arrived(load, arrival).await;
                    // The steps of a run have priority over the decompression of data.
                    if session.is_busy() {
                        break;
                    }
                    turn.next().await;
                }
                Item::Released(lock) => session.released(&lock).await,
                Item::Page(message, attachments) => match *message {
                    ToWorker::ProbeHardware => {
                        channel::send(&FromWorker::Hardware(browser.hardware().await), &[]);
                    }
                    ToWorker::Bench { workload, steps, device } => {
                        let answer = match benches.run(&workload, steps, device, browser.as_ref()).await {
                            Ok(benched) => FromWorker::Benched(benched),
                            Err(error) => FromWorker::Failed { run: None, reason: error.to_string() },
                        };
                        channel::send(&answer, &[]);
                    }
                    ToWorker::Crash => panic!("a crash was requested"),
                    ToWorker::OpenData(source) => {
                        let load = session.handle(ToWorker::OpenData(source.clone()), Vec::new()).await;
                        inbox.wanted.set(load);
                        inbox.room.raise();
                        if let Some(load) = load {
                            spawn_local(supply::supply(load, source, attachments, inbox.clone(), store.clone()));
                        }
                    }
                    message => match bytes(attachments).await {
                        Ok(bytes) => drop(session.handle(message, bytes).await),
                        Err(reason) => channel::send(&FromWorker::Failed { run: None, reason }, &[]),
                    },
                },
            }
            inbox.wanted.set(session.loading());
        }
        if session.is_busy() {
            let begun = turn::now();
            while session.is_busy() && turn::now() - begun < TIME_SLICE_MS {
                session.advance().await;
            }
            turn.next().await;
        } else if inbox.items.borrow().is_empty() {
            inbox.arrived.wait().await;
        }
    }
}

/// Returns attachments as bytes; files are read whole.
async fn bytes(attachments: Vec<Attachment>) -> Result<Vec<Vec<u8>>, String> {
    let mut all = Vec::with_capacity(attachments.len());
    for attachment in attachments {
        all.push(match attachment {
            Attachment::Bytes(bytes) => bytes,
            Attachment::File(file) => {
                let buffer = crate::js::call_async(&file, "arrayBuffer", &[]).await;
                let buffer = buffer
                    .map_err(|error| format!("{} cannot be read: {}", file.name(), crate::js::error_message(&error)));
                js_sys::Uint8Array::new(&buffer?).to_vec()
            }
        });
    }
    Ok(all)
}
