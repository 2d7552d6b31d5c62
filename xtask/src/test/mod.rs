//! `cargo xtask test`: all tests, step by step, with one count at the end.

mod count;
mod steps;

use crate::setup;
use count::Count;
use std::time::{Duration, Instant};
pub use steps::screenshots;
use steps::{Outcome, STEPS, Step};

/// Runs the steps selected by the options.
pub fn main(options: &[&str]) -> Result<(), String> {
    let chosen: Vec<&Step> = match options {
        [] => STEPS.iter().collect(),
        ["--list"] => {
            for step in STEPS {
                println!("{:12} {}", step.name, step.about);
            }
            return Ok(());
        }
        ["--only", names] => choose(names)?,
        [option] if option.starts_with("--only=") => choose(&option["--only=".len()..])?,
        other => {
            return Err(format!("unknown options: {} (there are --list and --only A[,B])", other.join(" ")));
        }
    };
    let mut needs: Vec<setup::Need> = Vec::new();
    for need in chosen.iter().flat_map(|step| step.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    let tools = match setup::ensure(&needs) {
        Ok(tools) => tools,
        Err(message) => {
            eprintln!("xtask: {message}");
            println!("\n{}", Count { failed: 1, ..Count::default() });
            return Err(String::new());
        }
    };

    let mut rows = Vec::new();
    for step in chosen {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)(&tools).unwrap_or_else(|message| {
            eprintln!("xtask: {message}");
            Outcome::failure()
        });
        rows.push(Row { name: step.name, outcome, time: start.elapsed() });
    }
    let total = summary(&rows);
    if total.failed > 0 { Err(String::new()) } else { Ok(()) }
}

struct Row {
    name: &'static str,
    outcome: Outcome,
    time: Duration,
}

fn choose(names: &str) -> Result<Vec<&'static Step>, String> {
    names
        .split(',')
        .map(|name| {
            STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
                let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                format!("there is no step {name}; there are {}", all.join(", "))
            })
        })
        .collect()
}

/// Prints the table, with the count as the last line.
fn summary(rows: &[Row]) -> Count {
    println!("\n{:12} {:>7} {:>7} {:>7} {:>8}", "step", "passed", "failed", "skipped", "seconds");
    let mut total = Count::default();
    for row in rows {
        let Count { passed, failed, skipped } = row.outcome.count;
        let note = row.outcome.note.as_deref().unwrap_or_default();
        let seconds = row.time.as_secs_f64();
        println!("{:12} {passed:>7} {failed:>7} {skipped:>7} {seconds:>8.1}  {note}", row.name);
        total += row.outcome.count;
    }
    println!("\n{total}");
    total
}
