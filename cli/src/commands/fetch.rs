//! `kindling data fetch`: downloads a published data set from its official address or a mirror, or
//! copies it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use kindling::data::catalog::{self, Official};
use kindling::{Error, Result};
use serde_json::json;

use crate::{download, output, stop};

#[derive(Args)]
pub struct Fetch {
    /// Name of the data set.
    #[arg(value_parser = PossibleValuesParser::new(published()))]
    set: String,
    /// Folder to write to; created if it does not exist.
    #[arg(long, default_value = "data")]
    out: PathBuf,
    /// Another address to download from, such as a mirror: of the file, or of the folder if there
    /// are several. The checksums stay the official ones.
    #[arg(long)]
    url: Option<String>,
    /// Copy the data set from this folder or file instead of downloading it.
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    from: Option<PathBuf>,
    /// Print one JSON object per line instead of text.
    #[arg(long)]
    json: bool,
}

/// Returns the published data sets as values of an argument.
fn published() -> impl Iterator<Item = PossibleValue> {
    catalog::official().map(|(set, _)| PossibleValue::new(set.name).help(set.about))
}

/// Downloads or copies a data set.
pub fn run(args: &Fetch) -> Result<()> {
    let Some(official) = catalog::find(&args.set).and_then(|set| set.official.as_ref()) else {
        return Err(Error::value("data", format!("{} has no official files", args.set)));
    };
    stop::listen();
    match &args.from {
        Some(from) => copy(args, official, from)?,
        None => download_all(args, official)?,
    }
    if args.json { Ok(()) } else { output::line(format!("use it with --data {}", args.out.display())) }
}

fn download_all(args: &Fetch, official: &Official) -> Result<()> {
    for file in official.downloads {
        let path = args.out.join(file.path);
        let url = match &args.url {
            Some(url) if official.archive().is_some() => url.clone(),
            base => {
                let base = base.as_deref().unwrap_or(official.url);
                format!("{}/{}", base.trim_end_matches('/'), file.file())
            }
        };
        let fetched = download::fetch(&url, &path, file.md5, args.json)?;
        let status = if fetched.downloaded == 0 { "is there already" } else { "fetched" };
        report(args, &path, status, [fetched.bytes, fetched.downloaded])?;
    }
    Ok(())
}

/// Reports a complete file, with its size and the number of downloaded bytes.
fn report(args: &Fetch, path: &Path, status: &str, [bytes, downloaded]: [u64; 2]) -> Result<()> {
    if args.json {
        let path = path.to_string_lossy();
        let event = json!({ "event": "fetched", "path": path, "bytes": bytes, "downloaded": downloaded });
        return output::object(&event);
    }
    output::line(format!("{} {status}: {} bytes, checksum right", path.display(), output::thousands(bytes as usize)))
}

/// Copies downloads with the right checksums, or the unpacked files.
fn copy(args: &Fetch, official: &Official, from: &Path) -> Result<()> {
    let downloads: Vec<(PathBuf, &catalog::Download)> = official
        .downloads
        .iter()
        .filter_map(|file| {
            let is_it = from.is_file() && from.file_name().is_some_and(|name| name == file.file());
            let paths = [from.join(file.file()), from.join(file.path)];
            let source = if is_it { Some(from.to_owned()) } else { paths.into_iter().find(|source| source.is_file()) };
            Some((source?, file))
        })
        .collect();
    if downloads.len() == official.downloads.len() {
        for (source, file) in downloads {
            let (bytes, sum) = download::checksum(&source)?;
            if sum != file.md5 {
                let problem = format!("its checksum is {sum}, not the official {}; nothing was copied", file.md5);
                return Err(Error::file(source.display(), problem));
            }
            let to = args.out.join(file.path);
            copy_file(&source, &to)?;
            report(args, &to, "copied", [bytes, 0])?;
        }
        return Ok(());
    }
    let first = official.train.first().copied().unwrap_or_default();
    let folders = [from.to_owned(), from.join(official.folder)];
    let Some(folder) = folders.iter().find(|folder| folder.join(first).is_file()) else {
        let files: Vec<&str> = official.downloads.iter().map(catalog::Download::file).collect();
        let problem = format!("holds neither {} nor the unpacked {first}", files.join(", "));
        return Err(Error::file(from.display(), problem));
    };
    let names = official.train.iter().chain(official.test).copied().chain(official.class_file);
    for name in names.filter(|name| folder.join(name).is_file()) {
        copy_file(&folder.join(name), &args.out.join(official.folder).join(name))?;
    }
    let to = args.out.join(official.folder);
    if args.json {
        return output::object(&json!({ "event": "copied", "path": to.to_string_lossy() }));
    }
    output::line(format!("{} copied", to.display()))
}

/// Copies a file, unless the target exists.
fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let refuse = |e: std::io::Error| Error::file(from.display(), format!("cannot be copied to {}: {e}", to.display()));
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(refuse)?;
    }
    let is_same = match (fs::canonicalize(from), fs::canonicalize(to)) {
        (Ok(from), Ok(to)) => from == to,
        _ => false,
    };
    if is_same { Ok(()) } else { fs::copy(from, to).map(drop).map_err(refuse) }
}
