//! PyTorch's rules of automatic differentiation: freed graphs, accumulation, hooks, changes in
//! place. The golden suite's programs (`golden/autograd`) go further.

use std::cell::RefCell;
use std::rc::Rc;

use kindling::autograd::{Backward, Call, Context, CustomFunction, backward, custom, grad};
use kindling::{AutogradError, Device, Error, Result, Tensor, block_on, enable_grad, is_grad_enabled, no_grad};

fn tensor(data: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(data, [data.len()], &Device::cpu())
}

fn leaf(data: &[f32]) -> Result<Tensor> {
    tensor(data)?.requires_grad_(true)
}

fn read(tensor: &Tensor) -> Result<Vec<f32>> {
    block_on(tensor.to_vec::<f32>())
}

fn grad_of(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.grad().map_or(Ok(Vec::new()), |g| read(&g))
}

/// Asserts that a call fails by breaking a rule of autograd.
#[track_caller]
fn breaks<T>(rule: AutogradError, result: Result<T>) {
    match result {
        Err(Error::Autograd { kind, .. }) => assert_eq!(kind, rule),
        Err(other) => panic!("expected {rule:?}, got {other}"),
        Ok(_) => panic!("expected {rule:?}, but nothing failed"),
    }
}

#[test]
fn gradients_accumulate_in_place() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    x.mul(&x)?.sum()?.backward()?;
    let held = x.grad();
    x.mul_scalar(3.0)?.sum()?.backward()?;
    assert_eq!(grad_of(&x)?, [5.0, 7.0]);
    assert!(held.is_some_and(|g| x.grad().is_some_and(|now| now.is(&g))), "the gradient is another tensor");
    Ok(())
}

#[test]
fn two_leaves_never_share_a_gradient() -> Result<()> {
    let (x, y) = (leaf(&[1.0, 2.0])?, leaf(&[3.0, 4.0])?);
    let given = tensor(&[1.0, 1.0])?;
    Backward::default().gradient(&given).run(&x.add(&y)?)?;
    if let Some(g) = x.grad() {
        g.zero_()?;
    }
    assert_eq!(grad_of(&x)?, [0.0, 0.0]);
    assert_eq!(grad_of(&y)?, [1.0, 1.0]);
    assert_eq!(read(&given)?, [1.0, 1.0]);
    Ok(())
}

#[test]
fn a_graph_is_walked_once_unless_it_is_retained() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    let y = x.mul(&x)?.sum()?;
    Backward::default().retain_graph().run(&y)?;
    y.backward()?;
    assert_eq!(grad_of(&x)?, [4.0, 8.0]);
    breaks(AutogradError::GraphFreed, y.backward());
    // A graph that saves nothing has nothing to free.
    let y = x.add_scalar(1.0)?.sum()?;
    y.backward()?;
    y.backward()
}

#[test]
fn a_freed_graph_releases_its_values() -> Result<()> {
    let device = Device::cpu();
    let x = leaf(&[1.0; 1000])?;
    let y = x.exp()?.mul(&x)?.sum()?;
    y.backward()?;
    x.set_grad(None);
    device.flush()?;
    // `y` is held, but another backward finds its saved tensors freed.
    breaks(AutogradError::GraphFreed, y.backward());
    Ok(())
}

#[test]
fn backward_starts_from_one_element_or_a_gradient() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    breaks(AutogradError::GradOfNonScalar, x.mul_scalar(2.0)?.backward());
    breaks(AutogradError::NoGradFn, x.detach().sum()?.backward());
    // Several elements that do not require grad: the missing graph is the reason, as in PyTorch.
    breaks(AutogradError::NoGradFn, x.detach().backward());
    let three = tensor(&[1.0; 3])?;
    breaks(AutogradError::GradShapeMismatch, Backward::default().gradient(&three).run(&x.mul_scalar(2.0)?));
    let scalar = leaf(&[5.0])?;
    scalar.backward()?;
    assert_eq!(grad_of(&scalar)?, [1.0]);
    Ok(())
}

