//! Common parts of the command line's tests: working folders, and output.
#![allow(dead_code, reason = "each file of tests compiles this anew and uses some of it")]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Temporary working folder of the program; removed when the test has passed.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kindling-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kindling"));
        command.args(arguments.split_whitespace()).current_dir(&self.0);
        command
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program successfully and returns the printed objects; the error stream may have
    /// notes on the data.
    pub fn events(&self, arguments: &str) -> Vec<Value> {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(without_notes(&output.stderr), Vec::<String>::new());
        parse(&output.stdout)
    }

    /// Expects exit code 2 and one line with these words, besides notes on the data.
    pub fn refused(&self, arguments: &str, words: &[&str]) {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert_eq!(without_notes(&output.stderr).len(), 1, "{error}");
        words.iter().for_each(|word| assert!(error.contains(word), "{arguments}: {word} is missing in: {error}"));
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Returns the lines of the error stream that are no notes on the data.
fn without_notes(stderr: &[u8]) -> Vec<String> {
    let lines = String::from_utf8_lossy(stderr);
    lines.lines().filter(|line| !line.starts_with("note: ")).map(str::to_owned).collect()
}

pub fn parse(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

/// A short run on generated data.
pub const SMALL: &str =
    "train --device cpu --data shapes --train-limit 60 --test-limit 20 --preset softmax --batch-size 10";
