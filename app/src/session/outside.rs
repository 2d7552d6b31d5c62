//! What a session needs of the world around it: someone to tell, a clock, a place to keep things. A worker gives it the
//! browser's; a test gives it lists.

use crate::protocol::{FromWorker, Hardware};
use kindling::data::Codecs;
use kindling::device::Clock;
use std::future::Future;
use std::pin::Pin;

/// An answer that the world may take its time for.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The world around a session.
pub trait Outside {
    /// Tells the page something, with bytes beside it.
    fn say(&self, message: FromWorker, bulk: Vec<Vec<u8>>);

    /// Milliseconds since 1970.
    fn now(&self) -> f64;

    /// The same as a plain function, for kernels to be timed by; it may begin anywhere.
    fn clock(&self) -> Clock;

    /// What there is to compute on.
    fn hardware(&self) -> Later<'_, Hardware>;

    /// Returns what decodes images and unpacks bytes.
    fn codecs(&self) -> &'static dyn Codecs;

    /// Keeps values under names, all or none.
    fn put(&self, entries: Vec<(String, Vec<u8>)>) -> Later<'_, Result<(), String>>;

    /// A value that was kept; nothing if there is none.
    fn get<'a>(&'a self, name: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>>;

    /// Forgets values.
    fn delete(&self, names: Vec<String>) -> Later<'_, Result<(), String>>;
}
