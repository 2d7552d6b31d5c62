//! Concatenation of data sets.

use std::sync::Arc;

use super::dataset::{Dataset, Samples, no_sample};
use super::{Columns, Task};
use crate::{Error, Result};

/// Concatenation of data sets:
/// [torch.utils.data.ConcatDataset](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset).
pub struct ConcatDataset {
    first: Arc<dyn Dataset>,
    rest: Vec<Arc<dyn Dataset>>,
}

impl ConcatDataset {
    /// Concatenates data sets.
    ///
    /// # Errors
    /// The shape, the classes or the task of a data set differ from the first one's.
    pub fn new(first: Arc<dyn Dataset>, rest: Vec<Arc<dyn Dataset>>) -> Result<Self> {
        let kind = |data: &Arc<dyn Dataset>| (data.shape().to_vec(), data.classes().to_vec(), data.task());
        match rest.iter().find(|part| kind(part) != kind(&first)) {
            Some(part) => {
                let rule = format!("samples of {:?} cannot follow samples of {:?}", part.shape(), first.shape());
                Err(Error::shape("ConcatDataset", rule))
            }
            None => Ok(Self { first, rest }),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Arc<dyn Dataset>> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Returns the data set of a sample, and the sample's index in it.
    fn find(&self, index: usize) -> Result<(&Arc<dyn Dataset>, usize)> {
        let mut left = index;
        for part in self.parts() {
            if left < part.len() {
                return Ok((part, left));
            }
            left -= part.len();
        }
        Err(no_sample(index, self.len()))
    }
}

impl Dataset for ConcatDataset {
    fn len(&self) -> usize {
        self.parts().map(|part| part.len()).sum()
    }

    fn shape(&self) -> &[usize] {
        self.first.shape()
    }

    fn classes(&self) -> &[String] {
        self.first.classes()
    }

    fn label(&self, index: usize) -> Result<usize> {
        let (part, index) = self.find(index)?;
        part.label(index)
    }

    fn task(&self) -> Task {
        self.first.task()
    }

    fn target(&self, index: usize) -> Result<f64> {
        let (part, index) = self.find(index)?;
        part.target(index)
    }

    fn columns(&self) -> Option<&Columns> {
        self.first.columns()
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        let mut read: Option<Samples> = None;
        for index in indices {
            let (part, index) = self.find(*index)?;
            let more = part.read(&[index])?;
            match (&mut read, more) {
                (Some(Samples::Bytes(all)), Samples::Bytes(more)) => all.extend(more),
                (Some(Samples::Floats(all)), Samples::Floats(more)) => all.extend(more),
                (Some(_), _) => return Err(Error::shape("ConcatDataset", "images cannot follow rows of a table")),
                (none, more) => *none = Some(more),
            }
        }
        read.map_or_else(|| self.first.read(&[]), Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::ConcatDataset;
    use crate::data::{Dataset, Samples, Shapes, Subset};

    #[test]
    fn parts_follow_one_another() {
        let whole: Arc<dyn Dataset> = Arc::new(Shapes::new(0).generate(10));
        let part = |indices: Vec<usize>| -> Arc<dyn Dataset> { Arc::new(Subset::new(whole.clone(), indices).unwrap()) };
        let parts = vec![part(vec![]), part((4..10).collect())];
        let all = ConcatDataset::new(part((0..4).collect()), parts).unwrap();
        assert_eq!((all.len(), all.classes()), (10, whole.classes()));
        let order: Vec<usize> = (0..10).rev().collect();
        assert_eq!(all.read(&order).unwrap(), whole.read(&order).unwrap());
        assert!((0..10).all(|i| all.label(i).unwrap() == whole.label(i).unwrap()));
        assert_eq!(all.read(&[]).unwrap(), Samples::Bytes(vec![]));
        assert!(all.label(10).is_err() && all.read(&[10]).is_err());
    }
}
