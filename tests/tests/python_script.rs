//! Models as PyTorch code: what is written is run by the interpreter of golden programs, and gives what the model gives.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use kindling::data::Preprocessing;
use kindling::nn::Module;
use kindling::train::model::{PRESETS, preset};
use kindling::train::python::{Script, classes, literal};
use kindling::train::{Augment, DataSpec, LossSpec, ModelSpec, TrainSpec};
use kindling::{Device, Tensor, block_on, no_grad};
use kindling_tests::python::torch::module;
use kindling_tests::python::{Args, Error, Interpreter, Value};

/// Runs a model and its code on the same input.
fn compare(spec: &ModelSpec) {
    let device = Device::cpu();
    let model = spec.build(&device).unwrap();
    model.eval();
    let code = classes(spec).unwrap();
    let python = Interpreter::new(&device);
    python.run(&code).unwrap_or_else(|e| panic!("{code}\n{e}"));
    let net = python.call(&python.eval("Net").unwrap(), Args::default()).unwrap_or_else(|e| panic!("{code}\n{e}"));
    let state = model.state_dict().unwrap();
    let lookup = |name: &str| match state.iter().find(|(known, _)| *known == name) {
        Some((_, tensor)) => Ok(tensor.clone()),
        None => Err(Error::new(format!("the model has no {name}"))),
    };
    module::load(&net, "", &lookup).unwrap_or_else(|e| panic!("{code}\n{e}"));
    let mut names: Vec<String> = module::members(&net).unwrap().into_iter().map(|(name, _)| name).collect();
    let mut known: Vec<String> = state.iter().map(|(name, _)| name.to_owned()).collect();
    names.sort();
    known.sort();
    assert_eq!(names, known, "{code}");
    python.call_method(&net, "eval", Args::default()).unwrap();
    let shape: Vec<usize> = [2].iter().chain(&spec.input).copied().collect();
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|i: usize| ((i * 7919) % 2003) as f32 / 1001.0).collect();
    let input = Tensor::from_slice(&numbers, shape, &device).unwrap();
    let (want, got) = no_grad(|| {
        let got =
            python.call(&net, Args::of(vec![Value::Tensor(input.clone())])).unwrap_or_else(|e| panic!("{code}\n{e}"));
        (model.forward(&input).unwrap(), got.as_tensor().unwrap().clone())
    });
    let [want, got] = [want, got].map(|tensor| block_on(tensor.to_vec::<f32>()).unwrap());
    assert_eq!(want, got, "{code}");
}

#[test]
fn every_preset_is_the_same_network_in_pytorch() {
    for known in PRESETS {
        let channels = if known.name == "intro" { 1 } else { 3 };
        compare(&preset(known.name, &[channels, 32, 32], 10).unwrap());
    }
}

#[test]
fn blocks_and_layers_without_names_keep_their_positions() {
    let text = "
        Conv2d(3, 4, 3, padding=1)
        BatchNorm2d(4)
        LeakyReLU(0.2)
        LeakyReLU()
        Residual(ReLU()) {
            Conv2d(4, 4, 3, padding='same')
            inner: Residual {
                Conv2d(4, 4, 1)
            }
        } shortcut {
            Conv2d(4, 4, 1, bias=False)
        }
        two: Sequential {
            first: Conv2d(4, 2, (3, 1), stride=2)
            Sigmoid()
        }
        Flatten()
        Linear(480, 5)";
    compare(&ModelSpec::from_text("odd", &[3, 32, 32], text).unwrap());
}

#[test]
fn layers_of_images_and_sequences_are_the_same_in_pytorch() {
    let text = "
        norm: GroupNorm(1, 4, affine=False)
        GroupNorm(2, 4)
        PReLU(4, init=0.1)
        InstanceNorm2d(4)
        InstanceNorm2d(4, affine=True, track_running_stats=True)
        CELU(0.5)
        up: ConvTranspose2d(4, 6, (3, 2), stride=2, padding=(1, 0), output_padding=1, groups=2, bias=False)
        Hardtanh(-2, 2)
        Dropout2d(0.3)
        Upsample(scale_factor=0.7, mode='bilinear', align_corners=False)
        size: Upsample(size=(6, 4))
        Softsign()
        Flatten(2)
        Conv1d(6, 16, 3, stride=2, padding='valid')
        GLU(1)
        attention: Sequential {
            RMSNorm(11)
            Transpose(1, 2)
            TransformerEncoderLayer(8, 2, dim_feedforward=10, activation=gelu, norm_first=True)
            deep: TransformerEncoderLayer(8, 4, 12, layer_norm_eps=1e-4)
            TransformerEncoderLayer(8, 2, 6, is_causal=True)
            MultiheadAttention(8, 2, is_causal=True)
        }
        RMSNorm((11, 8), eps=1e-3, elementwise_affine=False)
        Flatten()
        head: Linear(88, 5)";
    compare(&ModelSpec::from_text("layers", &[4, 7, 5], text).unwrap());
}

