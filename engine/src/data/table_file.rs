//! Files of tables; [`Table`] parses their content.

use super::codecs::Codecs;
use super::files::Files;
use super::layout::{is_hidden, parts};
use super::splits::{OpenOptions, Splits, list};
use super::table::Table;
use crate::{Error, Result};

/// Returns `true` for the name of a table.
pub(super) fn wants(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".csv")
}

fn tables(files: &Files) -> Vec<&str> {
    files.paths().filter(|path| !is_hidden(path) && parts(path).last().is_some_and(|name| wants(name))).collect()
}

pub(super) fn claims(files: &Files) -> bool {
    !tables(files).is_empty()
}

/// Reads a table, and splits its rows at random.
///
/// # Errors
/// There are several tables; the table cannot be parsed; or a limit exceeds the number of rows.
pub(super) async fn read(root: &str, files: &Files, options: &OpenOptions, codecs: &dyn Codecs) -> Result<Splits> {
    let tables = tables(files);
    let [path] = tables.as_slice() else {
        let names: Vec<String> = tables.iter().map(|path| (*path).to_owned()).collect();
        let problem = format!("holds {} tables, of which one can be read: {}", names.len(), list(names.iter()));
        return Err(Error::file(root, problem));
    };
    Table::from_csv(root, &files.read(path, codecs).await?, &options.table)?.into_splits(options)
}
