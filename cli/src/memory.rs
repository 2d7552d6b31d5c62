//! Memory of a run, reserved before it begins: impossible sizes are refused with their size.

use kindling::train::{ModelSpec, TrainSpec};
use kindling::{Error, Result};

/// Bytes of an element.
const ELEMENT_BYTES: u128 = 4;

/// Elements per parameter in training: the parameter, its gradient, and two of Adam's state.
const ELEMENTS_PER_PARAMETER: u128 = 4;

/// Checks that the system provides the minimum memory for the parameters and a batch of a run.
///
/// # Errors
/// The system refuses it.
pub fn check(spec: &TrainSpec, model: &ModelSpec, samples: usize) -> Result<()> {
    let summary = model.summary();
    let parameters = summary.parameters as u128;
    let need = format!("the model's {parameters} parameters");
    reserve(&need, ELEMENTS_PER_PARAMETER * ELEMENT_BYTES * parameters, "use a smaller model")?;
    let outputs = summary.rows.iter().filter_map(|row| row.output.as_ref().ok());
    let elements = outputs.map(|shape| shape.iter().map(|size| *size as u128).product::<u128>());
    let batch = spec.batch_size.min(samples) as u128;
    let bytes = elements.fold(0, u128::saturating_add).saturating_mul(batch * ELEMENT_BYTES);
    reserve(&format!("a batch of {batch} samples"), bytes, "use a smaller --batch-size")
}

fn reserve(item: &str, bytes: u128, advice: &str) -> Result<()> {
    let given = usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    if given {
        return Ok(());
    }
    let gigabytes = bytes as f64 / 1e9;
    Err(Error::value("train", format!("{item} need {gigabytes:.1} GB of memory, more than there is; {advice}")))
}
