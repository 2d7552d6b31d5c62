//! Properties of layouts and of operations on them: any shape gives the same elements.

use kindling::{Device, PadMode, Result, Tensor, block_on};
use proptest::prelude::*;

fn counting(dims: &[usize]) -> Result<Tensor> {
    let sizes: Vec<isize> = dims.iter().map(|d| *d as isize).collect();
    let numel: usize = dims.iter().product();
    Tensor::arange(0.0, numel as f64, 1.0, &Device::cpu())?.reshape(&sizes)
}

fn values(x: &Tensor) -> Result<Vec<f32>> {
    block_on(x.to_vec::<f32>())
}

fn same(a: &Tensor, b: &Tensor) -> Result<bool> {
    Ok(a.dims() == b.dims() && values(a)? == values(b)?)
}

/// Generates a shape of one to four dimensions and an order of them.
fn shape_and_order() -> impl Strategy<Value = (Vec<usize>, Vec<isize>)> {
    prop::collection::vec(0usize..5, 1..5).prop_flat_map(|dims| {
        let order: Vec<isize> = (0..dims.len() as isize).collect();
        (Just(dims), Just(order).prop_shuffle())
    })
}

/// Views whose elements can be predicted by index arithmetic.
#[derive(Clone, Debug)]
enum View {
    Transpose(usize, usize),
    Slice(usize, isize, isize, isize),
    Flip(usize),
    Unsqueeze(usize),
}

fn view() -> impl Strategy<Value = View> {
    prop_oneof![
        (0usize..4, 0usize..4).prop_map(|(a, b)| View::Transpose(a, b)),
        (0usize..4, -6isize..6, -6isize..6, 1isize..4).prop_map(|(d, a, b, s)| View::Slice(d, a, b, s)),
        (0usize..4).prop_map(View::Flip),
        (0usize..5).prop_map(View::Unsqueeze),
    ]
}

/// A reference model of a tensor: a shape and the elements in row-major order.
#[derive(Clone, Debug)]
struct Model {
    dims: Vec<usize>,
    data: Vec<f32>,
}

impl Model {
    /// Returns the model of shape `dims` whose element at an index is this one's at `from(index)`.
    fn gather(&self, dims: Vec<usize>, from: impl Fn(&[usize]) -> Vec<usize>) -> Self {
        let numel: usize = dims.iter().product();
        let mut data = Vec::with_capacity(numel);
        for i in 0..numel {
            let mut rest = i;
            let mut index = vec![0; dims.len()];
            for d in (0..dims.len()).rev() {
                index[d] = rest % dims[d];
                rest /= dims[d];
            }
            let place = from(&index).iter().zip(&self.dims).fold(0, |place, (i, size)| place * size + i);
            data.push(self.data[place]);
        }
        Self { dims, data }
    }

    fn apply(&self, view: &View, x: &Tensor) -> Result<(Self, Tensor)> {
        let n = self.dims.len();
        Ok(match view {
            View::Transpose(a, b) => {
                let (a, b) = (a % n, b % n);
                let mut dims = self.dims.clone();
                dims.swap(a, b);
                let model = self.gather(dims, |index| {
                    let mut index = index.to_vec();
                    index.swap(a, b);
                    index
                });
                (model, x.transpose(a as isize, b as isize)?)
            }
            View::Slice(d, start, stop, step) => {
                let d = d % n;
                let size = self.dims[d] as isize;
                let bound = |at: isize| if at < 0 { (at + size).max(0) } else { at.min(size) };
                let places: Vec<usize> =
                    (bound(*start)..bound(*stop)).step_by(*step as usize).map(|i| i as usize).collect();
                let mut dims = self.dims.clone();
                dims[d] = places.len();
                let model = self.gather(dims, |index| {
                    let mut index = index.to_vec();
                    index[d] = places[index[d]];
                    index
                });
                (model, x.slice(d as isize, Some(*start), Some(*stop), *step)?)
            }
            View::Flip(d) => {
                let d = d % n;
                let model = self.gather(self.dims.clone(), |index| {
                    let mut index = index.to_vec();
                    index[d] = self.dims[d] - 1 - index[d];
                    index
                });
                (model, x.flip(&[d as isize])?)
            }
            View::Unsqueeze(d) => {
                let d = d % (n + 1);
                let mut dims = self.dims.clone();
                dims.insert(d, 1);
                (Self { dims, data: self.data.clone() }, x.unsqueeze(d as isize)?)
            }
        })
    }
}

