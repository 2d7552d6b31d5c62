//! The sort for all infrequent sorting: a sort compiled for each element type would be downloaded
//! with the page a dozen times.

use std::cmp::Ordering;

/// Returns the indices of `count` items in the order of `compare`; equal items keep their order, as
/// with
/// [`torch.argsort(stable=True)`](https://docs.pytorch.org/docs/stable/generated/torch.argsort.html).
///
/// ```
/// let words = ["pear", "fig", "apple"];
/// assert_eq!(kindling::argsort(3, &mut |a, b| words[a].cmp(words[b])), [2, 1, 0]);
/// ```
pub fn argsort(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}
