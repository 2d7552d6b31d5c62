//! A golden `.safetensors` file: its metadata and its tensors, as arrays. The module knows nothing
//! of cases.

use std::collections::HashMap;

use kindling::device::Array;
use kindling::{Device, Shape, Tensor};
use safetensors::{Dtype, SafeTensors};

use super::Failure;

/// A tensor of a file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// Elements; integers are i32, as in the engine, unless one exceeds 32 bits.
    pub data: Array,
}

impl Entry {
    /// Creates the tensor on a device.
    ///
    /// # Errors
    /// The device refuses it.
    pub fn tensor(&self, device: &Device) -> kindling::Result<Tensor> {
        Tensor::from_array(self.data.clone(), Shape::from(&self.shape), device)
    }
}

/// A file, read whole.
pub struct File {
    /// Strings of `__metadata__`.
    pub metadata: HashMap<String, String>,
    tensors: HashMap<String, Entry>,
}

impl File {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// It is not a safetensors file, or has an element type that golden files do not have.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let refuse = |e: safetensors::SafeTensorError| Failure::Harness(format!("not a safetensors file: {e}"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(refuse)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let mut tensors = HashMap::new();
        for (name, view) in SafeTensors::deserialize(bytes).map_err(refuse)?.tensors() {
            tensors.insert(name, Entry { shape: view.shape().to_vec(), data: array(view.dtype(), view.data())? });
        }
        Ok(Self { metadata, tensors })
    }

    /// Returns a tensor by its name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.tensors.get(name)
    }

    /// Iterates over the names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Returns a tensor by its name.
    ///
    /// # Errors
    /// There is no such tensor.
    pub fn need(&self, name: &str) -> Result<&Entry, Failure> {
        self.get(name).ok_or_else(|| Failure::Harness(format!("the file has no tensor {name}")))
    }

    /// Parses a string of the metadata as JSON.
    ///
    /// # Errors
    /// The string is missing or is not JSON.
    pub fn json(&self, key: &str) -> Result<serde_json::Value, Failure> {
        let text =
            self.metadata.get(key).ok_or_else(|| Failure::Harness(format!("the file's metadata has no {key}")))?;
        Ok(serde_json::from_str(text)?)
    }
}

fn array(dtype: Dtype, bytes: &[u8]) -> Result<Array, Failure> {
    fn words<const N: usize, T>(bytes: &[u8], make: impl Fn([u8; N]) -> T) -> Vec<T> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| make(*chunk)).collect()
    }
    Ok(match dtype {
        Dtype::F32 => Array::F32(words(bytes, f32::from_le_bytes)),
        Dtype::F64 => Array::F64(words(bytes, f64::from_le_bytes)),
        Dtype::I32 => Array::I32(words(bytes, i32::from_le_bytes)),
        Dtype::I64 => {
            let wide = words(bytes, i64::from_le_bytes);
            let narrow: Option<Vec<i32>> = wide.iter().map(|x| i32::try_from(*x).ok()).collect();
            narrow.map_or(Array::I64(wide), Array::I32)
        }
        Dtype::BOOL => Array::Bool(bytes.iter().map(|b| *b != 0).collect()),
        other => return Err(Failure::Harness(format!("golden files have no tensors of type {other:?}"))),
    })
}
