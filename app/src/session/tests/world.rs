//! A world of a few lists, and a session that is played in it.

use crate::protocol::{Adapter, DataInfo, DataKind, DataSource, DeviceChoice, FromWorker, Hardware, Look, ToWorker};
use crate::session::{Later, Outside, Session};
use kindling::block_on;
use kindling::data::Codecs;
use kindling::data::codecs::Native;
use kindling::device::Clock;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What was said, and the bytes beside it.
pub type Heard = Vec<(FromWorker, Vec<Vec<u8>>)>;

/// A world that is a few lists.
#[derive(Default)]
pub struct World {
    pub heard: RefCell<Heard>,
    pub kept: RefCell<BTreeMap<String, Vec<u8>>>,
    pub full: Cell<bool>,
    clock: Cell<f64>,
}

impl Outside for World {
    fn say(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<FromWorker>(&text).unwrap(), message, "it survives the way");
        self.heard.borrow_mut().push((message, bulk));
    }

    fn now(&self) -> f64 {
        self.clock.set(self.clock.get() + 5.0);
        self.clock.get()
    }

    fn clock(&self) -> Clock {
        || 0.0
    }

    fn hardware(&self) -> Later<'_, Hardware> {
        Box::pin(async { Hardware::Software(Adapter::default()) })
    }

    fn codecs(&self) -> &'static dyn Codecs {
        &Native
    }

    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            if self.full.get() {
                return Err("The browser's storage is full.".into());
            }
            self.kept.borrow_mut().extend(entries);
            Ok(())
        })
    }

    fn get<'a>(&'a self, name: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { Ok(self.kept.borrow().get(name).cloned()) })
    }

    fn delete(&self, names: Vec<String>) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            self.kept.borrow_mut().retain(|name, _| !names.contains(name));
            Ok(())
        })
    }
}

/// A session and its world.
pub struct Played {
    pub session: Session,
    pub world: Rc<World>,
}

impl Played {
    pub fn in_world(world: Rc<World>) -> Self {
        let mut session = Session::new(world.clone());
        block_on(session.start());
        block_on(session.handle(ToWorker::UseDevice(DeviceChoice::Cpu), Vec::new()));
        Self { session, world }
    }

    pub fn new() -> Self {
        Self::in_world(Rc::default())
    }

    pub fn ask(&mut self, message: ToWorker) -> Heard {
        self.ask_with(message, Vec::new())
    }

    /// What is said in answer.
    pub fn ask_with(&mut self, message: ToWorker, bytes: Vec<Vec<u8>>) -> Heard {
        self.world.heard.borrow_mut().clear();
        block_on(self.session.handle(message, bytes));
        self.world.heard.take()
    }

    pub fn shapes(&mut self, train: usize, test: usize) {
        let source = DataSource { train: Some(train), test: Some(test), ..DataSource::new(DataKind::Shapes) };
        let heard = self.ask(ToWorker::OpenData(source));
        assert!(matches!(&heard[..], [(FromWorker::DataReady(DataInfo { complete: true, .. }), _)]), "{heard:?}");
    }

    /// Lets the run go on until it stands still; what was said.
    pub fn advance(&mut self) -> Heard {
        self.world.heard.borrow_mut().clear();
        while self.session.is_busy() {
            block_on(self.session.advance());
        }
        self.world.heard.take()
    }

    pub fn confusion(&mut self) -> kindling::train::Evaluation {
        let heard = self.ask(ToWorker::Look(Look::Confusion));
        heard
            .iter()
            .find_map(|(message, _)| match message {
                FromWorker::Confusion(view) => Some(view.evaluation.clone()),
                _ => None,
            })
            .unwrap_or_else(|| panic!("no confusion matrix in {heard:?}"))
    }
}
