//! Launches over slots for a schedule: requests operations' kernels, generates groups' kernels,
//! assigns memory, and lays out parameters. The module knows the contract of operations only.

use std::cell::RefCell;

use super::codegen::{Generated, GroupBinding, GroupParam, Producer, WORKGROUP, generate};
use super::gpu::{Bound, Patch, Prepared};
use super::graph::{Graph, Source};
use super::memory::{Memory, Slot};
use super::schedule::{Fused, Schedule, Step};
use crate::device::AdapterKind;
use crate::device::Device;
use crate::device::gpu::{Access, Gpu, KernelSource, Window};
use crate::tensor::{Bind, Compute, Kernel, Launch, Layout, Op, Param, Shape, Spec, ViewSpec, groups_1d};
use crate::{Error, Result, shader};

/// Alignment of uniform windows, in words: WebGPU's 256 bytes.
const WINDOW_WORDS: usize = 64;

/// Parts of a plan.
pub struct Planned {
    /// Launches, in order.
    pub launches: Vec<Prepared>,
    /// Memory assignment.
    pub slots: Vec<Slot>,
    /// Slot of each node held outside of the recording.
    pub results: Vec<(usize, usize)>,
    /// Words of the parameters.
    pub words: Vec<u32>,
    /// Words written at each run.
    pub scalars: Vec<Patch>,
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

/// Plans the launches for a schedule.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub fn plan(graph: &Graph, schedule: &Schedule, gpu: &Gpu, device: &Device) -> Result<Planned> {
    let memory = Memory::new(graph, schedule);
    let mut planner =
        Planner { graph, gpu, device, memory, launches: Vec::new(), words: Vec::new(), scalars: Vec::new() };
    for (at, step) in schedule.steps.iter().enumerate() {
        match step {
            Step::Fused(fused) => match fused.producer {
                Some(producer) => planner.kernel(at, producer, fused)?,
                None => planner.fused(at, fused)?,
            },
            Step::Kernel(node) => {
                planner.kernel(at, *node, &Fused { producer: Some(*node), nodes: Vec::new(), outputs: vec![*node] })?;
            }
        }
        let read: Vec<Source> = step.nodes().flat_map(|n| graph.nodes[n].operands.iter().copied()).collect();
        planner.memory.retire(graph, at, &read);
    }
    let escaping = graph.nodes.iter().enumerate().filter(|(_, node)| node.escapes);
    let results = escaping.filter_map(|(i, _)| planner.memory.node_slot[i].map(|slot| (i, slot))).collect();
    let Planner { launches, memory, words, scalars, .. } = planner;
    Ok(Planned { launches, slots: memory.slots, results, words, scalars })
}

/// Loads of a group, with their slots before results took them over.
struct Loads<'a> {
    loads: Vec<(Source, &'a Layout)>,
    before: Vec<Bound>,
}

impl<'a> Planner<'a> {
    fn fused(&mut self, at: usize, fused: &Fused) -> Result<()> {
        let graph = self.graph;
        let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
        let loads = self.loads(fused)?;
        let aliases = self.results(at, fused, &loads.loads, &[]);
        if len == 0 {
            return Ok(());
        }
        let generated = generate(graph, fused, &aliases, &|source| self.memory.offset(source), None)?;
        let (mut buffers, mut access) = (Vec::new(), Vec::new());
        self.storages(&generated, &loads, &mut buffers, &mut access)?;
        buffers.push(self.window(own(generated.params)));
        access.push(Access::Uniform);
        // Emulated threads are expensive to start, and a processor runs few at a time.
        let each = if self.gpu.kind() == AdapterKind::Software { (len / (8 * WORKGROUP)).clamp(1, 16) } else { 1 };
        self.push(&generated.source, &access, buffers, groups_1d(len, WORKGROUP * each));
        Ok(())
    }

