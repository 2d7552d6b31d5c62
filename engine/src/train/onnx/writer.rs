//! Nodes and tensors of an ONNX graph, as they are added.

use prost::Message as _;

use super::OUTPUT;
use crate::format::ModelFile;
use crate::format::proto::onnx::{
    AttributeProto, Dimension, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute,
    dimension,
};
use crate::{Error, Result};

/// Version of ONNX's operators.
const OPSET: i64 = 21;

/// Version of the file format that came with this opset.
const IR_VERSION: i64 = 10;

/// Maximum size of a file of protobuf, in bytes.
const MAX_BYTES: usize = (1 << 31) - 1;

/// A graph under construction.
pub struct Writer<'a> {
    file: &'a ModelFile,
    /// Name of the layer whose nodes are added.
    scope: String,
    graph: GraphProto,
}

impl<'a> Writer<'a> {
    /// Creates an empty graph of a model with these weights.
    pub fn new(file: &'a ModelFile) -> Self {
        Self { file, scope: String::new(), graph: GraphProto::default() }
    }

    /// Sets the name of the layer whose nodes are added from here on.
    pub fn scope(&mut self, name: &str) {
        name.clone_into(&mut self.scope);
    }

    /// Adds an operator with one output. Returns the output's name.
    pub fn op(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.ops(op, inputs, attributes, 1).pop().unwrap_or_default()
    }

    /// Adds an operator. Returns the names of its outputs.
    pub fn ops(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>, outputs: usize) -> Vec<String> {
        let name = format!("{}/{op}.{}", self.scope, self.graph.node.len());
        let output: Vec<String> = match outputs {
            1 => vec![name.clone()],
            n => (0..n).map(|i| format!("{name}.{i}")).collect(),
        };
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: output.clone(),
            name,
            op_type: op.to_owned(),
            attribute: attributes,
        });
        output
    }

    /// Adds a tensor of the state dict of this shape, under its name; `name` is below the layer's.
    ///
    /// # Errors
    /// It is missing, or has another shape or type.
    pub fn parameter(&mut self, layer: &str, name: &str, shape: &[usize]) -> Result<String> {
        let name = if layer.is_empty() { name.to_owned() } else { format!("{layer}.{name}") };
        let tensor = self.file.tensors.get(&name);
        let tensor = tensor.ok_or_else(|| Error::value("export", format!("the model file has no tensor {name}")))?;
        if *tensor.shape != *shape {
            let rule = format!("the tensor {name} has the shape {}, the layer needs {shape:?}", tensor.shape);
            return Err(Error::shape("export", rule));
        }
        if self.graph.initializer.iter().all(|known| known.name != name) {
            let values: Vec<f32> = tensor.data.to_f64().into_iter().map(|value| value as f32).collect();
            self.tensor(name.clone(), FLOAT, shape, bytes(&values, |value| value.to_le_bytes()));
        }
        Ok(name)
    }

    /// Adds constant floats; `name` is below the layer's. Returns the full name.
    pub fn constant(&mut self, name: &str, values: &[f64], shape: &[usize]) -> String {
        let raw = bytes(values, |value| (*value as f32).to_le_bytes());
        let name = format!("{}/{name}.{}", self.scope, self.graph.initializer.len());
        self.tensor(name.clone(), FLOAT, shape, raw);
        name
    }

    /// Adds a constant number. Returns its name.
    pub fn scalar(&mut self, value: f64) -> String {
        self.constant("constant", &[value], &[])
    }

    /// Adds constant integers, such as a shape. Returns their name.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let name = format!("{}/sizes.{}", self.scope, self.graph.initializer.len());
        self.tensor(name.clone(), INT64, &[values.len()], bytes(values, |value| value.to_le_bytes()));
        name
    }

    fn tensor(&mut self, name: String, data_type: i32, shape: &[usize], raw_data: Vec<u8>) {
        self.graph.initializer.push(TensorProto { dims: sizes(shape), data_type, name, raw_data });
    }

    /// Returns the file of the graph, whose result is `output`; `signature` has names and shapes,
    /// without the batch, of input and output.
    ///
    /// # Errors
    /// The file is too large for protobuf.
    pub fn finish(
        mut self,
        name: &str,
        output: &str,
        signature: [(&str, &Vec<usize>); 2],
        metadata: Vec<(String, String)>,
    ) -> Result<Vec<u8>> {
        self.scope(OUTPUT);
        match self.graph.node.iter_mut().find(|node| node.output.iter().any(|known| known == output)) {
            // The operator that computes it bears the output's name, unless others read its value.
            Some(node) if node.output.len() == 1 => {
                node.output = vec![OUTPUT.to_owned()];
                let readers = self.graph.node.iter_mut().flat_map(|node| node.input.iter_mut());
                readers.filter(|input| *input == output).for_each(|input| OUTPUT.clone_into(input));
            }
            _ => {
                self.op("Identity", &[output], vec![]);
                if let Some(node) = self.graph.node.last_mut() {
                    node.output = vec![OUTPUT.to_owned()];
                }
            }
        }
        let [input, output] = signature.map(|(name, shape)| value_info(name, shape));
        let graph = GraphProto {
            name: if name.is_empty() { "model".to_owned() } else { name.to_owned() },
            input: vec![input],
            output: vec![output],
            ..self.graph
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "kindling".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: metadata.into_iter().map(|(key, value)| StringStringEntryProto { key, value }).collect(),
        };
        let size = model.encoded_len();
        if size > MAX_BYTES {
            let rule = format!("an ONNX file of {size} bytes exceeds protobuf's limit of 2 GiB");
            return Err(Error::value("export", rule));
        }
        Ok(model.encode_to_vec())
    }
}

/// Returns a shape of integers as protobuf has them. The limits of models are far below i64's.
pub fn sizes(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|size| *size as i64).collect()
}

/// Creates an attribute of an integer.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i, r#type: attribute::INT, ..AttributeProto::default() }
}

/// Creates an attribute of integers.
pub fn ints(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints: sizes(values), r#type: attribute::INTS, ..AttributeProto::default() }
}

/// Creates an attribute of a float.
pub fn float(name: &str, f: f64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), f: f as f32, r#type: attribute::FLOAT, ..AttributeProto::default() }
}

/// Creates an attribute of a string.
pub fn string(name: &str, s: &str) -> AttributeProto {
    let s = s.as_bytes().to_vec();
    AttributeProto { name: name.to_owned(), s, r#type: attribute::STRING, ..AttributeProto::default() }
}

fn bytes<T, const N: usize>(values: &[T], to_bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(to_bytes).collect()
}

/// Describes a batch of values of this shape.
fn value_info(name: &str, shape: &[usize]) -> ValueInfoProto {
    let batch = dimension::Value::Name("N".to_owned());
    let sizes = sizes(shape).into_iter().map(dimension::Value::Size);
    let dim = std::iter::once(batch).chain(sizes).map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = TensorTypeProto { elem_type: FLOAT, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}
