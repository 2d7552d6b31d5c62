//! Comparison: `|got − want| <= atol + rtol·|want|`, NaN with NaN, infinities alike; integers and
//! bools exactly.

use kindling::device::{Array, DType};

use super::Failure;

/// Maximum difference of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Tolerance relative to the expected number.
    pub rtol: f64,
    /// Absolute tolerance.
    pub atol: f64,
}

impl Tolerance {
    /// Reads a JSON object with `rtol` and `atol`.
    pub fn of(value: &serde_json::Value) -> Option<Self> {
        Some(Self { rtol: value.get("rtol")?.as_f64()?, atol: value.get("atol")?.as_f64()? })
    }

    /// Returns `true` if `got` is within the tolerance of `want`.
    pub fn admits(self, got: f64, want: f64) -> bool {
        if want.is_nan() || got.is_nan() || want.is_infinite() || got.is_infinite() {
            return want.is_nan() && got.is_nan() || want == got;
        }
        (got - want).abs() <= self.atol + self.rtol * want.abs()
    }
}

/// Compares shapes, types and elements; `what` names the tensor in the message.
///
/// # Errors
/// They differ: the message shows the worst element.
pub fn compare(
    what: &str,
    (shape, got): (&[usize], &Array),
    (want_shape, want): (&[usize], &Array),
    tolerance: Tolerance,
) -> Result<(), Failure> {
    if shape != want_shape {
        return Err(Failure::Harness(format!("{what}: shape {shape:?}, expected {want_shape:?}")));
    }
    let exact = !want.dtype().is_float();
    if got.dtype() != want.dtype() && !(got.dtype().is_float() && want.dtype().is_float()) {
        return Err(Failure::Harness(format!("{what}: type {}, expected {}", got.dtype(), want.dtype())));
    }
    if got.dtype() == DType::I64 {
        // f64 does not represent all of them.
        if got == want {
            return Ok(());
        }
        return Err(Failure::Harness(format!("{what}: {got:?}, expected {want:?} (shape {shape:?})")));
    }
    let (got, want) = (got.to_f64(), want.to_f64());
    let tolerance = if exact { Tolerance { rtol: 0.0, atol: 0.0 } } else { tolerance };
    let off = |(g, w): (&f64, &f64)| if (g - w).is_nan() { f64::INFINITY } else { (g - w).abs() };
    let wrong: Vec<usize> = (0..want.len()).filter(|i| !tolerance.admits(got[*i], want[*i])).collect();
    let worst = wrong.iter().copied().max_by(|a, b| off((&got[*a], &want[*a])).total_cmp(&off((&got[*b], &want[*b]))));
    match worst {
        None => Ok(()),
        Some(i) => Err(Failure::Harness(format!(
            "{what}: {} of {} elements differ; the worst, number {i}, is {}, expected {} (shape {shape:?})",
            wrong.len(),
            want.len(),
            got[i],
            want[i]
        ))),
    }
}
