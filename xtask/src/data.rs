//! Data sets beside the page: `cargo xtask data cifar10` puts the official files into
//! `public/data`, which git ignores and every build of the page copies. The command line knows the
//! data sets, and fetches them.

use crate::process::{command, run};

/// Puts a set beside the page: from its official address, from another one, or from a folder or
/// file on this machine.
pub fn main(options: &[&str]) -> Result<(), String> {
    let (name, from) = match options {
        [name] => (*name, None),
        [name, "--from", from] => (*name, Some(*from)),
        _ => return Err("usage: cargo xtask data NAME [--from FOLDER|FILE|URL]".to_owned()),
    };
    let mut fetch = command("cargo");
    fetch.args(["run", "--quiet", "--release", "--package", "kindling-cli", "--", "data", "fetch", name]);
    fetch.args(["--out", "public/data"]);
    match from {
        Some(url) if url.contains("://") => fetch.args(["--url", url]),
        // The command runs in the checkout's root, whatever folder a path is meant from.
        Some(path) => {
            let path = std::path::absolute(path).map_err(|error| format!("{path} is no path: {error}"))?;
            fetch.arg("--from").arg(path)
        }
        None => &mut fetch,
    };
    run(&mut fetch)
}
