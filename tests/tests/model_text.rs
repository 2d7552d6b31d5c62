//! Models as text: layers and networks as people write them for PyTorch, against PyTorch's values.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::path::{Path, PathBuf};

use kindling::nn::{Module, StateDict};
use kindling::train::ModelSpec;
use kindling::train::model::{PRESETS, preset};
use kindling::train::python::classes;
use kindling::{Device, Tensor, block_on, no_grad};
use serde_json::Value;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(data(path)).unwrap()).unwrap()
}

fn sizes(json: &Value) -> Vec<usize> {
    json.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect()
}

/// Numbers from −1 to 1, by index, as `generate.py` makes them.
fn numbers(shape: &[usize], device: &Device) -> Tensor {
    let count = shape.iter().product::<usize>();
    let list: Vec<f32> = (0..count).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
    Tensor::from_slice(&list, shape, device).unwrap()
}

#[test]
fn shapes_and_parameters_are_pytorchs() {
    let table = json("shapes/shapes.json");
    let mut wrong = Vec::new();
    for row in table.as_array().unwrap() {
        let (layer, input) = (row["layer"].as_str().unwrap(), sizes(&row["input"]));
        let found = ModelSpec::from_text("m", &input, layer).ok().map(|model| model.summary());
        if row["mixes_samples"] == true {
            let error = found.as_ref().and_then(|summary| summary.error.as_deref()).unwrap_or_default();
            assert!(error.contains("the batch") && error.contains("dim"), "{layer}: {error}");
        }
        let found = found.and_then(|summary| Some((summary.output?, summary.parameters)));
        let expected =
            row["output"].as_array().map(|_| (sizes(&row["output"]), row["parameters"].as_u64().unwrap() as usize));
        if found != expected {
            wrong.push(format!("{layer} of {input:?}: {found:?}, PyTorch: {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_shape_promises_is_what_a_layer_gives() {
    let device = Device::cpu();
    for row in json("shapes/shapes.json").as_array().unwrap().iter().filter(|row| !row["output"].is_null()) {
        let (layer, input) = (row["layer"].as_str().unwrap(), sizes(&row["input"]));
        let model = ModelSpec::from_text("m", &input, layer).unwrap().build(&device).unwrap();
        let shape: Vec<usize> = std::iter::once(2).chain(input).collect();
        let output = no_grad(|| model.forward(&numbers(&shape, &device))).unwrap();
        assert_eq!(output.dims()[1..], sizes(&row["output"]), "{layer}");
    }
}

#[test]
fn networks_as_people_write_them_open() {
    let device = Device::cpu();
    let expected = json("networks/expected.json");
    let expected = expected.as_object().unwrap();
    assert!(expected.len() > 20);
    for (file, known) in expected {
        let text = std::fs::read_to_string(data("networks").join(file)).unwrap();
        let input = sizes(&known["input"]);
        let model = ModelSpec::from_text("net", &input, &text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let summary = model.summary();
        assert_eq!(summary.error, None, "{file}:\n{}", model.to_text());
        assert_eq!(summary.parameters as u64, known["parameters"].as_u64().unwrap(), "{file}");
        assert_eq!(ModelSpec::parse(&text).unwrap().lines.len(), summary.rows.len(), "{file}");
        let again = ModelSpec::from_text("net", &input, &model.to_text()).unwrap();
        assert_eq!(again, model, "{file} as Kindling's own text:\n{}", model.to_text());
        check_forward(file, &model, known, &device);
    }
}

/// Compares names in the state dict, and what the model gives, with PyTorch's.
fn check_forward(file: &str, model: &ModelSpec, known: &Value, device: &Device) {
    let built = model.build(device).unwrap();
    let state = built.state_dict().unwrap();
    let mut names: Vec<(String, Vec<usize>)> =
        state.iter().map(|(name, tensor)| (name.to_owned(), tensor.dims().to_vec())).collect();
    let mut expected: Vec<(String, Vec<usize>)> =
        known["state"].as_object().unwrap().iter().map(|(name, shape)| (name.clone(), sizes(shape))).collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected, "{file}:\n{}", model.to_text());
    let mut chosen = StateDict::default();
    for (name, tensor) in state.iter() {
        let is_buffer = ["running_mean", "running_var", "num_batches_tracked"].iter().any(|end| name.ends_with(end));
        let value = if is_buffer {
            tensor.clone()
        } else {
            let factor = (tensor.numel() as f64 / tensor.dims()[0] as f64).powf(-0.5);
            numbers(tensor.dims(), device).mul_scalar(factor).unwrap()
        };
        chosen.insert(name.to_owned(), value);
    }
    built.load_state_dict(&chosen).unwrap();
    built.eval();
    let shape: Vec<usize> = std::iter::once(2).chain(model.input.iter().copied()).collect();
    let input = numbers(&shape, device).add_scalar(1.0).unwrap();
    let output = no_grad(|| built.forward(&input)).unwrap();
    let output = block_on(output.to_vec::<f32>()).unwrap();
    let rows = known["output"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    let expected: Vec<f64> = rows.map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(output.len(), expected.len(), "{file}");
    let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (got, want) in output.iter().zip(&expected) {
        assert!((f64::from(*got) - want).abs() < 1e-4 * scale, "{file}: {output:?}, PyTorch: {expected:?}");
    }
}

#[test]
fn a_preset_copied_as_pytorch_and_pasted_is_the_same_model() {
    for known in PRESETS {
        let model = preset(known.name, &known.input, 10).unwrap();
        let code = classes(&model).unwrap();
        let pasted = ModelSpec::from_text(known.name, &known.input, &code).unwrap_or_else(|e| panic!("{code}\n{e}"));
        assert_eq!(pasted.to_text(), model.to_text(), "{code}");
        assert_eq!(pasted, model);
    }
}

/// Checks the words of each refusal.
#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let net = |init: &str, forward: &str| {
        format!(
            "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        {init}\n\n    def forward(self, x):\n        {forward}\n"
        )
    };
    for (text, words) in [
        (net("self.a = nn.LSTM(3, 4)", "return self.a(x)"), &["line 4", "LSTM"][..]),
        (net("self.a = nn.Linear(3, 4)", "return self.a(x) * x"), &["line 7", "'*'"]),
        (net("self.a = nn.Linear(3, 3)", "return self.a(self.a(x))"), &["line 7", "twice"]),
        (net("self.a = nn.Linear(3, 3)", "return F.dropout(self.a(x))"), &["line 7", "training=self.training"]),
        (net("self.a = nn.Linear(3, 3)", "return self.b(x)"), &["line 7", "no b"]),
        (net("self.a = nn.Linear(3, 3)", "return self.a(x), x"), &["several results"]),
        (net("self.a = nn.Linear(3, 3)", "return torch.flatten(self.a(x))"), &["batch dimension"]),
        (net("self.a = nn.Linear(3)", "return self.a(x)"), &["line 4", "out_features"]),
        (
            net("self.a = nn.Conv2d(3, 4, 3, padding_mode='reflect')", "return self.a(x)"),
            &["line 4", "padding_mode", "'zeros'"],
        ),
        (net("self.a = nn.Linear(3, 3)", "return torch.cat([self.a(x), x])"), &["line 7", "dimension 1"]),
        (net("self.a = nn.Linear(3, 3)", "y = self.a(x); return torch.cat([y, F.relu(y), x], 1) + y"), &["twice"]),
        (net("self.a = nn.Upsample(scale_factor='x')", "return self.a(x)"), &["line 4", "one factor or two"]),
        (net("self.a = nn.MultiheadAttention(4, 2)", "return self.a(x, x, x)[0]"), &["line 4", "batch_first"]),
        (
            net("self.a = nn.Linear(3, 3); self.b = nn.Linear(3, 3)", "return self.a(x)"),
            &["line 4", "b (Linear)", "forward does not use it"],
        ),
        (
            net("self.a = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3))", "return self.a(x) + x"),
            &["line 7", "in place"],
        ),
        (net("self.a = nn.Linear(3, 3)", "return torch.add(x, self.a(x), alpha=2)"), &["line 7", "add"]),
        (net("self.a = nn.Linear(784, 4)", "return self.a(F.relu(x.view(-1, 400)))"), &["line 7", "784", "400"]),
        (net("self.a = nn.Linear(3, 3)", "return F.relu(self.a(x).view(-1, 2))"), &["2 of 3"]),
        (net("while True: pass", "return x"), &["line 4", "while"]),
        (net("self.a = nn.Linear(784, 4)", "return self.a(x.view(-1, 400))"), &["line 7", "784", "400"]),
        ("nn.Sequential(nn.Linear(3, 4)\nnn.ReLU()".into(), &["line 1", "not closed"]),
        ("import torch\nprint('x')\n".into(), &["no model"]),
        ("class Net(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n".into(), &["Net needs n"]),
        ("MaxPool2d(2, return_indices=True)".into(), &["return_indices", "False"]),
        ("ReLU(inplaced=True)".into(), &["inplaced"]),
        ("Linear(4, 'x')".into(), &["whole number"]),
        ("MaxPool2d((1, 2, 3))".into(), &["one size or two"]),
    ] {
        let model = ModelSpec::from_text("m", &[3], &text);
        let error = model.and_then(|model| model.check()).expect_err(&text).to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{text}\n{error}");
        for word in ["usize", "untagged", "Some(", "None)"] {
            assert!(!error.contains(word), "{error}");
        }
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn branches_are_concatenated_by_channels() {
    let summary = |text: &str| ModelSpec::from_text("m", &[3, 8, 8], text).unwrap().summary();
    let fits = summary("Concat {\n Identity()\n a: Conv2d(3, 5, 1)\n _: Sequential {\n  MaxPool2d(1)\n }\n}");
    assert_eq!((fits.error, fits.output), (None, Some(vec![11, 8, 8])));
    let depths: Vec<(&str, usize)> = fits.rows.iter().map(|row| (row.name.as_str(), row.depth)).collect();
    assert_eq!(depths, [("0", 0), ("0.0", 1), ("0.a", 1), ("0", 1), ("0.0", 2)]);
    let fitted = ModelSpec::from_text("m", &[3, 8, 8], "Concat {\n Identity()\n Conv2d(9, 5, 1)\n}\nConv2d(3, 2, 1)");
    assert_eq!(fitted.unwrap().fitted().summary().output, Some(vec![2, 8, 8]));
    for (text, words) in [
        ("Concat {\n Identity()\n MaxPool2d(2)\n}", "0 (Concat) concatenates 3×8×8 and 3×4×4"),
        ("cat: Concat {\n}", "cat has no layers"),
        ("Concat {\n a: Conv2d(4, 2, 1)\n}", "0.a expects 4 channels"),
        ("Concat {\n a: ReLU()\n a: ReLU()\n}", "two layers are named a"),
    ] {
        let error = summary(text).error.unwrap();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn depth_and_size_have_limits() {
    let refused = |text: &str| {
        let model = ModelSpec::from_text("m", &[3, 32, 32], text);
        model.and_then(|model| model.check()).expect_err("it is too much").to_string()
    };
    for depth in [40, 500, 50_000] {
        let blocks = format!("{}ReLU()\n{}", "Residual {\n".repeat(depth), "}\n".repeat(depth));
        assert!(refused(&blocks).contains("levels deep"), "{depth}");
        let calls = format!("nn.Sequential({}nn.ReLU(){})", "nn.Sequential(".repeat(depth), ")".repeat(depth));
        assert!(refused(&calls).contains("deep"), "{depth}");
        let printed =
            format!("Sequential(\n{}(0): ReLU()\n{})\n", "(0): Sequential(\n".repeat(depth), ")\n".repeat(depth));
        assert!(refused(&printed).contains("deep"), "{depth}");
        let json = format!(
            "{{\"name\":\"m\",\"input\":[3],\"layers\":[{}{{\"type\":\"ReLU\"}}{}]}}",
            "{\"type\":\"Sequential\",\"layers\":[".repeat(depth),
            "]}".repeat(depth)
        );
        let error = ModelSpec::from_json(&json).expect_err("it is too deep").to_string();
        assert!(error.contains("deep"), "{error}");
        assert!(refused(&format!("Linear({}1{}, 2)", "(".repeat(depth), ")".repeat(depth))).contains("deep"));
        if depth < 100 {
            continue;
        }
        assert!(refused(&format!("x = {}1", "-".repeat(depth))).contains("deep"));
        assert!(refused(&format!("x = 1{}", "+1".repeat(depth * 10))).contains("levels"));
        for head in ["if a: ", "if True: ", "for a in b: ", "def f(): ", "class A: "] {
            let error = refused(&format!("{}pass\nnet = nn.Sequential(nn.ReLU())", head.repeat(depth)));
            assert!(error.contains("line 1") && error.contains("more than 60 levels deep"), "{head}{depth}: {error}");
        }
        let blocks: String = (0..depth.min(2000)).map(|i| format!("{}if a:\n", " ".repeat(i))).collect();
        assert!(refused(&blocks).contains("deep"), "{depth}");
        // Quotes in quotes, each level with twice the backslashes.
        let quoted = (0..12)
            .fold("x".to_owned(), |text, _| format!("f'{{{}}}'", text.replace('\\', "\\\\").replace('\'', "\\'")));
        assert!(!refused(&format!("import torch\na = {quoted}")).is_empty());
    }
    assert!(refused("Flatten()\nLinear(1000000000000, 1000000000000)").contains("1000000000001000000000000"));
    assert!(refused("Conv2d(3, 4, 1, padding=1000000000)").contains("elements"));
    assert!(refused("Conv2d(3, 4, 18446744073709551615)").contains("parameters"));
    assert!(refused("Linear(99999999999999999999999, 2)").contains("whole number"));
    assert!(refused(&"ReLU()\n".repeat(10_001)).contains("10000 layers"));
    assert!(refused("def f(x):\n    return f(x)\nnet = nn.Sequential(f(1))").contains("deep"));
    assert!(refused("net = nn.Sequential(*[nn.ReLU() for i in range(10**9)])").contains("20000"));
    assert!(
        refused("a = [0] * 10000\nfor i in a:\n    for j in a:\n        b = i\nnet = nn.Sequential()")
            .contains("steps")
    );
}
