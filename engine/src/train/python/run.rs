//! Functions of a script: prediction, and the training loop if PyTorch can read the data.

use super::super::{LossSpec, TrainSpec};
use super::Script;
use super::names::{arguments, value};
use crate::optim::{OptimizerSpec, Schedule};
use crate::{Error, Result};

/// Returns the functions and the entry point.
pub fn functions(script: &Script<'_>) -> Result<String> {
    let run = script.run();
    let mut out = String::from(match script.preprocessing {
        Some(_) => PREDICT_IMAGES,
        None => PREDICT_ROWS,
    });
    if let Some((train, source)) = &run {
        out += &source.functions(&train.data, train.seed);
        out += EVALUATE;
        out += &training(train)?;
    } else if script.train.is_some() {
        out += "\n\n# No training loop: PyTorch has no loader for the data of this run, or not its optimizer.\n";
    }
    let inputs = if script.preprocessing.is_some() { "images" } else { "tables" };
    out += "\n\nif __name__ == \"__main__\":\n    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)\n";
    out += &format!("    parser.add_argument(\"{inputs}\", nargs=\"*\", type=pathlib.Path)\n");
    if run.is_some() {
        out += "    parser.add_argument(\"--data\", help=\"the data set: a folder, or a zip of images\")\n";
        out += "    parser.add_argument(\"--out\", default=\"retrained.safetensors\", help=\"the file for the trained weights\")\n";
        out += "    parser.add_argument(\"--logdir\", help=\"a folder for TensorBoard's log\")\n";
        out += "    args = parser.parse_args()\n    if args.data:\n        train(args)\n";
    } else {
        out += "    args = parser.parse_args()\n";
    }
    out += &format!("    predict(args.{inputs})\n");
    Ok(out)
}

const PREDICT_IMAGES: &str = r#"

def predict(images):
    net = Net()
    net.load_state_dict(load_file(WEIGHTS))
    net.eval()
    for path in images:
        with torch.no_grad():
            probabilities = net(TEST(Image.open(path))[None]).softmax(1)[0]
        print(path)
        for p, i in zip(*probabilities.topk(min(5, len(CLASSES)))):
            print(f"  {CLASSES[i]:<16} {100 * p:6.2f} %")
"#;

/// Prediction of rows of numbers, with the columns in the model's order.
const PREDICT_ROWS: &str = r#"

def predict(tables):
    net = Net()
    net.load_state_dict(load_file(WEIGHTS))
    net.eval()
    for path in tables:
        with open(path, newline="") as file:
            rows = [[float(cell) for cell in row] for row in csv.reader(file) if row]
        with torch.no_grad():
            probabilities = net(torch.tensor(rows)).softmax(1)
        for row in probabilities:
            print(f"{CLASSES[row.argmax()]} {100 * row.max():.2f} %")
"#;

const EVALUATE: &str = r#"

def evaluate(net, criterion, loader, device):
    net.eval()
    loss = correct = count = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            output = net(images)
            loss += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(1) == labels).sum().item()
            count += len(labels)
    return loss / count, correct / count


try:
    from tqdm import tqdm
except ImportError:
    def tqdm(batches, **_):
        return batches
"#;

/// Returns a loss of quantities, with one-hot classes.
fn one_hot(loss: &str, arguments: &str) -> String {
    format!(
        "lambda output, labels: nn.functional.{loss}(output, \
         nn.functional.one_hot(labels, output.shape[1]).float(){arguments})"
    )
}

/// Returns the loss of outputs and classes.
pub fn loss(loss: &LossSpec) -> String {
    match loss {
        LossSpec::CrossEntropy { label_smoothing } if *label_smoothing == 0.0 => "nn.CrossEntropyLoss()".to_owned(),
        LossSpec::CrossEntropy { label_smoothing } => format!("nn.CrossEntropyLoss(label_smoothing={label_smoothing})"),
        LossSpec::Mse {} => one_hot("mse_loss", ""),
        LossSpec::L1 {} => one_hot("l1_loss", ""),
        LossSpec::SmoothL1 { beta } => one_hot("smooth_l1_loss", &format!(", beta={beta}")),
        LossSpec::Huber { delta } => one_hot("huber_loss", &format!(", delta={delta}")),
    }
}

fn training(train: &TrainSpec) -> Result<String> {
    let (loss, clip) = (loss(&train.loss), clip(train));
    let (made, by_batch, by_epoch) = scheduler(train)?;
    Ok(format!(
        r#"

def train(args):
    torch.manual_seed({seed})
    distributed = "RANK" in os.environ
    if distributed:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank, world = (dist.get_rank(), dist.get_world_size()) if distributed else (0, 1)
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    learn, check = open_data(args, True, TRAIN), open_data(args, False, TEST)
    sampler = DistributedSampler(learn, shuffle={shuffle}) if distributed else None
    loader = DataLoader(learn, max(1, {batch} // world), shuffle={shuffle} and sampler is None, sampler=sampler)
    tests = DataLoader(check, 256)
    net = Net().to(device)
    model = DistributedDataParallel(net) if distributed else net
    criterion = {loss}
    optimizer = {optimizer}
{made}    writer = None
    if args.logdir and rank == 0:
        from torch.utils.tensorboard import SummaryWriter
        writer = SummaryWriter(args.logdir)
    for epoch in range({epochs}):
        if sampler is not None:
            sampler.set_epoch(epoch)
        model.train()
        total = count = 0
        for images, labels in tqdm(loader, desc=f"epoch {{epoch + 1}}/{epochs}", disable=True if rank else None):
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
{clip}            optimizer.step()
{by_batch}            total += loss.item() * len(labels)
            count += len(labels)
        mean = total / count
{by_epoch}        line = f"epoch {{epoch + 1}}/{epochs}: loss {{mean:.4f}}"
        if writer:
            writer.add_scalar("loss/train", mean, epoch + 1)
        if rank == 0 and len(check) and ((epoch + 1) % {every} == 0 or epoch + 1 == {epochs}):
            test_loss, accuracy = evaluate(net, criterion, tests, device)
            line += f", test loss {{test_loss:.4f}}, test accuracy {{100 * accuracy:.2f}} %"
            if writer:
                writer.add_scalar("loss/test", test_loss, epoch + 1)
                writer.add_scalar("accuracy/test", accuracy, epoch + 1)
        if rank == 0:
            print(line, flush=True)
    if rank == 0:
        save_file({{name: tensor.cpu().contiguous() for name, tensor in net.state_dict().items()}}, args.out)
    if writer:
        writer.close()
    if distributed:
        dist.destroy_process_group()
"#,
        seed = train.seed,
        shuffle = value(&train.data.shuffle.into()),
        batch = train.batch_size,
        optimizer = optimizer(&train.optimizer)?,
        epochs = train.epochs,
        every = train.evaluate_every,
    ))
}

/// Returns the line that clips gradients, if the run does.
pub fn clip(train: &TrainSpec) -> String {
    train
        .clip_grad_norm
        .map_or(String::new(), |norm| format!("            nn.utils.clip_grad_norm_(net.parameters(), {norm})\n"))
}

/// Returns the expression that creates the optimizer.
pub fn optimizer(spec: &OptimizerSpec) -> Result<String> {
    Ok(format!("torch.optim.{}(net.parameters(){})", spec.name(), arguments(&spec.attrs()?)))
}

/// Returns the line that creates the scheduler, and the lines that step it after a batch and after
/// an epoch.
pub fn scheduler(train: &TrainSpec) -> Result<(String, String, String)> {
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
