//! Images in folders, one per class: chooses and decodes the files, and reports the skipped ones.
//! [`Layout`] finds the class and split of each file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog;
use super::codecs::{Codecs, LocalBoxFuture, for_each};
use super::dataset::Dataset;
use super::files::Files;
use super::images::{Images, RgbImage};
use super::layout::{LabeledFile, Layout, is_hidden, parts};
use super::limits::Split;
use super::preprocess;
use super::random::Random;
use super::splits::{OpenOptions, SplitMethod, SplitRecord, Splits, list, single_note, stratify};
use crate::{Error, Result};

/// Extensions of image files. Unsupported formats are included, so that their files are reported
/// instead of ignored.
const ENDINGS: [&str; 25] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "gif", "tif", "tiff", "ico", "qoi", "tga", "pbm", "pgm",
    "ppm", "pnm", "pam", "avif", "heic", "heif", "jp2", "psd", "svg",
];

/// Maximum height and width of images, unless [`OpenOptions::size`] is set.
const MAX_DEFAULT_SIDE: usize = 64;

/// Number of files, evenly spaced among all, that determine the size of all images.
const SIZE_SAMPLES: usize = 100;

/// Returns `true` for the name of an image file.
pub(super) fn wants(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Returns `true` for the path of an image file that is not hidden.
pub(super) fn is_image(path: &str) -> bool {
    !is_hidden(path) && parts(path).last().is_some_and(|name| wants(name))
}

pub(super) fn claims(files: &Files) -> bool {
    files.paths().any(is_image)
}

/// Reads images in folders.
///
/// # Errors
/// Fewer than two classes; no image that can be read; a damaged archive; a limit above the number
/// of samples; with [`OpenOptions::strict`], a file that was skipped.
pub(super) async fn read(root: &str, files: &Files, options: &OpenOptions, codecs: &dyn Codecs) -> Result<Splits> {
    let paths: Vec<&str> = files.paths().filter(|path| is_image(path)).collect();
    let layout = Layout::from_paths(root, &paths)?;
    if layout.classes.len() < 2 {
        return Err(Error::file(root, too_few(&layout)));
    }
    let mut notes = layout.notes.clone();
    notes.extend(foreign_note(files));
    let Selection { files: chosen, record } = select(root, &layout, options, &mut notes)?;
    let source = Source { paths: &paths, files, codecs };
    let shape = match options.size {
        Some([height, width]) => [options.channels, height, width],
        None => source.most_common_shape(&layout, options.channels).await?,
    };
    let decoded = source.decode(&chosen, shape).await?;
    let skipped: Vec<Skipped<'_>> = chosen
        .iter()
        .zip(&decoded)
        .filter_map(|((_, file), image)| Some((paths[file.index], image.as_ref().err()?.as_str())))
        .collect();
    if !skipped.is_empty() {
        let text = skipped_text(&skipped, chosen.len(), options.strict);
        if options.strict || skipped.len() == chosen.len() {
            return Err(Error::file(root, text));
        }
        notes.push(text);
    }
    let resized = decoded.iter().flatten().filter(|image| image.size != [shape[1], shape[2]]).count();
    if resized > 0 && options.size.is_none() {
        let [_, height, width] = shape;
        notes.push(format!(
            "images come in several sizes: {resized} of {} are scaled to {height}×{width}",
            chosen.len()
        ));
    }
    let lost = lost_classes(&layout, &chosen, &decoded);
    if !lost.is_empty() {
        let names = list(lost.iter().map(|class| &layout.classes[*class]));
        notes.push(format!("no image of {names} can be read: left out as a class"));
    }
    let labels: Vec<usize> = (0..layout.classes.len()).filter(|class| !lost.contains(class)).collect();
    if labels.len() < 2 {
        return Err(Error::file(root, format!("at least two classes are needed; {}", notes.join("; "))));
    }
    let split = |wanted: Split| -> Result<Arc<dyn Dataset>> {
        let mut images = Images::new(shape, labels.iter().map(|class| layout.classes[*class].clone()).collect());
        for ((split, file), image) in chosen.iter().zip(&decoded) {
            if let (true, Ok(image), Ok(label)) = (*split == wanted, image, labels.binary_search(&file.class)) {
                images.push(&image.pixels, label)?;
            }
        }
        Ok(Arc::new(images))
    };
    let (train, test) = (split(Split::Train)?, split(Split::Test)?);
    let validation = if record.validation > 0 { Some(split(Split::Validation)?) } else { None };
    let (name, kind) = (catalog::FOLDER.title.to_owned(), catalog::FOLDER.name);
    Ok(Splits { name, kind, train, validation, test, split: record, notes })
}

/// Path of a skipped file, and the reason.
type Skipped<'a> = (&'a str, &'a str);

/// Files to decode, with their splits.
struct Selection {
    files: Vec<(Split, LabeledFile)>,
    record: SplitRecord,
}

/// Chooses the files of each split, within the limits.
fn select(root: &str, layout: &Layout, options: &OpenOptions, notes: &mut Vec<String>) -> Result<Selection> {
    let has = |split: Split| layout.files.iter().any(|file| file.split == Some(split));
    let by_folder = has(Split::Train) && (has(Split::Test) || has(Split::Validation));
    let (method, parts) = if by_folder {
        if !has(Split::Test) {
            notes.push("there is no test split: the validation split is tested on".to_owned());
        }
        let split = |index: usize| match layout.files[index].split {
            Some(Split::Validation) if !has(Split::Test) => Split::Test,
            split => split.unwrap_or(Split::Train),
        };
        let (mut train, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
        // Files come class by class; in random order the first N are of all classes.
        for index in Random::new(0).permutation(layout.files.len()) {
            let index = index as usize;
            match split(index) {
                Split::Train => train.push(index),
                Split::Validation => validation.push(index),
                Split::Test => test.push(index),
            }
        }
        (SplitMethod::Folders, [train, validation, test])
    } else {
        let labels: Vec<usize> = layout.files.iter().map(|file| file.class).collect();
        let (seed, test_share) = (options.seed, options.test_share);
        let parts = stratify(&labels, test_share, seed)?;
        notes.extend(single_note(&parts.single, &layout.classes));
        (SplitMethod::Random { seed, test_share, stratified: true }, [parts.train, Vec::new(), parts.test])
    };
    let [train, validation, test] = &parts;
    let record = SplitRecord { method, train: train.len(), validation: validation.len(), test: test.len() };
    if let Some(text) = untrained(layout, train) {
        notes.push(text);
    }
    let mut files = Vec::new();
    for (split, indices) in [Split::Train, Split::Validation, Split::Test].into_iter().zip(parts) {
        let limit = options.limits.checked(root, split, indices.len())?.unwrap_or(usize::MAX);
        files.extend(indices.into_iter().take(limit).map(|index| (split, layout.files[index])));
    }
    Ok(Selection { files, record })
}

/// Returns a note on classes without training images.
fn untrained(layout: &Layout, train: &[usize]) -> Option<String> {
    let mut counts = vec![0usize; layout.classes.len()];
    train.iter().for_each(|index| counts[layout.files[*index].class] += 1);
    let missing: Vec<&String> =
        layout.classes.iter().zip(counts).filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    (!missing.is_empty()).then(|| format!("no training image is of {}", list(missing.into_iter())))
}

/// An image in the data set's size.
struct Decoded {
    pixels: Vec<u8>,
    /// Original height and width.
    size: [usize; 2],
}

/// Source of the images.
struct Source<'a> {
    paths: &'a [&'a str],
    files: &'a Files,
    codecs: &'a dyn Codecs,
}