    fn loads(&self, fused: &Fused) -> Result<Loads<'a>> {
        let loads = fused.loads(self.graph);
        let before = loads.iter().map(|(source, _)| self.bound(*source)).collect::<Result<_>>()?;
        Ok(Loads { loads, before })
    }

    /// Assigns memory for the results of a group; returns those that overwrite a load of the group,
    /// none of `kept`.
    fn results(
        &mut self,
        at: usize,
        fused: &Fused,
        loads: &[(Source, &Layout)],
        kept: &[Source],
    ) -> Vec<(usize, Source)> {
        let graph = self.graph;
        // Sources read only at the same index may be overwritten by a result of the same element
        // type.
        let in_order = |source: &Source| {
            loads.iter().filter(|(s, _)| s == source).all(|(s, layout)| layout.is_whole(graph.len(*s)))
        };
        // A concatenation and a part written into it are two sources in one slot.
        let slot = |source: &Source| match source {
            Source::Node(n) => self.memory.node_slot[*n],
            Source::External(_) => None,
        };
        let read_elsewhere = |source: &Source| {
            let mut others = loads.iter().map(|(s, _)| s).filter(|s| *s != source).chain(kept);
            others.any(|other| other == source || slot(source).is_some() && slot(source) == slot(other))
        };
        let mut in_place: Vec<Source> =
            loads.iter().map(|(s, _)| *s).filter(|s| in_order(s) && !read_elsewhere(s)).collect();
        in_place.dedup();
        let mut aliases = Vec::new();
        for node in &fused.outputs {
            let dtype = graph.nodes[*node].value.dtype;
            let mut candidates: Vec<Source> = in_place.iter().copied().filter(|s| graph.dtype(*s) == dtype).collect();
            let offered = candidates.clone();
            self.memory.assign(graph, at, *node, &mut candidates);
            if let Some(taken) = offered.iter().find(|s| !candidates.contains(s)) {
                aliases.push((*node, *taken));
                in_place.retain(|s| s != taken);
            }
        }
        aliases
    }

    /// Returns the storage bindings that a generated kernel requires.
    fn storages(
        &self,
        generated: &Generated,
        loads: &Loads<'_>,
        buffers: &mut Vec<Bound>,
        access: &mut Vec<Access>,
    ) -> Result<()> {
        for (mode, contents) in &generated.bindings {
            access.push(*mode);
            buffers.push(match contents {
                GroupBinding::Store(node) => self.bound(Source::Node(*node))?,
                GroupBinding::Load(source) => {
                    let at = loads.loads.iter().position(|(s, _)| s == source);
                    at.map(|i| loads.before[i]).ok_or_else(|| Error::internal("a load without a slot"))?
                }
            });
        }
        Ok(())
    }

    /// Plans a node's kernel with its epilogue, the group fused to its result, which may be empty.
    fn kernel(&mut self, at: usize, node: usize, fused: &Fused) -> Result<()> {
        let graph = self.graph;
        let op = &*graph.nodes[node].recorded.op;
        let Compute::Kernel(kernel) = op.compute() else {
            return Err(Error::internal(format!("{} has no kernel", op.name())));
        };
        if let Some(offsets) = self.memory.concats.offsets[node].clone() {
            return self.concatenate(at, node, &offsets);
        }
        let (specs, operands, copies) = self.operands(node, kernel)?;
        let dtype = graph.nodes[node].value.dtype;
        let program = kernel.gpu(&specs, &Spec { shape: op_shape(op, &specs)?, dtype }, self.device)?;
        let loads = self.loads(fused)?;
        let aliases = self.results(at, fused, &loads.loads, &graph.nodes[node].operands);
        // The shader's `output` is the first result of its type; without one, a buffer that is not
        // read.
        let first = fused.outputs.iter().copied().find(|n| graph.nodes[*n].value.dtype == dtype);
        let mut scratch: Vec<usize> = program.scratch.iter().map(|words| self.memory.scratch(*words)).collect();
        let output = match first.and_then(|n| self.memory.node_slot[n]) {
            Some(slot) => slot,
            None => {
                scratch.push(self.memory.scratch(1));
                scratch[scratch.len() - 1]
            }
        };
        let moved = first.is_some_and(|n| self.memory.offset(Source::Node(n)) > 0);
        let has_epilogue = kernel.fuses_epilogue() && (moved || !fused.nodes.is_empty());
        let last = program.launches.len().saturating_sub(1);
        for (i, mut launch) in program.launches.into_iter().enumerate() {
            let (mut buffers, mut access) = (Vec::new(), Vec::new());
            for bind in &launch.bindings {
                let (bound, mode) = match bind {
                    Bind::Operand(i) => (operands[*i], Access::Read),
                    Bind::Output => (Bound::Slot(output), Access::Write),
                    Bind::Scratch(i) => (Bound::Slot(scratch[*i]), Access::Write),
                    Bind::ScratchRead(i) => (Bound::Slot(scratch[*i]), Access::Read),
                    Bind::Faults => (Bound::Faults, Access::Write),
                };
                buffers.push(bound);
                access.push(mode);
            }
            buffers.push(self.window(launch.params.into_iter().map(|param| (param, node))));
            access.push(Access::Uniform);
            if has_epilogue && i == last {
                let producer = Producer { node, output: first, bindings: access.len() };
                let generated = generate(graph, fused, &aliases, &|source| self.memory.offset(source), Some(producer))?;
                self.storages(&generated, &loads, &mut buffers, &mut access)?;
                if !generated.params.is_empty() {
                    buffers.push(self.window(own(generated.params)));
                    access.push(Access::Uniform);
                }
                launch.source.add(generated.source.pieces);
                launch.source.name = format!("{}{}", launch.source.name, generated.source.name).into();
            } else if kernel.fuses_epilogue() {
                launch.source.add(shader!("shared/epilogue").iter().copied());
            }
            self.push(&launch.source, &access, buffers, launch.groups);
        }
        copies.into_iter().chain(scratch).for_each(|slot| self.memory.release(slot));
        Ok(())
    }

    /// Returns the operands of a kernel as it accepts them: layouts, slots, and the slots of
    /// copies.
    fn operands(&mut self, node: usize, kernel: &dyn Kernel) -> Result<(Vec<ViewSpec>, Vec<Bound>, Vec<usize>)> {
        let graph = self.graph;
        let (mut specs, mut operands, mut copies) = (Vec::new(), Vec::new(), Vec::new());
        for (i, source) in graph.nodes[node].operands.iter().enumerate() {
            let layout = self.layout(node, i);
            let dtype = graph.dtype(*source);
            let bound = self.bound(*source)?;
            if kernel.accepts(i, &layout) {
                specs.push(ViewSpec { layout, dtype });
                operands.push(bound);
            } else {
                let slot = self.memory.scratch(layout.numel());
                self.copy(bound, &layout, slot, 0)?;
                copies.push(slot);
                specs.push(ViewSpec { layout: Layout::contiguous(layout.shape), dtype });
                operands.push(Bound::Slot(slot));
            }
        }
        Ok((specs, operands, copies))
    }

    /// Returns the layout of an operand in its slot.
    fn layout(&self, node: usize, operand: usize) -> Layout {
        let layout = self.graph.layout(node, operand).clone();
        let offset = layout.offset + self.memory.offset(self.graph.nodes[node].operands[operand]);
        Layout { offset, ..layout }
    }

    /// Plans a concatenating node of which some operands were written directly: the others are
    /// copied.
    fn concatenate(&mut self, at: usize, node: usize, offsets: &[usize]) -> Result<()> {
        let slot = self.memory.assign(self.graph, at, node, &mut Vec::new());
        for (i, source) in self.graph.nodes[node].operands.iter().enumerate() {
            if matches!(source, Source::Node(n) if self.memory.concats.members[*n].is_some_and(|m| m.into == node)) {
                continue;
            }
            let layout = self.layout(node, i);
            self.copy(self.bound(*source)?, &layout, slot, offsets[i])?;
        }
        Ok(())
    }

    /// Copies the elements of a layout into a slot, in row-major order, from the word `to` on.
    fn copy(&mut self, from: Bound, layout: &Layout, slot: usize, to: usize) -> Result<()> {
        if layout.numel() > 0 {
            let launch = copy_launch(layout, to)?;
            let window = self.window(launch.params.into_iter().map(|param| (param, usize::MAX)));
            let access = [Access::Read, Access::Write, Access::Uniform];
            self.push(&launch.source, &access, vec![from, Bound::Slot(slot), window], launch.groups);
        }
        Ok(())
    }

    fn bound(&self, source: Source) -> Result<Bound> {
        match source {
            Source::External(e) => Ok(self.memory.donated(e).map_or(Bound::External(e), Bound::Slot)),
            Source::Node(n) => {
                let slot = self.memory.node_slot[n];
                slot.map(Bound::Slot).ok_or_else(|| Error::internal("a value was planned without memory"))
            }
        }
    }

    /// Allocates a window of parameters, each with the node whose scalar it may be.
    fn window(&mut self, params: impl Iterator<Item = (Param, usize)>) -> Bound {
        let first = self.words.len();
        for (param, node) in params {
            let word = match param {
                Param::Word(word) => word,
                Param::Fault(site) => self.gpu.fault_site(site),
                Param::Scalar(scalar) => {
                    self.scalars.push(Patch { word: self.words.len(), node, scalar });
                    0
                }
            };
            self.words.push(word);
        }
        let words = (self.words.len() - first).max(1).next_multiple_of(4);
        self.words.resize(first + words.next_multiple_of(WINDOW_WORDS), 0);
        Bound::Params(Window { first, words })
    }

    fn push(&mut self, source: &KernelSource, access: &[Access], buffers: Vec<Bound>, groups: [u32; 3]) {
        let pipeline = self.gpu.pipeline(source, access);
        self.launches.push(Prepared { pipeline, buffers, groups, bound: RefCell::default() });
    }
}

