//! `.safetensors`: named tensors and a map of strings. The crate `safetensors` checks the header;
//! this module converts the described bytes to the engine's element types and back. It knows no
//! models.
//!
//! Integers are written as `I64`, PyTorch's type for indices and counters. Integers of any type are
//! read as i32 if all values of a tensor fit, else as i64; `F16` and `BF16` are read as f32.
//! [Format](https://huggingface.co/docs/safetensors/index)

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorInfo};

use crate::device::{Array, DType, Device};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// A tensor of a file, on no device yet.
#[derive(Clone, Debug, PartialEq)]
pub struct FileTensor {
    /// Dimensions.
    pub shape: Shape,
    /// Elements in row-major order.
    pub data: Array,
}

impl FileTensor {
    /// Creates a tensor from its elements.
    ///
    /// # Errors
    /// The shape has another number of elements.
    pub fn new(shape: impl Into<Shape>, data: Array) -> Result<Self> {
        let shape = shape.into();
        if shape.numel() != data.len() {
            let rule = format!("{} elements do not fill the shape {shape}", data.len());
            return Err(Error::shape("safetensors", rule));
        }
        Ok(Self { shape, data })
    }

    /// Returns the element type in a file.
    fn stored(&self) -> Dtype {
        match self.data.dtype() {
            DType::Bool => Dtype::BOOL,
            DType::U32 => Dtype::U32,
            DType::I32 | DType::I64 => Dtype::I64,
            DType::F32 => Dtype::F32,
            DType::F64 => Dtype::F64,
        }
    }

    /// Appends the elements in the file's byte order.
    fn write(&self, out: &mut Vec<u8>) {
        match &self.data {
            Array::Bool(v) => out.extend(v.iter().map(|x| u8::from(*x))),
            Array::U32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Array::I32(v) => out.extend(v.iter().flat_map(|x| i64::from(*x).to_le_bytes())),
            Array::I64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Array::F32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Array::F64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        }
    }

    /// Copies the tensor to a device.
    ///
    /// # Errors
    /// The elements are f64 and the device is a GPU.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        Tensor::from_array(self.data.clone(), self.shape.clone(), device)
    }
}

/// Content of a `.safetensors` file.
///
/// ```
/// use kindling::format::TensorFile;
/// use kindling::{Device, Tensor, block_on};
/// # fn main() -> kindling::Result<()> {
/// let weight = Tensor::from_slice(&[1.0f32, 2.0], [1, 2], &Device::cpu())?;
/// let mut file = TensorFile::default();
/// block_on(file.extend([("fc.weight".to_string(), weight)]))?;
/// let bytes = file.to_bytes()?;
/// assert_eq!(TensorFile::from_bytes(&bytes, "model.safetensors")?, file);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFile {
    /// Tensors by name.
    pub tensors: BTreeMap<String, FileTensor>,
    /// Metadata: strings by name.
    pub metadata: BTreeMap<String, String>,
}

impl TensorFile {
    /// Reads a file of safetensors or of `torch.save`. `name` is the file's name in errors.
    ///
    /// # Errors
    /// As [`TensorFile::from_bytes`], or as `pytorch::read` for a file of PyTorch.
    #[cfg(feature = "codecs")]
    pub fn from_any(bytes: &[u8], name: &str) -> Result<Self> {
        match is_pickled(bytes) {
            true => super::pytorch::read(bytes, name),
            false => Self::from_bytes(bytes, name),
        }
    }

