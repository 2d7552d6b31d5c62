//! The optimizer: groups of parameters, each with its update rule, split into runs that step
//! together. A run holds parameters of one type on one device that have always had gradients in the
//! same steps. It has one flat value for its parameters and one for each entry of its state. The
//! module knows no rule by name.

use super::state::kind;
use super::{OptimizerSpec, ParamState, State, StateValue, UpdateRule, flat};
use crate::device::Device;
use crate::tensor::Shape;
use crate::{AutogradError, Error, Result, Tensor, no_grad};

/// Maximum length of a run, so that it fits a binding on every adapter (WebGPU guarantees 128 MiB).
const MAX_FLAT_ELEMENTS: usize = 1 << 24;

/// An optimizer whose groups have rules of type `R`; the default is rules of any kind, as built by
/// [`OptimizerSpec::build`].
#[derive(Debug)]
pub struct Optimizer<R: UpdateRule = Box<dyn UpdateRule>> {
    groups: Vec<Group<R>>,
}

#[derive(Debug)]
struct Group<R> {
    rule: R,
    params: Vec<Tensor>,
    runs: Vec<Run>,
}

/// Parameters that step together, by index in the group.
#[derive(Debug)]
struct Run {
    members: Vec<usize>,
    state: State,
}

/// State of an optimizer, as plain data and tensors: PyTorch's `state_dict()`.
#[derive(Clone, Debug, Default)]
pub struct OptimState {
    /// State of each parameter, in the order of the groups.
    pub state: Vec<ParamState>,
    /// Hyper-parameters and number of parameters of each group.
    pub param_groups: Vec<(OptimizerSpec, usize)>,
}

impl<R: UpdateRule> Optimizer<R> {
    /// Creates an optimizer of one group. A repeated parameter counts once.
    pub fn with_rule(parameters: impl IntoIterator<Item = Tensor>, rule: R) -> Self {
        Self { groups: vec![Group::new(parameters, rule)] }
    }

    /// Adds a group of parameters with its own hyper-parameters.
    ///
    /// # Errors
    /// A parameter is in another group already.
    pub fn add_param_group(&mut self, parameters: impl IntoIterator<Item = Tensor>, rule: R) -> Result<()> {
        let group = Group::new(parameters, rule);
        let known = |p: &Tensor| self.groups.iter().flat_map(|g| &g.params).any(|q| q.is(p));
        if let Some(twice) = group.params.iter().find(|p| known(p)) {
            let rule = format!("a parameter of shape {} appears in more than one parameter group", twice.shape());
            return Err(Error::value("add_param_group", rule));
        }
        self.groups.push(group);
        Ok(())
    }

    /// Changes the rules of all groups.
    #[must_use]
    pub fn with(mut self, change: impl Fn(&mut R)) -> Self {
        self.groups.iter_mut().for_each(|group| change(&mut group.rule));
        self
    }

    /// Iterates over the rules of the groups.
    pub fn rules(&self) -> impl Iterator<Item = &R> {
        self.groups.iter().map(|group| &group.rule)
    }

