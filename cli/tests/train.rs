//! `kindling train`, `eval` and `predict` as a user runs them.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{Folder, of_kind, parse};
use serde_json::Value;

/// Returns the losses of steps, by index.
fn losses(events: &[Value]) -> Vec<(u64, f64)> {
    let steps = of_kind(events, "step");
    steps.iter().map(|step| (step["step"].as_u64().unwrap(), step["loss"].as_f64().unwrap())).collect()
}

const SMALL: &str =
    "train --device cpu --data shapes --train-limit 60 --test-limit 20 --preset cifar-intro --batch-size 10";

#[test]
fn a_run_reports_its_events_and_its_model_predicts() {
    let folder = Folder::new("whole");
    let events = folder.events(&format!(
        "{SMALL} --epochs 3 --evaluate-every 2 --optimizer sgd --lr 0.01 --momentum 0.9 --schedule cosine \
         --augment crop:padding=2,flip --out deep/m.safetensors --logdir runs/a --json"
    ));
    assert_eq!(events[0]["event"], "start");
    assert_eq!((&events[0]["parameters"], &events[0]["device"]), (&62_006.into(), &"cpu".into()));
    assert_eq!(losses(&events).iter().map(|(step, _)| *step).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
    let epochs = of_kind(&events, "epoch");
    assert_eq!(epochs.iter().map(|e| e["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(epochs[0]["test_accuracy"].is_null() && epochs[1]["test_accuracy"].is_number());
    // Along a cosine from 0.01 to 0 in three epochs.
    assert!((epochs[1]["lr"].as_f64().unwrap() - 0.0075).abs() < 1e-9, "{}", epochs[1]);
    let done = events.last().unwrap();
    assert_eq!((&done["event"], &done["ending"], &done["steps"]), (&"done".into(), &"finished".into(), &18.into()));
    assert!((0.0..=1.0).contains(&done["test_accuracy"].as_f64().unwrap()));
    assert_eq!(done["confusion"].as_array().unwrap().len(), 10);
    assert!(folder.has("deep/m.safetensors") && !folder.has("model.safetensors"));
    let logs: Vec<_> = std::fs::read_dir(folder.0.join("runs/a")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(logs.len() == 1 && logs[0].to_string_lossy().starts_with("events.out.tfevents."), "{logs:?}");

    let tested = folder.events("eval --device cpu --model deep/m.safetensors --data shapes --test-limit 20 --json");
    assert_eq!(tested[0]["test_accuracy"], done["test_accuracy"]);
    assert_eq!(tested[0]["test_loss"], done["test_loss"]);
    image::RgbImage::from_pixel(50, 40, image::Rgb([200, 30, 30])).save(folder.0.join("red.png")).unwrap();
    let predictions = folder.events("predict red.png red.png --device cpu --model deep/m.safetensors --top 10 --json");
    assert_eq!(predictions.len(), 2);
    let all: f64 =
        predictions[0]["classes"].as_array().unwrap().iter().map(|c| c["probability"].as_f64().unwrap()).sum();
    assert!((all - 1.0).abs() < 1e-5, "{all}");
    let text = String::from_utf8(folder.run("predict red.png --device cpu --model deep/m.safetensors").stdout).unwrap();
    assert!(text.starts_with("red.png\n") && text.lines().count() == 6 && text.contains(" %"), "{text}");
}

#[test]
fn a_pipe_gets_no_progress_bar() {
    let folder = Folder::new("text");
    let output = folder.run(&format!("{SMALL} --epochs 2 --evaluate-every 1"));
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("Shapes: 60 samples · cifar-intro: 62,006 parameters · Adam lr 0.001 · batch 10"),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("epoch ") && line.contains("accuracy")).count(),
        2,
        "{text}"
    );
    assert!(text.contains("saved model.safetensors") && text.contains("half-disc"), "{text}");
}

#[test]
fn settings_come_from_a_file_and_flags_override_them() {
    let folder = Folder::new("config");
    let toml = "preset = \"softmax\"\nepochs = 5\nbatch_size = 20\n[data]\nname = \"shapes\"\ntrain_limit = 40\n\
                test_limit = 10\n[optimizer]\nname = \"SGD\"\nlr = 0.5\nmomentum = 0.5\n";
    std::fs::write(folder.0.join("run.toml"), toml).unwrap();
    let events = folder.events("train --device cpu --config run.toml --epochs 1 --lr 0.25 --json");
    assert_eq!((&events[0]["model"], &events[0]["epochs"]), (&"softmax".into(), &1.into()));
    assert_eq!(of_kind(&events, "epoch")[0]["lr"], 0.25);
    assert_eq!(losses(&events).len(), 2);

    std::fs::write(folder.0.join("bad.toml"), "epoch = 5\n").unwrap();
    folder.refused("train --config bad.toml", &["bad.toml", "unknown field `epoch`"]);
    std::fs::write(folder.0.join("bad.json"), "{\"data\": {\"nme\": 1}}").unwrap();
    folder.refused("train --config bad.json", &["bad.json", "nme"]);
    folder.refused("train --config none.toml", &["none.toml"]);
    std::fs::write(folder.0.join("net.txt"), "Flatten()\nfc: Linear(3072, 10)\n").unwrap();
    let events = folder
        .events("train --device cpu --data shapes --train-limit 8 --test-limit 8 --model net.txt --epochs 1 --json");
    assert_eq!((&events[0]["model"], &events[0]["parameters"]), (&"net".into(), &30_730.into()));
}

#[test]
fn errors_are_one_line_and_nothing_is_overwritten() {
    let folder = Folder::new("refused");
    std::fs::write(folder.0.join("model.safetensors"), b"precious").unwrap();
    folder.refused(&format!("{SMALL} --epochs 1"), &["model.safetensors", "no model of Kindling"]);
    let new = format!("{SMALL} --out new.safetensors");
    folder.refused("train --data nowhere --out new.safetensors", &["nowhere"]);
    folder.refused(&format!("{new} --lr=-1"), &["lr"]);
    folder.refused(&format!("{new} --optimizer sdg"), &["sdg", "adam"]);
    folder.refused(&format!("{new} --optimizer adam --momentum 0.9"), &["momentum"]);
    folder.refused(&format!("{new} --schedule cosin"), &["cosin"]);
    folder.refused(&format!("{new} --augment crop:pad=3"), &["pad"]);
    folder.refused(&format!("{new} --epochs 0"), &["epochs"]);
    folder.refused("train --device cpu --data shapes --preset resnet --out new.safetensors", &["resnet20"]);
    folder.refused("train --resume model.safetensors --data shapes --out new.safetensors", &["model.safetensors"]);
    std::fs::write(folder.0.join("net.txt"), "fc: Linear(100, 10)\n").unwrap();
    folder.refused(
        "train --device cpu --data shapes --train-limit 8 --model net.txt --out new.safetensors",
        &["fc", "100"],
    );
    // A folder cannot be created, because a file has its name.
    folder.refused(&format!("{SMALL} --out model.safetensors/m"), &["model.safetensors/m", "cannot be written"]);
    folder.refused("eval --data shapes", &["model.safetensors"]);
    folder.refused("predict missing.png", &["model.safetensors"]);
    // The loss explodes: the earlier model stays.
    assert!(folder.run(&format!("{SMALL} --epochs 1 --out ok.safetensors")).status.success());
    let before = std::fs::read(folder.0.join("ok.safetensors")).unwrap();
    let exploding = format!("{SMALL} --epochs 3 --optimizer sgd --lr 1e30 --out ok.safetensors");
    folder.refused(&exploding, &["at step", "began in"]);
    assert_eq!(std::fs::read(folder.0.join("ok.safetensors")).unwrap(), before);
    assert_eq!(std::fs::read(folder.0.join("model.safetensors")).unwrap(), b"precious");
    assert_eq!(folder.run("train --no-such-flag").status.code(), Some(2));

    std::fs::write(folder.0.join("no.png"), b"no image").unwrap();
    folder.refused("predict no.png --model ok.safetensors", &["no.png", "no image"]);
    let whole = std::fs::read(folder.0.join("ok.safetensors")).unwrap();
    std::fs::write(folder.0.join("cut.safetensors"), &whole[..whole.len() - 1]).unwrap();
    folder.refused("predict no.png --model cut.safetensors", &["cut.safetensors"]);
    folder.refused("train --resume ok.safetensors --data shapes --out new.safetensors", &["no checkpoint"]);
}

/// Runs until the program has printed `steps` steps, then interrupts it as Ctrl-C does.
#[cfg(unix)]
fn interrupt(folder: &Folder, arguments: &str, steps: usize) -> (Vec<Value>, Option<i32>) {
    use std::io::{BufRead, BufReader, Read};
    let mut child = folder.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while text.matches("\"step\"").count() < steps {
        assert!(out.read_line(&mut text).unwrap() > 0, "it ended by itself: {text}");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    out.read_to_string(&mut text).unwrap();
    (parse(text.as_bytes()), child.wait().unwrap().code())
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_the_run_resumes_bit_for_bit() {
    let folder = Folder::new("interrupt");
    let long = "train --device cpu --data shapes --train-limit 400 --test-limit 20 --preset cifar-intro --batch-size 10 \
                --augment flip --seed 3 --evaluate-every 2 --json";
    let want = folder.events(&format!("{long} --epochs 4 --out whole.safetensors"));
    // More epochs than it can complete before the interruption; the checkpoint's number is then set
    // to four.
    let (first, code) = interrupt(&folder, &format!("{long} --epochs 4000 --out m.safetensors"), 30);
    assert_eq!(code, Some(130));
    let last = first.last().unwrap();
    assert_eq!(last["event"], "interrupted");
    assert!(last["resume"].as_str().unwrap().contains("--resume m.checkpoint.safetensors"), "{last}");
    let stopped = last["step"].as_u64().unwrap();
    if stopped >= 160 {
        return; // It was faster than the signal; there is nothing left to compare.
    }
    assert!(folder.has("m.checkpoint.safetensors") && !folder.has("m.safetensors"));
    let rest =
        folder.events("train --device cpu --resume m.checkpoint.safetensors --epochs 4 --out m.safetensors --json");
    let mut got = losses(&first);
    assert_eq!(got.len() as u64, stopped);
    got.extend(losses(&rest));
    assert_eq!(got, losses(&want));
    let read = |name: &str| std::fs::read(Path::new(&folder.0).join(name)).unwrap();
    assert!(read("m.safetensors") == read("whole.safetensors"), "the models differ");
}

#[test]
fn a_closed_pipe_ends_no_run() {
    let folder = Folder::new("pipe");
    let mut child = folder.command(&format!("{SMALL} --epochs 1")).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(folder.has("model.safetensors"));
}
