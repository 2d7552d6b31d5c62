//! The worker's life: messages of the page and pieces of data go into one inbox; the session takes them one at a time, and
//! between them does the run's next thing. It goes on by messages to itself, never by timers, which browsers slow down in
//! hidden tabs.

mod bench;
mod fetch;
mod picture;
mod store;
mod supply;
mod turn;
mod unpack;

use crate::channel::{self, Beside};
use crate::probe;
use crate::protocol::{FromWorker, Hardware, ToWorker};
use crate::session::{Arrival, Later, Outside, Session};
use kindling::data::pictures::RgbImage;
use kindling::data::{Codecs, Packing};
use kindling::device::Clock;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use store::Store;
use turn::{Signal, Turn};
use wasm_bindgen_futures::spawn_local;

/// Pieces of data that may wait; whoever supplies more waits.
const MOST_WAITING: usize = 16;

/// How long the run may go on before messages are let in, in milliseconds.
const SLICE: f64 = 8.0;

enum Item {
    Page(Box<ToWorker>, Vec<Beside>),
    Data(u32, Arrival),
}

/// What waits for the session.
#[derive(Default)]
pub struct Inbox {
    items: RefCell<VecDeque<Item>>,
    pieces: Cell<usize>,
    /// The opening whose pieces are wanted.
    wanted: Cell<Option<u32>>,
    arrived: Signal,
    room: Signal,
}

impl Inbox {
    fn page(&self, message: ToWorker, beside: Vec<Beside>) {
        self.items.borrow_mut().push_back(Item::Page(Box::new(message), beside));
        self.arrived.raise();
    }

    /// Puts a piece in, once there is room; whether it is still wanted.
    async fn send(&self, load: u32, arrival: Arrival) -> bool {
        while self.pieces.get() >= MOST_WAITING && self.wanted.get() == Some(load) {
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

/// The browser, as a session sees it.
struct Browser {
    store: Rc<Store>,
    hardware: RefCell<Option<Hardware>>,
}

impl Outside for Browser {
    fn say(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        channel::say(&message, &bulk);
    }

    fn now(&self) -> f64 {
        turn::now()
    }

    fn clock(&self) -> Clock {
        turn::now
    }

    fn hardware(&self) -> Later<'_, Hardware> {
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

    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> Later<'_, Result<(), String>> {
        Box::pin(self.store.put(entries))
    }

    fn get<'a>(&'a self, name: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(self.store.get(name))
    }

    fn delete(&self, names: Vec<String>) -> Later<'_, Result<(), String>> {
        Box::pin(self.store.delete(names))
    }
}

/// The browser's decoders.
struct BrowserCodecs;

impl Codecs for BrowserCodecs {
    fn decode<'a>(&'a self, _: &'a str, bytes: Vec<u8>) -> Later<'a, Result<RgbImage, String>> {
        Box::pin(async move { picture::decode(&bytes).await })
    }

    fn inflate<'a>(&'a self, packing: Packing, bytes: &'a [u8], limit: u64) -> Later<'a, Result<Vec<u8>, String>> {
        Box::pin(async move { unpack::inflate(packing, bytes, limit).await.map_err(|error| crate::js::said(&error)) })
    }
}

/// Listens to the page for ever.
pub fn start() {
    let inbox = Rc::new(Inbox::default());
    let messages = inbox.clone();
    channel::listen(move |message, beside| messages.page(message, beside));
    spawn_local(live(inbox));
}

async fn live(inbox: Rc<Inbox>) {
    let store = Rc::new(Store::default());
    let browser = Rc::new(Browser { store: store.clone(), hardware: RefCell::default() });
    let mut session = Session::new(browser.clone());
    let turn = Turn::new();
    let mut benches = bench::Benches::default();
    session.start().await;
    loop {
        while let Some(item) = inbox.take() {
            match item {
                Item::Data(load, arrival) => {
                    session.arrived(load, arrival).await;
                    // A data set is unpacked between the steps of a run, not instead of them.
                    if session.is_busy() {
                        break;
                    }
                    turn.next().await;
                }
                Item::Page(message, beside) => match *message {
                    ToWorker::ProbeHardware => {
                        channel::say(&FromWorker::Hardware(browser.hardware().await), &[]);
                    }
                    ToWorker::Bench { workload, steps, device } => {
                        let answer = match benches.run(&workload, steps, device, browser.as_ref()).await {
                            Ok(benched) => FromWorker::Benched(benched),
                            Err(error) => FromWorker::Failed { run: None, reason: error.to_string() },
                        };
                        channel::say(&answer, &[]);
                    }
                    ToWorker::Crash => panic!("the worker was asked to die"),
                    ToWorker::OpenData(source) => {
                        let load = session.handle(ToWorker::OpenData(source.clone()), Vec::new()).await;
                        inbox.wanted.set(load);
                        inbox.room.raise();
                        if let Some(load) = load {
                            spawn_local(supply::supply(load, source, beside, inbox.clone(), store.clone()));
                        }
                    }
                    message => match bytes(beside).await {
                        Ok(bytes) => drop(session.handle(message, bytes).await),
                        Err(reason) => channel::say(&FromWorker::Failed { run: None, reason }, &[]),
                    },
                },
            }
            inbox.wanted.set(session.loading());
        }
        if session.is_busy() {
            let begun = turn::now();
            while session.is_busy() && turn::now() - begun < SLICE {
                session.advance().await;
            }
            turn.next().await;
        } else if inbox.items.borrow().is_empty() {
            inbox.arrived.wait().await;
        }
    }
}

/// The bytes beside a message, files read whole.
async fn bytes(beside: Vec<Beside>) -> Result<Vec<Vec<u8>>, String> {
    let mut all = Vec::with_capacity(beside.len());
    for one in beside {
        all.push(match one {
            Beside::Bytes(bytes) => bytes,
            Beside::File(file) => {
                let buffer = crate::js::call_async(&file, "arrayBuffer", &[]).await;
                let buffer =
                    buffer.map_err(|error| format!("{} cannot be read: {}", file.name(), crate::js::said(&error)));
                js_sys::Uint8Array::new(&buffer?).to_vec()
            }
        });
    }
    Ok(all)
}
