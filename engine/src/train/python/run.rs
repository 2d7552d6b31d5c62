//! The functions of a script: what is done to pictures, prediction, and the training loop where the data is one that
//! PyTorch can read.

use super::super::{Augment, DataSpec, LossSpec, TrainSpec};
use super::{Script, arguments, value};
use crate::data::catalog;
use crate::optim::{OptimizerSpec, Schedule};
use crate::{Error, Result};

/// Returns the expression that opens a data set, with `train` true or false; `None` for data that torchvision does
/// not read.
fn dataset(data: &DataSpec) -> Option<String> {
    let set = catalog::find(&data.name)?;
    let class = set.torchvision?;
    Some(match set.official {
        Some(_) => format!("datasets.{class}(args.data, train, transform, download=True)"),
        None => format!("datasets.{class}(os.path.join(args.data, \"train\" if train else \"test\"), transform)"),
    })
}

/// Whether the script can train: the data is one that torchvision reads, and the optimizer is one of PyTorch's. (Its
/// Muon takes matrices only, Kindling's convolutions too.)
pub fn has_loop(train: &TrainSpec) -> bool {
    dataset(&train.data).is_some() && !matches!(train.optimizer, OptimizerSpec::Muon(_))
}

/// The functions and the start.
pub fn functions(script: &Script<'_>) -> Result<String> {
    let trains = script.train.filter(|train| has_loop(train));
    let mut out = transforms(script)?;
    out += PREDICT;
    if let Some(train) = trains {
        out += &training(train)?;
    }
    out += "\n\nif __name__ == \"__main__\":\n    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)\n";
    out += "    parser.add_argument(\"pictures\", nargs=\"*\", type=pathlib.Path)\n";
    if trains.is_some() {
        out += "    parser.add_argument(\"--data\", help=\"where the data set lies or is downloaded to\")\n";
        out += "    parser.add_argument(\"--out\", default=\"retrained.safetensors\", help=\"where the trained weights go\")\n";
        out += "    args = parser.parse_args()\n    if args.data:\n        train(args)\n    predict(args.pictures)\n";
    } else {
        out += "    predict(parser.parse_args().pictures)\n";
    }
    Ok(out)
}

fn transforms(script: &Script<'_>) -> Result<String> {
    let (mode, side) = match script.model.input.as_slice() {
        [channels, height, width] => (if *channels == 1 { "L" } else { "RGB" }, format!("[{height}, {width}]")),
        other => return Err(Error::value("export", format!("inputs of {other:?} are no pictures"))),
    };
    let augment = script.train.map_or(&[][..], |train| train.augment.as_slice());
    let parts = |erasing: bool| {
        let chosen = augment.iter().filter(move |a| matches!(a, Augment::RandomErasing { .. }) == erasing);
        chosen.map(|a| match crate::json::to_value(a) {
            Ok(serde_json::Value::Object(mut given)) => {
                given.retain(|_, value| !value.is_null());
                let name = given.get("name").and_then(|n| n.as_str()).unwrap_or_default();
                Ok(format!("v2.{name}({})", arguments(&given).trim_start_matches(", ")))
            }
            _ => Err(Error::internal("an augmentation is no object")),
        })
    };
    let before: Vec<String> = parts(false).collect::<Result<_>>()?;
    let after: Vec<String> = parts(true).collect::<Result<_>>()?;
    let head = "v2.Lambda(lambda picture: picture.convert(MODE)), v2.Resize(SIZE), v2.ToImage(), \
                v2.ToDtype(torch.float32, scale=True)";
    let compose = |before: &[String], after: &[String]| {
        let normalize = script.normalization.map(|_| "v2.Normalize(MEAN, STD)".to_owned());
        let parts: Vec<String> = before.iter().cloned().chain(normalize).chain(after.iter().cloned()).collect();
        format!("v2.Compose([{head}{}])", parts.iter().map(|part| format!(", {part}")).collect::<String>())
    };
    let mut out = format!("\nMODE, SIZE = \"{mode}\", {side}\nTEST = {}\n", compose(&[], &[]));
    if script.has_loop() {
        out += &format!("TRAIN = {}\n", compose(&before, &after));
    }
    Ok(out)
}

const PREDICT: &str = r#"

def predict(pictures):
    net = Net()
    net.load_state_dict(load_file(WEIGHTS))
    net.eval()
    for path in pictures:
        with torch.no_grad():
            probabilities = net(TEST(Image.open(path))[None]).softmax(1)[0]
        print(path)
        for p, i in zip(*probabilities.topk(min(5, len(CLASSES)))):
            print(f"  {CLASSES[i]:<16} {100 * p:6.2f} %")
"#;

