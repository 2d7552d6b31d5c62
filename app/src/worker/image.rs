//! Image files, decoded by the browser.

use crate::js::{call, call_async, construct, error_message, get, global, object};
use js_sys::{Array, Uint8Array, Uint8ClampedArray};
use kindling::data::images::{MAX_SIDE, RgbImage};
use kindling::data::preprocess::from_rgba;
use kindling::data::preprocess::orientation::{apply_orientation, take_webp_orientation};
use wasm_bindgen::{JsCast as _, JsValue};

/// Decodes an image file. Color profiles are ignored, as in the command line.
///
/// # Errors
/// The browser's message.
pub async fn decode(mut bytes: Vec<u8>) -> Result<RgbImage, String> {
    let orientation = take_webp_orientation(&mut bytes);
    let (width, height, rgba) = pixels(&bytes).await.map_err(|error| error_message(&error))?;
    let image = from_rgba(width, height, &rgba).map_err(|error| error.to_string())?;
    Ok(match orientation {
        Some(orientation) => apply_orientation(&image, orientation),
        None => image,
    })
}

async fn pixels(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), JsValue> {
    let file = construct("Blob", &[Array::of1(&Uint8Array::from(bytes)).into()])?;
    let as_stored = object(&[("colorSpaceConversion", "none".into())]);
    let bitmap = call_async(&global(), "createImageBitmap", &[file, as_stored]).await?;
    let side = |name| get(&bitmap, name).as_f64().unwrap_or_default() as u32;
    let (width, height) = (side("width"), side("height"));
    if width.max(height) > MAX_SIDE {
        return Err(format!("it has {width}×{height} pixels").into());
    }
    let canvas = construct("OffscreenCanvas", &[width.into(), height.into()])?;
    let context = call(&canvas, "getContext", &["2d".into(), object(&[("willReadFrequently", true.into())])])?;
    call(&context, "drawImage", &[bitmap.clone(), 0.into(), 0.into()])?;
    call(&bitmap, "close", &[])?;
    let image = call(&context, "getImageData", &[0.into(), 0.into(), width.into(), height.into()])?;
    Ok((width, height, get(&image, "data").unchecked_into::<Uint8ClampedArray>().to_vec()))
}
