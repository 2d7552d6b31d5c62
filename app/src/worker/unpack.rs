//! Decompression by the browser.

use super::supply::chunk;
use crate::js::{call, construct, object};
use js_sys::{Array, Promise, Uint8Array};
use kindling::data::Packing;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::future_to_promise;

/// Source of bytes in pieces.
pub trait Pieces {
    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// A sentence for the user.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String>;
}

/// Returns the reader of a stream that decompresses gzipped pieces. An error of the pieces is
/// passed on as its text.
///
/// # Errors
/// The browser has no such stream.
pub fn gunzip(pieces: impl Pieces + 'static) -> Result<JsValue, JsValue> {
    let pieces = Rc::new(RefCell::new(Some(pieces)));
    let pull = Closure::<dyn FnMut(JsValue) -> Promise>::new(move |controller: JsValue| {
        let pieces = pieces.clone();
        future_to_promise(async move {
            // A stream asks for one piece at a time.
            let Some(mut source) = pieces.take() else { return Ok(JsValue::UNDEFINED) };
            let next = source.next().await;
            pieces.replace(Some(source));
            match next {
                Ok(Some(bytes)) => call(&controller, "enqueue", &[Uint8Array::from(bytes.as_slice()).into()]),
                Ok(None) => call(&controller, "close", &[]),
                Err(reason) => call(&controller, "error", &[reason.into()]),
            }
        })
    });
    let source = construct("ReadableStream", &[object(&[("pull", pull.into_js_value())])])?;
    through(&source, "gzip")
}

/// Returns the reader of a decompressed stream.
fn through(packed: &JsValue, format: &str) -> Result<JsValue, JsValue> {
    let decompression = construct("DecompressionStream", &[format.into()])?;
    call(&call(packed, "pipeThrough", &[decompression])?, "getReader", &[])
}

/// Decompresses bytes; stops beyond `limit` bytes.
///
/// # Errors
/// The bytes are damaged.
pub async fn inflate(packing: Packing, bytes: &[u8], limit: u64) -> Result<Vec<u8>, JsValue> {
    let format = match packing {
        Packing::Deflate => "deflate-raw",
        Packing::Gzip => "gzip",
    };
    let file = construct("Blob", &[Array::of1(&Uint8Array::from(bytes)).into()])?;
    let reader = through(&call(&file, "stream", &[])?, format)?;
    let mut content = Vec::new();
    while let Some(piece) = chunk(&reader).await? {
        content.extend_from_slice(&piece);
        if content.len() as u64 > limit {
            // The rest is not needed.
            let _ = call(&reader, "cancel", &[]);
            break;
        }
    }
    Ok(content)
}
