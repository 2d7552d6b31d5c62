//! A run's record equals its execution: settings from any source apply or are refused by name, and
//! an evaluation finds the samples, the loss and the classes of the run.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

#[path = "../common/mod.rs"]
mod common;
mod random;

use std::fmt::Write as _;

use common::{Folder, SMALL, of_kind};
use kindling::format::ModelFile;
use kindling::train::{EarlierSettings, RunRecord, TrainSpec, run_record, run_spec};
use serde_json::Value;

/// Returns rows of three columns with random labels: memorized ones are predicted, others only by
/// chance.
fn coin(rows: usize, seed: u32) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24)
    };
    let mut text = String::from("a,b,c,side\n");
    for _ in 0..rows {
        let side = if next() < 0.5 { "heads" } else { "tails" };
        writeln!(text, "{:.4},{:.4},{:.4},{side}", next(), next(), next()).unwrap();
    }
    text
}

impl Folder {
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn model(&self, name: &str) -> ModelFile {
        ModelFile::from_bytes(&std::fs::read(self.0.join(name)).unwrap(), name).unwrap()
    }

    fn recorded(&self, name: &str) -> (TrainSpec, RunRecord) {
        let file = self.model(name);
        (run_spec(&file).unwrap().unwrap(), run_record(&file).unwrap().unwrap())
    }

    /// Returns the last object that a successful run printed, and its error stream.
    fn last(&self, arguments: &str) -> (Value, String) {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {error}");
        (common::parse(&output.stdout).pop().unwrap(), error)
    }
}

fn metrics(event: &Value) -> (f64, f64) {
    (event["test_loss"].as_f64().unwrap(), event["test_accuracy"].as_f64().unwrap())
}

