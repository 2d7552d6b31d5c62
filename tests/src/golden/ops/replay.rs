//! Replays the cases of one family file: inputs, views, the call, outputs, gradients.

use kindling::autograd::{Backward, backward};
use kindling::read_many;
use kindling::{Device, Error, Tensor};
use serde_json::Value;

use super::super::{Call, Failure, File, Report, Tolerance, compare};

/// Replays every case of a family.
///
/// # Errors
/// The file is no golden file of operations.
pub async fn run(bytes: &[u8], device: &Device, report: &mut Report) -> Result<(), Failure> {
    let file = File::parse(bytes)?;
    let family = file.metadata.get("family").cloned().unwrap_or_default();
    let number = |key: &str| file.metadata.get(key).and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let tolerance = Tolerance { rtol: number("rtol"), atol: number("atol") };
    let cases = file.json("cases")?;
    for case in cases.as_array().into_iter().flatten() {
        let name = case["case"].as_str().unwrap_or_default();
        let tolerance = Tolerance::of(&case["tol"]).unwrap_or(tolerance);
        let outcome = if case["error"].is_object() {
            refused(&file, case, name, device).await
        } else {
            replay(&file, case, name, device, tolerance).await
        };
        report.add(&family, name, outcome);
    }
    Ok(())
}

/// Returns the tensors that gradients are asked of, and the call on views of them.
fn prepare(file: &File, case: &Value, name: &str, device: &Device) -> Result<(Vec<Tensor>, Call), Failure> {
    let roles: Vec<String> =
        case["inputs"].as_array().into_iter().flatten().filter_map(|r| r.as_str().map(str::to_owned)).collect();
    let mut leaves = Vec::new();
    let mut tensors = Vec::new();
    for i in 0..roles.len() {
        let entry = file.need(&format!("{name}/in{i}"))?;
        let leaf = entry.tensor(device)?;
        if case["requires_grad"][i].as_bool() == Some(true) {
            leaf.requires_grad_(true)?;
        }
        let mut tensor = leaf.clone();
        for view in case["views"][i.to_string()].as_array().into_iter().flatten() {
            tensor = apply_view(&tensor, view)?;
        }
        leaves.push(leaf);
        tensors.push(tensor);
    }
    let op = case["op"].as_str().unwrap_or_default().to_owned();
    Ok((leaves, Call { op, roles, tensors, attrs: case["attrs"].clone(), device: device.clone() }))
}

fn apply_view(tensor: &Tensor, view: &Value) -> Result<Tensor, Failure> {
    let int = |i: usize| view[i].as_i64().map(|x| x as isize);
    let ints = |i: usize| -> Vec<isize> {
        view[i].as_array().into_iter().flatten().filter_map(|x| x.as_i64().map(|x| x as isize)).collect()
    };
    Ok(match view[0].as_str() {
        Some("transpose") => tensor.transpose(int(1).unwrap_or(0), int(2).unwrap_or(0))?,
        Some("permute") => tensor.permute(&ints(1))?,
        Some("slice") => tensor.slice(int(1).unwrap_or(0), int(2), int(3), int(4).unwrap_or(1))?,
        Some("expand") => tensor.expand(&ints(1))?,
        _ => return Err(Failure::Harness(format!("unknown view {view}"))),
    })
}

/// `one_hot` without a number of classes must look at the elements. In a browser nothing can wait
/// for a GPU but a future, so the number is found first, as a user there would.
async fn infer_classes(call: &mut Call) -> Result<(), Failure> {
    if call.op == "one_hot" && call.int("num_classes")? == -1 && !call.device.is_cpu() {
        let classes = call.input("input")?.max()?.item().await? + 1.0;
        call.attrs["num_classes"] = Value::from(classes as i64);
    }
    Ok(())
}

async fn replay(file: &File, case: &Value, name: &str, device: &Device, tolerance: Tolerance) -> Result<(), Failure> {
    let (leaves, mut call) = prepare(file, case, name, device)?;
    infer_classes(&mut call).await?;
    let outputs = super::call(&call)?;
    let count = case["n_out"].as_u64().unwrap_or(1) as usize;
    if outputs.len() < count {
        return Err(Failure::Harness(format!("{} results, expected {count}", outputs.len())));
    }
    let mut checks: Vec<(String, Tensor)> = Vec::new();
    for (k, output) in outputs.iter().take(count).enumerate() {
        checks.push((format!("out{k}"), output.clone()));
    }
    let mut seeds = Vec::new();
    for (k, output) in outputs.iter().enumerate() {
        if let Some(grad) = file.get(&format!("{name}/grad_out{k}")) {
            seeds.push((output.clone(), Some(grad.tensor(device)?)));
        }
    }
    if !seeds.is_empty() {
        backward(&seeds, &Backward::default())?;
        for (i, leaf) in leaves.iter().enumerate() {
            if file.get(&format!("{name}/grad_in{i}")).is_some() {
                let grad = match leaf.grad() {
                    Some(grad) => grad,
                    None => leaf.zeros_like()?,
                };
                checks.push((format!("grad_in{i}"), grad));
            }
        }
    }
    let tensors: Vec<&Tensor> = checks.iter().map(|(_, tensor)| tensor).collect();
    let arrays = read_many(&tensors).await?;
    for ((what, tensor), got) in checks.iter().zip(&arrays) {
        let want = file.need(&format!("{name}/{what}"))?;
        compare(what, (tensor.dims(), got), (&want.shape, &want.data), tolerance)?;
    }
    Ok(())
}

/// Returns the engine must refuse, at the call or when the value is read, with an error that is no
/// bug of its own.
async fn refused(file: &File, case: &Value, name: &str, device: &Device) -> Result<(), Failure> {
    let outcome = match prepare(file, case, name, device) {
        Ok((_, call)) => match super::call(&call) {
            Ok(outputs) => read_many(&outputs.iter().collect::<Vec<_>>()).await.map(|_| ()).map_err(Failure::from),
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    match outcome {
        Err(Failure::Engine(Error::Internal(message))) => Err(Failure::Harness(format!("refused by a bug: {message}"))),
        Err(Failure::Engine(_)) => Ok(()),
        Err(Failure::Harness(message)) if message.contains("should be") => Ok(()),
        Err(failure) => Err(failure),
        Ok(()) => Err(Failure::Harness("the engine accepted what PyTorch refuses".to_owned())),
    }
}
