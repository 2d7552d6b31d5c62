//! Execution on a GPU: a schedule becomes a list of launches over slots, prepared once. Running it writes the
//! numbers that changed, finds bind groups for the buffers at hand, and encodes. It knows the contract of
//! operations only.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::codegen::{GroupParam, Place, generate};
use super::graph::{Graph, Source};
use super::memory::{Memory, Slot};
use super::schedule::{Fused, Schedule, Step};
use crate::device::Device;
use crate::device::gpu::{Access, BindGroup, Dispatch, Gpu, GpuBuffer, KernelSource, Pipeline};
use crate::tensor::{Bind, Compute, Launch, Layout, Param, Spec, State, ViewSpec, groups_1d};
use crate::{Error, Result};

/// Bind groups kept for each launch before they are forgotten: recordings alternate between few sets of buffers.
const MOST_BIND_GROUPS: usize = 8;

/// Uniform windows start at multiples of this, in words: WebGPU's 256 bytes.
const WINDOW: usize = 64;

/// A prepared schedule.
pub struct GpuPlan {
    launches: Vec<Prepared>,
    slots: Vec<Slot>,
    /// The slot of each node that someone holds.
    results: Vec<(usize, usize)>,
    params: Option<Rc<GpuBuffer>>,
    /// The words of `params`, and whether they have been written to it at all.
    words: RefCell<Vec<u32>>,
    written: Cell<bool>,
    scalars: Vec<Patch>,
}

/// A word of the parameters that is written anew at each run.
struct Patch {
    word: usize,
    node: usize,
    scalar: usize,
}

struct Prepared {
    pipeline: Rc<Pipeline>,
    buffers: Vec<Bound>,
    window: usize,
    words: usize,
    groups: [u32; 3],
    bound: RefCell<HashMap<Vec<u64>, BindGroup>>,
}

/// What a binding is, once memory is assigned.
#[derive(Clone, Copy)]
enum Bound {
    Slot(usize),
    External(usize),
    Faults,
}

struct Planner<'a> {
    graph: &'a Graph,
    gpu: &'a Gpu,
    device: &'a Device,
    memory: Memory,
    launches: Vec<Prepared>,
    words: Vec<u32>,
    scalars: Vec<Patch>,
}

impl GpuPlan {
    /// Prepares a schedule.
    ///
    /// # Errors
    /// A kernel that the GPU cannot run.
    pub fn new(graph: &Graph, schedule: &Schedule, gpu: &Gpu, device: &Device) -> Result<Self> {
        let memory = Memory::new(graph, schedule);
        let mut planner =
            Planner { graph, gpu, device, memory, launches: Vec::new(), words: Vec::new(), scalars: Vec::new() };
        for (at, step) in schedule.steps.iter().enumerate() {
            match step {
                Step::Fused(fused) => planner.fused(at, fused)?,
                Step::Kernel(node) => planner.kernel(at, *node)?,
            }
            let read: Vec<Source> =
                step.nodes().iter().flat_map(|n| graph.nodes[*n].operands.iter().copied()).collect();
            planner.memory.retire(graph, at, &read);
        }
        let escaping = graph.nodes.iter().enumerate().filter(|(_, node)| node.escapes);
        let results = escaping.filter_map(|(i, _)| planner.memory.node_slot[i].map(|slot| (i, slot))).collect();
        let params = (!planner.words.is_empty()).then(|| gpu.alloc_params(planner.words.len() * 4));
        Ok(Self {
            launches: planner.launches,
            slots: planner.memory.slots,
            results,
            params,
            words: RefCell::new(planner.words),
            written: Cell::new(false),
            scalars: planner.scalars,
        })
    }

    /// Encodes the launches for a graph of this structure and settles the values that someone holds.
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

    /// Takes over the scalars of this recording; says whether any differs from the last.
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
    fn bind(&self, gpu: &Gpu, slots: &[Rc<GpuBuffer>], externals: &[Rc<GpuBuffer>], params: &GpuBuffer) -> BindGroup {
        let buffers: Vec<&Rc<GpuBuffer>> = self
            .buffers
            .iter()
            .map(|place| match place {
                Bound::Slot(slot) => &slots[*slot],
                Bound::External(external) => &externals[*external],
                Bound::Faults => gpu.fault_buffer(),
            })
            .collect();
        let ids: Vec<u64> = buffers.iter().map(|buffer| buffer.id()).collect();
        let mut bound = self.bound.borrow_mut();
        if let Some(found) = bound.get(&ids) {
            return found.clone();
        }
        if bound.len() >= MOST_BIND_GROUPS {
            bound.clear();
        }
        let made = gpu.bind(&self.pipeline, &buffers, params, self.window, self.words);
        bound.insert(ids, made.clone());
        made
    }
}

