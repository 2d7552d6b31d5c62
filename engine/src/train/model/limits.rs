//! Limits of a model: depth of blocks, number of layers, parameters and elements. They prevent
//! overflows of the stack and of numbers, far above any network in use.

use super::LayerSpec;

/// Maximum depth of nested blocks.
pub const MAX_DEPTH: usize = 32;

/// Maximum number of layers, including blocks.
pub const MAX_LAYERS: usize = 10_000;

/// Maximum number of parameters.
pub const MAX_PARAMETERS: u128 = 1 << 31;

/// Maximum number of elements of a layer's output for one sample.
pub const MAX_ELEMENTS: u128 = 1 << 31;

/// Checks the depth of a list of layers within `depth` blocks.
///
/// # Errors
/// The depth exceeds the maximum.
pub fn check_depth(depth: usize) -> Result<(), String> {
    if depth <= MAX_DEPTH { Ok(()) } else { Err(format!("blocks nest more than {MAX_DEPTH} levels deep")) }
}

/// Checks depth and number of layers, without recursion.
///
/// # Errors
/// A limit is exceeded.
pub fn check(layers: &[LayerSpec]) -> Result<(), String> {
    let mut number = 0_usize;
    let mut waiting = vec![(layers, 0)];
    while let Some((layers, depth)) = waiting.pop() {
        check_depth(depth)?;
        number += layers.len();
        if number > MAX_LAYERS {
            return Err(format!("the model has more than {MAX_LAYERS} layers"));
        }
        for kind in layers.iter().map(|layer| &layer.kind) {
            waiting.extend(kind.branches().into_iter().map(|layers| (layers, depth + 1)));
            if kind.activation().is_some_and(|activation| activation.layer().is_none()) {
                return Err("only a single layer can follow a sum".into());
            }
        }
    }
    Ok(())
}
