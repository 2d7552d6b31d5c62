//! Replay of `autograd/`: small PyTorch programs, run as they stand by the interpreter, and what holds after them.

use std::path::Path;

use kindling::plan::read_many;
use kindling::tensor::GradMode;
use kindling::{Device, block_on};
use serde_json::Value as Json;

use super::{Failure, File, Report, Tolerance, call, compare};
use crate::python::{Error, Interpreter, Value};

/// The family's name in reports.
pub const FAMILY: &str = "autograd";

/// Replays every case of a folder that has `cases.json` and `cases.safetensors`.
///
/// # Errors
/// The folder is not readable, or not of this format; a case that fails is in the report.
pub fn run(dir: &Path, device: &Device, report: &mut Report) -> Result<(), Failure> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).map_err(|e| Failure::Harness(format!("{}: {e}", path.display())))
    };
    let index: Json = serde_json::from_slice(&read("cases.json")?)?;
    let file = File::parse(&read("cases.safetensors")?)?;
    let tolerance = Tolerance::of(&index).ok_or_else(|| Failure::Harness("cases.json has no rtol and atol".into()))?;
    let cases = index["cases"].as_array().ok_or_else(|| Failure::Harness("cases.json has no cases".into()))?;
    for case in cases {
        let name = case["case"].as_str().unwrap_or("a case without a name");
        report.add(FAMILY, name, replay(case, &file, device, tolerance));
    }
    Ok(())
}

fn replay(case: &Json, file: &File, device: &Device, tolerance: Tolerance) -> Result<(), Failure> {
    let tolerance = case.get("tol").and_then(Tolerance::of).unwrap_or(tolerance);
    // Whatever the program does to the mode ends with it.
    let _mode = GradMode::set(true);
    let python = Interpreter::new(device);
    for (name, input) in case["inputs"].as_object().into_iter().flatten() {
        let tensor = file.need(text(&input["tensor"])?)?.tensor(device)?;
        let tensor = tensor.requires_grad_(input["requires_grad"].as_bool().unwrap_or(false))?;
        python.set(name, Value::Tensor(tensor));
    }
    let error = case.get("error").filter(|e| !e.is_null());
    let at = error.and_then(|e| e["at"].as_u64()).map(|at| at as usize);
    for (i, statement) in list(&case["code"]).iter().enumerate() {
        let statement = text(statement)?;
        let outcome = python.run(statement);
        match (outcome, error) {
            (outcome, Some(error)) if at == Some(i) => {
                must_fail(statement, outcome, text(&error["kind"])?)?;
                break;
            }
            (outcome, _) => outcome.map_err(|e| Failure::Harness(format!("`{statement}` failed: {e}")))?,
        }
    }
    list(&case["expect"]).iter().try_for_each(|expected| check(expected, &python, file, tolerance))
}

fn must_fail(statement: &str, outcome: Result<(), Error>, kind: &str) -> Result<(), Failure> {
    let wrong = |what: String| Err(Failure::Harness(format!("`{statement}` should fail by {kind}, but {what}")));
    match outcome {
        Ok(()) => wrong("it does not fail".into()),
        Err(Error::Engine(kindling::Error::Autograd { kind: found, .. })) if found.name() == kind => Ok(()),
        Err(Error::Engine(kindling::Error::Autograd { kind: found, .. })) => {
            wrong(format!("fails by {}", found.name()))
        }
        Err(other) => wrong(format!("fails otherwise: {other}")),
    }
}

fn check(expected: &Json, python: &Interpreter, file: &File, tolerance: Tolerance) -> Result<(), Failure> {
    let expression = text(&expected["expr"])?;
    let failed = |e: Error| Failure::Harness(format!("`{expression}` failed: {e}"));
    let got = python.eval(expression).map_err(failed)?;
    if let Some(name) = expected.get("tensor") {
        let want = file.need(text(name)?)?;
        let Value::Tensor(got) = got else {
            return Err(Failure::Harness(format!("`{expression}` is {got:?}, expected a tensor")));
        };
        let array = block_on(read_many(&[&got]))?.remove(0);
        return compare(expression, (got.dims(), &array), (&want.shape, &want.data), tolerance);
    }
    let want = &expected["value"];
    if matches(&got, want, tolerance).map_err(failed)? {
        return Ok(());
    }
    Err(Failure::Harness(format!("`{expression}` is {got:?}, expected {want}")))
}

/// Whether a value is what JSON says. Bools are no numbers here; floats are compared with the tolerance.
fn matches(got: &Value, want: &Json, tolerance: Tolerance) -> Result<bool, Error> {
    Ok(match (got, want) {
        (Value::None, Json::Null) => true,
        (Value::Bool(got), Json::Bool(want)) => got == want,
        (Value::Bool(_), _) | (_, Json::Bool(_)) => false,
        (Value::Int(got), Json::Number(want)) if want.is_i64() => Some(*got) == want.as_i64(),
        (Value::List(_) | Value::Tuple(_), Json::Array(want)) => {
            let items = got.items()?;
            let pairs = items.iter().zip(want).map(|(g, w)| matches(g, w, tolerance));
            items.len() == want.len() && pairs.collect::<Result<Vec<bool>, _>>()?.iter().all(|equal| *equal)
        }
        (Value::Str(got), Json::String(want)) if **got == *want.as_str() => true,
        (got, want) => match (got.number(), call::number(want)) {
            (Some(got), Some(want)) => tolerance.admits(got, want),
            _ => false,
        },
    })
}

fn text(json: &Json) -> Result<&str, Failure> {
    json.as_str().ok_or_else(|| Failure::Harness(format!("expected a string, found {json}")))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}