impl Source<'_> {
    /// Decodes an image; the inner error is the reason why it cannot be decoded.
    async fn image(&self, index: usize) -> Result<std::result::Result<RgbImage, String>> {
        let path = self.paths[index];
        Ok(self.codecs.decode(path, self.files.read(path, self.codecs).await?).await)
    }

    /// Finds the most common size, up to 64×64; of equally frequent ones the larger.
    async fn most_common_shape(&self, layout: &Layout, channels: usize) -> Result<[usize; 3]> {
        let step = layout.files.len().div_ceil(SIZE_SAMPLES).max(1);
        let sample: Vec<usize> = layout.files.iter().step_by(step).map(|file| file.index).collect();
        let size = |at: usize| -> LocalBoxFuture<'_, Result<Option<[usize; 2]>>> {
            let index = sample[at];
            Box::pin(async move { Ok(self.image(index).await?.ok().map(|image| height_and_width(&image))) })
        };
        let mut counts: BTreeMap<(usize, [usize; 2]), usize> = BTreeMap::new();
        for size in for_each(sample.len(), &size).await {
            let Some([height, width]) = size? else { continue };
            let fits = height <= MAX_DEFAULT_SIDE && width <= MAX_DEFAULT_SIDE;
            let [height, width] = if fits { [height, width] } else { [MAX_DEFAULT_SIDE; 2] };
            *counts.entry((height * width, [height, width])).or_default() += 1;
        }
        let most_common = counts.into_iter().max_by_key(|(size, count)| (*count, *size));
        let [height, width] = most_common.map_or([MAX_DEFAULT_SIDE; 2], |((_, size), _)| size);
        Ok([channels, height, width])
    }

    /// Decodes images and resizes them to one shape.
    async fn decode(
        &self,
        chosen: &[(Split, LabeledFile)],
        shape: [usize; 3],
    ) -> Result<Vec<std::result::Result<Decoded, String>>> {
        let one = |at: usize| -> LocalBoxFuture<'_, Result<std::result::Result<Decoded, String>>> {
            let index = chosen[at].1.index;
            Box::pin(async move {
                match self.image(index).await? {
                    Ok(image) => {
                        Ok(Ok(Decoded { pixels: preprocess::to_chw(&image, shape)?, size: height_and_width(&image) }))
                    }
                    Err(problem) => Ok(Err(problem)),
                }
            })
        };
        for_each(chosen.len(), &one).await.into_iter().collect()
    }
}

