//! Services of the browser: storage, saving files, the clipboard, images as bytes.

use crate::js::error_message;
use js_sys::{Array, Uint8Array};
use leptos::prelude::{document, window};
use std::sync::Arc;
use wasm_bindgen::{Clamped, JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, ImageBitmap, ImageData, Url};

/// A value stored by this browser under a name. Without storage (private windows, a full disk) it
/// lasts no longer than the tab.
#[derive(Clone, Copy)]
pub struct StorageItem(pub &'static str);

impl StorageItem {
    /// Returns the stored value.
    pub fn read(&self) -> Option<String> {
        window().local_storage().ok().flatten()?.get_item(self.0).ok().flatten()
    }

    /// Stores a value; returns `true` on success.
    pub fn write(&self, text: &str) -> bool {
        let storage = window().local_storage().ok().flatten();
        storage.is_some_and(|storage| storage.set_item(self.0, text).is_ok())
    }
}

/// Images as consecutive RGBA bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pixels {
    /// Width and height of an image.
    pub size: [usize; 2],
    bytes: Arc<Vec<u8>>,
}

impl Pixels {
    /// Creates images from the bytes of a message.
    pub fn new(size: [usize; 2], bytes: Option<&Uint8Array>) -> Self {
        Self { size, bytes: Arc::new(bytes.map(Uint8Array::to_vec).unwrap_or_default()) }
    }

    /// Returns the same bytes as images of another size.
    pub fn with_size(self, size: [usize; 2]) -> Self {
        Self { size, ..self }
    }

    /// Returns an image's bytes.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let length = self.size[0] * self.size[1] * 4;
        self.bytes.get(index * length..(index + 1) * length).filter(|bytes| !bytes.is_empty())
    }

    /// Returns the number of images.
    pub fn count(&self) -> usize {
        self.bytes.len().checked_div(self.size[0] * self.size[1] * 4).unwrap_or(0)
    }
}

/// Returns a canvas's drawing context.
pub fn context_2d(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// Paints an image onto a canvas at a pixel.
pub fn paint(context: &CanvasRenderingContext2d, size: [usize; 2], bytes: &[u8], at: [usize; 2]) {
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(bytes), size[0] as u32, size[1] as u32);
    if let Ok(data) = data {
        // A canvas that is too small shows a part.
        let _ = context.put_image_data(&data, at[0] as f64, at[1] as f64);
    }
}

/// Offers bytes to the user as a file to save.
///
/// # Errors
/// The browser's message.
pub fn save(name: &str, bytes: &Uint8Array) -> Result<(), String> {
    offer(name, bytes).map_err(|error| error_message(&error))
}

fn offer(name: &str, bytes: &Uint8Array) -> Result<(), JsValue> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(bytes))?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // By then the browser has begun to read it.
    leptos::prelude::set_timeout(move || drop(Url::revoke_object_url(&url)), std::time::Duration::from_secs(60));
    Ok(())
}

/// Copies a text to the clipboard.
///
/// # Errors
/// The browser does not allow it.
pub async fn copy(text: &str) -> Result<(), String> {
    let clipboard = crate::js::get(&window().navigator(), "clipboard");
    let written = crate::js::call_async(&clipboard, "writeText", &[text.into()]).await;
    written.map(drop).map_err(|error| error_message(&error))
}

/// Decodes an image file to RGBA bytes, at most `max_side` pixels wide and high.
///
/// # Errors
/// The browser does not support the format.
pub async fn decode_image(blob: &Blob, max_side: u32) -> Result<(u32, u32, Uint8Array), String> {
    let read = async {
        let bitmap: ImageBitmap = JsFuture::from(window().create_image_bitmap_with_blob(blob)?).await?.dyn_into()?;
        let scale = (f64::from(max_side) / f64::from(bitmap.width().max(bitmap.height()).max(1))).min(1.0);
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let (width, height) = (side(bitmap.width()), side(bitmap.height()));
        let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
        canvas.set_width(width);
        canvas.set_height(height);
        let context = context_2d(&canvas).ok_or("the browser provides no canvas")?;
        context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, f64::from(width), f64::from(height))?;
        let data = context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height))?.data();
        Ok((width, height, Uint8Array::from(&data[..])))
    };
    read.await.map_err(|error: JsValue| {
        format!("This browser cannot read the file as an image ({}); try a PNG or JPEG.", error_message(&error))
    })
}

/// Removes a share link's settings from the address.
pub fn clear_hash() {
    let Some(window) = web_sys::window() else { return };
    let location = window.location();
    if location.hash().is_ok_and(|hash| hash.len() > 1) {
        let address = format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        // An address of the same origin is always allowed.
        let _ = window.history().and_then(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
    }
}