    /// Reads a file. `name` is the file's name in errors.
    ///
    /// # Errors
    /// The bytes are no safetensors file, truncated or inconsistent, or hold elements of an
    /// unsupported type or size.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        if is_pickled(bytes) {
            let problem = "is a PyTorch file of torch.save, not a .safetensors: convert it with \
                           safetensors.torch.save_file(model.state_dict(), …)";
            return Err(Error::file(name, problem));
        }
        let refuse = |e| Error::file(name, explain(&e, bytes.len()));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(refuse)?;
        let file = SafeTensors::deserialize(bytes).map_err(refuse)?;
        let mut tensors = BTreeMap::new();
        for (key, view) in file.iter() {
            let data = decode(view.dtype(), view.data())
                .map_err(|problem| Error::file(name, format!("tensor {key:?}: {problem}")))?;
            tensors.insert(key.to_owned(), FileTensor { shape: Shape::from(view.shape()), data });
        }
        let mut metadata = BTreeMap::new();
        metadata.extend(header.metadata().clone().unwrap_or_default());
        Ok(Self { tensors, metadata })
    }

    /// Returns the file's bytes.
    ///
    /// # Errors
    /// A shape contradicts its elements (a bug).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        // The crate writes metadata in the order of a hash map; here equal models are equal bytes.
        // Wide elements come first, as in the crate, which aligns all.
        let mut tensors: Vec<(&String, &FileTensor)> = self.tensors.iter().collect();
        tensors.sort_by(|(a, x), (b, y)| y.stored().cmp(&x.stored()).then(a.cmp(b)));
        let internal = |e: &dyn std::fmt::Display| Error::internal(format!("safetensors: {e}"));
        let (mut header, mut body) = (serde_json::Map::new(), Vec::new());
        if !self.metadata.is_empty() {
            header.insert("__metadata__".into(), crate::json::to_value(&self.metadata).map_err(|e| internal(&e))?);
        }
        for (name, tensor) in tensors {
            let begin = body.len();
            tensor.write(&mut body);
            let info =
                TensorInfo { dtype: tensor.stored(), shape: tensor.shape.to_vec(), data_offsets: (begin, body.len()) };
            header.insert(name.clone(), crate::json::to_value(&info).map_err(|e| internal(&e))?);
        }
        let mut json = serde_json::Value::Object(header).to_string().into_bytes();
        json.resize(json.len().next_multiple_of(8), b' ');
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.reserve_exact(json.len() + body.len());
        bytes.append(&mut json);
        bytes.append(&mut body);
        Ok(bytes)
    }

    /// Adds tensors; a single readback per device reads them all.
    ///
    /// # Errors
    /// The tensors are on several devices; or their computation failed.
    pub async fn extend(&mut self, tensors: impl IntoIterator<Item = (String, Tensor)>) -> Result<()> {
        // Counters are on the CPU, whatever the model's device.
        let (on_cpu, on_device): (Vec<_>, Vec<_>) =
            tensors.into_iter().partition(|(_, tensor)| tensor.device().is_cpu());
        for named in [on_cpu, on_device] {
            let handles: Vec<&Tensor> = named.iter().map(|(_, tensor)| tensor).collect();
            let arrays = crate::read_many(&handles).await?;
            for ((name, tensor), data) in named.into_iter().zip(arrays) {
                self.tensors.insert(name, FileTensor { shape: tensor.shape().clone(), data });
            }
        }
        Ok(())
    }
}

/// Returns `true` for files of `torch.save`: a zip, or a pickle without a header of safetensors.
fn is_pickled(bytes: &[u8]) -> bool {
    let pickle = bytes.first() == Some(&0x80) && bytes.get(1).is_some_and(|protocol| (1..=5).contains(protocol));
    bytes.starts_with(b"PK\x03\x04") || (pickle && bytes.get(8) != Some(&b'{'))
}

/// Describes the crate's error for the owner of a damaged file.
fn explain(error: &SafeTensorError, len: usize) -> String {
    match error {
        SafeTensorError::HeaderTooSmall | SafeTensorError::InvalidHeaderLength => {
            format!("not a whole .safetensors file: it ends inside its header, after {len} bytes")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            format!("the header describes another amount of data than the {len} bytes hold; is the file complete?")
        }
        SafeTensorError::HeaderTooLarge
        | SafeTensorError::InvalidHeader(_)
        | SafeTensorError::InvalidHeaderDeserialization(_) => {
            format!("not a .safetensors file, or a damaged one: {error}")
        }
        other => format!("damaged: {other}"),
    }
}

/// Converts a file's bytes of an element type to the engine's types.
pub(super) fn decode(dtype: Dtype, bytes: &[u8]) -> Result<Array, String> {
    let array = match dtype {
        Dtype::BOOL => Array::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
        Dtype::F32 => Array::F32(words(bytes).map(f32::from_le_bytes).collect()),
        Dtype::F64 => Array::F64(words(bytes).map(f64::from_le_bytes).collect()),
        Dtype::F16 => Array::F32(words(bytes).map(|w| half::f16::from_le_bytes(w).to_f32()).collect()),
        Dtype::BF16 => Array::F32(words(bytes).map(|w| half::bf16::from_le_bytes(w).to_f32()).collect()),
        Dtype::U32 => Array::U32(words(bytes).map(u32::from_le_bytes).collect()),
        Dtype::I32 => Array::I32(words(bytes).map(i32::from_le_bytes).collect()),
        Dtype::I64 => integers(words(bytes).map(i64::from_le_bytes))?,
        Dtype::U64 => integers(words(bytes).map(u64::from_le_bytes))?,
        Dtype::I16 => integers(words(bytes).map(i16::from_le_bytes))?,
        Dtype::U16 => integers(words(bytes).map(u16::from_le_bytes))?,
        Dtype::I8 => integers(words(bytes).map(i8::from_le_bytes))?,
        Dtype::U8 => integers(words(bytes).map(u8::from_le_bytes))?,
        other => return Err(format!("its element type {other:?} is not supported; save it as F32")),
    };
    Ok(array)
}

/// Returns the bytes in chunks of `N`.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

fn integers<T: TryInto<i64> + Copy + std::fmt::Display>(values: impl Iterator<Item = T>) -> Result<Array, String> {
    let convert = |x: T| x.try_into().map_err(|_| format!("the integer {x} does not fit into 64 bits with a sign"));
    let wide: Vec<i64> = values.map(convert).collect::<Result<_, _>>()?;
    let narrow: Option<Vec<i32>> = wide.iter().map(|x| i32::try_from(*x).ok()).collect();
    Ok(narrow.map_or(Array::I64(wide), Array::I32))
}
