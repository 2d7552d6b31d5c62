//! A host made of lists, and a session in it.

use crate::protocol::{
    Adapter, Answer, DataInfo, DataKind, DataSource, DeviceChoice, FromWorker, Hardware, Inspection, ToWorker,
};
use crate::session::{Host, LocalBoxFuture, Session};
use kindling::block_on;
use kindling::data::Codecs;
use kindling::data::codecs::Native;
use kindling::device::Clock;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Messages of the session, with attached bytes.
pub type Messages = Vec<(FromWorker, Vec<Vec<u8>>)>;

/// A host made of lists.
#[derive(Default)]
pub struct TestHost {
    pub messages: RefCell<Messages>,
    pub stored: RefCell<BTreeMap<String, Vec<u8>>>,
    pub full: Cell<bool>,
    held: RefCell<Vec<String>>,
    pub watched: RefCell<Vec<String>>,
    clock: Cell<f64>,
}

impl Host for TestHost {
    fn send(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<FromWorker>(&text).unwrap(), message, "the message survives a round trip");
        self.messages.borrow_mut().push((message, bulk));
    }

    fn now(&self) -> f64 {
        self.clock.set(self.clock.get() + 5.0);
        self.clock.get()
    }

    fn clock(&self) -> Clock {
        || 0.0
    }

    fn hardware(&self) -> LocalBoxFuture<'_, Hardware> {
        Box::pin(async { Hardware::Software(Adapter::default()) })
    }

    fn codecs(&self) -> &'static dyn Codecs {
        &Native
    }

    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            if self.full.get() {
                return Err("The browser's storage is full.".into());
            }
            self.stored.borrow_mut().extend(entries);
            Ok(())
        })
    }

    fn get<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { Ok(self.stored.borrow().get(name).cloned()) })
    }

    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(async move { Ok(self.stored.borrow().keys().cloned().collect()) })
    }

    fn hold(&self, lock: String) {
        self.held.borrow_mut().push(lock);
    }

    fn watch(&self, lock: String) {
        self.watched.borrow_mut().push(lock);
    }

    fn held(&self) -> LocalBoxFuture<'_, Vec<String>> {
        Box::pin(async move { self.held.borrow().clone() })
    }

    fn delete(&self, names: Vec<String>) -> LocalBoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            self.stored.borrow_mut().retain(|name, _| !names.contains(name));
            Ok(())
        })
    }
}

/// A session and its host.
pub struct TestSession {
    pub session: Session,
    pub host: Rc<TestHost>,
}

impl TestSession {
    /// Starts a session after the others of the host have ended.
    pub fn with_host(host: Rc<TestHost>) -> Self {
        host.held.borrow_mut().clear();
        Self::beside(host)
    }

    /// Starts a session while the others of the host are open.
    pub fn beside(host: Rc<TestHost>) -> Self {
        let mut session = Session::new(host.clone());
        block_on(session.start());
        block_on(session.handle(ToWorker::UseDevice(DeviceChoice::Cpu), Vec::new()));
        Self { session, host }
    }

    pub fn new() -> Self {
        Self::with_host(Rc::default())
    }

    pub fn ask(&mut self, message: ToWorker) -> Messages {
        self.ask_with(message, Vec::new())
    }

    /// Executes a request; returns the messages that answer it.
    pub fn ask_with(&mut self, message: ToWorker, bytes: Vec<Vec<u8>>) -> Messages {
        self.host.messages.borrow_mut().clear();
        block_on(self.session.handle(message, bytes));
        self.host.messages.take()
    }

    pub fn shapes(&mut self, train: usize, test: usize) {
        let source = DataSource { train: Some(train), test: Some(test), ..DataSource::new(DataKind::Shapes) };
        let messages = self.ask(ToWorker::OpenData(source));
        assert!(matches!(&messages[..], [(FromWorker::DataReady(DataInfo { complete: true, .. }), _)]), "{messages:?}");
    }

    /// Advances the run until it pauses; returns its messages.
    pub fn advance(&mut self) -> Messages {
        self.host.messages.borrow_mut().clear();
        while self.session.is_busy() {
            block_on(self.session.advance());
        }
        self.host.messages.take()
    }

    /// Inspects the run; returns the answer with its attached bytes.
    pub fn inspect(&mut self, inspection: Inspection) -> (Answer, Vec<Vec<u8>>) {
        let messages = self.ask(ToWorker::Inspect(inspection));
        let answer = messages.into_iter().find_map(|(message, bulk)| match message {
            FromWorker::Inspected { answer, .. } => Some((answer, bulk)),
            _ => None,
        });
        answer.unwrap_or_else(|| panic!("no answer"))
    }

    pub fn confusion(&mut self) -> kindling::train::Evaluation {
        match self.inspect(Inspection::Confusion) {
            (Answer::Confusion(view), _) => view.evaluation,
            (other, _) => panic!("no confusion matrix: {other:?}"),
        }
    }
}
