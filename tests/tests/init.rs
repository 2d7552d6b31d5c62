//! Initial values against PyTorch's distributions: `golden/init/init.json`.

use std::collections::BTreeMap;

use kindling::nn::init::{self, Fan, Nonlinearity, calculate_gain};
use kindling::nn::{
    BatchNorm1d, BatchNorm2d, Conv1d, Conv2d, Conv2dSpec, ConvTranspose2d, Embedding, EmbeddingSpec, GroupNorm,
    LayerNorm, Linear, Module, MultiheadAttention,
};
use kindling::{Device, Result, Tensor, block_on, manual_seed};
use serde_json::Value;

fn cases() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/init/init.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn filled(shape: &[usize], fill: impl Fn(&Tensor) -> Result<()>) -> Result<Tensor> {
    let tensor = Tensor::full(shape, f64::NAN, &Device::cpu())?;
    fill(&tensor)?;
    Ok(tensor)
}

fn of(module: &dyn Module, name: &str) -> Tensor {
    let state = module.state_dict().unwrap_or_default();
    state.get(name).cloned().unwrap_or_else(|| panic!("there is no {name}"))
}

/// Creates the sample of a case by its name; `None` for a layer that Kindling does not have.
fn make(name: &str) -> Result<Option<Tensor>> {
    let device = &Device::cpu();
    let conv = |spec: Conv2dSpec, name: &str| Ok::<_, kindling::Error>(of(&Conv2d::from_spec(&spec, device)?, name));
    let grouped = |out: usize| Conv2dSpec::new(16, out, 3).groups(4);
    let relu = Nonlinearity::Relu;
    Ok(Some(match name.split(" (").next().unwrap_or(name) {
        "linear.weight" => of(&Linear::new(120, 84, device)?, "weight"),
        "linear.bias" => of(&Linear::new(120, 84, device)?, "bias"),
        "linear_wide.weight" => of(&Linear::new(9, 336, device)?, "weight"),
        "conv2d.weight" => conv(Conv2dSpec::new(8, 84, 3), "weight")?,
        "conv2d.bias" => conv(Conv2dSpec::new(8, 84, 3), "bias")?,
        "conv2d_rect.weight" => conv(Conv2dSpec::new(8, 64, [3, 5]), "weight")?,
        "conv2d_groups.weight" => conv(grouped(32), "weight")?,
        "conv2d_groups.bias" => conv(grouped(320), "bias")?,
        "conv2d_depthwise.weight" => conv(Conv2dSpec::new(64, 64, 3).groups(64), "weight")?,
        "conv1d.weight" => of(&Conv1d::new(16, 32, 5, device)?, "weight"),
        "conv_transpose2d.weight" => of(&ConvTranspose2d::new(16, 8, 3, device)?, "weight"),
        "conv_transpose2d.bias" => of(&ConvTranspose2d::new(16, 200, 3, device)?, "bias"),
        "embedding.weight" => of(&Embedding::new(50, 64, device)?, "weight"),
        "embedding padding row" => {
            let spec = EmbeddingSpec { num_embeddings: 50, embedding_dim: 64, padding_idx: Some(3) };
            of(&Embedding::from_spec(&spec, device)?, "weight").select(0, 3)?
        }
        "BatchNorm1d(10).weight" => of(&BatchNorm1d::new(10, device)?, "weight"),
        "BatchNorm1d(10).bias" => of(&BatchNorm1d::new(10, device)?, "bias"),
        "BatchNorm2d(10).weight" => of(&BatchNorm2d::new(10, device)?, "weight"),
        "BatchNorm2d(10).bias" => of(&BatchNorm2d::new(10, device)?, "bias"),
        "BatchNorm2d(10).running_mean" => of(&BatchNorm2d::new(10, device)?, "running_mean"),
        "BatchNorm2d(10).running_var" => of(&BatchNorm2d::new(10, device)?, "running_var"),
        "GroupNorm(2, 10).weight" => of(&GroupNorm::new(2, 10, device)?, "weight"),
        "GroupNorm(2, 10).bias" => of(&GroupNorm::new(2, 10, device)?, "bias"),
        "LayerNorm(10).weight" => of(&LayerNorm::new(&[10], device)?, "weight"),
        "LayerNorm(10).bias" => of(&LayerNorm::new(&[10], device)?, "bias"),
        "MultiheadAttention.in_proj_weight" => of(&MultiheadAttention::new(32, 4, device)?, "in_proj_weight"),
        "MultiheadAttention.in_proj_bias" => of(&MultiheadAttention::new(32, 4, device)?, "in_proj_bias"),
        "MultiheadAttention.out_proj.weight" => of(&MultiheadAttention::new(32, 4, device)?, "out_proj.weight"),
        "MultiheadAttention.out_proj.bias" => of(&MultiheadAttention::new(32, 4, device)?, "out_proj.bias"),
        "kaiming_uniform_ fan_in relu" => filled(&[84, 120], |t| init::kaiming_uniform_(t, Fan::In, relu))?,
        "kaiming_uniform_ fan_out relu conv" => filled(&[84, 6, 3, 3], |t| init::kaiming_uniform_(t, Fan::Out, relu))?,
        "kaiming_uniform_ leaky_relu" => {
            filled(&[84, 6, 3, 3], |t| init::kaiming_uniform_(t, Fan::In, Nonlinearity::LeakyRelu(0.2)))?
        }
        "kaiming_normal_ fan_in relu" => filled(&[84, 120], |t| init::kaiming_normal_(t, Fan::In, relu))?,
        "kaiming_normal_ fan_out relu conv" => filled(&[84, 6, 3, 3], |t| init::kaiming_normal_(t, Fan::Out, relu))?,
        "kaiming_normal_ linear" => filled(&[84, 120], |t| init::kaiming_normal_(t, Fan::In, Nonlinearity::Linear))?,
        "xavier_uniform_" => filled(&[84, 120], |t| init::xavier_uniform_(t, 1.0))?,
        "xavier_uniform_ gain tanh" => filled(&[84, 120], |t| init::xavier_uniform_(t, 5.0 / 3.0))?,
        "xavier_uniform_ conv" => filled(&[84, 6, 3, 3], |t| init::xavier_uniform_(t, 1.0))?,
        "xavier_normal_" => filled(&[84, 120], |t| init::xavier_normal_(t, 1.0))?,
        "uniform_" => filled(&[84, 120], |t| init::uniform_(t, -0.5, 2.0))?,
        "normal_" => filled(&[84, 120], |t| init::normal_(t, 1.5, 0.25))?,
        "trunc_normal_" => filled(&[84, 120], |t| init::trunc_normal_(t, 0.0, 0.02, -0.04, 0.04))?,
        "trunc_normal_ wide" => filled(&[84, 120], |t| init::trunc_normal_(t, 0.0, 0.5, -2.0, 2.0))?,
        "constant_" => filled(&[3, 4], |t| init::constant_(t, 0.3))?,
        "ones_" => filled(&[3, 4], init::ones_)?,
        "zeros_" => filled(&[3, 4], init::zeros_)?,
        "eye_" => filled(&[3, 5], init::eye_)?,
        "dirac_" => filled(&[3, 2, 3], init::dirac_)?,
        "orthogonal_ wide" => filled(&[12, 30], |t| init::orthogonal_(t, 1.0))?,
        "orthogonal_ tall" => filled(&[30, 12], |t| init::orthogonal_(t, 2.0))?,
        _ => return Ok(None),
    }))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn flat(value: &Value, out: &mut Vec<f64>) {
    match value {
        Value::Array(list) => list.iter().for_each(|inner| flat(inner, out)),
        value => out.push(number(value)),
    }
}

/// Checks that a sample follows a distribution.
fn check(case: &Value, shape: &[usize], sample: &[f64]) -> Result<(), String> {
    let (mean, n) = (sample.iter().sum::<f64>() / sample.len() as f64, sample.len() as f64);
    let std = (sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    let distribution = &case["distribution"];
    let expect = |ok: bool, what: &str| if ok { Ok(()) } else { Err(format!("{what}: mean {mean}, std {std}")) };
    match distribution["kind"].as_str().unwrap_or_default() {
        "constant" => expect(sample.iter().all(|x| (x - number(&distribution["value"])).abs() < 1e-7), "constant"),
        "exact" => {
            let mut want = Vec::new();
            flat(&distribution["values"], &mut want);
            expect(want == sample, "exact")
        }
        "orthogonal" => {
            let (rows, columns) = (shape[0], shape[1]);
            let at = |i: usize, j: usize| sample[i * columns + j];
            let (count, length) = (rows.min(columns), rows.max(columns));
            let entry = |v: usize, i: usize| if rows <= columns { at(v, i) } else { at(i, v) };
            let gain = number(&distribution["gain"]);
            for a in 0..count {
                for b in 0..count {
                    let dot: f64 = (0..length).map(|i| entry(a, i) * entry(b, i)).sum();
                    let want = if a == b { gain * gain } else { 0.0 };
                    expect((dot - want).abs() < 1e-5, "orthogonal")?;
                }
            }
            Ok(())
        }
        _ => {
            let low = distribution.get("low").map_or(f64::NEG_INFINITY, number);
            let high = distribution.get("high").map_or(f64::INFINITY, number);
            let within = |x: &f64| *x >= low - 1e-6 && *x <= high + 1e-6;
            expect(sample.iter().all(within), "bounds")?;
            expect((mean - number(&case["mean"])).abs() <= number(&case["mean_max_deviation"]), "mean")?;
            if let Some(most) = case["std_max_relative_deviation"].as_f64() {
                expect((std / number(&case["std"]) - 1.0).abs() <= most, "spread")?;
            }
            let reach = sample.iter().map(|x| (x - number(&case["mean"])).abs()).fold(0.0, f64::max);
            let least = case["max_abs_from_mean_at_least"].as_f64().unwrap_or(0.0);
            expect(reach >= least, "reach")
        }
    }
}

#[test]
fn samples_have_pytorchs_distributions() -> Result<()> {
    let suite = cases();
    let mut missing = Vec::new();
    let mut seen: BTreeMap<bool, usize> = BTreeMap::new();
    manual_seed(1);
    for case in suite["cases"].as_array().into_iter().flatten() {
        let name = case["name"].as_str().unwrap_or_default();
        let Some(tensor) = make(name)? else {
            missing.push(name);
            continue;
        };
        let shape: Vec<usize> = case["shape"].as_array().into_iter().flatten().map(|n| number(n) as usize).collect();
        assert_eq!(tensor.dims(), shape, "{name}");
        let sample = block_on(tensor.to_array())?.to_f64();
        check(case, &shape, &sample).unwrap_or_else(|why| panic!("{name}: {why}"));
        *seen.entry(true).or_default() += 1;
    }
    assert!(seen.get(&true).is_some_and(|n| *n >= 49), "{seen:?}");
    // Layers that Kindling does not have.
    let known = ["RNN", "LSTM", "GRU"];
    let odd: Vec<_> = missing.iter().filter(|name| !known.iter().any(|known| name.starts_with(known))).collect();
    assert!(odd.is_empty(), "{odd:?}");
    Ok(())
}

#[test]
fn gains_are_pytorchs() -> Result<()> {
    for case in cases()["gains"].as_array().into_iter().flatten() {
        let name = case["nonlinearity"].as_str().unwrap_or_default();
        let gain = calculate_gain(Nonlinearity::named(name, case["param"].as_f64())?);
        assert!((gain - number(&case["gain"])).abs() < 1e-12, "{case}");
    }
    assert!(Nonlinearity::named("relu6", None).is_err());
    Ok(())
}

#[test]
fn a_seed_gives_the_same_network() -> Result<()> {
    let weights = || -> Result<Vec<f32>> {
        manual_seed(3);
        block_on(Linear::new(7, 5, &Device::cpu())?.weight.to_vec())
    };
    assert_eq!(weights()?, weights()?);
    Ok(())
}

#[test]
fn invalid_tensors_are_refused() -> Result<()> {
    let vector = Tensor::zeros([3], &Device::cpu())?;
    for refused in [
        init::xavier_uniform_(&vector, 1.0),
        init::kaiming_normal_(&vector, Fan::In, Nonlinearity::Relu),
        init::orthogonal_(&vector, 1.0),
        init::eye_(&vector),
        init::dirac_(&vector),
        init::trunc_normal_(&vector, 0.0, 1.0, 2.0, -2.0),
    ] {
        let error = refused.map_or_else(|e| e.to_string(), |()| panic!("accepted"));
        assert!(error.contains("_: "), "{error}");
    }
    Ok(())
}
