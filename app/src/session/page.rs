//! The page as the parts of a session see it: a receiver of messages and errors, with the host
//! behind it.

use super::Host;
use crate::protocol::{FromWorker, RunId};
use kindling::Result;
use std::cell::Cell;
use std::rc::Rc;

/// Connection to the page. Clones are the same connection.
#[derive(Clone)]
pub struct Page {
    host: Rc<dyn Host>,
    /// True once the page was told that the storage fails.
    storage_failure_sent: Rc<Cell<bool>>,
}

impl Page {
    /// Creates the connection of a host.
    pub fn new(host: Rc<dyn Host>) -> Self {
        Self { host, storage_failure_sent: Rc::default() }
    }

    /// Returns the host.
    pub fn host(&self) -> &dyn Host {
        self.host.as_ref()
    }

    /// Returns milliseconds since 1970.
    pub fn now(&self) -> f64 {
        self.host.now()
    }

    /// Sends a message.
    pub fn say(&self, message: FromWorker) {
        self.say_with(message, Vec::new());
    }

    /// Sends a message with attached bytes.
    pub fn say_with(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        self.host.send(message, bulk);
    }

    /// Reports that a request failed; a run that is named is paused.
    pub fn fail(&self, run: Option<RunId>, reason: String) {
        self.say(FromWorker::Failed { run, reason });
    }

    /// Reports an error, if there is one; the run is unchanged.
    pub fn report(&self, result: Result<()>) {
        if let Err(error) = result {
            self.fail(None, error.to_string());
        }
    }

    /// Reports, once, that the storage fails.
    pub fn report_storage(&self, reason: String) {
        if !self.storage_failure_sent.replace(true) {
            self.say(FromWorker::NotStored { reason });
        }
    }
}
