//! Replay of `autograd/`: small PyTorch programs, run unchanged by the interpreter, with checks of
//! the results.

use kindling::read_many;
use kindling::tensor::GradMode;
use kindling::{Device, Tensor};
use serde_json::Value as Json;

use super::{Entry, Failure, File, Report, Tolerance, call, compare};
use crate::python::{Error, Interpreter, Value, reads};

/// Name of the family in reports.
pub const FAMILY: &str = "autograd";

/// Replays every case of `cases.json`, whose tensors are in `cases.safetensors`.
///
/// # Errors
/// The files do not have this format; a failing case is in the report.
pub async fn run(cases: &[u8], tensors: &[u8], device: &Device, report: &mut Report) -> Result<(), Failure> {
    let index: Json = serde_json::from_slice(cases)?;
    let file = File::parse(tensors)?;
    let tolerance = Tolerance::of(&index).ok_or_else(|| Failure::Harness("cases.json has no rtol and atol".into()))?;
    let cases = index["cases"].as_array().ok_or_else(|| Failure::Harness("cases.json has no cases".into()))?;
    for case in cases {
        let name = case["case"].as_str().unwrap_or("a case without a name");
        report.add(FAMILY, name, replay(case, &file, device, tolerance).await);
    }
    Ok(())
}

/// A tensor made by a program, and its expected value.
struct Check<'a> {
    expression: &'a str,
    got: Tensor,
    want: &'a Entry,
}

async fn replay(case: &Json, file: &File, device: &Device, tolerance: Tolerance) -> Result<(), Failure> {
    let tolerance = case.get("tol").and_then(Tolerance::of).unwrap_or(tolerance);
    let checks = reads::replay(|| program(case, file, device, tolerance)).await?;
    let arrays = read_many(&checks.iter().map(|check| &check.got).collect::<Vec<_>>()).await?;
    checks.iter().zip(&arrays).try_for_each(|(Check { expression, got, want }, array)| {
        compare(expression, (got.dims(), array), (&want.shape, &want.data), tolerance)
    })
}

/// Runs a program, checks the values that are not tensors, and returns those that are.
fn program<'a>(
    case: &'a Json,
    file: &'a File,
    device: &Device,
    tolerance: Tolerance,
) -> Result<Vec<Check<'a>>, Failure> {
    // Changes of the grad mode end with the program.
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
    let found = list(&case["expect"]).iter().map(|expected| check(expected, &python, file, tolerance));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
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

fn check<'a>(
    expected: &'a Json,
    python: &Interpreter,
    file: &'a File,
    tolerance: Tolerance,
) -> Result<Option<Check<'a>>, Failure> {
    let expression = text(&expected["expr"])?;
    let failed = |e: Error| Failure::Harness(format!("`{expression}` failed: {e}"));
    let got = python.eval(expression).map_err(failed)?;
    if let Some(name) = expected.get("tensor") {
        let want = file.need(text(name)?)?;
        let Value::Tensor(got) = got else {
            return Err(Failure::Harness(format!("`{expression}` is {got:?}, expected a tensor")));
        };
        return Ok(Some(Check { expression, got, want }));
    }
    let want = &expected["value"];
    if matches(&got, want, tolerance).map_err(failed)? {
        return Ok(None);
    }
    Err(Failure::Harness(format!("`{expression}` is {got:?}, expected {want}")))
}

/// Returns `true` if a value equals the JSON. Bools are not numbers here; floats are compared with
/// the tolerance.
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
