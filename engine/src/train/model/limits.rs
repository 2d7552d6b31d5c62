//! Limits of a model: depth of blocks, number of layers, parameters and elements. They hold off
//! whatever would overflow the stack or a number, and are far above any network in use.

use super::LayerSpec;
use super::kind::Kind;

/// Levels of blocks in one another.
pub const MAX_DEPTH: usize = 32;

/// Layers of a model, blocks included.
pub const MAX_LAYERS: usize = 10_000;

/// Parameters of a model.
pub const MAX_PARAMETERS: u128 = 1 << 31;

/// Elements of one layer's result for one sample.
pub const MAX_ELEMENTS: u128 = 1 << 31;

/// The rule about levels, for a list of layers that lies in `depth` blocks.
///
/// # Errors
/// It lies too deep.
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
        for layer in layers {
            match &layer.kind {
                Kind::Sequential(sequence) => waiting.push((&sequence.layers, depth + 1)),
                Kind::Residual(branches) => {
                    waiting.push((&branches.body, depth + 1));
                    waiting.push((&branches.shortcut, depth + 1));
                    check_activation(branches.activation.as_deref())?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// An activation after a sum is one layer.
fn check_activation(activation: Option<&Kind>) -> Result<(), String> {
    match activation {
        Some(Kind::Sequential(_) | Kind::Residual(_)) => Err("only a single layer can follow a sum".into()),
        _ => Ok(()),
    }
}
