//! Outputs destroy nothing: inputs, foreign files, files of earlier runs. A failure to write ends
//! no run.
#![cfg(unix)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use common::{Folder, SMALL, parse};
use kindling::format::tfevents::{EventKind, read};

fn coin(folder: &Folder) {
    let rows: String = (0..40).map(|i| format!("{}.5,{}.25,{}\n", i * 7 % 40, i * 11 % 40, i % 2)).collect();
    fs::write(folder.0.join("coin.csv"), format!("x,y,side\n{rows}")).unwrap();
}

/// Runs the program with a limit of `blocks` blocks of 512 bytes for each file.
fn limited(folder: &Folder, blocks: usize, arguments: &str) -> std::process::Output {
    let script = format!("ulimit -f {blocks}; exec {} {arguments}", env!("CARGO_BIN_EXE_kindling"));
    Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap()
}

#[test]
fn only_files_are_written() {
    let folder = Folder::new("kinds");
    let at = |name: &str| folder.0.join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    fs::create_dir(at("there")).unwrap();
    symlink("loop", at("loop")).unwrap();
    symlink("/dev/full", at("full")).unwrap();
    fs::write(at("fixed"), b"").unwrap();
    fs::set_permissions(at("fixed"), fs::Permissions::from_mode(0o444)).unwrap();
    let cases = [
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("there", "a folder"),
        ("there/", "a folder"),
        ("new/", "a folder"),
        ("loop", "symbolic links"),
        ("full", "a device"),
        ("/dev/null", "a device"),
        ("fixed", "read-only"),
        ("..", "names no file"),
        ("pipe/m", "cannot be written"),
    ];
    for (out, problem) in cases {
        folder.refused(&format!("{SMALL} --epochs 1 --out {out} --json"), &[out, problem]);
    }
    assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
    assert!(fs::metadata(at("socket")).unwrap().file_type().is_socket());
    for (log, words) in [("fixed", &["fixed", "--logdir"][..]), ("pipe", &["pipe"]), ("m.safetensors/log", &["folder"])]
    {
        folder.refused(&format!("{SMALL} --epochs 1 --out m.safetensors --logdir {log}"), words);
    }
    fs::create_dir(at("n.checkpoint.safetensors")).unwrap();
    folder.refused(&format!("{SMALL} --epochs 1 --out n.safetensors"), &["n.checkpoint.safetensors", "a folder"]);
    // Nothing was trained or left behind.
    assert!(!folder.has("m.safetensors") && !folder.has("new"));
}