impl Planner<'_> {
    fn fused(&mut self, at: usize, fused: &Fused) -> Result<()> {
        let graph = self.graph;
        let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
        if len == 0 {
            for node in &fused.outputs {
                self.memory.assign(graph, at, *node, &mut Vec::new());
            }
            return Ok(());
        }
        // Sources read only in order may be overwritten by a result of the same element size.
        let loads = fused.loads(graph);
        let in_order = |source: &Source| {
            loads.iter().filter(|(s, _)| s == source).all(|(s, layout)| layout.is_whole(graph.len(*s)))
        };
        let mut in_place: Vec<Source> = loads.iter().map(|(s, _)| *s).filter(in_order).collect();
        in_place.dedup();
        // A load's slot, before results take slots over.
        let before: Vec<Bound> = loads.iter().map(|(s, _)| self.place(*s)).collect::<Result<_>>()?;
        let mut aliases = Vec::new();
        for node in &fused.outputs {
            // A buffer is bound under one element type.
            let dtype = graph.nodes[*node].value.dtype;
            let mut candidates: Vec<Source> = in_place.iter().copied().filter(|s| graph.dtype(*s) == dtype).collect();
            let offered = candidates.clone();
            self.memory.assign(graph, at, *node, &mut candidates);
            if let Some(taken) = offered.iter().find(|s| !candidates.contains(s)) {
                aliases.push((*node, *taken));
                in_place.retain(|s| s != taken);
            }
        }
        let generated = generate(graph, fused, &aliases)?;
        let mut buffers = Vec::with_capacity(generated.bindings.len());
        let mut access = Vec::with_capacity(generated.bindings.len());
        for (how, place) in &generated.bindings {
            access.push(*how);
            buffers.push(match place {
                Place::Store(node) => self.place(Source::Node(*node))?,
                Place::Load(source) => {
                    let at = loads.iter().position(|(s, _)| s == source);
                    at.map(|i| before[i]).ok_or_else(|| Error::internal("a load without a place"))?
                }
            });
        }
        let params: Vec<(Param, usize)> = generated
            .params
            .into_iter()
            .map(|param| match param {
                GroupParam::Const(param) => (param, usize::MAX),
                GroupParam::Scalar(node, scalar) => (Param::Scalar(scalar), node),
            })
            .collect();
        let pipeline = self.gpu.pipeline(&generated.source, &access);
        self.push(pipeline, buffers, &params, generated.groups);
        Ok(())
    }

    fn kernel(&mut self, at: usize, node: usize) -> Result<()> {
        let graph = self.graph;
        let op = &*graph.nodes[node].recorded.op;
        let Compute::Kernel(kernel) = op.compute() else {
            return Err(Error::internal(format!("{} has no kernel", op.name())));
        };
        let mut specs = Vec::new();
        let mut places = Vec::new();
        let mut copies = Vec::new();
        for (i, source) in graph.nodes[node].operands.iter().enumerate() {
            let layout = graph.layout(node, i);
            let dtype = graph.dtype(*source);
            let place = self.place(*source)?;
            if kernel.accepts(i, layout) {
                specs.push(ViewSpec { layout: layout.clone(), dtype });
                places.push(place);
            } else {
                let slot = self.copy(place, layout)?;
                copies.push(slot);
                specs.push(ViewSpec { layout: Layout::contiguous(layout.shape.clone()), dtype });
                places.push(Bound::Slot(slot));
            }
        }
        let value = &graph.nodes[node].value;
        let shape = op_shape(op, &specs)?;
        let program = kernel.gpu(&specs, &Spec { shape, dtype: value.dtype }, self.device)?;
        let output = self.memory.assign(graph, at, node, &mut Vec::new());
        let scratch: Vec<usize> = program.scratch.iter().map(|words| self.memory.scratch(*words)).collect();
        for launch in program.launches {
            let mut buffers = Vec::with_capacity(launch.bindings.len());
            let mut access = Vec::with_capacity(launch.bindings.len());
            for bind in &launch.bindings {
                let (place, how) = match bind {
                    Bind::Operand(i) => (places[*i], Access::Read),
                    Bind::Output => (Bound::Slot(output), Access::Write),
                    Bind::Scratch(i) => (Bound::Slot(scratch[*i]), Access::Write),
                    Bind::ScratchRead(i) => (Bound::Slot(scratch[*i]), Access::Read),
                    Bind::Faults => (Bound::Faults, Access::Write),
                };
                buffers.push(place);
                access.push(how);
            }
            let pipeline = self.gpu.pipeline(&launch.source, &access);
            let params: Vec<(Param, usize)> = launch.params.into_iter().map(|param| (param, node)).collect();
            self.push(pipeline, buffers, &params, launch.groups);
        }
        copies.into_iter().chain(scratch).for_each(|slot| self.memory.release(slot));
        Ok(())
    }

    /// Copies what a layout reads into a contiguous slot.
    fn copy(&mut self, from: Bound, layout: &Layout) -> Result<usize> {
        let slot = self.memory.scratch(layout.numel());
        if layout.numel() > 0 {
            let launch = copy_launch(layout)?;
            let pipeline = self.gpu.pipeline(&launch.source, &[Access::Read, Access::Write]);
            let params: Vec<(Param, usize)> = launch.params.into_iter().map(|param| (param, usize::MAX)).collect();
            self.push(pipeline, vec![from, Bound::Slot(slot)], &params, launch.groups);
        }
        Ok(slot)
    }

    fn place(&self, source: Source) -> Result<Bound> {
        match source {
            Source::External(e) => Ok(self.memory.donated(e).map_or(Bound::External(e), Bound::Slot)),
            Source::Node(n) => {
                let slot = self.memory.node_slot[n];
                slot.map(Bound::Slot).ok_or_else(|| Error::internal("a value was planned without memory"))
            }
        }
    }

    fn push(&mut self, pipeline: Rc<Pipeline>, buffers: Vec<Bound>, params: &[(Param, usize)], groups: [u32; 3]) {
        let window = self.words.len();
        for (param, node) in params {
            let word = match param {
                Param::Word(word) => *word,
                Param::Fault(site) => self.gpu.fault_site(*site),
                Param::Scalar(scalar) => {
                    self.scalars.push(Patch { word: self.words.len(), node: *node, scalar: *scalar });
                    0
                }
            };
            self.words.push(word);
        }
        let words = params.len().max(1).next_multiple_of(4);
        self.words.resize(window + words.next_multiple_of(WINDOW), 0);
        self.launches.push(Prepared { pipeline, buffers, window, words, groups, bound: RefCell::default() });
    }
}

