//! Hostile input is inert: names from files, impossible numbers, closed or full streams.
#![cfg(unix)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

mod common;

use std::fs;
use std::process::Command;

use common::{Folder, SMALL, of_kind, parse};

#[test]
fn names_from_files_cannot_command_the_terminal() {
    let folder = Folder::new("escapes");
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}";
    let rows: String =
        (0..40).map(|i| format!("{i}.5,{}.5,{}\n", i % 3, if i % 2 == 0 { "plain" } else { hostile })).collect();
    fs::write(folder.0.join("t.csv"), format!("x,y,label\n{rows}")).unwrap();
    let name = format!("{hostile}.csv");
    fs::copy(folder.0.join("t.csv"), folder.0.join(&name)).unwrap();
    let train = "train --device cpu --preset softmax --epochs 1 --data";
    let calls: Vec<Vec<&str>> = vec![
        vec!["data", "describe", "t.csv"],
        vec!["data", "describe", "t.csv", "--json"],
        vec!["data", "describe", &name],
        train.split(' ').chain(["t.csv", "--logdir", "log"]).collect(),
        train.split(' ').chain(["t.csv", "--json"]).collect(),
        train.split(' ').chain(["t.csv", "--out", &name]).collect(),
        train.split(' ').chain([hostile]).collect(),
        vec!["eval", "--device", "cpu", "--model", "model.safetensors", "--data", "t.csv"],
        vec!["export", "--model", "model.safetensors", "--out", hostile],
        vec!["predict", &name],
        vec![hostile],
        vec!["train", "--device", hostile],
    ];
    for call in calls {
        let done = folder.command("").args(&call).output().unwrap();
        let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        let raw: Vec<char> = text.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert!(raw.is_empty() && !text.is_empty(), "{call:?}: {raw:?} in {text:?}");
    }
}

#[test]
fn closed_and_full_streams_are_harmless() {
    let folder = Folder::new("streams");
    let kindling = env!("CARGO_BIN_EXE_kindling");
    let shell = |line: String| Command::new("sh").args(["-c", &line]).current_dir(&folder.0).output().unwrap();
    for (i, streams) in [">&-", "2>&-", ">&- 2>&-", "2>/dev/full", "</dev/null >&- 2>/dev/full"].iter().enumerate() {
        let done = shell(format!("TERM=dumb {kindling} {SMALL} --epochs 1 --out {i}.safetensors {streams}"));
        assert!(done.status.success(), "{streams}: {done:?}");
        let refused = shell(format!("{kindling} eval --model none {streams}"));
        assert_eq!(refused.status.code(), Some(2), "{streams}: {refused:?}");
    }
    // Lines that cannot be printed are an error, but the model is saved.
    let done = shell(format!("{kindling} {SMALL} --epochs 1 --out full.safetensors >/dev/full"));
    assert!(done.status.code() == Some(2) && folder.has("full.safetensors"), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("standard output"), "{done:?}");
    let events = parse(&shell(format!("{kindling} {SMALL} --epochs 1 --json 2>/dev/full")).stdout);
    assert_eq!(of_kind(&events, "done").len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_written_and_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes");
    let [model, image] = [b"m\xff.safetensors".as_slice(), b"red\xfe.png"].map(OsStr::from_bytes);
    let train = folder.command(&format!("{SMALL} --epochs 1 --checkpoint-every 1 --json --out")).arg(model).output();
    let train = train.unwrap();
    assert!(train.status.success() && folder.0.join(model).exists(), "{train:?}");
    image::RgbImage::from_pixel(32, 32, image::Rgb([200, 30, 30])).save(folder.0.join("red.png")).unwrap();
    fs::rename(folder.0.join("red.png"), folder.0.join(image)).unwrap();
    for json in [&["--json"][..], &[]] {
        let output = folder.command("predict --device cpu --model").arg(model).arg(image).args(json).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn numbers_that_no_machine_has_are_refused_or_harmless() {
    let folder = Folder::new("huge");
    let run = "train --device cpu --data shapes --train-limit 60 --test-limit 20 --preset softmax --epochs 1 --json";
    let max = u64::MAX;
    for flag in ["--train-limit", "--test-limit"] {
        for n in [1_000_000_000_000, 1 << 63, max] {
            let arguments = format!("train --device cpu --data shapes --preset softmax {flag} {n}");
            folder.refused(&arguments, &[&n.to_string()]);
        }
    }
    for crop in ["size", "padding"] {
        folder.refused(&format!("{run} --augment crop:{crop}={max}"), &["RandomCrop", &max.to_string()]);
    }
    for flag in ["--batch-size", "--evaluate-every", "--checkpoint-every", "--patience", "--seed"] {
        folder.events(&format!("{run} {flag} {max}"));
    }
    fs::write(folder.0.join("wide.txt"), "Flatten()\nLinear(3072, 4000000000)\nLinear(4000000000, 10)\n").unwrap();
    let wide = "train --device cpu --data shapes --train-limit 60 --test-limit 20 --epochs 1 --model wide.txt";
    folder.refused(wide, &["12332000000010 parameters"]);
}
