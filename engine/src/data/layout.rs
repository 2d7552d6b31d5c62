//! Classes and splits of image files by their folders, as torchvision's
//! [ImageFolder](https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html)
//! has them: the first folder below a split is the class, at any depth of the file. The module
//! knows paths, no files.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::Split;
use super::splits::list;
use crate::{Error, Result};

/// Classes of image files, and the files of each class and split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Names of the classes, sorted; labels are indices into it.
    pub classes: Vec<String>,
    /// Files with a class, in the order of their paths.
    pub files: Vec<LabeledFile>,
    /// `true` if folders named after splits divide the files.
    pub has_splits: bool,
    /// Notes on ignored files, one line each.
    pub notes: Vec<String>,
}

/// A file with its class and split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabeledFile {
    /// Index of the file in the paths.
    pub index: usize,
    /// Index of the class.
    pub class: usize,
    /// Split by the folders' names; `None` if they name no split.
    pub split: Option<Split>,
}

/// A file, with its folders below some level.
#[derive(Clone)]
struct Item<'a> {
    index: usize,
    folders: Vec<&'a str>,
}

type Groups<'a> = BTreeMap<&'a str, Vec<Item<'a>>>;

/// Returns the components of a path, split at slashes and backslashes.
pub(super) fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect()
}

/// Returns the split that a word in lower case names, such as `train` or `testset`.
pub(super) fn split_of_word(word: &str) -> Option<Split> {
    match word.strip_suffix("set").unwrap_or(word) {
        "train" | "training" | "trn" => Some(Split::Train),
        "val" | "valid" | "validation" | "validate" | "dev" | "eval" | "evaluation" => Some(Split::Validation),
        "test" | "testing" | "tests" | "tst" | "holdout" => Some(Split::Test),
        _ => None,
    }
}

/// Returns `true` for hidden files, and for files that macOS and Windows add to archives and
/// folders.
pub(super) fn is_hidden(path: &str) -> bool {
    let system = ["__MACOSX", "Thumbs.db", "desktop.ini"];
    parts(path).iter().any(|part| part.starts_with('.') || system.contains(part))
}

impl Layout {
    /// Finds the classes and splits of image files.
    ///
    /// A top folder that holds all files, as in most archives, is ignored. Splits are folders with
    /// usual names (`train`, `seg_train`, `Training Set`; `val`, `valid`, `dev`; `test`, `testing`)
    /// above the classes or directly below them.
    ///
    /// # Errors
    /// Folders named after splits have no class folders in them.
    pub fn from_paths(root: &str, paths: &[&str]) -> Result<Self> {
        let mut items: Vec<Item<'_>> = (0..paths.len())
            .map(|index| {
                let mut folders = parts(paths[index]);
                folders.pop();
                Item { index, folders }
            })
            .collect();
        items.sort_by(|a, b| paths[a.index].cmp(paths[b.index]));
        let mut layout = Self::default();
        while let Some(below) = peeled(&items) {
            items = below;
        }
        layout.leave_out("are in no folder of a class", paths, items.iter().filter(|item| item.folders.is_empty()));
        let groups = grouped(items);
        if let Some(groups) = by_split(root, &groups)? {
            layout.has_splits = true;
            let others = groups.iter().filter(|(split, _)| split.is_none());
            layout.leave_out(
                "are beside the splits or in no folder of a class",
                paths,
                others.flat_map(|(_, items)| items),
            );
            let split = groups.into_iter().filter_map(|(split, items)| Some((split?, items)));
            layout.fill(
                split.flat_map(|(split, items)| items.into_iter().map(move |item| (item, Some(split)))).collect(),
            );
        } else if let Some(items) = split_below_class(&groups) {
            layout.has_splits = true;
            layout.fill(items);
        } else {
            layout.fill(
                groups.into_iter().flat_map(|(class, items)| named(class, items)).map(|item| (item, None)).collect(),
            );
        }
        layout.files.sort_by(|a, b| paths[a.index].cmp(paths[b.index]));
        Ok(layout)
    }

    /// Adds files, with their first folder as class.
    fn fill(&mut self, items: Vec<(Item<'_>, Option<Split>)>) {
        let names: BTreeSet<&str> = items.iter().filter_map(|(item, _)| item.folders.first().copied()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        self.classes = names.iter().map(|name| (*name).to_owned()).collect();
        for (item, split) in items {
            let Some(class) = item.folders.first().and_then(|name| names.binary_search(name).ok()) else { continue };
            self.files.push(LabeledFile { index: item.index, class, split });
        }
    }

    fn leave_out<'a>(&mut self, why: &str, paths: &[&str], items: impl Iterator<Item = &'a Item<'a>>) {
        let left: Vec<String> = items.map(|item| paths[item.index].to_owned()).collect();
        match left.len() {
            0 => {}
            n => self.notes.push(format!("images that {why} are left out, {n} in all: {}", list(left.iter()))),
        }
    }
}

/// Returns the files without their shared top folder; `None` if they share none, or have no folder
/// below it.
fn peeled<'a>(items: &[Item<'a>]) -> Option<Vec<Item<'a>>> {
    let first = items.iter().find_map(|item| item.folders.first())?;
    let shared = items.iter().all(|item| item.folders.first().is_none_or(|folder| folder == first));
    let deeper = items.iter().any(|item| item.folders.len() > 1);
    (shared && deeper).then(|| items.iter().cloned().map(below).collect())
}