/// Returns the parameters of a group, each with its node.
fn own(params: Vec<GroupParam>) -> impl Iterator<Item = (Param, usize)> {
    params.into_iter().map(|param| match param {
        GroupParam::Const(param) => (param, usize::MAX),
        GroupParam::Scalar(node, scalar) => (Param::Scalar(scalar), node),
    })
}

fn op_shape(op: &dyn Op, specs: &[ViewSpec]) -> Result<Shape> {
    let specs: Vec<Spec> =
        specs.iter().map(|spec| Spec { shape: spec.layout.shape.clone(), dtype: spec.dtype }).collect();
    Ok(op.infer(&specs)?.shape)
}

/// Returns the launch that copies the elements of a layout word by word, for any element type, to
/// the words from `to` on.
fn copy_launch(layout: &Layout, to: usize) -> Result<Launch> {
    const MAX_DIMS: usize = 8;
    let (sizes, strides) = layout.collapse();
    if sizes.len() > MAX_DIMS {
        return Err(Error::shape(
            "contiguous",
            format!("{} has more than {MAX_DIMS} dimensions in memory", layout.shape),
        ));
    }
    let mut params = [layout.numel(), sizes.len(), layout.offset, to].map(Param::from).to_vec();
    let padded = |i: usize| sizes.len().checked_sub(i + 1);
    // Innermost first.
    params.extend((0..MAX_DIMS).map(|i| padded(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
    params.extend((0..MAX_DIMS).map(|i| padded(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
    Ok(Launch {
        source: KernelSource::new("contiguous", shader!("contiguous")),
        bindings: vec![Bind::Operand(0), Bind::Output],
        params,
        groups: groups_1d(layout.numel(), 64),
    })
}
