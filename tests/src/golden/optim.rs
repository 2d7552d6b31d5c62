//! Replay of `optim/`: trajectories and states of optimizers, learning-rate schedules, gradient
//! clipping.

use kindling::optim::{Optimizer, OptimizerSpec, Schedule, Scheduler, StateValue, clip_grad_norm_, clip_grad_value_};
use kindling::read_many;
use kindling::{Device, Tensor};
use serde_json::{Map, Value as Json};

use super::call::number;
use super::{Entry, Failure, File, Report, Tolerance, compare};

/// Name that selects all of these files.
pub const FAMILY: &str = "optim";

/// Tolerance of rates: schedules compute in f64.
const RATES: Tolerance = Tolerance { rtol: 1e-9, atol: 1e-12 };

/// Replays a safetensors file: an optimizer's trajectories, or `clip_grad`.
///
/// # Errors
/// The file does not have this format; a failing case is in the report.
pub async fn run(family: &str, bytes: &[u8], device: &Device, report: &mut Report) -> Result<(), Failure> {
    let file = File::parse(bytes)?;
    let of_file = |key: &str| file.metadata.get(key).and_then(|text| text.parse::<f64>().ok());
    let (Some(rtol), Some(atol)) = (of_file("rtol"), of_file("atol")) else { return Err(bad("rtol and atol")) };
    for case in list(&file.json("cases")?)? {
        let tolerance = case.get("tol").and_then(Tolerance::of).unwrap_or(Tolerance { rtol, atol });
        let name = text(&case["case"])?;
        let outcome = match case.get("op") {
            Some(op) => clip(text(op)?, name, case, &file, device, tolerance).await,
            None => trajectory(name, case, &file, device, tolerance).await,
        };
        report.add(family, name, outcome);
    }
    Ok(())
}

/// A tensor of all steps, split by step.
struct Steps<'a>(&'a Entry);

impl Steps<'_> {
    fn at(&self, step: usize) -> Result<Tensor, Failure> {
        Ok(self.0.tensor(&Device::cpu())?.select(0, step as isize)?)
    }
}