#[test]
fn eval_finds_the_test_samples_of_the_run() {
    let folder = Folder::new("eval-split");
    folder.write("coin.csv", &coin(60, 1));
    folder.write("copy.csv", &coin(60, 1));
    folder.write("other.csv", &coin(31, 2));
    folder.write("none.csv", "a,b,c,side\n");
    for flags in ["--seed 7", "--seed 3 --loss mse", "--seed 11 --train-limit 30"] {
        let (done, _) =
            folder.last(&format!("train --device cpu --data coin.csv --preset mlp --epochs 8 --json {flags}"));
        // By the data of the record, by its path, and by a copy that only its samples identify.
        for data in ["", "--data coin.csv", "--data ./coin.csv", "--data copy.csv"] {
            let (tested, _) = folder.last(&format!("eval --device cpu --json {data}"));
            assert_eq!(metrics(&tested), metrics(&done), "{flags}, {data}");
            assert_eq!((&tested["split"], &tested["test"]), (&"test".into(), &12.into()), "{flags}, {data}");
        }
    }
    // Other data is tested as a whole, or by split on request.
    let (tested, _) = folder.last("eval --device cpu --json --data other.csv");
    assert_eq!((&tested["split"], &tested["test"]), (&"all".into(), &31.into()));
    let rows: u64 = tested["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(rows, 31);
    for (split, samples) in [("all", 60), ("test", 12), ("train", 30)] {
        let (tested, _) = folder.last(&format!("eval --device cpu --json --split {split}"));
        assert_eq!(tested["test"], samples, "{split}");
    }
    folder.refused("eval --device cpu --split validation", &["validation", "coin.csv"]);
    // The test split cannot be found in a changed file.
    folder.write("coin.csv", &coin(61, 1));
    folder.refused("eval --device cpu", &["--split all"]);
    assert_eq!(folder.last("eval --device cpu --json --split all").0["test"], 61);
}

#[test]
fn classes_are_matched_by_name_or_refused() {
    let folder = Folder::new("eval-classes");
    let table = |names: [&str; 3], rows: usize| {
        let mut text = String::from("x,y,kind\n");
        (0..rows).for_each(|i| writeln!(text, "{}.5,{}.25,{}", i % 3 * 10, i % 3 * 5, names[i % 3]).unwrap());
        text
    };
    folder.write("a.csv", &table(["lily", "rose", "tulip"], 60));
    let (done, _) = folder.last("train --device cpu --data a.csv --preset mlp --epochs 30 --lr 0.01 --json");
    assert_eq!(done["test_accuracy"], 1.0);
    // Renamed so that the order changes: the error names the classes.
    folder.write("b.csv", &table(["zinnia", "rose", "tulip"], 60));
    folder.refused("eval --device cpu --data b.csv", &["\"lily\"", "\"zinnia\""]);
    // Two of the three classes, with indices other than the model's.
    folder.write("c.csv", &table(["rose", "rose", "tulip"], 60).replace("0.5,0.25,rose\n", ""));
    let (tested, said) = folder.last("eval --device cpu --data c.csv --json");
    assert_eq!((&tested["test_accuracy"], &tested["test"]), (&1.0.into(), &40.into()));
    assert!(said.contains("by name"), "{said}");
    assert_eq!(tested["classes"].as_array().unwrap().len(), 3);
    folder.write(
        "d.csv",
        &table(["lily", "rose", "tulip"], 60)
            .replace(",kind", ",k,kind")
            .replace("5,l", "5,1,l")
            .replace("5,r", "5,1,r")
            .replace("5,t", "5,1,t"),
    );
    let (tested, said) = folder.last("eval --device cpu --data d.csv --json");
    assert_eq!(tested["test_accuracy"], 1.0);
    assert!(said.contains("columns that the model does not know left out: \"k\""), "{said}");
    folder.write("e.csv", "x,kind\n0.5,lily\n10.5,rose\n");
    folder.refused("eval --device cpu --data e.csv", &["lacks 1 of the model's 2 columns: \"y\""]);
}

#[test]
fn a_flag_holds_on_resume_or_is_refused_by_name() {
    let folder = Folder::new("resume-flags");
    let base = "--optimizer sgd --lr 0.1 --momentum 0.5 --seed 3";
    folder.last(&format!("{SMALL} {base} --epochs 2 --checkpoint-every 2 --out m.safetensors --json"));
    let resume = "train --device cpu --resume m.checkpoint.safetensors --out n.safetensors --json --epochs 4";
    let events = folder.events(&format!(
        "{resume} --lr 0.001 --momentum 0.25 --weight-decay 0.01 --batch-size 20 --clip-grad-norm 5 --evaluate-every 1 \
         --patience 50 --optimizer SGD --preset softmax --seed 3 --loss CrossEntropyLoss"
    ));
    let rates: Vec<f64> = of_kind(&events, "epoch").iter().map(|epoch| epoch["lr"].as_f64().unwrap()).collect();
    assert_eq!(rates, [0.001; 2]);
    assert_eq!(of_kind(&events, "step").len(), 6);
    let (run, record) = folder.recorded("n.safetensors");
    let sgd = run.optimizer.attrs().unwrap();
    assert_eq!([&sgd["lr"], &sgd["momentum"], &sgd["weight_decay"]], [0.001, 0.25, 0.01]);
    assert_eq!((run.batch_size, run.clip_grad_norm, run.evaluate_every), (20, Some(5.0), 1));
    // Earlier settings are recorded too.
    let [EarlierSettings { until_step, settings }] = record.earlier.as_slice() else { panic!("{record:?}") };
    assert_eq!((*until_step, settings.optimizer.lr(), settings.batch_size), (12, 0.1, 10));

    folder.write("net.txt", "Flatten()\nfirst: Linear(3072, 8)\nsecond: Linear(8, 10)\n");
    for (flags, words) in [
        ("--preset mlp", ["model", "mlp"]),
        ("--model net.txt", ["model", "net"]),
        ("--optimizer adam", ["optimizer", "Adam"]),
        ("--seed 4", ["seed", "4"]),
        ("--loss mse", ["loss", "mse"]),
        ("--test-limit 10", ["test_limit", "20"]),
        ("--train-limit 30", ["60", "30"]),
        ("--epochs 1", ["epochs", "2 have begun"]),
        ("--checkpoint-every 0", ["--checkpoint-every", "at least 1"]),
    ] {
        let resume = if flags.contains("--epochs") { resume.replace(" --epochs 4", "") } else { resume.to_owned() };
        folder.refused(&format!("{resume} {flags}"), &words);
    }
}

#[test]
fn schedules_continue_or_are_planned_anew() {
    let folder = Folder::new("resume-schedule");
    let base = "--optimizer sgd --lr 0.1 --momentum 0.9";
    folder.last(&format!("{SMALL} {base} --schedule one_cycle --epochs 4 --checkpoint-every 2 --json"));
    let resume = "train --device cpu --resume model.checkpoint.safetensors --json";
    folder.refused(&format!("{resume} --epochs 8"), &["OneCycleLR", "total_steps = 4", "4 are to come"]);
    folder.refused(&format!("{resume} --epochs 8 --lr 0.5"), &["--lr", "max_lr"]);
    let rates = |flags: &str| -> Vec<f64> {
        let events = folder.events(&format!("{resume} --out n.safetensors {flags}"));
        of_kind(&events, "epoch").iter().map(|epoch| epoch["lr"].as_f64().unwrap()).collect()
    };
    // The last checkpoint is that of epoch 4; another cycle over the four remaining epochs has its
    // own maximum rate.
    let again = rates("--epochs 8 --schedule one_cycle:max_lr=0.5");
    assert_eq!(again.len(), 4);
    assert!((again[0] - 0.02).abs() < 1e-9 && again.iter().any(|lr| *lr > 0.3), "{again:?}");
    let constant = rates("--epochs 6 --schedule constant:factor=1 --lr 0.03");
    assert_eq!(constant, [0.03; 2]);

    // The same schedule again continues: a cosine over eight epochs, from its fifth.
    folder
        .last(&format!("{SMALL} {base} --schedule cosine --epochs 8 --checkpoint-every 4 --out c.safetensors --json"));
    folder.last(&format!(
        "{SMALL} {base} --schedule cosine:T_max=8 --epochs 4 --checkpoint-every 4 --out c.safetensors --json"
    ));
    for flags in ["--epochs 8", "--epochs 8 --schedule cosine", "--epochs 8 --schedule CosineAnnealingLR:T_max=8"] {
        let events = folder.events(&format!("train --device cpu --resume c.checkpoint.safetensors --json {flags}"));
        let cosine = |t: f64| 0.05 * (1.0 + (std::f64::consts::PI * t / 8.0).cos());
        for (epoch, t) in of_kind(&events, "epoch").iter().zip([4.0, 5.0, 6.0, 7.0]) {
            assert!((epoch["lr"].as_f64().unwrap() - cosine(t)).abs() < 1e-9, "{flags}: {epoch}");
        }
        // Another base: the same fraction of it.
        let events =
            folder.events(&format!("train --device cpu --resume c.checkpoint.safetensors --json {flags} --lr 0.2"));
        let first = of_kind(&events, "epoch")[0]["lr"].as_f64().unwrap();
        assert!((first - 2.0 * cosine(4.0)).abs() < 1e-9, "{flags}: {first}");
    }
}

#[test]
fn names_in_any_spelling_are_the_same() {
    let folder = Folder::new("spellings");
    for (name, other) in [("SGD", "sgd"), ("adamw", "AdamW"), ("RMSPROP", "rmsprop")] {
        folder.write("run.toml", &format!("[optimizer]\nname = \"{name}\"\nlr = 0.5\n[loss]\nname = \"MSELoss\"\n"));
        let events =
            folder.events(&format!("{SMALL} --config run.toml --epochs 1 --optimizer {other} --loss MSE --json"));
        assert_eq!(of_kind(&events, "epoch")[0]["lr"], 0.5, "{name} and {other}");
    }
    let (run, _) = folder.recorded("model.safetensors");
    assert_eq!(
        (run.optimizer.name(), kindling::json::write(&run.loss).unwrap()),
        ("RMSprop", "{\"name\":\"mse\"}".into())
    );
    let augment = "affine:translate=[0.2,0.3],Flip:p=0.25";
    folder.last(&format!("{SMALL} --epochs 1 --augment {augment} --json"));
    let augment = folder.recorded("model.safetensors").0.augment;
    let want =
        r#"[{"name":"RandomAffine","degrees":15.0,"translate":[0.2,0.3]},{"name":"RandomHorizontalFlip","p":0.25}]"#;
    assert_eq!(kindling::json::write(&augment).unwrap(), want);
}

#[test]
fn runs_that_would_fail_do_not_begin() {
    let folder = Folder::new("foreseen");
    for (flags, words) in [
        ("--lr nan", ["--lr", "finite"]),
        ("--lr inf", ["--lr", "finite"]),
        ("--momentum=-inf --optimizer sgd", ["--momentum", "finite"]),
        ("--weight-decay nan", ["--weight-decay", "finite"]),
        ("--clip-grad-norm nan", ["--clip-grad-norm", "finite"]),
        ("--clip-grad-norm 0", ["clip_grad_norm", "above 0"]),
        ("--augment crop:size=28:padding=0", ["RandomCrop", "28×28"]),
        ("--augment crop:size=40:padding=8", ["RandomCrop", "40×40"]),
        ("--augment crop:padding=99999999999", ["RandomCrop", "padding"]),
        ("--schedule one_cycle:total_steps=2", ["OneCycleLR", "total_steps = 2"]),
        ("--schedule one_cycle:max_lr=0.5 --lr 0.1", ["--lr", "max_lr"]),
    ] {
        folder.refused(&format!("{SMALL} --json --epochs 3 {flags}"), &words);
    }
    folder.write("nan.toml", "[optimizer]\nname = \"SGD\"\nlr = nan\n");
    folder.refused(&format!("{SMALL} --config nan.toml"), &["nan.toml", "optimizer.lr is NaN"]);
    folder.write("short.txt", "Conv2d(3, 6, 5)\nFlatten()\n");
    let output = folder.run("train --device cpu --data shapes --train-limit 60 --test-limit 20 --model short.txt");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("4704") && error.contains("10") && !error.contains("Some"), "{error}");

    // A last batch of one sample, which BatchNorm cannot train on.
    folder.write("coin.csv", &coin(82, 1));
    folder.write("bn.txt", "fc1: Linear(3, 8)\nbn: BatchNorm1d(8)\nReLU()\nfc2: Linear(8, 2)\n");
    let train = "train --device cpu --data coin.csv --train-limit 65 --model bn.txt --epochs 1 --json";
    folder.refused(&format!("{train} --batch-size 64"), &["BatchNorm1d (bn)", "65", "drop_last"]);
    folder.refused(&format!("{train} --batch-size 1"), &["BatchNorm1d (bn)", "at least 2"]);
    folder.refused(&format!("{train} --batch-size 66 --drop-last"), &["drop_last", "65"]);
    assert_eq!(folder.last(&format!("{train} --batch-size 64 --drop-last")).0["steps"], 1);
    assert_eq!(folder.last(&format!("{train} --batch-size 13")).0["steps"], 5);
}