#[test]
fn grad_does_not_change_leaves() -> Result<()> {
    let (x, z) = (leaf(&[1.0, 2.0])?, leaf(&[1.0])?);
    let h = x.mul(&x)?;
    let y = h.exp()?.sum()?;
    let of_h = grad(&[(&y, None)], &[&h], &Backward::default().retain_graph(), false)?;
    let want = [1f32.exp(), 4f32.exp()];
    let got = of_h[0].as_ref().map(read).transpose()?.unwrap_or_default();
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-4), "{got:?}");
    assert!(x.grad().is_none());
    breaks(AutogradError::GradUnused, grad(&[(&y, None)], &[&x, &z], &Backward::default().retain_graph(), false));
    let found = grad(&[(&y, None)], &[&x, &z], &Backward::default(), true)?;
    assert!(found[0].is_some() && found[1].is_none());
    Ok(())
}

#[test]
fn several_outputs_are_one_walk() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    let shared = x.mul(&x)?;
    let (a, b) = (shared.sum()?, shared.mul(&shared)?.sum()?);
    backward(&[(a, None), (b, None)], &Backward::default())?;
    // x² + x⁴: 2x + 4x³.
    assert_eq!(grad_of(&x)?, [6.0, 36.0]);
    Ok(())
}

#[test]
fn gradients_of_gradients() -> Result<()> {
    let x = leaf(&[1.0, 2.0, 3.0])?;
    let mut y = x.mul(&x)?.mul(&x)?.sum()?;
    for want in [[3.0, 12.0, 27.0], [6.0, 12.0, 18.0], [6.0, 6.0, 6.0]] {
        let g = grad(&[(&y, None)], &[&x], &Backward::default().create_graph(), false)?.remove(0);
        let g = g.ok_or_else(|| Error::internal("no gradient"))?;
        assert_eq!(read(&g)?, want);
        y = g.sum()?;
    }
    // Without create_graph the gradient has no history.
    let y = x.mul(&x)?.sum()?;
    let g = grad(&[(&y, None)], &[&x], &Backward::default(), false)?.remove(0);
    breaks(AutogradError::NoGradFn, g.ok_or_else(|| Error::internal("no gradient"))?.sum()?.backward());
    Ok(())
}

#[test]
fn hooks_see_the_whole_gradient_once() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let id = x.register_hook(move |g| {
        log.borrow_mut().push(read(g)?);
        Ok(Some(g.mul_scalar(10.0)?))
    })?;
    // Two paths lead to x; the hook runs on their sum.
    x.mul_scalar(2.0)?.add(&x.mul_scalar(3.0)?)?.sum()?.backward()?;
    assert_eq!(*seen.borrow(), [[5.0, 5.0]]);
    assert_eq!(grad_of(&x)?, [50.0, 50.0]);
    x.remove_hook(id);
    x.sum()?.backward()?;
    assert_eq!(seen.borrow().len(), 1);

    let x = leaf(&[1.0, 2.0])?;
    let h = x.mul(&x)?;
    h.register_hook(|g| Ok(Some(g.mul_scalar(2.0)?)))?;
    h.sum()?.backward()?;
    assert_eq!(grad_of(&x)?, [4.0, 8.0]);
    let h = x.mul(&x)?;
    h.register_hook(|g| g.sum().map(Some))?;
    breaks(AutogradError::GradShapeMismatch, h.sum()?.backward());
    Ok(())
}

#[test]
fn retained_gradients_follow_a_change_in_place() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    let h = x.mul_scalar(2.0)?;
    assert!(h.grad().is_none() && !h.is_leaf());
    h.retain_grad()?;
    h.update_(|h| h.mul_scalar(3.0))?;
    h.mul(&h)?.sum()?.backward()?;
    // h = 6x: dh²/dh = 12x; dh²/dx = 72x.
    assert_eq!(grad_of(&h)?, [12.0, 24.0]);
    assert_eq!(grad_of(&x)?, [72.0, 144.0]);
    Ok(())
}

