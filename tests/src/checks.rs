//! Checks shared by tests: elements, closeness, error texts.

use kindling::{Result, Tensor, block_on};

/// Returns the elements.
///
/// # Panics
/// They cannot be read: the test has failed.
#[expect(clippy::unwrap_used, reason = "a test that fails should panic")]
pub fn floats(tensor: &Tensor) -> Vec<f32> {
    block_on(tensor.to_vec::<f32>()).unwrap()
}

/// Asserts that every number is within `tolerance` of the expected one.
///
/// # Panics
/// A number is not.
pub fn close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance, "element {i}: {g} is not {w}");
    }
}

/// Returns the error's text.
///
/// # Panics
/// There is no error.
#[expect(clippy::panic, reason = "a test that fails should panic")]
pub fn refusal<T>(result: Result<T>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(_) => panic!("this should have been refused"),
    }
}
