//! A model as an ONNX file: the layers as ONNX operators, normalization of the inputs inside the
//! graph, a batch of any size. The weights keep their PyTorch names.
//! [Operators](https://onnx.ai/onnx/operators/)

mod activations;
mod attention;
mod convolutions;
mod layers;
mod norms;
mod pools;
mod writer;

use serde_json::json;

use self::writer::Writer;
use super::model::{ModelGraph, ModelSpec, Operation};
use crate::format::{ModelFile, Normalization};
use crate::{Error, Result};

/// Name of the graph's input.
const INPUT: &str = "input";

/// Name of the graph's output.
const OUTPUT: &str = "output";

/// Returns a model as an ONNX file (opset 21).
///
/// The input is `float32[N, …]`: for images channels first with values from 0 to 255, as they are
/// after resizing, without normalization; for tables the features in their units. The output is
/// `float32[N, classes]`, the logits, or `float32[N, 1]`, the predicted quantity in its unit. The
/// file's metadata says so: `input`, `output`, `classes` and `preprocessing`, each as JSON.
///
/// ```
/// use kindling::format::ModelFile;
/// use kindling::train::{ModelSpec, onnx};
/// # fn main() -> kindling::Result<()> {
/// let model = ModelSpec::from_text("tiny", &[4], "Softmax(dim=1)")?;
/// let bytes = onnx::export(&model, &ModelFile::default())?;
/// assert!(bytes.windows(7).any(|word| word == b"Softmax"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// The layers do not fit; a parameter is missing or has another shape; a layer has no equivalent in
/// ONNX; or the file would exceed protobuf's limit of 2 GiB.
pub fn export(model: &ModelSpec, file: &ModelFile) -> Result<Vec<u8>> {
    let graph = model.graph()?;
    let shapes = model.shapes(&graph)?;
    let mut writer = Writer::new(file);
    let mut values: Vec<String> = Vec::with_capacity(graph.nodes.len());
    for (node, shape) in graph.nodes.iter().zip(&shapes) {
        let inputs: Vec<&str> = node.inputs.iter().map(|input| values[*input].as_str()).collect();
        writer.scope(&node.name);
        let value = match (node.operation, inputs.as_slice()) {
            (Operation::Layer(kind), [x]) => {
                let layer = layers::Layer { name: &node.name, input: &shapes[node.inputs[0]], output: shape };
                layers::write(kind, &layer, x, &mut writer)?
            }
            (Operation::Add, [a, b]) => writer.op("Add", &[a, b], vec![]),
            (Operation::Concat, inputs) => writer.op("Concat", inputs, vec![writer::int("axis", 1)]),
            _ => normalized(file, shape, &mut writer),
        };
        values.push(value);
    }
    let mut output = values.pop().unwrap_or_else(|| INPUT.to_owned());
    let columns = file.info.columns.as_ref();
    if let Some(scale) = columns.and_then(|columns| columns.target_scale) {
        writer.scope(OUTPUT);
        let (std, mean) = (writer.scalar(scale.std), writer.scalar(scale.mean));
        output = writer.op("Mul", &[&output, &std], vec![]);
        output = writer.op("Add", &[&output, &mean], vec![]);
    }
    let names = [(INPUT, &model.input), (OUTPUT, shapes.last().unwrap_or(&model.input))];
    writer.finish(&model.name, &output, names, metadata(model, file, &graph)?)
}

/// Adds the normalization of the input. Returns the name of the normalized value.
fn normalized(file: &ModelFile, shape: &[usize], writer: &mut Writer<'_>) -> String {
    let mut x = INPUT.to_owned();
    let is_image = shape.len() == 3;
    if is_image {
        let white = writer.scalar(255.0);
        x = writer.op("Div", &[&x, &white], vec![]);
    }
    let stored = file.info.preprocessing.as_ref();
    let stored = stored.map(|steps| Normalization { mean: steps.mean.clone(), std: steps.std.clone() });
    let Some(Normalization { mean, std }) = stored.or_else(|| file.info.normalization.clone()) else { return x };
    if mean.is_empty() {
        return x;
    }
    // Per channel of an image, per feature of a row.
    let dims = if is_image { vec![mean.len(), 1, 1] } else { vec![mean.len()] };
    let [mean, std] = [("mean", mean), ("std", std)].map(|(name, values)| writer.constant(name, &values, &dims));
    x = writer.op("Sub", &[&x, &mean], vec![]);
    writer.op("Div", &[&x, &std], vec![])
}

/// Returns the metadata: what the input and the output mean.
fn metadata(model: &ModelSpec, file: &ModelFile, graph: &ModelGraph<'_>) -> Result<Vec<(String, String)>> {
    let is_image = model.input.len() == 3;
    let columns = file.info.columns.as_ref();
    let input = match (is_image, columns) {
        (true, _) => json!({
            "layout": "NCHW",
            "channels": if model.input[0] == 1 { "gray" } else { "RGB" },
            "range": [0, 255],
            "normalization": "in the graph",
        }),
        (false, Some(columns)) => json!({ "features": columns.features, "normalization": "in the graph" }),
        (false, None) => json!({ "shape": model.input }),
    };
    let softmax = matches!(graph.nodes.last().map(|node| node.operation),
        Some(Operation::Layer(kind)) if matches!(kind.name(), "Softmax" | "LogSoftmax"));
    let output = match columns {
        Some(columns) if file.info.classes.is_empty() => json!({ "quantity": columns.label }),
        _ if softmax => json!({ "values": "as the last layer gives them" }),
        _ => json!({ "values": "logits" }),
    };
    let mut properties = vec![
        ("input".to_owned(), input.to_string()),
        ("output".to_owned(), output.to_string()),
        ("classes".to_owned(), json!(file.info.classes).to_string()),
    ];
    if let Some(steps) = file.info.image_preprocessing()?.filter(|_| is_image) {
        let steps = crate::json::to_value(&steps).map_err(|e| Error::value("export", e))?;
        properties.push(("preprocessing".to_owned(), steps.to_string()));
    }
    Ok(properties)
}
