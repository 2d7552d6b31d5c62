//! The catalog of data sets: one table for the engine, the command line, the page, the exported
//! script and `xtask`. A new data set in a known format is a row here.

use super::limits::Split;

/// A data set, or a format of data, as a run's settings name it.
#[derive(Debug, PartialEq)]
pub struct DataSet {
    /// Name in a run's settings and on the command line.
    pub name: &'static str,
    /// Title for display.
    pub title: &'static str,
    /// Description, one line.
    pub about: &'static str,
    /// torchvision's class for it, if there is one.
    pub torchvision: Option<&'static str>,
    /// Official files of a published data set.
    pub official: Option<Official>,
}

/// Files of a published data set.
#[derive(Debug, PartialEq)]
pub struct Official {
    /// Address of the folder of the downloads.
    pub url: &'static str,
    /// Files to download.
    pub downloads: &'static [Download],
    /// Folder of the unpacked files.
    pub folder: &'static str,
    /// Unpacked files of the training split, in order.
    pub train: &'static [&'static str],
    /// Unpacked files of the test split.
    pub test: &'static [&'static str],
    /// Number of samples of the training and the test split.
    pub samples: [usize; 2],
    /// Names of the classes; empty if a file holds them.
    pub classes: &'static [&'static str],
    /// File with the names of the classes, one per line.
    pub class_file: Option<&'static str>,
}

/// A file of a published data set, as downloaded.
#[derive(Debug, PartialEq)]
pub struct Download {
    /// Path below the folder for data; its last part is the file's name below [`Official::url`].
    pub path: &'static str,
    /// MD5 checksum, in hexadecimal.
    pub md5: &'static str,
}

impl Download {
    /// Returns the file's name.
    pub fn file(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

impl Official {
    /// Returns the unpacked files of a split, in order.
    pub fn files(&self, split: Split) -> &'static [&'static str] {
        match split {
            Split::Train => self.train,
            Split::Test => self.test,
            Split::Validation => &[],
        }
    }

    /// Returns the number of samples of a split.
    pub fn samples(&self, split: Split) -> usize {
        match split {
            Split::Train => self.samples[0],
            Split::Test => self.samples[1],
            Split::Validation => 0,
        }
    }

    /// Returns the archive of all files, if the set is a single archive.
    pub fn archive(&self) -> Option<&'static Download> {
        match self.downloads {
            [archive] => Some(archive),
            _ => None,
        }
    }
}

/// All data sets.
pub const DATA_SETS: &[DataSet] = &[SHAPES, CIFAR10, CIFAR100, MNIST, FASHION_MNIST, IDX, NUMPY, FOLDER, CSV];

/// Generated images: [`Shapes`](super::Shapes).
pub const SHAPES: DataSet = DataSet {
    name: "shapes",
    title: "Shapes",
    about: "figures of ten classes, 3×32×32, made by this program: no file, no network",
    torchvision: None,
    official: None,
};

/// Images and labels in IDX files of an unknown set.
pub const IDX: DataSet = DataSet {
    name: "idx",
    title: "IDX images",
    about: "images and labels in IDX files of no known set",
    torchvision: None,
    official: None,
};

/// NumPy arrays of images and labels.
pub const NUMPY: DataSet = DataSet {
    name: "numpy",
    title: "NumPy arrays",
    about: "images and labels in .npz or .npy files, as Keras and MedMNIST have them",
    torchvision: None,
    official: None,
};

/// Images in folders.
pub const FOLDER: DataSet = DataSet {
    name: "folder",
    title: "images",
    about: "images in a folder for each class; also in a .zip, .tar or .tar.gz",
    torchvision: Some("ImageFolder"),
    official: None,
};

/// Rows of tables.
pub const CSV: DataSet =
    DataSet { name: "csv", title: "table", about: "a table with a target column", torchvision: None, official: None };