fn below(mut item: Item<'_>) -> Item<'_> {
    if !item.folders.is_empty() {
        item.folders.remove(0);
    }
    item
}

/// Prepends a folder to the folders of files.
fn named<'a>(folder: &'a str, items: Vec<Item<'a>>) -> impl Iterator<Item = Item<'a>> {
    items.into_iter().map(move |mut item| {
        item.folders.insert(0, folder);
        item
    })
}

/// Groups files by their first folder and removes it from them; files without folders are dropped.
fn grouped(items: Vec<Item<'_>>) -> Groups<'_> {
    let mut groups = Groups::new();
    for item in items {
        if let Some(folder) = item.folders.first().copied() {
            groups.entry(folder).or_default().push(below(item));
        }
    }
    groups
}

fn is_labeled(items: &[Item<'_>]) -> bool {
    items.iter().any(|item| !item.folders.is_empty())
}

/// Files by the split of their top folder, with the class as first folder; `None` for files without
/// a split or a class.
type BySplit<'a> = Vec<(Option<Split>, Vec<Item<'a>>)>;

fn by_split<'a>(root: &str, groups: &Groups<'a>) -> Result<Option<BySplit<'a>>> {
    let names: BTreeMap<&str, SplitName> =
        groups.keys().filter_map(|name| Some((*name, SplitName::parse(name)?))).collect();
    let Some(stem) = names.values().find(|name| name.split == Split::Train).map(|name| name.stem.clone()) else {
        return Ok(None);
    };
    let split = |name: &str| names.get(name).filter(|name| name.stem == stem).map(|name| name.split);
    let labeled =
        |wanted: bool| groups.iter().filter(move |(name, items)| split(name).is_some() == wanted && is_labeled(items));
    let kinds: BTreeSet<Split> = names.values().filter(|name| name.stem == stem).map(|name| name.split).collect();
    let others = groups.keys().filter(|name| split(name).is_none()).count();
    if others == 0 && kinds.len() > 1 && labeled(true).next().is_none() {
        let folders: Vec<String> = groups.keys().map(|name| (*name).to_owned()).collect();
        let problem = format!("the folders {} hold images, but no folder for each class", list(folders.iter()));
        return Err(Error::file(root, problem));
    }
    let trains = labeled(true).any(|(name, _)| split(name) == Some(Split::Train));
    // `train` beside folders without classes, such as Kaggle's unlabeled images.
    let alone = others > 0
        && stem.is_empty()
        && labeled(false).next().is_none()
        && labeled(true).all(|(_, items)| {
            let classes: BTreeSet<Option<&&str>> = items.iter().map(|item| item.folders.first()).collect();
            classes.len() > 1 && !classes.contains(&None)
        });
    let is_level = trains && (kinds.len() > 1 || alone);
    if !is_level {
        return Ok(None);
    }
    let mut found: BySplit<'a> = Vec::new();
    for (name, items) in groups {
        match split(name) {
            Some(split) => found.push((Some(split), items.clone())),
            None => found.push((None, items.clone())),
        }
    }
    let splits = |found: &BySplit<'a>| -> Vec<usize> {
        (0..found.len()).filter(|i| found[*i].0.is_some() && is_labeled(&found[*i].1)).collect()
    };
    // seg_train/seg_train/CLASS: a folder named after a split is no class,
    for i in splits(&found) {
        let items = &mut found[i].1;
        while items.iter().any(|item| item.folders.first().is_some_and(|folder| SplitName::parse(folder).is_some()))
            && let Some(below) = peeled(items)
        {
            *items = below;
        }
    }
    // nor is one that is alone in its split, if every split has one.
    while let Some(below) =
        splits(&found).into_iter().map(|i| Some((i, peeled(&found[i].1)?))).collect::<Option<Vec<_>>>()
    {
        below.into_iter().for_each(|(i, items)| found[i].1 = items);
    }
    let mut loose = Vec::new();
    for (split, items) in &mut found {
        if split.is_some() {
            loose.extend(items.iter().filter(|item| item.folders.is_empty()).cloned());
            items.retain(|item| !item.folders.is_empty());
        }
    }
    found.push((None, loose));
    Ok(Some(found))
}

/// Returns the files of classes whose subfolders are all splits (`CLASS/train`, `CLASS/test`), else
/// `None`.
fn split_below_class<'a>(groups: &Groups<'a>) -> Option<Vec<(Item<'a>, Option<Split>)>> {
    let mut found = Vec::new();
    for (class, items) in groups {
        for item in items {
            let split = SplitName::parse(item.folders.first()?)?.split;
            let item = Item { index: item.index, folders: vec![*class] };
            found.push((item, Some(split)));
        }
    }
    let has = |wanted: bool| found.iter().any(|(_, split)| (*split == Some(Split::Train)) == wanted);
    (has(true) && has(false)).then_some(found)
}

/// A folder's name parsed as a split, with the other words of the name, such as the data set's.
struct SplitName {
    split: Split,
    stem: Vec<String>,
}

impl SplitName {
    fn parse(folder: &str) -> Option<Self> {
        const FILLERS: [&str; 14] = [
            "set", "sets", "seg", "data", "dataset", "image", "images", "img", "imgs", "split", "folder", "files",
            "photos", "cropped",
        ];
        let lower = folder.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        let mut stem = Vec::new();
        let mut found = None;
        for word in words {
            let split = split_of_word(word);
            match split {
                Some(_) if found.is_some() => return None,
                Some(_) => found = split,
                None if FILLERS.contains(&word) => {}
                None => stem.push(word.to_owned()),
            }
        }
        Some(Self { split: found?, stem })
    }
}
