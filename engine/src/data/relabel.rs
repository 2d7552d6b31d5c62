//! Data sets with another list of classes.

use std::sync::Arc;

use super::dataset::{Dataset, Samples, Whole};
use crate::{Error, Result};

/// The samples of a data set, labeled by their classes' indices in another list.
pub struct Relabeled {
    base: Arc<dyn Dataset>,
    classes: Vec<String>,
    /// Index in `classes` of each class of `base`.
    indices: Vec<usize>,
}

impl Relabeled {
    /// Finds the classes of `base` in `classes`, by name.
    ///
    /// # Errors
    /// A class is missing in `classes`.
    pub fn new(base: Arc<dyn Dataset>, classes: Vec<String>) -> Result<Self> {
        let find = |name: &String| {
            let missing = || Error::value("classes", format!("{name:?} is none of the {} classes", classes.len()));
            classes.iter().position(|known| known == name).ok_or_else(missing)
        };
        let indices = base.classes().iter().map(find).collect::<Result<_>>()?;
        Ok(Self { base, classes, indices })
    }
}

impl Dataset for Relabeled {
    fn len(&self) -> usize {
        self.base.len()
    }

    fn shape(&self) -> &[usize] {
        self.base.shape()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> Result<usize> {
        let label = self.base.label(index)?;
        let missing = || Error::value("classes", format!("sample {index} has the label {label}, which has no name"));
        self.indices.get(label).copied().ok_or_else(missing)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        self.base.read(indices)
    }

    fn whole(&self) -> Option<Whole<'_>> {
        self.base.whole()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Relabeled;
    use crate::data::{Dataset, Images};

    #[test]
    fn classes_are_found_by_name() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut images = Images::new([1, 1, 1], names(&["a", "c"]));
        images.push(&[1], 0).unwrap();
        images.push(&[2], 1).unwrap();
        let images: Arc<dyn Dataset> = Arc::new(images);
        let data = Relabeled::new(images.clone(), names(&["a", "b", "c"])).unwrap();
        assert_eq!((data.label(0).unwrap(), data.label(1).unwrap(), data.classes().len()), (0, 2, 3));
        assert!(Relabeled::new(images, names(&["a", "b"])).err().unwrap().to_string().contains("\"c\""));
    }
}
