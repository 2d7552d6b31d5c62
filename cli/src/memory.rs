//! Memory of a run, asked for before it begins: what no machine has is refused with its size.

use kindling::train::{ModelSpec, TrainSpec};
use kindling::{Error, Result};

/// Bytes of a number.
const NUMBER: u128 = 4;

/// Numbers that training keeps for each parameter: the parameter, its gradient, and two of Adam's.
const PER_PARAMETER: u128 = 4;

/// Makes sure that the system gives as much memory as the parameters and a batch of a run need at
/// least.
///
/// # Errors
/// It does not.
pub fn check(spec: &TrainSpec, model: &ModelSpec, samples: usize) -> Result<()> {
    let summary = model.summary();
    let parameters = summary.parameters as u128;
    let need = format!("the model's {parameters} parameters");
    reserve(&need, PER_PARAMETER * NUMBER * parameters, "use a smaller model")?;
    let outputs = summary.rows.iter().filter_map(|row| row.output.as_ref().ok());
    let elements = outputs.map(|shape| shape.iter().map(|size| *size as u128).product::<u128>());
    let batch = spec.batch_size.min(samples) as u128;
    let bytes = elements.fold(0, u128::saturating_add).saturating_mul(batch * NUMBER);
    reserve(&format!("a batch of {batch} samples"), bytes, "use a smaller --batch-size")
}

fn reserve(what: &str, bytes: u128, advice: &str) -> Result<()> {
    let given = usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    if given {
        return Ok(());
    }
    let gigabytes = bytes as f64 / 1e9;
    Err(Error::value("train", format!("{what} need {gigabytes:.1} GB of memory, more than there is; {advice}")))
}