#[test]
fn concatenated_branches_are_the_same_in_pytorch() {
    let text = "
        inc: Conv2d(3, 4, 3, padding=1)
        _: Concat {
            Identity()
            _: Sequential {
                MaxPool2d(2)
                down: Conv2d(4, 6, 3, padding=1)
                ReLU()
                _: Concat {
                    _: Sequential {
                        MaxPool2d(2)
                        deep: Conv2d(6, 8, 1)
                        up1: ConvTranspose2d(8, 6, 2, stride=2)
                    }
                    Identity()
                }
                up2: ConvTranspose2d(12, 4, 2, stride=2)
            }
        }
        block: Concat {
            Conv2d(8, 2, 1)
            ReLU()
            AvgPool2d(3, stride=1, padding=1)
            inner: Concat {
                Sequential {
                    Conv2d(8, 3, 3, padding=1)
                    BatchNorm2d(3)
                }
                ReLU()
            }
            Residual {
                same: Conv2d(8, 8, 1)
            }
        }
        AdaptiveAvgPool2d(1)
        Flatten()
        Linear(37, 5)";
    let model = ModelSpec::from_text("unet", &[3, 8, 8], text).unwrap();
    compare(&model);
    let pasted = ModelSpec::from_text("unet", &[3, 8, 8], &classes(&model).unwrap()).unwrap();
    assert_eq!(pasted.to_text(), model.to_text());
}

#[test]
fn layers_may_bear_any_name_that_pytorch_takes() {
    let mut model = ModelSpec::from_text(
        "names",
        &[3, 8, 8],
        "
        a: Conv2d(3, 4, 3, padding=1)
        b: BatchNorm2d(4)
        ReLU()
        c: Conv2d(4, 4, 1)
        Flatten()
        ReLU()
        d: Linear(256, 6)
        ReLU()
        e: Linear(6, 5)",
    )
    .unwrap();
    let names = [
        ["features.0", "features.1", "features.2.in", "flatten", "classifier.0"],
        ["in", "class", "forward", "train", "type"],
        ["relu", "flatten", "_x", "__y", "0"],
        ["é", "ﬁ", "a\"b\n", "'''", "back\\"],
        ["a.relu", "training.0", "training.1", "x y", "lambda"],
    ];
    for names in names {
        let named = model.layers.iter_mut().filter(|layer| layer.name.is_some());
        named.zip(names).for_each(|(layer, name)| layer.name = Some(name.to_owned()));
        compare(&model);
    }
    model.layers[0].name = Some("a..b".into());
    assert!(classes(&model).unwrap_err().to_string().contains("a..b"));
}

#[test]
fn nothing_from_a_file_runs_in_a_script() {
    let bad = "x\"\"\"\nopen('RAN', 'w')\n\"\"\"'''\\\r\u{2028}\u{202e}\0\u{1f600}";
    let mut model = preset("softmax", &[3, 8, 8], 2).unwrap();
    model.name = bad.to_owned();
    let (classes, steps) = (vec![bad.to_owned(), "\\".to_owned()], Preprocessing::new([3, 8, 8], None));
    for data in ["cifar10", "fashion-mnist", "folder", "numpy", "shapes", bad] {
        let data = DataSpec { name: data.into(), path: Some(bad.into()), ..DataSpec::default() };
        let train = TrainSpec { data, ..TrainSpec::default() };
        let script = Script {
            model: &model,
            preprocessing: Some(&steps),
            table: None,
            classes: &classes,
            train: Some(&train),
            weights: bad,
        };
        let text = script.text().unwrap();
        let parsed = ruff_python_parser::parse_module(&text).unwrap_or_else(|e| panic!("{text}\n{e}"));
        let called = parsed
            .syntax()
            .body
            .iter()
            .any(|statement| matches!(statement, ruff_python_ast::Stmt::Expr(e) if e.value.is_call_expr()));
        assert!(!called, "a script calls nothing before its start:\n{text}");
        let lines = |c: char| text.chars().filter(|other| *other == c).count();
        assert_eq!([lines('\u{202e}'), lines('\u{2028}'), lines('\0'), lines('\r')], [0; 4]);
    }
    assert_eq!(literal("a\"\\\n\u{1f600}é"), r#""a\"\\\n\U0001f600é""#);
}

#[test]
fn a_script_says_what_the_run_was() {
    let model = preset("cifar-intro", &[3, 32, 32], 10).unwrap();
    let classes: Vec<String> = (0..10).map(|i| format!("class \"{i}\"")).collect();
    let train = TrainSpec {
        augment: vec![Augment::RandomCrop { size: [32; 2], padding: 4 }, Augment::RandomErasing { p: 0.25 }],
        loss: LossSpec::CrossEntropy { label_smoothing: 0.1 },
        clip_grad_norm: Some(1.0),
        ..TrainSpec::default()
    };
    let script = |train: &TrainSpec| {
        let steps = Preprocessing::new([3, 32, 32], None);
        let (preprocessing, train) = (Some(&steps), Some(train));
        let script = Script { model: &model, preprocessing, table: None, classes: &classes, train, weights: "w" };
        (script.has_loop(), script.text().unwrap())
    };
    let (has_loop, text) = script(&train);
    assert!(has_loop);
    for part in [
        "torch.optim.Adam(net.parameters(), ",
        "lr=0.001",
        "nn.CrossEntropyLoss(label_smoothing=0.1)",
        "clip_grad_norm_(net.parameters(), 1)",
        "v2.RandomCrop(padding=4, size=32)",
        "v2.RandomErasing(p=0.25)",
        "datasets.CIFAR10(",
        r#""class \"3\"""#,
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    // Only Kindling has these pictures.
    let shapes = TrainSpec { data: DataSpec { name: "shapes".into(), ..DataSpec::default() }, ..train };
    let (has_loop, text) = script(&shapes);
    assert!(!has_loop && !text.contains("def train("), "{text}");
}
