//! Execution on the CPU, step by step: fused groups by `group`, other kernels by their own loops,
//! directly into the memory of a concatenation where possible. The module knows the contract of
//! operations only.

mod group;

use std::rc::Rc;

use super::concat::ConcatPlan;
use super::graph::{Graph, Source};
use super::schedule::{Fused, Schedule, Step};
use crate::device::{CpuBuffer, Device, Slice, SliceMut, add_time, count};
use crate::tensor::{Compute, Cursor, Layout, State, View, typed_mut};
use crate::{Error, Result, dispatch};

/// Execution of a graph.
pub struct CpuPlan {
    concats: ConcatPlan,
    /// Last step to read each node, and each external.
    last_of_node: Vec<usize>,
    last_of_external: Vec<usize>,
}

/// An execution in progress.
struct Run<'a> {
    graph: &'a Graph,
    plan: &'a CpuPlan,
    /// Results so far: the elements of each node, or the error.
    results: Vec<Option<Result<Rc<CpuBuffer>>>>,
    /// Concatenations while their parts are being written, by node.
    concat_buffers: Vec<Option<CpuBuffer>>,
}

impl CpuPlan {
    /// Plans a scheduled graph.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let (mut last_of_node, mut last_of_external) = (vec![0; graph.nodes.len()], vec![0; graph.externals.len()]);
        for (at, step) in schedule.steps.iter().enumerate() {
            for source in step.nodes().flat_map(|node| &graph.nodes[node].operands) {
                match source {
                    Source::Node(n) => last_of_node[*n] = at,
                    Source::External(e) => last_of_external[*e] = at,
                }
            }
        }
        Self { concats: ConcatPlan::on_cpu(graph, schedule), last_of_node, last_of_external }
    }

    /// Computes every node of a graph and settles the values held outside.
    pub fn run(&self, graph: &Graph, schedule: &Schedule, device: &Device) {
        let len = graph.nodes.len();
        let concat_buffers = (0..len).map(|_| None).collect();
        let mut run = Run { graph, plan: self, results: vec![None; len], concat_buffers };
        let clock = device.profiler().take();
        let mut times = Vec::new();
        for (at, step) in schedule.steps.iter().enumerate() {
            count(&device.counts().dispatches, 1);
            let begun = clock.map(|now| now());
            match step {
                Step::Fused(fused) => run.fused(at, fused),
                Step::Kernel(node) => run.kernel(*node),
            }
            if let (Some(now), Some(begun)) = (clock, begun) {
                add_time(&mut times, name(graph, step), now() - begun);
            }
            for source in step.nodes().flat_map(|node| &graph.nodes[node].operands) {
                run.release(*source, at);
            }
        }
        for (node, result) in graph.nodes.iter().zip(run.results) {
            node.value.settle(match result {
                Some(Ok(array)) => State::Cpu(array),
                Some(Err(error)) => State::Failed(error),
                None => State::Failed(Error::internal("a value was freed before it was read")),
            });
        }
        CpuBuffer::tidy();
        if clock.is_some() {
            device.profiler().keep(&times);
        }
    }
}

/// Returns the name of a kernel; for a group, the names of its operations.
fn name(graph: &Graph, step: &Step) -> String {
    /// Maximum number of a group's operations that are named.
    const MAX_NAMES: usize = 4;
    let names: Vec<&str> = step.nodes().map(|node| graph.nodes[node].recorded.op.name()).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    let names = &names[..names.len() - more];
    if more > 0 { format!("{}+{more} more", names.join("+")) } else { names.join("+") }
}