fn height_and_width(image: &RgbImage) -> [usize; 2] {
    [image.height() as usize, image.width() as usize]
}

/// Returns the classes of which every image failed to decode.
fn lost_classes(
    layout: &Layout,
    chosen: &[(Split, LabeledFile)],
    decoded: &[std::result::Result<Decoded, String>],
) -> Vec<usize> {
    let mut failed = vec![0usize; layout.classes.len()];
    for ((_, file), image) in chosen.iter().zip(decoded) {
        failed[file.class] += usize::from(image.is_err());
    }
    for file in &layout.files {
        failed[file.class] = failed[file.class].wrapping_sub(1);
    }
    (0..failed.len()).filter(|class| failed[*class] == 0).collect()
}

fn too_few(layout: &Layout) -> String {
    let found = match layout.classes.as_slice() {
        [] => "no folder with images was found".to_owned(),
        [one, ..] => format!("only the folder {one:?} with images was found"),
    };
    format!("{found}; at least two are needed, one for each class")
}

/// Returns a note on files in the folders that are no images.
fn foreign_note(files: &Files) -> Option<String> {
    let foreign: Vec<&str> =
        files.paths().filter(|path| !is_image(path) && !is_hidden(path) && parts(path).len() > 1).collect();
    let folder = |path: &str| path.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder).to_owned();
    let with_images: std::collections::BTreeSet<String> =
        files.paths().filter(|path| is_image(path)).map(folder).collect();
    let mut bare: Vec<String> = foreign.iter().map(|path| folder(path)).filter(|f| !with_images.contains(f)).collect();
    bare.dedup();
    let names: Vec<String> = foreign.iter().map(|path| (*path).to_owned()).collect();
    let without = match bare.len() {
        0 => String::new(),
        _ => format!("; no image in {}", list(bare.iter())),
    };
    match names.len() {
        0 => None,
        1 => Some(format!("1 file is no image and was skipped: {}{without}", list(names.iter()))),
        n => Some(format!("{n} files are no images and were skipped: {}{without}", list(names.iter()))),
    }
}

/// Lists images that cannot be decoded: all if `all`, else the first.
fn skipped_text(skipped: &[Skipped<'_>], of: usize, all: bool) -> String {
    const MAX_NAMED: usize = 5;
    let named = if all { skipped.len() } else { MAX_NAMED.min(skipped.len()) };
    let reasons: Vec<String> = skipped[..named].iter().map(|(path, why)| format!("{path:?} ({why})")).collect();
    let more = match skipped.len() - named {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} of {of} images cannot be read and are skipped: {}{more}", skipped.len(), reasons.join(", "))
}
