//! Execution on a GPU of launches that `launches` prepared once for a structure: writes changed
//! parameters, finds bind groups for the current buffers, and encodes. The module knows launches,
//! not their computation.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::graph::Graph;
use super::launches;
use super::memory::Slot;
use super::schedule::Schedule;
use crate::device::Device;
use crate::device::gpu::{BindGroup, Dispatch, Gpu, GpuBuffer, Pipeline, Window};
use crate::tensor::State;
use crate::{Error, Result};

/// Bind groups cached for each launch: recordings alternate between few sets of buffers.
const MAX_BIND_GROUPS: usize = 8;

/// A prepared schedule.
pub struct GpuPlan {
    launches: Vec<Prepared>,
    slots: Vec<Slot>,
    /// Slot of each node held outside of the recording.
    results: Vec<(usize, usize)>,
    params: Option<Rc<GpuBuffer>>,
    /// Words of `params`, and whether they have been written to it at all.
    words: RefCell<Vec<u32>>,
    written: Cell<bool>,
    scalars: Vec<Patch>,
}

/// A parameter word written anew at each run.
pub struct Patch {
    /// Index of the word.
    pub word: usize,
    /// Node whose scalar it is.
    pub node: usize,
    /// Index of the scalar.
    pub scalar: usize,
}

/// A launch, and the bind groups it has run with.
pub struct Prepared {
    /// Compiled kernel.
    pub pipeline: Rc<Pipeline>,
    /// Contents of each binding.
    pub buffers: Vec<Bound>,
    /// Number of workgroups in x, y, z.
    pub groups: [u32; 3],
    /// Bind groups by the buffers' numbers.
    pub bound: RefCell<HashMap<Vec<u64>, BindGroup>>,
}

/// Contents of a binding after memory is assigned.
#[derive(Clone, Copy)]
pub enum Bound {
    /// The buffer of a slot.
    Slot(usize),
    /// The buffer of an external.
    External(usize),
    /// Words in which kernels report faults.
    Faults,
    /// A range of the parameters.
    Params(Window),
}

impl GpuPlan {
    /// Prepares a schedule.
    ///
    /// # Errors
    /// A kernel that the GPU cannot run.
    pub fn new(graph: &Graph, schedule: &Schedule, gpu: &Gpu, device: &Device) -> Result<Self> {
        let planned = launches::plan(graph, schedule, gpu, device)?;
        let params = (!planned.words.is_empty()).then(|| gpu.alloc_params(planned.words.len() * 4));
        Ok(Self {
            launches: planned.launches,
            slots: planned.slots,
            results: planned.results,
            params,
            words: RefCell::new(planned.words),
            written: Cell::new(false),
            scalars: planned.scalars,
        })
    }

    /// Encodes the launches for a graph of this structure and settles the values held outside.
    ///
    /// # Errors
    /// An operand whose computation was refused.
    pub fn run(&self, graph: &Graph, gpu: &Gpu) -> Result<()> {
        let externals: Vec<Rc<GpuBuffer>> =
            graph.externals.iter().map(|external| external.value.buffer()).collect::<Result<_>>()?;
        let slots: Vec<Rc<GpuBuffer>> = self
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Fresh(words) => gpu.alloc(words * 4),
                Slot::Donated(external) => externals[*external].clone(),
            })
            .collect();
        let Some(params) = &self.params else {
            return self.settle(graph, &slots);
        };
        if self.patch(graph) || !self.written.replace(true) {
            gpu.write(params, &self.words.borrow());
        }
        let mut groups = Vec::with_capacity(self.launches.len());
        for launch in &self.launches {
            groups.push(launch.bind(gpu, &slots, &externals, params));
        }
        gpu.encode(self.launches.iter().zip(&groups).map(|(launch, bind_group)| Dispatch {
            pipeline: &launch.pipeline,
            bind_group,
            groups: launch.groups,
        }));
        self.settle(graph, &slots)
    }

    /// Takes over the scalars of this recording and returns `true` if any changed.
    fn patch(&self, graph: &Graph) -> bool {
        let mut words = self.words.borrow_mut();
        let mut changed = false;
        for patch in &self.scalars {
            let scalars = graph.nodes[patch.node].recorded.op.scalars();
            let word = scalars.get(patch.scalar).map_or(0, |scalar| scalar.word());
            changed |= words[patch.word] != word;
            words[patch.word] = word;
        }
        changed
    }

    fn settle(&self, graph: &Graph, slots: &[Rc<GpuBuffer>]) -> Result<()> {
        for (node, slot) in &self.results {
            graph.nodes[*node].value.settle(State::Gpu(slots[*slot].clone()));
        }
        for node in graph.nodes.iter().filter(|node| !node.escapes) {
            node.value.settle(State::Failed(Error::internal("a value was freed before it was read")));
        }
        Ok(())
    }
}

impl Prepared {
    fn bind(
        &self,
        gpu: &Gpu,
        slots: &[Rc<GpuBuffer>],
        externals: &[Rc<GpuBuffer>],
        params: &Rc<GpuBuffer>,
    ) -> BindGroup {
        let buffer = |bound: &Bound| match bound {
            Bound::Slot(slot) => (&slots[*slot], None),
            Bound::External(external) => (&externals[*external], None),
            Bound::Faults => (gpu.fault_buffer(), None),
            Bound::Params(window) => (params, Some(*window)),
        };
        let buffers: Vec<(&Rc<GpuBuffer>, Option<Window>)> = self.buffers.iter().map(buffer).collect();
        let ids: Vec<u64> = buffers.iter().map(|(buffer, _)| buffer.id()).collect();
        let mut bound = self.bound.borrow_mut();
        if let Some(found) = bound.get(&ids) {
            return found.clone();
        }
        if bound.len() >= MAX_BIND_GROUPS {
            bound.clear();
        }
        let made = gpu.bind(&self.pipeline, &buffers);
        bound.insert(ids, made.clone());
        made
    }
}
