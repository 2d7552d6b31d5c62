//! Digest that identifies a data set.

use crc::{CRC_64_XZ, Crc};

use super::{Dataset, Samples, Task};
use crate::Result;

static CRC: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// Maximum number of samples whose elements are hashed.
const MAX_HASHED_SAMPLES: usize = 64;

/// Returns a digest of a data set: of its shape, class names and labels, and of the elements of up
/// to 64 evenly spaced samples. Data sets that differ only in other elements have equal digests.
///
/// # Errors
/// A sample that cannot be read.
pub fn digest(data: &dyn Dataset) -> Result<u64> {
    let mut crc = CRC.digest();
    let mut number = |n: usize| crc.update(&(n as u64).to_le_bytes());
    number(data.len());
    data.shape().iter().for_each(|size| number(*size));
    for i in 0..data.len() {
        match data.task() {
            Task::Classification => number(data.label(i)?),
            Task::Regression => number(data.target(i)?.to_bits() as usize),
        }
    }
    for class in data.classes() {
        crc.update(class.as_bytes());
        crc.update(&[0]);
    }
    let count = data.len().min(MAX_HASHED_SAMPLES);
    let spread: Vec<usize> = (0..count).map(|i| i * data.len() / count).collect();
    match data.read(&spread)? {
        Samples::Bytes(bytes) => crc.update(&bytes),
        Samples::Floats(values) => values.iter().for_each(|value| crc.update(&value.to_le_bytes())),
    }
    Ok(crc.finalize())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::digest;
    use crate::data::{Dataset, Images, Shapes, Subset};

    #[test]
    fn what_differs_has_another_digest() {
        let data: Arc<dyn Dataset> = Arc::new(Shapes::new(0).generate(20));
        let digest = |data: &dyn Dataset| digest(data).unwrap();
        assert_eq!(digest(data.as_ref()), digest(&Shapes::new(0).generate(20)));
        let fewer = Subset::first(data.clone(), 19);
        let reordered = Subset::new(data.clone(), (0..20).rev().collect()).unwrap();
        let named = |name: &str| {
            let mut images = Images::new([1, 1, 1], vec![name.into()]);
            images.push(&[7], 0).unwrap();
            super::digest(&images).unwrap()
        };
        for other in [digest(&fewer), digest(&reordered), digest(&Shapes::new(1).generate(20))] {
            assert_ne!(digest(data.as_ref()), other);
        }
        assert_ne!(named("a"), named("b"));
        assert_eq!(digest(&Subset::first(data.clone(), 0)), digest(&Subset::first(data, 0)));
    }
}
