//! Estimate of the memory for training a model. Plain arithmetic, independent of the page.

use kindling::optim::OptimizerSpec;
use kindling::train::model::Summary;
use serde_json::Value;

/// Bytes of a 32-bit float.
const FLOAT: f64 = 4.0;

/// Address space of a WebAssembly program minus the program and its data, in bytes.
pub const MAX_CPU_BYTES: f64 = 3.5 * 1024.0 * 1024.0 * 1024.0;

/// Estimated bytes by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Parameters.
    pub parameters: f64,
    /// Gradients of parameters.
    pub gradients: f64,
    /// State of the optimizer, such as Adam's two moments.
    pub optimizer: f64,
    /// Results of all layers for a batch, and their gradients.
    pub activations: f64,
}

impl Memory {
    /// Estimates the memory for training with batches of `batch_size` samples.
    pub fn estimate(summary: &Summary, optimizer: &OptimizerSpec, batch_size: usize) -> Self {
        let parameters = summary.parameters as f64 * FLOAT;
        let elements = |shape: &Vec<usize>| shape.iter().map(|size| *size as f64).product::<f64>();
        let per_sample: f64 = summary.rows.iter().filter_map(|row| row.output.as_ref().ok()).map(elements).sum();
        Self {
            parameters,
            gradients: parameters,
            optimizer: parameters * states(optimizer),
            activations: 2.0 * per_sample * batch_size as f64 * FLOAT,
        }
    }

    /// Returns the total number of bytes.
    pub fn total(&self) -> f64 {
        self.parameters + self.gradients + self.optimizer + self.activations
    }
}

/// Returns the number of values that an optimizer stores per parameter.
fn states(optimizer: &OptimizerSpec) -> f64 {
    let attributes = optimizer.attrs().unwrap_or_default();
    let has = |name: &str| match attributes.get(name) {
        Some(Value::Bool(on)) => f64::from(u8::from(*on)),
        Some(value) => f64::from(u8::from(value.as_f64().is_some_and(|number| number != 0.0))),
        None => 0.0,
    };
    match optimizer.name() {
        "SGD" | "Muon" => has("momentum"),
        "RMSprop" => 1.0 + has("momentum") + has("centered"),
        "Adagrad" => 1.0,
        _ => 2.0 + has("amsgrad"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kindling::train::ModelSpec;
    use serde_json::Map;

    #[test]
    fn parameters_gradients_state_and_activations_are_counted() {
        let model =
            ModelSpec::from_text("m", &[4], "Linear(4, 8)\nReLU()\nLinear(8, 2)").expect("the text is well formed");
        let optimizer = |name: &str| OptimizerSpec::from_attrs(name, &Map::new()).expect("PyTorch has it");
        let memory = Memory::estimate(&model.summary(), &optimizer("Adam"), 10);
        let parameters = f64::from(4 * 8 + 8 + 8 * 2 + 2) * 4.0;
        assert_eq!((memory.parameters, memory.gradients, memory.optimizer), (parameters, parameters, 2.0 * parameters));
        assert_eq!(memory.activations, f64::from(8 + 8 + 2) * 10.0 * 4.0 * 2.0);
        assert_eq!(Memory::estimate(&model.summary(), &optimizer("SGD"), 10).optimizer, 0.0);
    }
}
