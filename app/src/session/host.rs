//! Environment of a session: messages, clock, storage. The worker implements it with the browser's
//! services; tests with lists.

use crate::protocol::{FromWorker, Hardware};
use kindling::data::Codecs;
use kindling::device::Clock;
use std::future::Future;
use std::pin::Pin;

/// A boxed future of the host.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Environment of a session.
pub trait Host {
    /// Sends a message to the page, with attached bytes.
    fn send(&self, message: FromWorker, bulk: Vec<Vec<u8>>);

    /// Returns milliseconds since 1970.
    fn now(&self) -> f64;

    /// Returns a clock in milliseconds as a plain function, to time kernels; its origin is
    /// arbitrary.
    fn clock(&self) -> Clock;

    /// Detects the hardware.
    fn hardware(&self) -> LocalBoxFuture<'_, Hardware>;

    /// Returns the decoders of images and compressed bytes.
    fn codecs(&self) -> &'static dyn Codecs;

    /// Stores values under names, all or none.
    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> LocalBoxFuture<'_, Result<(), String>>;

    /// Returns a stored value, if there is one.
    fn get<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Option<Vec<u8>>, String>>;

    /// Returns the names of all stored values, in order.
    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, String>>;

    /// Holds a lock until this session ends or holds another one.
    fn hold(&self, lock: String);

    /// Calls [`Session::released`](super::Session::released) when no session holds a lock.
    fn watch(&self, lock: String);

    /// Returns the locks that sessions in any tab hold.
    fn held(&self) -> LocalBoxFuture<'_, Vec<String>>;

    /// Deletes stored values.
    fn delete(&self, names: Vec<String>) -> LocalBoxFuture<'_, Result<(), String>>;
}
