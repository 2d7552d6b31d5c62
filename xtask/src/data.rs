//! Data sets for the page: `cargo xtask data cifar10` puts the official files into `public/data`,
//! which git ignores and every build of the page copies.

use crate::process::{command, run};
use crate::workspace::root;
use std::path::{Path, PathBuf};

/// Facts about a data set.
struct Set {
    name: &'static str,
    archive: &'static str,
    folder: &'static str,
    /// File without which the folder is not the data set.
    first: &'static str,
}

const SETS: &[Set] = &[
    Set {
        name: "cifar10",
        archive: "cifar-10-binary.tar.gz",
        folder: "cifar-10-batches-bin",
        first: "data_batch_1.bin",
    },
    Set { name: "cifar100", archive: "cifar-100-binary.tar.gz", folder: "cifar-100-binary", first: "train.bin" },
];

/// Address of the official archives.
const OFFICIAL: &str = "https://www.cs.toronto.edu/~kriz";

/// Puts a data set next to the page: from its official address, from another one, or from a local
/// folder or archive.
pub fn main(options: &[&str]) -> Result<(), String> {
    let (name, from) = match options {
        [name] => (*name, None),
        [name, "--from", from] => (*name, Some(*from)),
        _ => return Err("usage: cargo xtask data cifar10|cifar100 [--from FOLDER|ARCHIVE|URL]".to_owned()),
    };
    let set = SETS.iter().find(|set| set.name == name);
    let set = set.ok_or_else(|| format!("{name:?} is not known; there are cifar10 and cifar100"))?;
    let place = root().join("public/data");
    std::fs::create_dir_all(&place).map_err(|error| format!("cannot make {}: {error}", place.display()))?;
    match from {
        Some(from) if !from.contains("://") => copy(set, Path::new(from), &place),
        from => {
            let url = from.map_or_else(|| format!("{OFFICIAL}/{}", set.archive), str::to_owned);
            let part = place.join(format!("{}.part", set.archive));
            // -C - resumes an earlier attempt.
            let fetched = run(command("curl").args(["--fail", "--location", "-C", "-", "-o"]).arg(&part).arg(&url));
            fetched.map_err(|error| format!("{error}\nIs there a network, and is {url} right? Else give --from."))?;
            rename(&part, &place.join(set.archive))
        }
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::rename(from, to).map_err(|error| format!("cannot rename {}: {error}", from.display()))?;
    println!("{} is beside the page", to.display());
    Ok(())
}

/// Copies a folder of `.bin` files, a folder that contains it or the archive, or the archive.
fn copy(set: &Set, from: &Path, place: &Path) -> Result<(), String> {
    let copied = |from: &Path, to: &Path| {
        std::fs::copy(from, to).map(drop).map_err(|error| format!("cannot copy {}: {error}", from.display()))
    };
    if from.is_file() {
        let to = place.join(set.archive);
        copied(from, &to)?;
        println!("{} is beside the page", to.display());
        return Ok(());
    }
    let folders: [PathBuf; 2] = [from.to_path_buf(), from.join(set.folder)];
    if let Some(folder) = folders.iter().find(|folder| folder.join(set.first).is_file()) {
        let to = place.join(set.folder);
        std::fs::create_dir_all(&to).map_err(|error| format!("cannot make {}: {error}", to.display()))?;
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
        for entry in std::fs::read_dir(folder).map_err(cannot)? {
            let file = entry.map_err(cannot)?.path();
            let name = file.file_name().unwrap_or_default();
            if file.is_file() && file.extension().is_some_and(|ending| ending == "bin" || ending == "txt") {
                copied(&file, &to.join(name))?;
            }
        }
        println!("{} is beside the page", to.display());
        return Ok(());
    }
    let archive = from.join(set.archive);
    if archive.is_file() {
        return copy(set, &archive, place);
    }
    Err(format!("{} holds neither {} nor {}", from.display(), set.first, set.archive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_and_nonsense_refused() {
        let base = std::env::temp_dir().join(format!("kindling-data-{}", std::process::id()));
        let (from, place) = (base.join("from/cifar-10-batches-bin"), base.join("to"));
        std::fs::create_dir_all(&from).expect("a folder");
        std::fs::create_dir_all(&place).expect("a folder");
        assert!(copy(&SETS[0], &base.join("from"), &place).is_err());
        std::fs::write(from.join("data_batch_1.bin"), b"x").expect("a file");
        std::fs::write(from.join("readme.html"), b"x").expect("a file");
        copy(&SETS[0], &base.join("from"), &place).expect("a copy");
        assert!(place.join("cifar-10-batches-bin/data_batch_1.bin").is_file());
        assert!(!place.join("cifar-10-batches-bin/readme.html").exists());
        std::fs::remove_dir_all(base).expect("it goes");
    }
}
