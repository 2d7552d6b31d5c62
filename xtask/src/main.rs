//! `cargo xtask setup | serve | test`: set-up and chores, in Rust, without prerequisites other than
//! Rust.
//!
//! The program knows the tools around Kindling (trunk, Chromium, …) and nothing of the engine: it
//! must build in seconds on a bare machine, before anything else can.

mod data;
mod process;
mod serve;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  serve [--dev]     install what is missing, build the page, serve it on http://127.0.0.1:8080
                    (--dev: a quick unoptimized build; both rebuild when a file changes)
  data SET          put cifar10, mnist or another published data set beside the page (public/data)
    --from PLACE    from this folder, file or address instead of the official one
  build             install what is missing, build the page into dist/
  test              install what is missing, run every test there is
    --only A[,B]    only these steps
    --list          print the steps
  screenshots       build the page and photograph it, wide and narrow, light and dark
  setup             only install what is missing
  setup --check     install nothing; say what is missing and fail if anything is
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["setup"] => setup::ensure(setup::EVERYTHING).map(drop),
        ["setup", "--check"] => setup::check(),
        ["serve"] => serve::serve(serve::Mode::Release),
        ["serve", "--dev"] => serve::serve(serve::Mode::Dev),
        ["data", options @ ..] => data::main(options),
        ["build"] => setup::ensure(setup::PAGE).and_then(|tools| serve::build(&tools)),
        ["screenshots"] => setup::ensure(setup::EVERYTHING)
            .and_then(|tools| serve::build(&tools).and_then(|()| test::screenshots(&tools))),
        ["test", options @ ..] => test::main(options),
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown command: {}\n\n{HELP}", other.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // A failed test run has printed everything already, and its count must stay the last
            // line.
            if !message.is_empty() {
                eprintln!("xtask: {message}");
            }
            ExitCode::FAILURE
        }
    }
}