#[test]
fn links_are_written_through_and_permissions_stay() {
    let folder = Folder::new("links");
    let at = |name: &str| folder.0.join(name);
    fs::create_dir(at("store")).unwrap();
    symlink("store/m", at("m.safetensors")).unwrap();
    folder.events(&format!("{SMALL} --epochs 1 --out m.safetensors --json"));
    assert!(at("m.safetensors").symlink_metadata().unwrap().is_symlink());
    let first = fs::read(at("store/m")).unwrap();
    fs::set_permissions(at("store/m"), fs::Permissions::from_mode(0o640)).unwrap();
    folder.events(&format!("{SMALL} --epochs 1 --seed 1 --out m.safetensors --json"));
    assert!(at("m.safetensors").symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::metadata(at("store/m")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_ne!(fs::read(at("store/m")).unwrap(), first);
    assert_eq!(fs::read_dir(at("store")).unwrap().count(), 1);
}

#[test]
fn inputs_and_files_of_others_are_not_overwritten() {
    let folder = Folder::new("inputs");
    let at = |name: &str| folder.0.join(name);
    coin(&folder);
    fs::write(at("run.toml"), "epochs = 1\n").unwrap();
    fs::write(at("net.txt"), "Linear(2, 2)\n").unwrap();
    fs::write(at("tool.py"), "print()\n").unwrap();
    fs::hard_link(at("coin.csv"), at("hard.csv")).unwrap();
    symlink("coin.csv", at("soft.csv")).unwrap();
    let args = "train --device cpu --data coin.csv --preset softmax --epochs 1";
    for out in ["coin.csv", "./coin.csv", "hard.csv", "soft.csv"] {
        folder.refused(&format!("{args} --out {out}"), &[out, "--data reads it"]);
    }
    folder.refused(&format!("{args} --config run.toml --out run.toml"), &["run.toml", "--config reads it"]);
    let tables = "train --device cpu --data coin.csv --model net.txt --epochs 1";
    folder.refused(&format!("{tables} --out net.txt"), &["net.txt", "--model reads it"]);
    folder.refused(&format!("{args} --out tool.py"), &["tool.py", "no model of Kindling"]);
    folder.events(&format!("{args} --checkpoint-every 1 --out m.safetensors --json"));
    let checkpoint = "m.checkpoint.safetensors";
    folder.refused(&format!("{args} --out {checkpoint}"), &[checkpoint, "checkpoint of a run"]);
    let resume = format!("train --device cpu --resume {checkpoint} --epochs 2");
    folder.refused(&format!("{resume} --out {checkpoint}"), &[checkpoint, "--resume reads it"]);
    // An earlier model may be replaced, and an empty file too.
    fs::write(at("empty"), b"").unwrap();
    folder.events(&format!("{args} --out m.safetensors --json"));
    folder.events(&format!("{args} --out empty --json"));
}

#[test]
fn nothing_is_written_among_the_files_of_the_data() {
    let folder = Folder::new("among");
    for (class, shade) in [("dark", 10u8), ("light", 240)] {
        fs::create_dir_all(folder.0.join("set").join(class)).unwrap();
        for i in 0..5 {
            let image = image::RgbImage::from_pixel(8, 8, image::Rgb([shade + i, shade, shade]));
            image.save(folder.0.join(format!("set/{class}/{i}.png"))).unwrap();
        }
    }
    let args = "train --device cpu --data set --preset softmax --epochs 1 --json";
    folder.refused(&format!("{args} --out set/dark/m.safetensors"), &["set/dark", "--data"]);
    folder.refused(&format!("{args} --out set/dark/0.png"), &["set/dark/0.png"]);
    folder.refused(&format!("{args} --out m.safetensors --logdir set/light"), &["set/light", "--data"]);
    folder.events(&format!("{args} --out set/m.safetensors --logdir set/log"));
    // The file is no class.
    let described = folder.events("data describe set --json");
    assert_eq!(described[0]["classes"].as_array().unwrap().len(), 2, "{}", described[0]);
}

#[test]
fn an_export_replaces_nothing_unless_it_may() {
    let folder = Folder::new("export");
    let at = |name: &str| folder.0.join(name);
    for (seed, out) in [(1, "net.safetensors"), (2, "other.safetensors")] {
        folder.events(&format!("{SMALL} --epochs 1 --seed {seed} --out {out} --checkpoint-every 1 --json"));
    }
    let before = fs::read(at("net.safetensors")).unwrap();
    folder.refused("export --model other.safetensors --out net.py", &["net.safetensors", "weights of --out"]);
    folder.refused("export --model other.safetensors --out net.safetensors", &["net.safetensors", "--overwrite"]);
    folder.refused("export --model net.safetensors --out net.safetensors", &["net.safetensors", "--model reads it"]);
    for pipe in ["pipe.safetensors", "pipe.py"] {
        assert!(Command::new("mkfifo").arg(at(pipe)).status().unwrap().success());
        let export = format!("export --model net.safetensors --out {pipe} --overwrite");
        folder.refused(&export, &["pipe.safetensors", "a named pipe"]);
    }
    fs::write(at("mine.py"), "print()\n").unwrap();
    folder.refused("export --model net.safetensors --out mine.py", &["mine.py", "another file"]);
    assert!(!folder.has("mine.safetensors") && !folder.has("net.py"));
    assert_eq!(fs::read(at("net.safetensors")).unwrap(), before);
    // The weights may be the model itself, an export may be repeated, and a replaceable file is
    // replaced.
    for arguments in ["--out net.py", "--out net.py", "--out mine.py --overwrite"] {
        let done = folder.run(&format!("export --model net.safetensors {arguments}"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(fs::read(at("net.safetensors")).unwrap(), before);
    assert_ne!(fs::read(at("mine.py")).unwrap(), b"print()\n");
    let refused = "export --model net.safetensors --out net.safetensors --overwrite";
    folder.refused(refused, &["--model reads it"]);
}

#[test]
fn different_models_have_different_checkpoints() {
    let folder = Folder::new("names");
    let names = ["v1.0", "v1.1", "m", "m.safetensors", "m.pt"];
    for out in names {
        folder.events(&format!("{SMALL} --epochs 1 --checkpoint-every 1 --out {out} --json"));
    }
    let files: Vec<String> =
        fs::read_dir(&folder.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.len(), 2 * names.len(), "{files:?}");
    assert!(folder.has("v1.0.checkpoint") && folder.has("m.checkpoint.safetensors"), "{files:?}");
}

#[test]
fn an_earlier_run_s_checkpoint_is_not_lost() {
    let folder = Folder::new("earlier");
    let at = |name: &str| folder.0.join(name);
    folder.events(&format!("{SMALL} --epochs 2 --checkpoint-every 1 --out m.safetensors --json"));
    let earlier = fs::read(at("m.checkpoint.safetensors")).unwrap();
    // A resumed run replaces its own checkpoint.
    let resume = "train --device cpu --resume m.checkpoint.safetensors --epochs 3 --checkpoint-every 1 --json";
    folder.events(&format!("{resume} --out m.safetensors"));
    let resumed = fs::read(at("m.checkpoint.safetensors")).unwrap();
    assert!(resumed != earlier && !folder.has("m.checkpoint.1.safetensors"));
    // Another run renames it, and reports that.
    for n in 1..=2 {
        let again = folder.run(&format!("{SMALL} --epochs 1 --checkpoint-every 1 --seed {n} --out m.safetensors"));
        let error = String::from_utf8_lossy(&again.stderr);
        let aside = format!("m.checkpoint.{n}.safetensors");
        assert!(again.status.success() && error.contains(&aside), "{error}");
    }
    assert_eq!(fs::read(at("m.checkpoint.1.safetensors")).unwrap(), resumed);
    // A run that is stopped at once leaves it unchanged, or renames it too.
    let last = fs::read(at("m.checkpoint.safetensors")).unwrap();
    let mut child = folder
        .command("train --device cpu --data shapes --train-limit 600 --preset cifar-intro --batch-size 600 --out m.safetensors --json")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    out.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let stopped = parse(text.as_bytes()).pop().unwrap();
    assert_eq!(stopped["event"], "interrupted");
    let name = if stopped["step"] == 0 { "m.checkpoint.safetensors" } else { "m.checkpoint.3.safetensors" };
    assert_eq!(fs::read(at(name)).unwrap(), last);
    assert_eq!(stopped["checkpoint"].is_null(), stopped["step"] == 0);
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_no_run() {
    let folder = Folder::new("too-large");
    // The model has 123 kB, a checkpoint with Adam's state three times as much.
    let done = limited(&folder, 400, &format!("{SMALL} --epochs 3 --checkpoint-every 1 --out m.safetensors"));
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && folder.has("m.safetensors"), "{error}");
    assert_eq!(error.matches("no checkpoint is saved").count(), 1, "{error}");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_finished_model_is_saved_somewhere() {
    let folder = Folder::new("somewhere");
    let mut child = folder
        .command(&format!("{SMALL} --epochs 3 --out deep/m.safetensors --json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    // A file replaces the folder.
    fs::remove_dir_all(folder.0.join("deep")).unwrap();
    fs::write(folder.0.join("deep"), b"").unwrap();
    out.read_to_string(&mut text).unwrap();
    let done = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{error}");
    assert!(error.contains("deep/m.safetensors") && error.contains("it is saved as"), "{error}");
    let said = parse(text.as_bytes()).pop().unwrap()["out"].as_str().unwrap().to_owned();
    assert!(said.ends_with("m.safetensors") && folder.has("m.safetensors"), "{said}");
}

#[test]
fn what_killed_programs_left_is_removed() {
    let folder = Folder::new("parts");
    let at = |name: &str| folder.0.join(name);
    // No process has this PID: Linux's maximum is 2²².
    let gone = ["m.safetensors.4194399.part", "m.checkpoint.safetensors.4194399.part"];
    let alive = format!("m.safetensors.{}.part", std::process::id());
    let others = [alive.as_str(), "m.safetensors.part", "m.safetensors.x1.part", "n.safetensors.4194399.part"];
    gone.iter().chain(&others).for_each(|name| fs::write(at(name), b"half").unwrap());
    folder.events(&format!("{SMALL} --epochs 1 --out m.safetensors --json"));
    assert!(!gone.iter().any(|name| folder.has(name)));
    assert!(others.iter().all(|name| folder.has(name)) || cfg!(not(target_os = "linux")));
    // A file that exceeds its limit is reported, and no part of it is left.
    let done = limited(&folder, 100, &format!("{SMALL} --epochs 1 --out k.safetensors"));
    assert_eq!(done.status.code(), Some(2), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!fs::read_dir(&folder.0).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().starts_with('k')));
}

#[test]
fn a_log_that_cannot_be_written_ends_no_run() {
    let folder = Folder::new("log-full");
    let model = "--model net.txt";
    fs::write(folder.0.join("net.txt"), "MaxPool2d(8)\nFlatten()\nLinear(48, 10)\n").unwrap();
    let small = "train --device cpu --data shapes --train-limit 60 --test-limit 20 --batch-size 1";
    let done = limited(&folder, 20, &format!("{small} {model} --epochs 3 --logdir log --out m.safetensors"));
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && folder.has("m.safetensors"), "{error}");
    assert_eq!(error.matches("the log in log ends here").count(), 1, "{error}");
}

/// Returns the steps of a tag in all files of a log, as TensorBoard shows them: the start of a
/// session drops later ones.
fn steps(folder: &Folder, log: &str, tag: &str) -> Vec<i64> {
    let mut files: Vec<_> = fs::read_dir(folder.0.join(log)).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut shown, mut began) = (Vec::new(), false);
    for path in files {
        for event in read(&fs::read(&path).unwrap(), &path.display().to_string()).unwrap() {
            match event.kind {
                // TensorBoard ignores the first start.
                EventKind::SessionStart if !std::mem::replace(&mut began, true) => {}
                EventKind::SessionStart => shown.retain(|step| *step < event.at.step),
                EventKind::Scalar { tag: found, .. } if found == tag => shown.push(event.at.step),
                _ => {}
            }
        }
    }
    shown
}

#[test]
fn a_resumed_run_s_log_holds_each_step_once() {
    let folder = Folder::new("log-resumed");
    let run = |arguments: &str| {
        let done = folder.run(arguments);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    run(&format!("{SMALL} --epochs 3 --checkpoint-every 2 --logdir log --out m.safetensors"));
    for epochs in [4, 5] {
        fs::copy(folder.0.join("m.checkpoint.safetensors"), folder.0.join("from")).unwrap();
        let error =
            run(&format!("train --device cpu --resume from --epochs {epochs} --logdir log --out n.safetensors"));
        assert!(error.is_empty(), "{error}");
    }
    for tag in ["loss/step", "accuracy/step"] {
        assert_eq!(steps(&folder, "log", tag), (1..=30).collect::<Vec<_>>(), "{tag}");
    }
    assert_eq!(steps(&folder, "log", "loss/train"), [6, 12, 18, 24, 30]);
    // Another run in the same folder is no resumption; a warning says that both will be one curve.
    let error = run(&format!("{SMALL} --epochs 1 --logdir log --out o.safetensors"));
    assert!(error.contains("another run"), "{error}");
}