#[test]
fn the_best_weights_are_saved_and_named() {
    let folder = Folder::new("best");
    folder.write("coin.csv", &coin(100, 5));
    let train = "train --device cpu --data coin.csv --preset mlp --lr 0.02 --epochs 60 --json";
    let events = folder.events(&format!("{train} --patience 3"));
    let tests: Vec<f64> = of_kind(&events, "epoch").iter().map(|e| e["test_loss"].as_f64().unwrap()).collect();
    let done = events.last().unwrap();
    let best = tests.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!((&done["ending"], done["test_loss"].as_f64()), (&"stopped_early".into(), Some(best)));
    let epoch = tests.iter().position(|loss| *loss == best).unwrap() + 1;
    assert_eq!((&done["best_epoch"], &done["saved_epoch"]), (&epoch.into(), &epoch.into()));
    // One evaluation more than the patience without improvement.
    assert_eq!(tests.len(), epoch + 4);
    assert_eq!(metrics(&folder.last("eval --device cpu --json").0), metrics(done));
    let selection = folder.recorded("model.safetensors").1.selection;
    assert_eq!((selection.epoch, selection.best, selection.metric.as_deref()), (epoch, Some(best), Some("test_loss")));

    // The last weights are saved on request; the best epoch is reported all the same.
    let (done, _) = folder.last(&format!("{train} --patience 3 --keep last"));
    assert_eq!((&done["best_epoch"], &done["saved_epoch"]), (&epoch.into(), &(epoch + 4).into()));
    assert_eq!(done["test_loss"].as_f64(), tests.last().copied());
    assert_eq!(metrics(&folder.last("eval --device cpu --json").0), metrics(&done));
    let text = String::from_utf8(folder.run(&format!("{train} --patience 3").replace(" --json", "")).stdout).unwrap();
    assert!(text.contains(&format!("epoch {epoch} was best")), "{text}");
}

