//! Writes ONNX files of models, each with inputs and the engine's results, for comparison in
//! another runtime: `onnx_cases FOLDER`. Every preset and every kind of layer is among them.
#![cfg_attr(not(target_arch = "wasm32"), allow(clippy::print_stdout, reason = "a program that reports its result"))]

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let Some(folder) = std::env::args_os().nth(1) else { panic!("usage: onnx_cases FOLDER") };
    match native::write(std::path::Path::new(&folder)) {
        Ok(count) => println!("{count} models in {}", folder.display()),
        Err(error) => panic!("{error}"),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::collections::HashSet;
    use std::error::Error;
    use std::path::Path;

    use kindling::data::{Columns, Preprocessing, TargetScale, Task};
    use kindling::format::{ModelFile, Normalization, TensorFile, model::ModelInfo};
    use kindling::nn::Module;
    use kindling::train::model::{ModelGraph, Operation, PRESETS, SIGNATURES, preset};
    use kindling::train::{ModelSpec, onnx};
    use kindling::{DType, Device, Tensor, block_on, manual_seed, no_grad};
    use serde_json::{Value, json};

    /// Models of layers that no preset has, in corners of their settings.
    const OTHERS: &[(&str, &[usize], &str)] = &[
        (
            "pools",
            &[3, 13, 11],
            "Conv2d(3, 4, (3, 2), padding='same', dilation=(1, 2), groups=1)
             MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
             AvgPool2d(2, stride=1, padding=1)
             AvgPool2d(3, stride=2, padding=1, ceil_mode=True)
             AdaptiveAvgPool2d((3, 2))
             Flatten()",
        ),
        ("dilated", &[2, 15, 15], "MaxPool2d(2, stride=3, dilation=2, ceil_mode=True)\nFlatten(1, 2)\nFlatten()"),
        ("divisor", &[2, 9, 9], "AvgPool2d(3, stride=2, padding=1, ceil_mode=True, divisor_override=5)"),
        ("excluded", &[2, 9, 8], "AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)"),
        (
            "grouped",
            &[4, 8, 8],
            "Conv2d(4, 8, 3, stride=2, padding=(1, 0), groups=4, bias=False)\nBatchNorm2d(8, affine=False)",
        ),
        (
            "activations",
            &[24],
            "Linear(24, 24)
             LeakyReLU(0.2)
             ELU(0.7)
             GELU()
             GELU('tanh')
             SiLU()
             SELU()
             Mish()
             Hardswish()
             Residual {
                 Hardsigmoid()
             }
             LogSigmoid()
             ReLU6()
             Linear(24, 24, bias=False)
             Softplus()
             Softplus(0.5, 2)
             Tanh()
             Sigmoid()
             Identity()
             Dropout(0.3)
             BatchNorm1d(24)
             Softmax(1)
             LogSoftmax(1)",
        ),
        ("rows", &[6, 8], "LayerNorm((6, 8))\nTranspose(1, 2)\nLinear(6, 5)\nUnflatten(2, (5, 1))\nSelect(1, -1)"),
        (
            "branches",
            &[3, 8, 8],
            "stem: Conv2d(3, 4, 3, padding=1)
             block: Residual(ReLU()) {
                 Conv2d(4, 6, 3, stride=2, padding=1)
                 inner: Residual {
                     BatchNorm2d(6)
                 }
             } shortcut {
                 Conv2d(4, 6, 1, stride=2)
             }
             Sequential {
             }
             Flatten()
             Linear(96, 5)",
        ),
        (
            "gates",
            &[4, 6, 6],
            "Conv2d(4, 8, 1)
             PReLU(8)
             PReLU()
             CELU(1.5)
             Hardtanh(-0.5, 2.0)
             Softsign()
             GLU(1)
             Dropout2d(0.3)
             GroupNorm(2, 4)
             GroupNorm(4, 4, affine=False)
             InstanceNorm2d(4)
             InstanceNorm2d(4, affine=True)
             InstanceNorm2d(4, track_running_stats=True)
             Flatten()",
        ),
        (
            "sizes",
            &[3, 7, 6],
            "ConvTranspose2d(3, 4, (3, 2), stride=2, padding=1, output_padding=(1, 0), dilation=(1, 2))
             ConvTranspose2d(4, 4, 2, groups=2, bias=False)
             Upsample(scale_factor=2)
             Upsample(scale_factor=(0.5, 1.5), mode='bilinear')
             Upsample(size=(9, 13), mode='bilinear', align_corners=True)
             Upsample(size=(20, 7), mode='nearest-exact')
             Concat {
                 Identity()
                 Conv2d(4, 2, 1)
                 deep: Sequential {
                     Conv2d(4, 3, 3, padding=1)
                     ReLU()
                 }
             }
             Flatten()",
        ),
        (
            "sequence",
            &[6, 8],
            "RMSNorm(8)
             RMSNorm((6, 8), 0.01, False)
             TransformerEncoderLayer(8, 2, 16)
             TransformerEncoderLayer(8, 4, 16, activation='gelu', norm_first=True, is_causal=True)
             MultiheadAttention(8, 2, is_causal=True)
             Transpose(1, 2)
             Conv1d(8, 4, 3, stride=2, padding=1)
             Conv1d(4, 4, 2, padding='same', dilation=2, groups=2, bias=False)
             Flatten()",
        ),
        ("words", &[5], "Embedding(255, 3)\nFlatten()\nLinear(15, 2)"),
    ];

    /// Writes the cases. Returns their number.
    pub fn write(folder: &Path) -> Result<usize, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        manual_seed(7);
        let mut models: Vec<ModelSpec> = Vec::new();
        for known in PRESETS {
            models.push(preset(known.name, &known.input, 10)?);
        }
        for (name, input, text) in OTHERS {
            models.push(ModelSpec::from_text(name, input, text)?);
        }
        let mut used = HashSet::new();
        let mut cases = Vec::new();
        for model in &models {
            used.extend(kinds(&model.graph()?));
            cases.push(case(model, ModelInfo::default(), folder)?);
        }
        let unused: Vec<&str> = SIGNATURES.iter().map(|known| known.name).filter(|name| !used.contains(name)).collect();
        if !unused.is_empty() {
            return Err(format!("no model here has the layers {}", unused.join(", ")).into());
        }
        for (model, info) in described()? {
            cases.push(case(&model, info, folder)?);
        }
        std::fs::write(folder.join("cases.json"), serde_json::to_vec(&cases)?)?;
        Ok(cases.len())
    }

    fn kinds(graph: &ModelGraph<'_>) -> Vec<&'static str> {
        let layers = graph.nodes.iter().filter_map(|node| match node.operation {
            Operation::Layer(kind) => Some(kind.name()),
            _ => None,
        });
        layers.collect()
    }

    /// Models with normalization of images, of a table, and with a quantity as the output.
    fn described() -> Result<Vec<(ModelSpec, ModelInfo)>, Box<dyn Error>> {
        let normalization = Normalization { mean: vec![0.5, 0.4, 0.3], std: vec![0.25, 0.5, 0.2] };
        let image = ModelSpec { name: "normalized-image".into(), ..preset("cifar-intro", &[3, 32, 32], 10)? };
        let steps = Preprocessing::new([3, 32, 32], Some(&normalization));
        let classes = (0..10).map(|i| format!("class {i}")).collect();
        let of_image =
            ModelInfo { input: image.input.clone(), classes, preprocessing: Some(steps), ..Default::default() };
        let row = ModelSpec::from_text("normalized-row", &[3], "Linear(3, 1)")?;
        let columns = Columns {
            features: ["a", "b", "c"].map(str::to_owned).to_vec(),
            label: "price".to_owned(),
            task: Task::Regression,
            target_scale: Some(TargetScale { mean: 250.0, std: 40.0 }),
            ..Columns::default()
        };
        let normalization = Some(Normalization { mean: vec![100.0, 120.0, 140.0], std: vec![50.0, 60.0, 70.0] });
        let of_row =
            ModelInfo { input: row.input.clone(), normalization, columns: Some(columns), ..Default::default() };
        Ok(vec![(image, of_image), (row, of_row)])
    }

    /// Writes a model's file. Returns its name, its inputs and the engine's results.
    fn case(spec: &ModelSpec, mut info: ModelInfo, folder: &Path) -> Result<Value, Box<dyn Error>> {
        let cpu = Device::cpu();
        let model = spec.build(&cpu)?;
        let shape = [&[3], spec.input.as_slice()].concat();
        let length: usize = shape.iter().product();
        let values: Vec<f32> = (0..length).map(|i| ((i * 7919 + i / 13) % 255) as f32).collect();
        let raw = Tensor::from_slice(&values, shape.clone(), &cpu)?;
        let is_image = spec.input.len() == 3;
        let takes_indices = kinds(&spec.graph()?).first() == Some(&"Embedding");
        let mut input = match (is_image, takes_indices) {
            (true, _) => raw.div_scalar(255.0)?,
            (false, true) => raw.to_dtype(DType::I64)?,
            (false, false) => raw,
        };
        let normalization = match &info.preprocessing {
            Some(steps) => Some(Normalization { mean: steps.mean.clone(), std: steps.std.clone() }),
            None => info.normalization.clone(),
        };
        if let Some(Normalization { mean, std }) = normalization {
            let dims = if is_image { vec![mean.len(), 1, 1] } else { vec![mean.len()] };
            let [mean, std] = [mean, std].map(|values| {
                let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
                Tensor::from_slice(&values, dims.clone(), &cpu)
            });
            input = input.sub(&mean?)?.div(&std?)?;
        }
        // Statistics of batch norms other than the initial ones.
        no_grad(|| model.forward(&input))?;
        model.eval();
        let mut output = no_grad(|| model.forward(&input))?;
        if let Some(scale) = info.columns.as_ref().and_then(|columns| columns.target_scale) {
            output = output.mul_scalar(scale.std)?.add_scalar(scale.mean)?;
        }
        info.spec = serde_json::to_value(spec)?;
        let mut tensors = TensorFile::default();
        block_on(tensors.extend(model.state_dict()?))?;
        let file = ModelFile { tensors: tensors.tensors, info };
        let name = format!("{}.onnx", spec.name);
        std::fs::write(folder.join(&name), onnx::export(spec, &file)?)?;
        let dims = output.dims().to_vec();
        Ok(json!({
            "file": name, "shape": shape, "input": values, "output_shape": dims,
            "output": block_on(output.to_vec::<f32>())?,
        }))
    }
}
