//! Debian's and Ubuntu's packages.

use super::job;
use crate::process::{output, which};
use std::process::Command;

/// Installs packages, if there are any. Without the rights to, the error gives the command to run.
pub fn install(packages: &[&str]) -> Result<(), String> {
    if packages.is_empty() {
        return Ok(());
    }
    if which("apt-get").is_none() {
        return Err(format!(
            "this machine has no apt-get. Install with its own package manager what these Debian packages hold, then \
             run this again: {}",
            packages.join(" ")
        ));
    }
    let Some(prefix) = rights() else {
        let list = packages.join(" ");
        return Err(format!(
            "installing packages takes root. Run this, then run xtask again:\n  \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}"
        ));
    };
    let mut update = apt_get(prefix);
    update.arg("update");
    let mut install = apt_get(prefix);
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    job::run("apt", &mut [update, install])
}

/// Returns the prefix of a command that requires root: empty, or sudo if it asks for no password.
fn rights() -> Option<&'static [&'static str]> {
    if output(Command::new("id").arg("-u"))? == "0" {
        return Some(&[]);
    }
    output(Command::new("sudo").args(["-n", "true"])).map(|_| &["sudo", "-n"][..])
}

fn apt_get(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    let mut command = crate::process::command(words.next().copied().unwrap_or("env"));
    // Another apt (of a machine just booted) may hold the lock for a while.
    command.args(words).args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}
