//! Replay of `train/`: a network given as PyTorch source, trained by the recipe, compared with
//! PyTorch's own run.

use kindling::optim::{OptimizerSpec, Schedule, Scheduler, clip_grad_norm_};
use kindling::read_many;
use kindling::{Device, Tensor};
use serde_json::{Map, Value as Json};

use super::call::number;
use super::{Failure, File, Report, Tolerance, compare};
use crate::python::torch::module::{self, Stored};
use crate::python::{Args, Error, Interpreter, Value, reads};

/// Name of the family in reports.
pub const FAMILY: &str = "train";

/// Replays a file.
pub async fn run(case: &str, bytes: &[u8], device: &Device, report: &mut Report) {
    report.add(FAMILY, case, replay(bytes, device).await);
}

async fn replay(bytes: &[u8], device: &Device) -> Result<(), Failure> {
    let file = File::parse(bytes)?;
    let spec = file.json("spec")?;
    let net = Net::load(&file, &spec, device)?;
    let tol = Tolerances { spec: &spec };
    let parameters = net.parameters()?;
    let params: Vec<Tensor> = parameters.iter().map(|(_, t)| t.clone()).collect();

    let optimizer = OptimizerSpec::from_attrs(text(&spec["optimizer"]["name"])?, &map(&spec["optimizer"]["attrs"])?)?;
    let mut optimizer = optimizer.build(params.clone())?;
    let mut scheduler = match &spec["scheduler"] {
        Json::Null => None,
        given => {
            let schedule = Schedule::from_attrs(text(&given["name"])?, &map(&given["attrs"])?)?;
            Some(Scheduler::new(schedule, &mut optimizer)?)
        }
    };
    let (x, y) = (file.need("x")?.tensor(device)?, file.need("y")?.tensor(device)?);
    let [batches, micro, ..] = *x.dims() else { return Err(bad("x", "at least two dimensions")) };
    let steps = spec["steps"].as_u64().ok_or_else(|| bad("steps", "a number"))? as usize;
    let clip = number(&spec["clip_grad_norm"]);

    for t in 0..steps {
        optimizer.zero_grad();
        let mut losses = Vec::new();
        for m in 0..micro {
            let pick = |all: &Tensor| all.select(0, (t % batches) as isize)?.select(0, m as isize);
            let output = net.forward(&pick(&x)?).await?;
            if t == 0 && m == 0 {
                tol.check("out0", &output, &file, "out").await?;
            }
            let target = pick(&y)?;
            let loss = match text(&spec["loss"])? {
                "mse" => output.mse_loss(&target, kindling::ops::Reduction::Mean)?,
                "cross_entropy" => output.cross_entropy(&target)?,
                other => return Err(bad("loss", &format!("mse or cross_entropy, not {other}"))),
            };
            let loss = loss.div_scalar(micro as f64)?;
            loss.backward()?;
            losses.push(loss);
        }
        if t == 0 {
            check_gradients(&parameters, &file, &tol).await?;
        }
        if let Some(most) = clip {
            let norm = clip_grad_norm_(&params, most, 2.0)?;
            tol.check_number(&format!("grad norm of step {t}"), read(&norm).await?[0], &spec["grad_norms"][t], "grad")?;
        }
        let lr = optimizer.lrs()[0];
        let lr_off = number(&spec["lrs"][t]).filter(|want| (lr - want).abs() > 1e-12 + 1e-9 * want.abs());
        if let Some(want) = lr_off {
            return Err(Failure::Harness(format!("learning rate of step {t}: {lr}, expected {want}")));
        }
        let mut total = 0.0;
        for loss in &losses {
            total += read(loss).await?[0];
        }
        tol.check_number(&format!("loss of step {t}"), total, &spec["losses"][t], "loss")?;
        optimizer.step()?;
        if let Some(scheduler) = &mut scheduler {
            scheduler.step(&mut optimizer);
        }
    }
    net.check_final(&file, &tol).await?;
    if file.get("eval/x").is_some() {
        net.python.call_method(&net.module, "eval", Args::default())?;
        let output = net.forward(&file.need("eval/x")?.tensor(device)?).await?;
        tol.check("eval/out", &output, &file, "out").await?;
    }
    Ok(())
}

/// A network of the program.
struct Net {
    python: Interpreter,
    module: Value,
}

impl Net {
    /// Runs the source, creates a `Net` and loads the initial weights.
    fn load(file: &File, spec: &Json, device: &Device) -> Result<Self, Failure> {
        let python = Interpreter::new(device);
        python.run(text(&spec["model_source"])?)?;
        let mut args = Args::default();
        for (name, value) in map(&spec["model_args"])? {
            args.named.push((name, python_value(&value)?));
        }
        let module = python.call(&python.eval("Net")?, args)?;
        let prefix = "init/";
        let lookup = |name: &str| -> Result<Tensor, Error> {
            let entry = file.get(&format!("{prefix}{name}")).ok_or_else(|| Error::new(format!("no {prefix}{name}")))?;
            Ok(entry.tensor(device)?)
        };
        module::load(&module, "", &lookup)?;
        let net = Self { python, module };
        let names: Vec<String> = module::members(&net.module)?.into_iter().map(|(name, _)| name).collect();
        for name in file.names().filter_map(|name| name.strip_prefix(prefix)) {
            if !names.iter().any(|n| n == name) {
                return Err(Failure::Harness(format!("the network has no {name}; it has {}", names.join(", "))));
            }
        }
        Ok(net)
    }

