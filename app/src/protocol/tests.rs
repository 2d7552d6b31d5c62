//! Round trips of messages through JSON.

use super::*;
use kindling::train::{Position, StepResult};

fn round_trip(message: &FromWorker) -> FromWorker {
    let text = serde_json::to_string(message).expect("messages are plain data");
    serde_json::from_str(&text).expect("a written message can be read")
}

#[test]
fn answers_survive_a_round_trip() {
    let adapter = Adapter { vendor: "nvidia".into(), max_buffer: 4_294_967_296.0, ..Adapter::default() };
    let progress = Progress {
        run: 3,
        position: Position { epoch: 1, batch: 2, batches: 3, step: 5 },
        results: vec![StepResult { step: 5, loss: 0.1 + 0.2, accuracy: Some(1.0 / 3.0) }],
        lr: 1e-3,
        samples_per_second: 8420.5,
        ms_per_step: 3.1,
        gpu_bytes: 1 << 40,
        dispatches_per_step: 22.0,
    };
    for message in [
        FromWorker::Ready,
        FromWorker::Hardware(Hardware::Gpu(adapter)),
        FromWorker::Hardware(Hardware::Cpu(NoGpu::Refused { reason: "lost".into() })),
        FromWorker::Progress(progress),
    ] {
        assert_eq!(round_trip(&message), message);
    }
    let request = serde_json::to_string(&ToWorker::ProbeHardware).expect("messages are plain data");
    assert_eq!(request, "\"probe-hardware\"");
}

#[test]
fn requests_survive_a_round_trip() {
    let source = DataSource { train: Some(5), ..DataSource::new(DataKind::Cifar { hundred: false, url: None }) };
    let spec = TrainSpec { preset: Some("mlp".into()), ..TrainSpec::default() };
    let cell = Inspection::Predictions(PredictionsRequest {
        order: Order::MostConfidentErrors,
        cell: Some((1, 2)),
        ..PredictionsRequest::default()
    });
    for message in [
        ToWorker::OpenData(source),
        ToWorker::Begin { run: 1, spec },
        ToWorker::Change { run: 1, change: LiveChange::Lr(0.1) },
        ToWorker::Inspect(cell),
    ] {
        let text = serde_json::to_string(&message).expect("messages are plain data");
        assert_eq!(serde_json::from_str::<ToWorker>(&text).expect("readable"), message);
    }
}

#[test]
fn numbers_of_a_diverged_network_survive_a_round_trip() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let wide = f64::from(bad);
        let histogram = Histogram { min: bad, max: bad, mean: bad, std: bad, counts: vec![1] };
        let norms = LayerNorms {
            name: "conv1".into(),
            activation: wide,
            weight: Some(wide),
            gradient: Some(wide),
            update: None,
        };
        let step = StepView {
            step: 3,
            loss: wide,
            accuracy: None,
            lr: 1e6,
            size: [0; 2],
            labels: Vec::new(),
            predictions: Vec::new(),
            layers: vec![norms],
        };
        let layer = LayerView {
            name: "conv1".into(),
            shape: vec![1],
            channels: 1,
            size: [1; 2],
            range: [bad, 1.0],
            zeros: bad,
        };
        let parameter =
            ParameterView { name: "w".into(), shape: vec![1], weight: histogram.clone(), gradient: Some(histogram) };
        let prediction = Prediction { index: 0, label: 1, predicted: 0, probabilities: vec![0.5, bad] };
        let inspected = |answer| FromWorker::Inspected { step: 3, answer };
        for message in [
            FromWorker::Stepped { run: 1, step },
            inspected(Answer::Activations(ActivationsView {
                size: [1; 2],
                label: None,
                layers: vec![layer],
                probabilities: vec![bad],
            })),
            inspected(Answer::Histograms(HistogramsView { parameters: vec![parameter] })),
            inspected(Answer::Predictions(PredictionsView {
                split: SplitName::Test,
                first: 0,
                of: 1,
                searched: 1,
                size: [1; 2],
                items: vec![prediction],
            })),
        ] {
            // NaN is unequal to itself, so the debug texts are compared.
            assert_eq!(format!("{:?}", round_trip(&message)), format!("{message:?}"));
        }
    }
}