#[test]
fn modes_nest_and_end() -> Result<()> {
    let x = leaf(&[1.0])?;
    no_grad(|| -> Result<()> {
        assert!(!x.mul_scalar(2.0)?.requires_grad());
        assert!(enable_grad(|| x.mul_scalar(2.0))?.requires_grad());
        assert!(!is_grad_enabled());
        Ok(())
    })?;
    assert!(is_grad_enabled() && x.mul_scalar(2.0)?.requires_grad());
    breaks(AutogradError::RequiresGradInt, Tensor::from_slice(&[1], [1], &Device::cpu())?.requires_grad_(true));
    Ok(())
}

#[test]
fn a_leaf_frozen_after_its_use_gets_no_gradient() -> Result<()> {
    let (x, w) = (leaf(&[1.0])?, leaf(&[2.0])?);
    let y = x.mul(&w)?.sum()?;
    x.requires_grad_(false)?;
    y.backward()?;
    assert!(x.grad().is_none());
    assert_eq!(grad_of(&w)?, [1.0]);
    Ok(())
}

#[test]
fn forbidden_changes_in_place_are_refused() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    breaks(AutogradError::InplaceOnLeaf, x.zero_());
    breaks(AutogradError::InplaceOnLeafView, x.select(0, 0)?.zero_());
    breaks(AutogradError::InplaceOnExpanded, Tensor::zeros([1, 3], &Device::cpu())?.expand(&[2, 3])?.zero_());
    assert_eq!(read(&x)?, [1.0, 2.0]);
    no_grad(|| x.zero_())?;
    assert!(x.is_leaf() && x.requires_grad());
    let counts = Tensor::from_slice(&[1, 2], [2], &Device::cpu())?;
    assert!(counts.update_(|c| c.to_dtype(kindling::DType::F32)?.mul_scalar(0.5)).is_err());
    assert!(x.detach().update_(|x| x.reshape(&[2, 1])).is_err());
    Ok(())
}

#[test]
fn changes_of_saved_tensors_are_detected() -> Result<()> {
    let x = leaf(&[1.0, 2.0])?;
    let changes: [fn(&Tensor) -> Result<()>; 4] = [
        |h| h.update_(|h| h.add_scalar(1.0)),
        |h| h.select(0, 0)?.zero_(),
        |h| h.detach().zero_(),
        |h| no_grad(|| h.zero_()),
    ];
    for change in changes {
        let h = x.exp()?;
        let y = h.sum()?;
        change(&h)?;
        assert!(h.version() > 0);
        breaks(AutogradError::InplaceModifiedSaved, y.backward());
    }
    // Through `.data` the change goes undetected, and the gradient uses the new elements.
    let w = tensor(&[5.0, 5.0])?;
    let y = x.mul(&w)?.sum()?;
    w.data().zero_()?;
    y.backward()?;
    assert_eq!(grad_of(&x)?, [0.0, 0.0]);
    Ok(())
}

#[test]
fn an_operation_in_place_saves_its_result_or_a_copy_of_its_input() -> Result<()> {
    // exp saves its result, which is the changed tensor itself.
    let x = leaf(&[1.0, 2.0])?;
    let h = x.mul_scalar(1.0)?;
    h.update_(Tensor::exp)?;
    h.update_(|h| h.add_scalar(1.0))?;
    breaks(AutogradError::InplaceModifiedSaved, h.sum()?.backward());
    // mul saves its input as it was before.
    let (x, w) = (leaf(&[1.0, 2.0])?, leaf(&[3.0, 4.0])?);
    let h = x.mul_scalar(2.0)?;
    h.update_(|h| h.mul(&w))?;
    h.sum()?.backward()?;
    assert_eq!(grad_of(&w)?, [2.0, 4.0]);
    assert_eq!(grad_of(&x)?, [6.0, 8.0]);
    // The other operand is no copy.
    let h = x.mul_scalar(2.0)?;
    let other = h.clone();
    h.update_(|h| h.mul(&other))?;
    breaks(AutogradError::InplaceModifiedSaved, h.sum()?.backward());
    Ok(())
}