    /// Runs a forward pass. It may read its input, as networks with a data-dependent depth do, but
    /// not after it has changed running statistics.
    async fn forward(&self, x: &Tensor) -> Result<Tensor, Failure> {
        reads::replay(|| {
            let output = self.python.call(&self.module, Args::of(vec![Value::Tensor(x.clone())]))?;
            Ok(output.as_tensor()?.clone())
        })
        .await
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, Failure> {
        let stored = module::members(&self.module)?.into_iter();
        Ok(stored
            .filter_map(|(name, stored)| if let Stored::Parameter(t) = stored { Some((name, t)) } else { None })
            .collect())
    }

    /// Compares each tensor after training, relative to its change in PyTorch: an engine that did
    /// nothing would be off by all of that.
    async fn check_final(&self, file: &File, tol: &Tolerances<'_>) -> Result<(), Failure> {
        let mut checked = 0;
        for (name, stored) in module::members(&self.module)? {
            let (Stored::Parameter(tensor) | Stored::Buffer(tensor)) = stored;
            let (init, want) = (file.need(&format!("init/{name}"))?, file.need(&format!("final/{name}"))?);
            let got = read(&tensor).await?;
            let (init, want) = (init.data.to_f64(), want.data.to_f64());
            let norm = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let (off, moved) = (norm(&got, &want), norm(&want, &init));
            let most = tol.get("delta_atol")? + tol.delta_rtol(&name)? * moved;
            let within = got.len() == want.len() && off <= most;
            if !within {
                let what = format!("{name} after training is off by {off:e}, at most {most:e} (it moved by {moved:e})");
                return Err(Failure::Harness(what));
            }
            checked += 1;
        }
        let wanted = file.names().filter(|name| name.starts_with("final/")).count();
        if checked == wanted {
            return Ok(());
        }
        Err(Failure::Harness(format!("the network has {checked} tensors, the file has {wanted}")))
    }
}

/// Compares the gradients of the first step; a parameter without one has none in the file either.
async fn check_gradients(parameters: &[(String, Tensor)], file: &File, tol: &Tolerances<'_>) -> Result<(), Failure> {
    for (name, parameter) in parameters {
        let key = format!("grad0/{name}");
        match (parameter.grad(), file.get(&key)) {
            (Some(grad), Some(_)) => tol.check(&key, &grad, file, "grad").await?,
            (None, None) => {}
            (Some(_), None) => return Err(Failure::Harness(format!("{name} should have no gradient"))),
            (None, Some(_)) => return Err(Failure::Harness(format!("{name} has no gradient"))),
        }
    }
    Ok(())
}

/// Tolerances of the recipe.
struct Tolerances<'a> {
    spec: &'a Json,
}

impl Tolerances<'_> {
    fn get(&self, name: &str) -> Result<f64, Failure> {
        number(&self.spec["tol"][name]).ok_or_else(|| bad(name, "a tolerance"))
    }

    fn of(&self, kind: &str) -> Result<Tolerance, Failure> {
        Ok(Tolerance { rtol: self.get(&format!("{kind}_rtol"))?, atol: self.get(&format!("{kind}_atol"))? })
    }

    fn delta_rtol(&self, name: &str) -> Result<f64, Failure> {
        let exceptions = self.spec["tol"]["delta_rtol_by_suffix"].as_object();
        let exception = exceptions.into_iter().flatten().find(|(suffix, _)| name.ends_with(suffix.as_str()));
        exception.and_then(|(_, value)| number(value)).map_or_else(|| self.get("delta_rtol"), Ok)
    }

    async fn check(&self, name: &str, got: &Tensor, file: &File, kind: &str) -> Result<(), Failure> {
        let want = file.need(name)?;
        let array = read_many(&[got]).await?.remove(0);
        compare(name, (got.dims(), &array), (&want.shape, &want.data), self.of(kind)?)
    }

    fn check_number(&self, what: &str, got: f64, want: &Json, kind: &str) -> Result<(), Failure> {
        let want = number(want).ok_or_else(|| bad(what, "a number"))?;
        match self.of(kind)?.admits(got, want) {
            true => Ok(()),
            false => Err(Failure::Harness(format!("{what}: {got}, expected {want}"))),
        }
    }
}

async fn read(tensor: &Tensor) -> Result<Vec<f64>, Failure> {
    Ok(read_many(&[tensor]).await?.remove(0).to_f64())
}

fn python_value(json: &Json) -> Result<Value, Failure> {
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::Int(i),
            None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::Str(s.as_str().into()),
        Json::Array(items) => Value::list(items.iter().map(python_value).collect::<Result<_, _>>()?),
        Json::Object(_) => return Err(bad("model_args", "plain values")),
    })
}

fn map(json: &Json) -> Result<Map<String, Json>, Failure> {
    json.as_object().cloned().ok_or_else(|| Failure::Harness(format!("expected an object, found {json}")))
}

fn text(json: &Json) -> Result<&str, Failure> {
    json.as_str().ok_or_else(|| Failure::Harness(format!("expected a string, found {json}")))
}

fn bad(what: &str, expected: &str) -> Failure {
    Failure::Harness(format!("{what} should be {expected}"))
}
