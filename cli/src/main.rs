//! `kindling`: trains and runs networks natively. This file parses the command line and turns
//! errors into one line and an exit code: 0 success, 2 refused, 130 interrupted.

mod board;
mod checkpoint;
mod commands;
mod config;
mod data_args;
mod device;
mod download;
mod memory;
mod metrics;
mod model;
mod output;
mod outputs;
mod settings;
mod stop;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Train neural networks on the CPU or a GPU; the same engine that runs in the browser.
#[derive(Parser)]
#[command(name = "kindling", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network.
    Train(Box<commands::train::Train>),
    /// Evaluate a saved model.
    Eval(commands::eval::Eval),
    /// Predict the classes of images or the labels of rows.
    Predict(commands::predict::Predict),
    /// Export a saved model for other programs: a PyTorch script, or its weights alone.
    Export(commands::export::Export),
    /// Download data sets and describe them.
    Data(commands::data::Data),
    /// Show the devices of this machine and their limits.
    Info(commands::info::Info),
    /// Measure a step of a known workload.
    Bench(commands::bench::Bench),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return print_usage(&refused),
    };
    stop::outlive_limits();
    // Only this thread computes; the others read files.
    kindling::device::compute_on_this_thread();
    let done = match &cli.command {
        Command::Train(train) => commands::train::run(train),
        Command::Eval(eval) => commands::eval::run(eval),
        Command::Predict(predict) => commands::predict::run(predict),
        Command::Export(export) => commands::export::run(export),
        Command::Data(data) => commands::data::run(data),
        Command::Info(info) => commands::info::run(info),
        Command::Bench(bench) => commands::bench::run(bench),
    };
    match done.and_then(|()| output::finish()) {
        Ok(()) if stop::requested() => ExitCode::from(130),
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error_line(&error.to_string());
            ExitCode::from(2)
        }
    }
}

/// Prints why the command line was refused, or the requested help.
fn print_usage(refused: &clap::Error) -> ExitCode {
    let text = refused.render().to_string();
    let hostile = std::env::args_os().any(|arg| output::shown(&arg.to_string_lossy()) != arg.to_string_lossy());
    if !hostile {
        refused.exit();
    }
    text.lines().for_each(output::error_text);
    ExitCode::from(2)
}