fn op_shape(op: &dyn crate::tensor::Op, specs: &[ViewSpec]) -> Result<crate::tensor::Shape> {
    let specs: Vec<Spec> =
        specs.iter().map(|spec| Spec { shape: spec.layout.shape.clone(), dtype: spec.dtype }).collect();
    Ok(op.infer(&specs)?.shape)
}

/// The launch that copies what a layout reads, word by word, whatever the element type.
fn copy_launch(layout: &Layout) -> Result<Launch> {
    const MOST_DIMS: usize = 8;
    let (sizes, strides) = layout.collapse();
    if sizes.len() > MOST_DIMS {
        return Err(Error::shape(
            "contiguous",
            format!("{} has more than {MOST_DIMS} dimensions in memory", layout.shape),
        ));
    }
    let mut params =
        vec![Param::from(layout.numel()), Param::from(sizes.len()), Param::from(layout.offset), Param::from(0)];
    let padded = |i: usize| sizes.len().checked_sub(i + 1);
    // Innermost first.
    params.extend((0..MOST_DIMS).map(|i| padded(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
    params.extend((0..MOST_DIMS).map(|i| padded(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
    Ok(Launch {
        source: KernelSource::new("contiguous", &[crate::shader!("contiguous")]),
        bindings: vec![Bind::Operand(0), Bind::Output],
        params,
        groups: groups_1d(layout.numel(), 64),
    })
}