    /// Iterates over the rules of the groups, for changes of hyper-parameters.
    pub fn rules_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.groups.iter_mut().map(|group| &mut group.rule)
    }

    /// Iterates over the parameters, group by group.
    pub fn parameters(&self) -> impl Iterator<Item = &Tensor> {
        self.groups.iter().flat_map(|group| &group.params)
    }

    /// Returns the learning rate of each group.
    pub fn lrs(&self) -> Vec<f64> {
        self.rules().map(|rule| rule.lr()).collect()
    }

    /// Sets the learning rate of every group.
    pub fn set_lr(&mut self, lr: f64) {
        self.rules_mut().for_each(|rule| rule.set_lr(lr));
    }

    /// Clears all gradients, as PyTorch's `zero_grad(set_to_none=True)`.
    pub fn zero_grad(&self) {
        self.parameters().for_each(|p| p.set_grad(None));
    }

    /// Updates every parameter that has a gradient; the others keep their value and their state.
    /// Everything recorded so far is executed, in one submit on a GPU.
    ///
    /// # Errors
    /// A hyper-parameter out of its range; no parameters; a parameter that is not a leaf; an error
    /// of the rule; or a kernel that the device cannot run.
    pub fn step(&mut self) -> Result<()> {
        if self.parameters().next().is_none() {
            return Err(Error::value("step", "the optimizer got an empty parameter list"));
        }
        no_grad(|| self.groups.iter_mut().try_for_each(Group::step))?;
        let mut devices: Vec<Device> = Vec::new();
        for parameter in self.parameters() {
            let device = parameter.device();
            if !devices.iter().any(|d| d.same(&device)) {
                devices.push(device);
            }
        }
        devices.iter().try_for_each(Device::flush)
    }

    /// Returns the state of a parameter; empty before its first step.
    ///
    /// # Errors
    /// The parameter is in no group.
    pub fn state_of(&self, parameter: &Tensor) -> Result<ParamState> {
        let of_group = |group: &Group<R>| {
            let at = group.params.iter().position(|p| p.is(parameter))?;
            Some(group.state_of(at))
        };
        self.groups.iter().find_map(of_group).ok_or_else(|| Error::value("state_of", "the parameter is in no group"))?
    }

    /// Returns the state of the optimizer.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn state_dict(&self) -> Result<OptimState> {
        let mut dict = OptimState::default();
        for group in &self.groups {
            for at in 0..group.params.len() {
                dict.state.push(group.state_of(at)?);
            }
            dict.param_groups.push((group.rule.spec(), group.params.len()));
        }
        Ok(dict)
    }

    /// Loads the state of another optimizer over parameters of the same shapes. Nothing changes if
    /// it does not match.
    ///
    /// # Errors
    /// Other groups, another optimizer, unknown entries, or other shapes.
    pub fn load_state_dict(&mut self, dict: &OptimState) -> Result<()> {
        let refuse = |rule: String| Err(Error::value("load_state_dict", rule));
        let sizes: Vec<usize> = self.groups.iter().map(|g| g.params.len()).collect();
        let loaded: Vec<usize> = dict.param_groups.iter().map(|(_, n)| *n).collect();
        if sizes != loaded || dict.state.len() != sizes.iter().sum::<usize>() {
            return refuse(format!("the groups have {sizes:?} parameters, those to load {loaded:?}"));
        }
        let mut states = dict.state.as_slice();
        let mut runs = Vec::with_capacity(self.groups.len());
        for (group, (spec, _)) in self.groups.iter().zip(&dict.param_groups) {
            if group.rule.spec().name() != spec.name() {
                return refuse(format!("{} cannot take over the state of {}", group.rule.spec().name(), spec.name()));
            }
            let (mine, rest) = states.split_at(group.params.len());
            runs.push(group.runs_of(mine)?);
            states = rest;
        }
        for ((group, runs), (spec, _)) in self.groups.iter_mut().zip(runs).zip(&dict.param_groups) {
            group.rule.set_spec(spec)?;
            group.runs = runs;
        }
        Ok(())
    }
}

impl<R: UpdateRule> Group<R> {
    fn new(parameters: impl IntoIterator<Item = Tensor>, rule: R) -> Self {
        let mut params: Vec<Tensor> = Vec::new();
        for parameter in parameters {
            if !params.iter().any(|p| p.is(&parameter)) {
                params.push(parameter);
            }
        }
        let runs = cut(&params, (0..params.len()).collect());
        let runs = runs.into_iter().map(|members| Run { members, state: State::default() }).collect();
        Self { rule, params, runs }
    }

    fn step(&mut self) -> Result<()> {
        self.rule.check()?;
        if let Some(bad) = self.params.iter().find(|p| !p.is_leaf()) {
            let message = format!("can't optimize a non-leaf tensor (of shape {}); detach it first", bad.shape());
            return Err(Error::autograd(AutogradError::InplaceOnLeaf, message));
        }
        self.split()?;
        for run in &mut self.runs {
            let members: Vec<Tensor> = run.members.iter().map(|i| self.params[*i].clone()).collect();
            let grads: Option<Vec<Tensor>> = members.iter().map(Tensor::grad).collect();
            let Some(grads) = grads else { continue };
            let shapes: Vec<Shape> = members.iter().map(|p| p.shape().clone()).collect();
            let grad = flat::join(&grads)?;
            flat::point_into(&grad, &grads);
            let new = self.rule.update(&flat::join(&members)?, &grad, &shapes, &mut run.state)?;
            flat::scatter(&new, &members)?;
        }
        Ok(())
    }