fn training(train: &TrainSpec) -> Result<String> {
    let loss = match &train.loss {
        LossSpec::CrossEntropy { label_smoothing } if *label_smoothing == 0.0 => "nn.CrossEntropyLoss()".to_owned(),
        LossSpec::CrossEntropy { label_smoothing } => format!("nn.CrossEntropyLoss(label_smoothing={label_smoothing})"),
        LossSpec::Mse {} => "lambda output, labels: nn.functional.mse_loss(output, \
                             nn.functional.one_hot(labels, output.shape[1]).float())"
            .to_owned(),
    };
    let open = dataset(&train.data).ok_or_else(|| Error::internal("a loop without a data set"))?;
    let limit = |limit: Option<usize>| limit.map_or("None".to_owned(), |n| n.to_string());
    let clip = train
        .clip_grad_norm
        .map_or(String::new(), |norm| format!("            nn.utils.clip_grad_norm_(net.parameters(), {norm})\n"));
    let (made, by_batch, by_epoch) = scheduler(train)?;
    Ok(format!(
        r#"

def open_data(args, train, transform, limit):
    data = {open}
    return data if limit is None else torch.utils.data.Subset(data, range(min(limit, len(data))))


def train(args):
    torch.manual_seed({seed})
    distributed = "RANK" in os.environ
    if distributed:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank, world = (dist.get_rank(), dist.get_world_size()) if distributed else (0, 1)
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    learn = open_data(args, True, TRAIN, {train_limit})
    check = open_data(args, False, TEST, {test_limit})
    sampler = DistributedSampler(learn, shuffle={shuffle}) if distributed else None
    loader = DataLoader(learn, {batch} // world, shuffle={shuffle} and sampler is None, sampler=sampler)
    tests = DataLoader(check, 256)
    net = Net().to(device)
    model = DistributedDataParallel(net) if distributed else net
    criterion = {loss}
    optimizer = {optimizer}
{made}    for epoch in range({epochs}):
        if sampler is not None:
            sampler.set_epoch(epoch)
        model.train()
        total = 0.0
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
{clip}            optimizer.step()
{by_batch}            total += loss.item() * len(labels)
        mean = total * world / len(learn)
{by_epoch}        line = f"epoch {{epoch + 1}}/{epochs}: loss {{mean:.4f}}"
        if rank == 0 and ((epoch + 1) % {every} == 0 or epoch + 1 == {epochs}):
            net.eval()
            with torch.no_grad():
                hits = sum((net(x.to(device)).argmax(1).cpu() == y).sum().item() for x, y in tests)
            line += f", test accuracy {{100 * hits / len(check):.2f}} %"
        if rank == 0:
            print(line, flush=True)
    if rank == 0:
        save_file({{name: tensor.cpu() for name, tensor in net.state_dict().items()}}, args.out)
    if distributed:
        dist.destroy_process_group()
"#,
        seed = train.seed,
        train_limit = limit(train.data.train_limit),
        test_limit = limit(train.data.test_limit),
        shuffle = value(&train.data.shuffle.into()),
        batch = train.batch_size,
        optimizer = optimizer(&train.optimizer)?,
        epochs = train.epochs,
        every = train.evaluate_every,
    ))
}

fn optimizer(spec: &OptimizerSpec) -> Result<String> {
    Ok(format!("torch.optim.{}(net.parameters(){})", spec.name(), arguments(&spec.attrs()?)))
}

/// The line that makes the scheduler, and the lines that step it after a batch and after an epoch.
fn scheduler(train: &TrainSpec) -> Result<(String, String, String)> {
    let Some(schedule) = &train.schedule else { return Ok(Default::default()) };
    let made = format!("    scheduler = {}\n", constructor(schedule)?);
    Ok(match (train.schedule_by_epoch, schedule) {
        (false, _) => (made, "            scheduler.step()\n".into(), String::new()),
        (true, Schedule::Plateau(_)) => (made, String::new(), "        scheduler.step(mean)\n".into()),
        (true, _) => (made, String::new(), "        scheduler.step()\n".into()),
    })
}

fn constructor(schedule: &Schedule) -> Result<String> {
    let mut given = match crate::json::to_value(schedule) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => return Err(Error::internal("a schedule is no object")),
    };
    let module = "torch.optim.lr_scheduler";
    if let Schedule::Sequential { schedules, milestones } = schedule {
        let inner: Vec<String> = schedules.iter().map(constructor).collect::<Result<_>>()?;
        return Ok(format!("{module}.SequentialLR(optimizer, [{}], {milestones:?})", inner.join(", ")));
    }
    given.retain(|_, value| !value.is_null());
    let name = given.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    Ok(format!("{module}.{name}(optimizer{})", arguments(&given)))
}