impl Run<'_> {
    fn fetch(&self, source: Source) -> Result<Rc<CpuBuffer>> {
        match source {
            Source::External(e) => self.graph.externals[e].value.array(),
            Source::Node(n) => match &self.results[n] {
                Some(result) => result.clone(),
                None => Err(Error::internal("a value was read before it was computed")),
            },
        }
    }

    /// Releases elements that no step after `at` reads.
    fn release(&mut self, source: Source, at: usize) {
        let graph = self.graph;
        match source {
            Source::Node(n) if self.plan.last_of_node[n] == at && !graph.nodes[n].escapes => self.results[n] = None,
            Source::External(e) if self.plan.last_of_external[e] == at && graph.externals[e].donated => {
                graph.externals[e].value.settle(State::Failed(Error::internal("a value was read after it was freed")));
            }
            _ => {}
        }
    }

    fn fused(&mut self, at: usize, fused: &Fused) {
        let sources = fused.loads(self.graph);
        let buffers = sources.iter().map(|(source, _)| self.fetch(*source)).collect::<Result<Vec<_>>>();
        sources.iter().for_each(|(source, _)| self.release(*source, at));
        match buffers.and_then(|buffers| group::run(self.graph, fused, &sources, buffers)) {
            Ok(outputs) => {
                for (node, buffer) in fused.outputs.iter().zip(outputs) {
                    self.results[*node] = Some(Ok(Rc::new(buffer)));
                }
            }
            // A refused operand or value refuses the group: its members cannot be separated any
            // more.
            Err(error) => fused.outputs.iter().for_each(|node| self.results[*node] = Some(Err(error.clone()))),
        }
    }

    fn kernel(&mut self, node: usize) {
        let concats = &self.plan.concats;
        let value = &self.graph.nodes[node].value;
        self.results[node] = match (concats.members[node], &concats.offsets[node]) {
            (Some(slot), _) => {
                let mut whole = self.whole(slot.into);
                let part = whole.array_mut().as_mut().range(slot.offset, slot.offset + value.len);
                let done = self.compute(node, |_| part);
                self.concat_buffers[slot.into] = Some(whole);
                // Only the concatenating node reads it, and only to learn if it was refused.
                done.err().map(Err)
            }
            (None, Some(offsets)) => Some(self.concatenate(node, offsets).map(Rc::new)),
            (None, None) => {
                let mut output = CpuBuffer::any(value.dtype, 0);
                let done = self.compute(node, |complete| {
                    let make = if complete { CpuBuffer::any } else { CpuBuffer::zeros };
                    output = make(value.dtype, value.len);
                    output.array_mut().as_mut()
                });
                Some(done.map(|()| Rc::new(output)))
            }
        };
    }

    /// Runs a node's kernel into the memory returned by `output`, which is told if all of it will
    /// be written.
    fn compute<'o>(&self, node: usize, output: impl FnOnce(bool) -> SliceMut<'o>) -> Result<()> {
        let recorded = &self.graph.nodes[node].recorded;
        let Compute::Kernel(kernel) = recorded.op.compute() else {
            return Err(Error::internal(format!("{} has no kernel", recorded.op.name())));
        };
        let sources = &self.graph.nodes[node].operands;
        let mut arrays = Vec::with_capacity(sources.len());
        let mut layouts = Vec::with_capacity(sources.len());
        for (i, source) in sources.iter().enumerate() {
            let array = self.fetch(*source)?;
            let layout = self.graph.layout(node, i);
            if kernel.accepts(i, layout) {
                arrays.push(array);
                layouts.push(layout.clone());
            } else {
                arrays.push(Rc::new(gather(array.as_slice(), layout)));
                layouts.push(Layout::contiguous(layout.shape.clone()));
            }
        }
        let views: Vec<View<'_>> =
            arrays.iter().zip(&layouts).map(|(array, layout)| View { data: array.as_slice(), layout }).collect();
        kernel.cpu(&views, output(kernel.writes_every_element()))
    }

    /// Takes the partly written result of a concatenating node.
    fn whole(&mut self, node: usize) -> CpuBuffer {
        let value = &self.graph.nodes[node].value;
        self.concat_buffers[node].take().unwrap_or_else(|| CpuBuffer::any(value.dtype, value.len))
    }

    /// Copies the operands that were not written directly.
    fn concatenate(&mut self, node: usize, offsets: &[usize]) -> Result<CpuBuffer> {
        let mut whole = self.whole(node);
        for (i, (source, offset)) in self.graph.nodes[node].operands.iter().zip(offsets).enumerate() {
            let member = |n: usize| self.plan.concats.members[n].is_some_and(|slot| slot.into == node);
            match source {
                Source::Node(n) if member(*n) => {
                    if let Some(Err(error)) = &self.results[*n] {
                        return Err(error.clone());
                    }
                }
                _ => {
                    let (array, layout) = (self.fetch(*source)?, self.graph.layout(node, i));
                    let part = whole.array_mut().as_mut().range(*offset, offset + layout.numel());
                    copy_run(array.as_slice(), &mut Cursor::new(layout), part);
                }
            }
        }
        Ok(whole)
    }
}

/// Gathers the elements of a layout in row-major order.
fn gather(data: Slice<'_>, layout: &Layout) -> CpuBuffer {
    let mut out = CpuBuffer::any(data.dtype(), layout.numel());
    copy_run(data, &mut Cursor::new(layout), out.array_mut().as_mut());
    out
}

/// Fills `out` with the next elements that a cursor visits.
fn copy_run(data: Slice<'_>, cursor: &mut Cursor, out: SliceMut<'_>) {
    dispatch!(data.dtype(), T => {
        let (Some(from), Ok(to)) = (<T as crate::device::Element>::downcast_slice(data), typed_mut::<T>(out)) else { return };
        let mut at = 0;
        while at < to.len() {
            let (stride, left) = cursor.run();
            let n = left.min(to.len() - at);
            let offset = cursor.offset();
            let run = &mut to[at..at + n];
            match stride {
                1 => run.copy_from_slice(&from[offset..offset + n]),
                0 => run.fill(from[offset]),
                stride => {
                    for (i, x) in run.iter_mut().enumerate() {
                        *x = from[(offset as isize + i as isize * stride) as usize];
                    }
                }
            }
            cursor.advance(n);
            at += n;
        }
    });
}