fn ok<T>(result: Result<T>) -> std::result::Result<T, TestCaseError> {
    result.map_err(|e| TestCaseError::fail(e.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn chains_of_views_hold_the_elements_that_arithmetic_says(
        dims in prop::collection::vec(1usize..5, 1..4),
        views in prop::collection::vec(view(), 0..6),
    ) {
        let mut x = ok(counting(&dims))?;
        let mut model = Model { data: ok(values(&x))?, dims };
        for view in &views {
            (model, x) = ok(model.apply(view, &x))?;
            prop_assert_eq!(x.dims(), &model.dims[..]);
        }
        prop_assert_eq!(ok(values(&x))?, model.data.clone());
        // Reshapes of it, by view or by copy, keep the order; so does a pointwise operation on it.
        prop_assert_eq!(ok(x.reshape(&[-1]).or_else(|_| x.reshape(&[0])).and_then(|x| values(&x)))?, model.data.clone());
        let doubled: Vec<f32> = model.data.iter().map(|x| x * 2.0).collect();
        prop_assert_eq!(ok(x.mul_scalar(2.0).and_then(|x| values(&x)))?, doubled);
    }

    #[test]
    fn permuting_back_gives_the_tensor((dims, order) in shape_and_order()) {
        let x = ok(counting(&dims))?;
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back[*from as usize] = to as isize);
        let there = ok(x.permute(&order))?;
        prop_assert!(ok(same(&ok(there.permute(&back))?, &x))?);
        prop_assert!(ok(same(&ok(ok(there.contiguous())?.permute(&back))?, &x))?);
        prop_assert!(ok(same(&ok(ok(x.flip(&order))?.flip(&order))?, &x))?);
    }

    #[test]
    fn broadcasting_is_expanding(
        sizes in prop::collection::vec((1usize..4, any::<bool>(), any::<bool>()), 1..4),
        missing in 0usize..3,
    ) {
        let pick = |keep: fn(&(usize, bool, bool)) -> bool| sizes.iter().map(|s| if keep(s) { s.0 } else { 1 }).collect::<Vec<_>>();
        let (a, b) = (pick(|s| s.1), pick(|s| s.2));
        let b = &b[missing.min(b.len() - 1)..];
        let (x, y) = (ok(counting(&a))?, ok(counting(b))?);
        let sum = ok(x.add(&y))?;
        let sizes: Vec<isize> = sum.dims().iter().map(|d| *d as isize).collect();
        let explicit = ok(x.expand(&sizes)).and_then(|x| ok(x.contiguous()))?;
        let other = ok(y.expand(&sizes)).and_then(|y| ok(y.contiguous()))?;
        prop_assert!(ok(same(&sum, &ok(explicit.add(&other))?))?);
    }

    #[test]
    fn joining_what_was_cut_gives_the_tensor((dims, _) in shape_and_order(), dim in 0usize..4, part in 1usize..4) {
        let dim = (dim % dims.len()) as isize;
        let x = ok(counting(&dims))?;
        for parts in [ok(x.split_size(part, dim))?, ok(x.chunk(part, dim))?] {
            prop_assert!(ok(same(&ok(Tensor::cat(&parts.iter().collect::<Vec<_>>(), dim))?, &x))?);
        }
        let slices = ok(x.unbind(dim))?;
        if !slices.is_empty() {
            prop_assert!(ok(same(&ok(Tensor::stack(&slices.iter().collect::<Vec<_>>(), dim))?, &x))?);
        }
        let rolled = ok(x.roll(&[part as isize], &[dim]))?;
        prop_assert!(ok(same(&ok(rolled.roll(&[-(part as isize)], &[dim]))?, &x))?);
    }

    #[test]
    fn padding_can_be_cropped(dims in prop::collection::vec(4usize..6, 2..4), pad in prop::collection::vec(0isize..4, 2..=2)) {
        let x = ok(counting(&dims))?;
        let crop: Vec<isize> = pad.iter().map(|n| -n).collect();
        for mode in [PadMode::Constant(7.0), PadMode::Reflect, PadMode::Replicate, PadMode::Circular] {
            let there = ok(x.pad(&pad, mode))?;
            prop_assert!(ok(same(&ok(there.pad(&crop, PadMode::Constant(0.0)))?, &x))?, "{:?}", mode);
        }
    }

    #[test]
    fn gathering_what_was_scattered_gives_the_source(n in 1usize..20, seed in any::<u64>()) {
        kindling::manual_seed(seed);
        let cpu = Device::cpu();
        let index = ok(Tensor::randperm(n, &cpu))?;
        let source = ok(counting(&[n]))?;
        let scattered = ok(ok(Tensor::zeros([n], &cpu))?.scatter(0, &index, &source))?;
        prop_assert!(ok(same(&ok(scattered.gather(0, &index))?, &source))?);
        let added = ok(ok(Tensor::zeros([n], &cpu))?.scatter_add(0, &index, &source))?;
        prop_assert!(ok(same(&added, &scattered))?);
    }
}