async fn trajectory(
    name: &str,
    case: &Json,
    file: &File,
    device: &Device,
    tolerance: Tolerance,
) -> Result<(), Failure> {
    let need = |what: String| file.need(&format!("{name}/{what}"));
    let params: Vec<Tensor> = (0..count(&case["n_params"])?)
        .map(|i| Ok(need(format!("param{i}"))?.tensor(device)?.requires_grad_(true)?))
        .collect::<Result<_, Failure>>()?;
    let mut optimizer = grouped(case, &params)?;
    let skipped: Vec<(usize, usize)> = list(&case["none_grads"])?
        .iter()
        .map(|pair| Ok((count(&pair[0])?, count(&pair[1])?)))
        .collect::<Result<_, Failure>>()?;

    for step in 0..count(&case["steps"])? {
        optimizer.zero_grad();
        for (i, param) in params.iter().enumerate() {
            if !skipped.contains(&(step, i)) {
                param.set_grad(Some(Steps(need(format!("grad{i}"))?).at(step)?.to(device)?));
            }
        }
        optimizer.step()?;
        let got = read_many(&params.iter().collect::<Vec<_>>()).await?;
        for (i, (param, got)) in params.iter().zip(&got).enumerate() {
            let want = Steps(need(format!("traj{i}"))?).at(step)?;
            let data = read_many(&[&want]).await?.remove(0);
            compare(&format!("parameter {i} after step {step}"), (param.dims(), got), (want.dims(), &data), tolerance)?;
        }
    }

    for (i, (param, names)) in params.iter().zip(list(&case["state"])?).enumerate() {
        let state = optimizer.state_of(param)?;
        for entry in list(names)? {
            let entry = text(entry)?;
            let want = need(format!("state{i}.{entry}"))?;
            let what = format!("state {entry} of parameter {i}");
            match state.get(entry) {
                None => return Err(Failure::Harness(format!("no {what}"))),
                Some(StateValue::Tensor(t)) => {
                    let got = read_many(&[t]).await?.remove(0);
                    compare(&what, (t.dims(), &got), (&want.shape, &want.data), tolerance)?;
                }
                Some(StateValue::Number(got)) => {
                    let want = want.data.to_f64();
                    if want.len() != 1 || !tolerance.admits(*got, want[0]) {
                        return Err(Failure::Harness(format!("{what}: {got}, expected {want:?}")));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Builds the optimizer of a case, with its groups.
fn grouped(case: &Json, params: &[Tensor]) -> Result<Optimizer, Failure> {
    let spec = OptimizerSpec::from_attrs(text(&case["optimizer"])?, map(&case["attrs"])?)?;
    let mut optimizer: Option<Optimizer> = None;
    for group in list(&case["groups"])? {
        let rule = spec.with(map(&group["attrs"])?)?.rule();
        let members = list(&group["params"])?
            .iter()
            .map(|i| params.get(count(i)?).cloned().ok_or_else(|| bad("a parameter's number")));
        let members: Vec<Tensor> = members.collect::<Result<_, Failure>>()?;
        match &mut optimizer {
            None => optimizer = Some(Optimizer::with_rule(members, rule)),
            Some(optimizer) => optimizer.add_param_group(members, rule)?,
        }
    }
    optimizer.ok_or_else(|| bad("a group of parameters"))
}

async fn clip(
    op: &str,
    name: &str,
    case: &Json,
    file: &File,
    device: &Device,
    tolerance: Tolerance,
) -> Result<(), Failure> {
    let need = |what: String| file.need(&format!("{name}/{what}"));
    let without: Vec<usize> = list(&case["none_grads"])?.iter().map(count).collect::<Result<_, _>>()?;
    let mut params = Vec::new();
    for i in 0..count(&case["n_params"])? {
        let grad = need(format!("grad{i}")).ok().filter(|_| !without.contains(&i));
        let param = match grad {
            Some(grad) => Tensor::zeros(grad.shape.clone(), device)?.requires_grad_(true)?,
            None => Tensor::zeros([1], device)?.requires_grad_(true)?,
        };
        param.set_grad(grad.map(|grad| grad.tensor(device)).transpose()?);
        params.push(param);
    }
    let attrs = &case["attrs"];
    let attr = |name: &str| number(&attrs[name]).ok_or_else(|| bad(name));
    match op {
        "clip_grad_norm_" => {
            let norm = clip_grad_norm_(&params, attr("max_norm")?, number(&attrs["norm_type"]).unwrap_or(2.0))?;
            let (got, want) = (read_many(&[&norm]).await?.remove(0), need("total_norm".into())?);
            compare("the total norm", (norm.dims(), &got), (&want.shape, &want.data), tolerance)?;
        }
        "clip_grad_value_" => clip_grad_value_(&params, attr("clip_value")?)?,
        other => return Err(bad(&format!("another operation than {other}"))),
    }
    for (i, param) in params.iter().enumerate() {
        match (param.grad(), without.contains(&i)) {
            (None, true) => {}
            (Some(grad), false) => {
                let (got, want) = (read_many(&[&grad]).await?.remove(0), need(format!("clipped{i}"))?);
                compare(&format!("gradient {i}"), (grad.dims(), &got), (&want.shape, &want.data), tolerance)?;
            }
            _ => return Err(Failure::Harness(format!("parameter {i}: a gradient came or went"))),
        }
    }
    Ok(())
}

/// Replays `lr_schedulers.json`.
///
/// # Errors
/// The file does not have this format; a failing case is in the report.
pub fn schedules(bytes: &[u8], report: &mut Report) -> Result<(), Failure> {
    let index: Json = serde_json::from_slice(bytes)?;
    for case in list(&index["cases"])? {
        report.add("lr_schedulers", text(&case["case"])?, rates(case));
    }
    Ok(())
}

fn rates(case: &Json) -> Result<(), Failure> {
    let param = Tensor::zeros([1], &Device::cpu())?.requires_grad_(true)?;
    let spec = OptimizerSpec::from_attrs(text(&case["optimizer"])?, map(&case["optimizer_attrs"])?)?;
    let mut optimizer = spec.build([param])?;
    let schedule = Schedule::from_attrs(text(&case["scheduler"])?, map(&case["attrs"])?)?;
    let mut scheduler = Scheduler::new(schedule, &mut optimizer)?;
    let wanted = list(&case["lrs"])?;
    for (t, want) in wanted.iter().enumerate() {
        let check = |what: &str, got: f64, want: &Json| match number(want) {
            Some(want) if RATES.admits(got, want) => Ok(()),
            _ => Err(Failure::Harness(format!("{what} of step {t}: {got}, expected {want}"))),
        };
        check("learning rate", optimizer.lrs()[0], want)?;
        if let Some(momenta) = case.get("momenta").and_then(Json::as_array)
            && let Some(want) = momenta.get(t)
        {
            let momentum = optimizer.rules().next().and_then(|rule| rule.momentum());
            check("momentum", momentum.ok_or_else(|| bad("a momentum"))?, want)?;
        }
        match case["metrics"].get(t).and_then(number) {
            Some(metric) => scheduler.step_with(&mut optimizer, metric),
            None => scheduler.step(&mut optimizer),
        }
    }
    Ok(())
}

fn list(json: &Json) -> Result<&[Json], Failure> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| bad("a list"))
}

fn map(json: &Json) -> Result<&Map<String, Json>, Failure> {
    json.as_object().ok_or_else(|| bad("an object"))
}

fn text(json: &Json) -> Result<&str, Failure> {
    json.as_str().ok_or_else(|| bad("a string"))
}

fn count(json: &Json) -> Result<usize, Failure> {
    json.as_u64().map(|n| n as usize).ok_or_else(|| bad("a number"))
}

fn bad(expected: &str) -> Failure {
    Failure::Harness(format!("the file has something else where {expected} should stand"))
}