#[test]
fn a_change_of_a_view_rewrites_the_history_of_its_base() -> Result<()> {
    let (x, r) = (leaf(&[1.0, 2.0, 3.0, 4.0])?, leaf(&[5.0, 6.0])?);
    let h = x.mul_scalar(2.0)?.reshape(&[2, 2])?.copy()?;
    let row = h.select(0, 0)?;
    h.select(0, 1)?.copy_(&r.mul_scalar(3.0)?)?;
    h.t()?.select(0, 0)?.update_(|column| column.mul_scalar(10.0))?;
    assert_eq!(read(&h)?, [20.0, 4.0, 150.0, 18.0]);
    // A view taken before the changes sees them, and so does its gradient.
    assert_eq!(read(&row)?, [20.0, 4.0]);
    h.sum()?.add(&row.sum()?)?.backward()?;
    assert_eq!(grad_of(&x)?, [40.0, 4.0, 0.0, 0.0]);
    assert_eq!(grad_of(&r)?, [30.0, 3.0]);
    Ok(())
}

#[test]
fn results_collected_in_a_buffer() -> Result<()> {
    let x = leaf(&[1.0, 2.0, 3.0])?;
    let buffer = Tensor::zeros([3], &Device::cpu())?;
    for i in 0..3 {
        buffer.select(0, i)?.copy_(&x.select(0, i)?.mul_scalar((i + 1) as f64)?)?;
    }
    assert!(buffer.requires_grad());
    buffer.mul(&buffer)?.sum()?.backward()?;
    assert_eq!(grad_of(&x)?, [2.0, 16.0, 54.0]);
    Ok(())
}

#[test]
fn writing_through_a_detached_slice() -> Result<()> {
    // The slice is a base of its own, and only part of the storage.
    let x = leaf(&[7.0, 8.0])?;
    let all = Tensor::arange(0.0, 6.0, 1.0, &Device::cpu())?.reshape(&[3, 2])?;
    let part = all.slice(0, Some(1), None, 1)?.detach();
    part.select(0, 1)?.copy_(&x)?;
    assert_eq!(read(&all)?, [0.0, 1.0, 2.0, 3.0, 7.0, 8.0]);
    assert!(part.requires_grad() && !all.requires_grad());
    let first = part.t()?.select(0, 0)?;
    assert_eq!(read(&first)?, [2.0, 7.0]);
    part.select(0, 0)?.update_(|row| row.mul_scalar(2.0))?;
    first.mul(&first)?.sum()?.add(&part.sum()?)?.backward()?;
    assert_eq!(grad_of(&x)?, [15.0, 1.0]);
    Ok(())
}

#[test]
fn overwritten_elements_get_a_zero_gradient() -> Result<()> {
    let (x, y) = (leaf(&[1.0, 2.0])?, leaf(&[3.0, 4.0])?);
    let h = x.mul_scalar(2.0)?;
    h.copy_(&y)?;
    h.mul(&h)?.sum()?.backward()?;
    assert_eq!(grad_of(&x)?, [0.0, 0.0]);
    assert_eq!(grad_of(&y)?, [6.0, 8.0]);
    let h = x.mul_scalar(2.0)?;
    h.zero_()?;
    assert!(h.requires_grad() && !h.is_leaf());
    Ok(())
}

#[test]
fn a_dropped_graph_releases_its_values() -> Result<()> {
    /// A value that counts its drops.
    struct Witness(Rc<RefCell<u32>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            *self.0.borrow_mut() += 1;
        }
    }
    impl CustomFunction for Witness {
        fn name(&self) -> &'static str {
            "witness"
        }
        fn forward(&mut self, cx: &mut Context, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
            let result = inputs[0].mul_scalar(2.0)?;
            cx.save_for_backward(&[&result, inputs[0]]);
            Ok(vec![result])
        }
        fn backward(&self, _cx: &Call<'_>, grads: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
            Ok(vec![Some(grads[0].mul_scalar(2.0)?)])
        }
    }
    let dropped = Rc::new(RefCell::new(0));
    let x = leaf(&[1.0])?;
    for _ in 0..3 {
        let y = custom(Witness(dropped.clone()), &[&x.mul_scalar(1.0)?])?.remove(0);
        // A change in place and a view of it make no reference cycle either.
        y.select(0, 0)?.update_(|y| y.mul_scalar(3.0))?;
        y.mul(&y)?.sum()?.backward()?;
    }
    assert_eq!(*dropped.borrow(), 3);
    Ok(())
}
