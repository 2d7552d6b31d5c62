//! Tables as a user works with them: train, test on another table, predict new rows, export.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Temporary working directory of the program; removed when the test has passed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kindling-tables-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kindling"));
        command.args(arguments.split_whitespace()).current_dir(&self.0).output().unwrap()
    }

    /// Returns the last object that a successful run printed, and its notes.
    fn last(&self, arguments: &str) -> (Value, String) {
        let output = self.run(arguments);
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {notes}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (serde_json::from_str(text.lines().last().unwrap()).unwrap(), notes)
    }

    fn lines(&self, arguments: &str) -> Vec<Value> {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn refused(&self, arguments: &str, words: &[&str]) {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        words.iter().for_each(|word| assert!(error.contains(word), "{arguments}: {word} is missing in: {error}"));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Returns a pseudorandom value between -0.5 and 0.5.
fn noise(i: usize) -> f64 {
    (i * 7919 % 1000) as f64 / 1000.0 - 0.5
}

const KINDS: [&str; 3] = ["lily", "rose", "tulip"];

/// Returns the features of a flower, well separated by class.
fn flower(i: usize) -> [f64; 2] {
    let kind = (i % 3) as f64;
    [10.0 * kind + noise(i), 300.0 - 50.0 * kind + noise(i + 5)]
}

fn flowers(count: usize) -> String {
    let rows = (0..count).map(|i| {
        let [a, b] = flower(i);
        format!("{a:.3},{b:.3},{}\n", KINDS[i % 3])
    });
    format!("a,b,species\n{}", rows.collect::<String>())
}

const TRAIN: &str = "train --device cpu --json --preset mlp --evaluate-every 100";

#[test]
fn a_model_of_a_table_is_tested_predicts_and_is_exported() {
    let folder = Folder::new("classes");
    folder.write("t.csv", &flowers(90));
    let (done, notes) = folder.last(&format!("{TRAIN} --epochs 20 --data t.csv"));
    assert!(done["test_accuracy"].as_f64().unwrap() > 0.95, "{done}");
    assert!(notes.contains("comma separated, header, label \"species\" (3 classes), 2 feature columns"), "{notes}");

    // The same rows with columns in another order, more columns, and another dialect.
    let other = (0..90).map(|i| {
        let [a, b] = flower(i);
        format!("{};x{i};{b:.3};{a:.3}\n", KINDS[i % 3]).replace('.', ",")
    });
    folder.write("other.csv", &format!("Species;remark;b;a\n{}", other.collect::<String>()));
    let (first, _) = folder.last("eval --device cpu --json --data t.csv");
    let (second, notes) = folder.last("eval --device cpu --json --data other.csv");
    assert_eq!((&first["test_accuracy"], &second["test_accuracy"]), (&Value::from(1.0), &Value::from(1.0)));
    assert!(notes.contains("left out: \"remark\"") && notes.contains("another order"), "{notes}");
    folder.write("less.csv", "a,species\n1,rose\n2,lily\n");
    folder.refused("eval --device cpu --data less.csv", &["less.csv", "lacks 1 of the model's 2 columns: \"b\""]);

    // New rows without labels, of which one lacks a value.
    let new: String = (0..6).map(|i| format!("{:.3},{:.3}\n", flower(i)[1], flower(i)[0])).collect();
    folder.write("new.csv", &format!("b,a\n{new}7,\n"));
    let rows = folder.lines("predict --device cpu --json new.csv");
    let classes: Vec<&str> = rows.iter().filter_map(|row| row["classes"][0]["class"].as_str()).collect();
    assert_eq!(classes, ["lily", "rose", "tulip", "lily", "rose", "tulip"]);
    assert_eq!((&rows[6]["row"], &rows[6]["line"], &rows[6]["missing"]), (&7.into(), &8.into(), &"a".into()));
    let text = String::from_utf8(folder.run("predict --device cpu new.csv").stdout).unwrap();
    assert!(text.starts_with("1  lily ") && text.contains("7  no prediction: column \"a\" has no value"), "{text}");

    assert!(folder.run("export --out net.py").status.success());
    let script = std::fs::read_to_string(folder.0.join("net.py")).unwrap();
    for words in ["class Net(nn.Module)", "FEATURES = [\"a\", \"b\"]", "LABEL = \"species\"", "pandas.read_csv"] {
        assert!(script.contains(words), "{words} is missing in:\n{script}");
    }
}

#[test]
fn a_quantity_is_predicted_in_its_own_unit() {
    let folder = Folder::new("quantity");
    let house = |i: usize| {
        let (rooms, age) = (1.0 + (i % 9) as f64, (i * 37 % 80) as f64);
        (rooms, age, 50_000.0 * rooms - 700.0 * age + 100_000.0 + 100.0 * noise(i))
    };
    let row = |i: usize| format!("{},{},{:.2}\n", house(i).0, house(i).1, house(i).2);
    folder.write("homes.csv", &format!("rooms,age,price\n{}", (0..200).map(row).collect::<String>()));
    let (done, notes) = folder.last(&format!("{TRAIN} --epochs 60 --data homes.csv"));
    assert!(done["test_r2"].as_f64().unwrap() > 0.98 && done["test_mae"].as_f64().unwrap() < 15_000.0, "{done}");
    assert!(done.get("test_accuracy").is_none() && notes.contains("a quantity"), "{done}: {notes}");
    let (tested, _) = folder.last("eval --device cpu --json --data homes.csv");
    assert!(tested["test_r2"].as_f64().unwrap() > 0.98, "{tested}");

    folder.write("new.csv", "age,rooms\n10,5\n");
    let rows = folder.lines("predict --device cpu --json new.csv");
    let value = rows[0]["value"].as_f64().unwrap();
    assert!((value - 343_000.0).abs() < 40_000.0 && rows[0]["label"] == "price", "{rows:?}");
    assert!(folder.run("export --out net.py").status.success());
    let script = std::fs::read_to_string(folder.0.join("net.py")).unwrap();
    assert!(script.contains("TARGET_MEAN, TARGET_STD = ") && script.contains("nn.MSELoss()"), "{script}");

    for (flags, words) in [
        ("--loss cross_entropy", "cross_entropy compares classes"),
        ("--schedule plateau:mode=max", "the mode max compares accuracies"),
        ("--label rooms --task classification --loss l1", "l1, smooth_l1 and huber compare quantities"),
        ("--label rooms --task classification --loss smooth_l1:beta=-1", "smooth_l1"),
        ("--label floor", "no column \"floor\""),
    ] {
        folder.refused(&format!("{TRAIN} --epochs 1 --data homes.csv {flags}"), &[words]);
    }
    let (done, _) = folder.last(&format!("{TRAIN} --epochs 1 --data homes.csv --loss huber --label age"));
    assert!(done["test_mae"].is_number(), "{done}");
    let (done, _) = folder.last(&format!("{TRAIN} --epochs 1 --data homes.csv --label 1"));
    assert!(done["test_accuracy"].is_number(), "{done}");
    folder.refused("train --device cpu --data shapes --label x", &["--label and --task are for tables"]);
}
