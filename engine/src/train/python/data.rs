//! Data of a run in a script: torchvision's data sets by their classes, or images in folders or a
//! zip by the names of the classes. For data that only Kindling reads, the script has no training
//! loop.

use crate::train::DataSpec;

/// Data of a run in a script.
pub enum Source {
    /// A class of `torchvision.datasets`.
    Torchvision(&'static str),
    /// Images in folders named after their classes.
    Images,
    /// NumPy arrays of images and labels.
    Arrays,
}

impl Source {
    /// Returns the source of a run's data; `None` for data that only Kindling reads.
    pub fn from_spec(data: &DataSpec) -> Option<Self> {
        Some(match data.name.as_str() {
            "cifar10" => Self::Torchvision("CIFAR10"),
            "cifar100" => Self::Torchvision("CIFAR100"),
            "mnist" => Self::Torchvision("MNIST"),
            "fashion-mnist" => Self::Torchvision("FashionMNIST"),
            "folder" => Self::Images,
            "numpy" => Self::Arrays,
            _ => return None,
        })
    }

    /// Returns the line that imports from torchvision for [`Source::functions`], if any.
    pub fn import(&self) -> &'static str {
        match self {
            Self::Torchvision(_) => "from torchvision import datasets\n",
            Self::Images | Self::Arrays => "",
        }
    }

    /// Returns the function `open_data(args, train, transform)` with its helpers.
    pub fn functions(&self, data: &DataSpec, seed: u64) -> String {
        let limit = |limit: Option<usize>| limit.map_or("None".to_owned(), |n| n.to_string());
        let (train, test) = (limit(data.train_limit), limit(data.test_limit));
        match self {
            Self::Torchvision(class) => format!(
                r#"

def open_data(args, train, transform):
    data = datasets.{class}(args.data, train, transform, download=True)
    limit = {train} if train else {test}
    return data if limit is None else torch.utils.data.Subset(data, range(min(limit, len(data))))
"#
            ),
            Self::Images => format!("{SPLITS}{IMAGES}{}", opened(&train, &test, seed)),
            Self::Arrays => format!("{SPLITS}{ARRAYS}{}", opened_arrays(&train, &test, seed)),
        }
    }
}

/// Words that name splits.
const SPLITS: &str = r#"

SPLITS = {
    "train": "train", "training": "train", "trn": "train", "test": "test", "testing": "test", "tests": "test",
    "tst": "test", "holdout": "test", "val": "validation", "valid": "validation", "validation": "validation",
    "validate": "validation", "dev": "validation", "eval": "validation", "evaluation": "validation",
}
"#;

/// Images of a folder or a zip. The first folder named after a class is an image's class; a folder
/// named after a split, and not after a class, is its split.
const IMAGES: &str = r#"

def split_of(folder):
    """The split that a folder's name says, such as train, "Training Set" or seg_test; else None."""
    words = (word.removesuffix("set") for word in re.split(r"[\W_]+", folder.lower()))
    found = {SPLITS[word] for word in words if word in SPLITS}
    return found.pop() if len(found) == 1 else None


class ImageFiles(torch.utils.data.Dataset):
    """Images and their labels; each image is a function that opens its file."""

    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        opened, label = self.images[index]
        with opened() as file:
            return self.transform(Image.open(file)), label


def find_images(root):
    """The images of each split, from a folder or a zip with a folder for each class."""
    if os.path.isfile(root):
        archive = zipfile.ZipFile(root)
        files = {name: functools.partial(archive.open, name) for name in archive.namelist()}
    else:
        paths = (path for path in pathlib.Path(root).rglob("*") if path.is_file())
        files = {path.relative_to(root).as_posix(): functools.partial(path.open, "rb") for path in paths}
    Image.init()
    found = {"train": [], "validation": [], "test": []}
    for name in sorted(files):
        *folders, file = name.split("/")
        label = next((CLASSES.index(folder) for folder in folders if folder in CLASSES), None)
        known = os.path.splitext(file)[1].lower() in Image.EXTENSION
        if label is None or not known or any(part.startswith((".", "__MACOSX")) for part in (*folders, file)):
            continue
        splits = (split_of(folder) for folder in folders if folder not in CLASSES)
        found[next(filter(None, splits), "train")].append((files[name], label))
    if not found["train"]:
        raise SystemExit(f"{root}: no images to train on in folders named after the classes")
    return found
"#;

/// Images and labels of a `.npz`, or of `.npy` files in a folder, with role and split by the
/// arrays' names.
const ARRAYS: &str = r#"

class ArrayImages(torch.utils.data.Dataset):
    """Images and their labels, of two arrays."""

    def __init__(self, images, labels, indices, transform):
        self.images, self.labels, self.indices, self.transform = images, labels, indices, transform

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        index = self.indices[index]
        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


def find_arrays(root):
    """The images [N, H, W(, 3)] and labels of each split; of "all" where names tell no split."""
    if os.path.isdir(root):
        arrays = {path.stem: np.load(path) for path in sorted(pathlib.Path(root).rglob("*.npy"))}
    else:
        arrays = dict(np.load(root))
    found = {}
    for name, array in arrays.items():
        words = name.lower().split("_")
        splits = [SPLITS[word.removesuffix("set")] for word in words if word.removesuffix("set") in SPLITS] or ["all"]
        if {"x", "image", "images", "data"} & set(words):
            array = array.transpose(0, 2, 3, 1) if array.ndim == 4 and array.shape[-1] not in (1, 3) else array
            found[splits[0], "images"] = array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array
        elif {"y", "label", "labels", "target", "targets"} & set(words):
            found[splits[0], "labels"] = [CLASSES.index(str(label)) for label in array.reshape(-1).astype(int)]
    return found
"#;

fn opened_arrays(train: &str, test: &str, seed: u64) -> String {
    format!(
        r#"

def open_data(args, train, transform):
    found = find_arrays(args.data)
    learned = "train" if ("train", "images") in found else "all"
    tested = next((split for split in ("test", "validation") if (split, "images") in found), None)
    name, limit = learned if train or tested is None else tested, {train} if train else {test}
    images, labels = found[name, "images"], found[name, "labels"]
    indices = list(range(len(labels)))
    if tested is None:  # a fifth of each class, chosen at random
        groups = [[i for i in indices if labels[i] == label] for label in range(len(CLASSES))]
        order = lambda items: torch.randperm(len(items), generator=torch.Generator().manual_seed({seed})).tolist()
        groups = [[group[i] for i in order(group)] for group in groups]
        parts = [group[len(group) // 5:] if train else group[:len(group) // 5] for group in groups]
        indices = [i for part in parts for i in part]
        indices = [indices[i] for i in order(indices)]
    return ArrayImages(images, labels, indices[:limit], transform)
"#
    )
}

fn opened(train: &str, test: &str, seed: u64) -> String {
    format!(
        r#"

def open_data(args, train, transform):
    found = find_images(args.data)
    order = lambda images: torch.randperm(len(images), generator=torch.Generator().manual_seed({seed})).tolist()
    if not found["test"]:
        found["test"] = found["validation"]
    if not found["test"]:  # a fifth of each class, chosen at random
        groups = [[image for image in found["train"] if image[1] == label] for label in range(len(CLASSES))]
        groups = [[group[i] for i in order(group)] for group in groups]
        found = {{
            "train": [image for group in groups for image in group[len(group) // 5:]],
            "test": [image for group in groups for image in group[:len(group) // 5]],
        }}
    images, limit = found["train" if train else "test"], {train} if train else {test}
    return ImageFiles([images[i] for i in order(images)[:limit]], transform)
"#
    )
}