#[test]
fn non_finite_metrics_are_stored_and_reported() {
    let folder = Folder::new("not-finite");
    let rows = coin(60, 1);
    // Overflows in the first layer, so that no output is finite.
    folder.write(
        "nodata.csv",
        &rows.replacen("0.", "-3.4e38.", 0).replace("a,b,c,side\n", "a,b,c,side\n-3.4e38,3.4e38,-3.4e38,heads\n"),
    );
    let mut cases = 0;
    for seed in 0..8 {
        let out = format!("m{seed}.safetensors");
        let output = folder.run(&format!(
            "train --device cpu --data nodata.csv --preset mlp --epochs 12 --patience 2 --seed {seed} --json \
             --checkpoint-every 1 --out {out}"
        ));
        if !output.status.success() {
            continue; // The row is among those trained on, and the loss is no number.
        }
        let events = common::parse(&output.stdout);
        let epochs = of_kind(&events, "epoch");
        if epochs.iter().all(|epoch| epoch["test_loss"].is_number()) {
            continue;
        }
        cases += 1;
        assert!(epochs.len() <= 3, "seed {seed}: the loss is no number in {} epochs", epochs.len());
        for file in [out.clone(), format!("m{seed}.checkpoint.safetensors")] {
            assert!(!folder.model(&file).info.metrics["test_loss"].is_finite(), "{file}");
            folder.refused(&format!("eval --device cpu --model {file}"), &["not finite", &file]);
        }
    }
    assert!(cases > 0, "no seed keeps the row for testing");
}

#[test]
fn a_checkpoint_holds_two_confusion_matrices_at_most() {
    let folder = Folder::new("grows");
    let mut table = String::from("x,y,label\n");
    (0..600).for_each(|i| writeln!(table, "{}.5,{}.25,c{:03}", i % 200, i % 7, i % 200).unwrap());
    folder.write("many.csv", &table);
    let size = |epochs: usize| {
        folder.last(&format!(
            "train --device cpu --data many.csv --preset softmax --epochs {epochs} --evaluate-every 1 \
             --checkpoint-every {epochs} --json"
        ));
        let bytes = std::fs::read(folder.0.join("model.checkpoint.safetensors")).unwrap();
        u64::from_le_bytes(bytes[..8].try_into().unwrap())
    };
    let (two, six) = (size(2), size(6));
    assert!(six < two + 8_000, "the header has {two} bytes after two evaluations, {six} after six");
}