/// CIFAR-10, [Krizhevsky 2009](https://www.cs.toronto.edu/~kriz/cifar.html).
pub const CIFAR10: DataSet = DataSet {
    name: "cifar10",
    title: "CIFAR-10",
    about: "60,000 images of ten classes, 3×32×32 (170 MB)",
    torchvision: Some("CIFAR10"),
    official: Some(Official {
        url: "https://www.cs.toronto.edu/~kriz",
        downloads: &[Download { path: "cifar-10-binary.tar.gz", md5: "c32a1d4ab5d03f1284b67883e8d87530" }],
        folder: "cifar-10-batches-bin",
        train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        test: &["test_batch.bin"],
        samples: [50_000, 10_000],
        classes: &["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
        class_file: Some("batches.meta.txt"),
    }),
};

/// CIFAR-100 with its fine labels.
pub const CIFAR100: DataSet = DataSet {
    name: "cifar100",
    title: "CIFAR-100",
    about: "60,000 images of a hundred classes, 3×32×32 (169 MB)",
    torchvision: Some("CIFAR100"),
    official: Some(Official {
        url: "https://www.cs.toronto.edu/~kriz",
        downloads: &[Download { path: "cifar-100-binary.tar.gz", md5: "03b5dce01913d631647c71ecec9e9cb8" }],
        folder: "cifar-100-binary",
        train: &["train.bin"],
        test: &["test.bin"],
        samples: [50_000, 10_000],
        classes: &[],
        class_file: Some("fine_label_names.txt"),
    }),
};

/// Unpacked files of MNIST and of sets in its layout.
const IDX_TRAIN: &[&str] = &["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const IDX_TEST: &[&str] = &["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// MNIST, from the mirror that torchvision uses.
pub const MNIST: DataSet = DataSet {
    name: "mnist",
    title: "MNIST",
    about: "70,000 images of handwritten digits, 1×28×28 (11 MB)",
    torchvision: Some("MNIST"),
    official: Some(Official {
        url: "https://ossci-datasets.s3.amazonaws.com/mnist",
        downloads: &[
            Download { path: "MNIST/raw/train-images-idx3-ubyte.gz", md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
            Download { path: "MNIST/raw/train-labels-idx1-ubyte.gz", md5: "d53e105ee54ea40749a09fcbcd1e9432" },
            Download { path: "MNIST/raw/t10k-images-idx3-ubyte.gz", md5: "9fb629c4189551a2d022fa330f9573f3" },
            Download { path: "MNIST/raw/t10k-labels-idx1-ubyte.gz", md5: "ec29112dd5afa0611ce80d1b7f02629c" },
        ],
        folder: "MNIST/raw",
        train: IDX_TRAIN,
        test: IDX_TEST,
        samples: [60_000, 10_000],
        classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        class_file: None,
    }),
};

/// Fashion-MNIST, [Zalando 2017](https://github.com/zalandoresearch/fashion-mnist).
pub const FASHION_MNIST: DataSet = DataSet {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    about: "70,000 images of ten kinds of clothes, 1×28×28 (30 MB)",
    torchvision: Some("FashionMNIST"),
    official: Some(Official {
        url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        downloads: &[
            Download { path: "FashionMNIST/raw/train-images-idx3-ubyte.gz", md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
            Download { path: "FashionMNIST/raw/train-labels-idx1-ubyte.gz", md5: "25c81989df183df01b3e8a0aad5dffbe" },
            Download { path: "FashionMNIST/raw/t10k-images-idx3-ubyte.gz", md5: "bef4ecab320f06d8554ea6380940ec79" },
            Download { path: "FashionMNIST/raw/t10k-labels-idx1-ubyte.gz", md5: "bb300cfdad3c16e7a12a480ee83cd310" },
        ],
        folder: "FashionMNIST/raw",
        train: IDX_TRAIN,
        test: IDX_TEST,
        samples: [60_000, 10_000],
        classes: &[
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        class_file: None,
    }),
};

/// Returns the data set of a name.
pub fn find(name: &str) -> Option<&'static DataSet> {
    DATA_SETS.iter().find(|set| set.name == name)
}

/// Returns the published data sets, each with its files.
pub fn official() -> impl Iterator<Item = (&'static DataSet, &'static Official)> {
    DATA_SETS.iter().filter_map(|set| Some((set, set.official.as_ref()?)))
}
