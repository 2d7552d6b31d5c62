//! Files of `torch.save`: state dicts and checkpoints, as tensors by name. The crate
//! `pytorch-reader` reads them and executes nothing; a pickle with other names than those of
//! tensors is refused before it is read.

mod globals;

use std::collections::BTreeMap;
use std::io::Read as _;

use pytorch_reader::{DType, PytorchReader};
use rawzip::{CompressionMethod, ZipArchive};
use safetensors::Dtype;

use super::safetensors::{FileTensor, TensorFile, decode};
use crate::tensor::Shape;
use crate::{Error, Result};

/// Maximum bytes of the pickle that describes the tensors.
const MAX_PICKLE_BYTES: u64 = 100 << 20;

/// Maximum ratio of the tensors' bytes to the file's, beyond a MiB: tensors may share bytes.
const MAX_EXPANSION: usize = 8;

/// Pickles at the start of a file of PyTorch before 1.6: magic number, version, system, objects,
/// keys.
const LEGACY_PICKLES: usize = 5;

/// Reads the tensors of a file by `torch.save`, under their names joined by dots:
/// `model_state_dict.conv1.weight`. `name` is the file's name in errors.
///
/// # Errors
/// The file is damaged, has no tensors, or claims more bytes than it has; or its pickle names
/// objects that are not part of a state dict.
pub fn read(bytes: &[u8], name: &str) -> Result<TensorFile> {
    let refuse = |problem: String| Error::file(name, format!("is no PyTorch file that can be read: {problem}"));
    let globals_found = match bytes.starts_with(b"PK") {
        true => globals::globals(&pickle(bytes).map_err(refuse)?, 1),
        false => globals::globals(bytes, LEGACY_PICKLES),
    };
    if let Some(global) = globals_found.map_err(refuse)?.into_iter().find(|global| !globals::is_of_state_dicts(global))
    {
        let problem = format!(
            "is a PyTorch file that asks for {global:?} when it is opened, which could run code; state dicts alone are \
             read: save model.state_dict()"
        );
        return Err(Error::file(name, problem));
    }
    let reader = PytorchReader::from_bytes(bytes.to_vec(), None).map_err(|e| refuse(e.to_string()))?;
    let claimed = reader.tensors().values().fold(0, |sum: usize, t| sum.saturating_add(t.byte_len()));
    if claimed > bytes.len().saturating_mul(MAX_EXPANSION).saturating_add(1 << 20) {
        return Err(refuse(format!("its tensors claim {claimed} bytes, the file has {}", bytes.len())));
    }
    let mut tensors = BTreeMap::new();
    for (key, tensor) in reader.into_tensors() {
        let data = tensor.read().map_err(|e| refuse(e.to_string()))?;
        let data = decode(dtype(tensor.dtype()), &data)
            .map_err(|problem| Error::file(name, format!("tensor {key:?}: {problem}")))?;
        tensors.insert(key, FileTensor::new(Shape::from(tensor.shape()), data)?);
    }
    if tensors.is_empty() {
        return Err(Error::file(name, "is a PyTorch file without tensors: save model.state_dict()"));
    }
    Ok(TensorFile { tensors, metadata: BTreeMap::new() })
}

fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}

/// Returns the pickle of a zip: the file `data.pkl` of the archive's folder.
fn pickle(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let archive = ZipArchive::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut entries = archive.entries();
    let mut found = None;
    while let Some(entry) = entries.next_entry().map_err(|e| e.to_string())? {
        let path = entry.file_path();
        if path.as_bytes().ends_with(b"/data.pkl") || path.as_bytes() == b"data.pkl" {
            if found.is_some() {
                return Err("it holds several files data.pkl".into());
            }
            found = Some((entry.wayfinder(), entry.compression_method()));
        }
    }
    let (position, method) = found.ok_or("the zip holds no data.pkl")?;
    let entry = archive.get_entry(position).map_err(|e| e.to_string())?;
    let mut pickle = Vec::new();
    match method {
        CompressionMethod::STORE => pickle.extend_from_slice(entry.data()),
        CompressionMethod::DEFLATE => {
            let mut inflated = flate2::read::DeflateDecoder::new(entry.data()).take(MAX_PICKLE_BYTES + 1);
            inflated.read_to_end(&mut pickle).map_err(|e| e.to_string())?;
        }
        _ => return Err("its data.pkl is neither stored nor packed by Deflate".into()),
    }
    if pickle.len() as u64 > MAX_PICKLE_BYTES {
        return Err(format!("its data.pkl has more than {} MiB", MAX_PICKLE_BYTES >> 20));
    }
    Ok(pickle)
}