    /// Splits runs of which only some members have a gradient: from here on their states differ.
    fn split(&mut self) -> Result<()> {
        let mut runs = Vec::with_capacity(self.runs.len());
        for run in std::mem::take(&mut self.runs) {
            let (with, without): (Vec<usize>, Vec<usize>) =
                run.members.iter().partition(|i| self.params[**i].grad().is_some());
            if with.is_empty() || without.is_empty() {
                runs.push(run);
                continue;
            }
            for members in [with, without] {
                let state = run.state.pick(&slices(&self.params, &run.members, &members))?;
                runs.push(Run { members, state });
            }
        }
        self.runs = runs;
        Ok(())
    }

    fn state_of(&self, param: usize) -> Result<ParamState> {
        let run = self.runs.iter().find(|run| run.members.contains(&param));
        let run = run.ok_or_else(|| Error::internal("a parameter is in no run"))?;
        match slices(&self.params, &run.members, &[param]).first() {
            Some((offset, shape)) => run.state.part(*offset, shape),
            None => Ok(ParamState::new()),
        }
    }

    /// Returns the runs of parameters with these states.
    fn runs_of(&self, states: &[ParamState]) -> Result<Vec<Run>> {
        let names = self.rule.names();
        let mut kinds: Vec<(_, Vec<usize>)> = Vec::new();
        for (i, (state, param)) in states.iter().zip(&self.params).enumerate() {
            for (name, value) in state {
                if !names.contains(&name.as_str()) {
                    let rule = format!("parameter {i} has an unknown entry {name}; known are {names:?}");
                    return Err(Error::value("load_state_dict", rule));
                }
                if let StateValue::Tensor(tensor) = value
                    && tensor.shape() != param.shape()
                {
                    let rule =
                        format!("{name} of parameter {i} has shape {}, expected {}", tensor.shape(), param.shape());
                    return Err(Error::shape("load_state_dict", rule));
                }
            }
            let kind = kind(state);
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, members)) => members.push(i),
                None => kinds.push((kind, vec![i])),
            }
        }
        let mut runs = Vec::new();
        for members in kinds.into_iter().flat_map(|(_, members)| cut(&self.params, members)) {
            let parts: Vec<&ParamState> = members.iter().map(|i| &states[*i]).collect();
            let state = State::of_parts(&parts, names)?;
            runs.push(Run { members, state });
        }
        Ok(runs)
    }
}

/// Splits members into runs of one type, one device and bounded length.
fn cut(params: &[Tensor], members: Vec<usize>) -> Vec<Vec<usize>> {
    let mut runs: Vec<(Vec<usize>, usize)> = Vec::new();
    for i in members {
        let fits = |(run, len): &&mut (Vec<usize>, usize)| {
            let like = &params[run[0]];
            like.dtype() == params[i].dtype()
                && like.device().same(&params[i].device())
                && *len + params[i].numel() <= MAX_FLAT_ELEMENTS
        };
        match runs.iter_mut().find(fits) {
            Some((run, len)) => {
                run.push(i);
                *len += params[i].numel();
            }
            None => runs.push((vec![i], params[i].numel())),
        }
    }
    runs.into_iter().map(|(run, _)| run).collect()
}

/// Returns the slices of `wanted` in the flat values of a run of `members`.
fn slices(params: &[Tensor], members: &[usize], wanted: &[usize]) -> Vec<(usize, Shape)> {
    let mut slices = Vec::with_capacity(wanted.len());
    let mut offset = 0;
    for member in members {
        let shape = params[*member].shape();
        if wanted.contains(member) {
            slices.push((offset, shape.clone()));
        }
        offset += shape.numel();
    }
    slices
}
