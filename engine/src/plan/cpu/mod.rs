//! Execution on the CPU. A fused group runs block by block, so that what its operations hand to each other stays
//! in cache, and long ones on all threads; other kernels run their own loops. It knows the contract of operations only.

use std::rc::Rc;

use smallvec::SmallVec;

use super::graph::{Graph, Source};
use super::schedule::{Fused, Schedule, Step};
use crate::device::{Array, CpuBuffer, DType, Device, Slice, SliceMut, add_time, count};
use crate::tensor::{Compute, Cursor, Layout, Pointwise, State, View, typed_mut};
use crate::{Error, Result, dispatch};

/// Elements of a block: a few of them fit the first-level cache.
const BLOCK: usize = 1024;

/// Elements of a group, times its operations, below which other threads are not worth waking.
#[cfg(not(target_arch = "wasm32"))]
const WORTH_THREADS: usize = 1 << 17;

/// Results so far: of each node, its elements or why there are none.
type Results = Vec<Option<Result<Rc<CpuBuffer>>>>;

/// Computes every node of a graph and settles the values that someone holds.
pub fn run(graph: &Graph, schedule: &Schedule, device: &Device) {
    let mut results: Results = vec![None; graph.nodes.len()];
    let last_use = last_uses(graph, schedule);
    let clock = device.profiler().take();
    let mut times = Vec::new();
    for (at, step) in schedule.steps.iter().enumerate() {
        count(&device.counts().dispatches, 1);
        let begun = clock.map(|now| now());
        match step {
            Step::Fused(fused) => run_fused(graph, fused, &mut results),
            Step::Kernel(node) => results[*node] = Some(run_kernel(graph, *node, &results)),
        }
        if let (Some(now), Some(begun)) = (clock, begun) {
            add_time(&mut times, name(graph, step), now() - begun);
        }
        let dead = |source: &Source| match source {
            Source::Node(n) if last_use[*n] == at && !graph.nodes[*n].escapes => Some(*n),
            _ => None,
        };
        for node in step.nodes() {
            for n in graph.nodes[node].operands.iter().filter_map(dead) {
                results[n] = None;
            }
        }
    }
    for (node, result) in graph.nodes.iter().zip(results) {
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

/// The name of a kernel; of a group, those of its operations.
fn name(graph: &Graph, step: &Step) -> String {
    /// Names of a group that are written out.
    const MOST: usize = 4;
    let names: Vec<&str> = step.nodes().map(|node| graph.nodes[node].recorded.op.name()).collect();
    let more = names.len().saturating_sub(MOST);
    let names = &names[..names.len() - more];
    if more > 0 { format!("{}+{more} more", names.join("+")) } else { names.join("+") }
}

fn last_uses(graph: &Graph, schedule: &Schedule) -> Vec<usize> {
    let mut last = vec![0; graph.nodes.len()];
    for (at, step) in schedule.steps.iter().enumerate() {
        for source in step.nodes().flat_map(|node| &graph.nodes[node].operands) {
            if let Source::Node(n) = source {
                last[*n] = at;
            }
        }
    }
    last
}

fn fetch(graph: &Graph, source: Source, results: &Results) -> Result<Rc<CpuBuffer>> {
    match source {
        Source::External(e) => graph.externals[e].value.array(),
        Source::Node(n) => match &results[n] {
            Some(result) => result.clone(),
            None => Err(Error::internal("a value was read before it was computed")),
        },
    }
}

fn run_kernel(graph: &Graph, node: usize, results: &Results) -> Result<Rc<CpuBuffer>> {
    let GraphNodeParts { op, sources, len, dtype } = parts(graph, node);
    let Compute::Kernel(kernel) = op.compute() else {
        return Err(Error::internal(format!("{} has no kernel", op.name())));
    };
    let mut arrays = Vec::with_capacity(sources.len());
    let mut layouts = Vec::with_capacity(sources.len());
    for (i, source) in sources.iter().enumerate() {
        let array = fetch(graph, *source, results)?;
        let layout = graph.layout(node, i);
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
    let mut output = if kernel.overwrites() { CpuBuffer::any(dtype, len) } else { CpuBuffer::zeros(dtype, len) };
    kernel.cpu(&views, output.array_mut().as_mut())?;
    Ok(Rc::new(output))
}

struct GraphNodeParts<'a> {
    op: &'a dyn crate::tensor::Op,
    sources: &'a [Source],
    len: usize,
    dtype: DType,
}

fn parts(graph: &Graph, node: usize) -> GraphNodeParts<'_> {
    let node = &graph.nodes[node];
    GraphNodeParts { op: &*node.recorded.op, sources: &node.operands, len: node.value.len, dtype: node.value.dtype }
}

/// The elements of a layout, in row-major order.
fn gather(data: Slice<'_>, layout: &Layout) -> CpuBuffer {
    let mut out = CpuBuffer::any(data.dtype(), layout.numel());
    copy_run(data, &mut Cursor::new(layout), out.array_mut().as_mut());
    out
}

/// Fills `out` with the next elements that a cursor visits.
fn copy_run(data: Slice<'_>, cursor: &mut Cursor, out: SliceMut<'_>) {
    dispatch!(data.dtype(), T => {
        let (Some(from), Ok(to)) = (<T as crate::device::Element>::of_slice(data), typed_mut::<T>(out)) else { return };
        let mut at = 0;
        while at < to.len() {
            let (stride, left) = cursor.run();
            let n = left.min(to.len() - at);
            let place = cursor.place();
            let run = &mut to[at..at + n];
            match stride {
                1 => run.copy_from_slice(&from[place..place + n]),
                0 => run.fill(from[place]),
                stride => {
                    for (i, x) in run.iter_mut().enumerate() {
                        *x = from[(place as isize + i as isize * stride) as usize];
                    }
                }
            }
            cursor.advance(n);
            at += n;
        }
    });
}

/// A group, ready to run on any part of its elements.
struct Group<'a> {
    len: usize,
    loads: Vec<Load<'a>>,
    members: Vec<Member<'a>>,
}

/// What a group reads from outside.
struct Load<'a> {
    data: Slice<'a>,
    layout: &'a Layout,
    in_order: bool,
}

/// An operation of a group.
struct Member<'a> {
    op: &'a dyn Pointwise,
    dtype: DType,
    operands: SmallVec<[Register; 4]>,
    /// Whether its result is wanted outside: it is written where it stays, the others into a block each.
    stays: bool,
}

/// Where an operand of a member comes from.
#[derive(Clone, Copy)]
enum Register {
    Load(usize),
    Member(usize),
}

fn run_fused(graph: &Graph, fused: &Fused, results: &mut Results) {
    match try_fused(graph, fused, results) {
        Ok(outputs) => {
            for (node, buffer) in fused.outputs.iter().zip(outputs) {
                results[*node] = Some(Ok(Rc::new(buffer)));
            }
        }
        // A refused operand or value refuses the group: its members cannot be told apart any more.
        Err(error) => fused.outputs.iter().for_each(|node| results[*node] = Some(Err(error.clone()))),
    }
}

fn try_fused(graph: &Graph, fused: &Fused, results: &Results) -> Result<Vec<CpuBuffer>> {
    let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
    let sources = fused.loads(graph);
    let buffers: Vec<Rc<CpuBuffer>> =
        sources.iter().map(|(source, _)| fetch(graph, *source, results)).collect::<Result<_>>()?;
    let load = |(buffer, (_, layout))| {
        let (buffer, layout): (&Rc<CpuBuffer>, &Layout) = (buffer, layout);
        Load { data: buffer.as_slice(), layout, in_order: layout.is_contiguous() && layout.numel() == len }
    };
    let loads = buffers.iter().zip(sources.iter().copied()).map(load).collect();
    let members = fused.nodes.iter().map(|node| member(graph, fused, *node, &sources)).collect::<Result<_>>()?;
    let group = Group { len, loads, members };
    let mut outputs: Vec<CpuBuffer> =
        fused.outputs.iter().map(|node| CpuBuffer::any(graph.nodes[*node].value.dtype, len)).collect();
    group.run(outputs.iter_mut().map(|output| output.array_mut().as_mut()).collect())?;
    Ok(outputs)
}

fn member<'a>(graph: &'a Graph, fused: &Fused, node: usize, loads: &[(Source, &Layout)]) -> Result<Member<'a>> {
    let Compute::Pointwise(op) = graph.nodes[node].recorded.op.compute() else {
        return Err(Error::internal("a kernel stands in a group of pointwise operations"));
    };
    let register = |(i, source): (usize, &Source)| {
        if let Source::Node(n) = source
            && let Ok(at) = fused.nodes.binary_search(n)
        {
            return Register::Member(at);
        }
        let load = (*source, graph.layout(node, i));
        Register::Load(loads.iter().position(|l| *l == load).unwrap_or_default())
    };
    let operands = graph.nodes[node].operands.iter().enumerate().map(register).collect();
    Ok(Member { op, dtype: graph.nodes[node].value.dtype, operands, stays: fused.outputs.contains(&node) })
}

impl Group<'_> {
    /// Computes all elements; `outputs` are those of the members that stay, in order.
    fn run(&self, outputs: Vec<SliceMut<'_>>) -> Result<()> {
        #[cfg(not(target_arch = "wasm32"))]
        if self.len * self.members.len() > WORTH_THREADS && rayon::current_num_threads() > 1 {
            use rayon::prelude::*;
            let share = self.len.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(BLOCK);
            let mut parts: Vec<Vec<SliceMut<'_>>> = (0..self.len.div_ceil(share)).map(|_| Vec::new()).collect();
            for output in outputs {
                parts.iter_mut().zip(output.chunks(share)).for_each(|(part, output)| part.push(output));
            }
            let parts = parts.into_par_iter().enumerate();
            return parts.try_for_each(|(i, part)| self.run_part(i * share, share.min(self.len - i * share), part));
        }
        self.run_part(0, self.len, outputs)
    }

    /// Computes `len` elements from number `first` on; `outputs` are theirs.
    fn run_part(&self, first: usize, len: usize, outputs: Vec<SliceMut<'_>>) -> Result<()> {
        let block = BLOCK.min(len);
        let strided = |load: &Load<'_>| {
            let scratch = || (Cursor::at(load.layout, first), Array::zeros(load.data.dtype(), block));
            (!load.in_order).then(scratch)
        };
        let mut strided: Vec<Option<(Cursor, Array)>> = self.loads.iter().map(strided).collect();
        let inner = self.members.iter().filter(|member| !member.stays);
        let mut scratch: Vec<Array> = inner.map(|member| Array::zeros(member.dtype, block)).collect();
        let (mut outputs, mut scratch) = (outputs.into_iter(), scratch.iter_mut().map(Array::as_mut));
        // Where each member writes.
        let mut registers: Vec<SliceMut<'_>> = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let register = if member.stays { outputs.next() } else { scratch.next() };
            registers.push(register.ok_or_else(|| Error::internal("a group has too few outputs"))?);
        }
        let mut from = 0;
        while from < len {
            let n = block.min(len - from);
            for (load, strided) in self.loads.iter().zip(&mut strided) {
                if let Some((cursor, scratch)) = strided {
                    copy_run(load.data, cursor, scratch.as_mut().range(0, n));
                }
            }
            for (i, member) in self.members.iter().enumerate() {
                let (before, rest) = registers.split_at_mut(i);
                let Some(output) = rest.first_mut() else { continue };
                let at = |member: &Member<'_>| if member.stays { from } else { 0 };
                let operands: SmallVec<[Slice<'_>; 4]> = member
                    .operands
                    .iter()
                    .map(|register| match *register {
                        Register::Load(l) => match &strided[l] {
                            Some((_, scratch)) => scratch.as_slice().range(0, n),
                            None => {
                                let start = self.loads[l].layout.offset + first + from;
                                self.loads[l].data.range(start, start + n)
                            }
                        },
                        Register::Member(m) => before[m].read(at(&self.members[m]), at(&self.members[m]) + n),
                    })
                    .collect();
                member.op.eval(&operands, first + from, output.part(at(member), at(member) + n))?;
            }
            from += n;
        }
        Ok(())
    }
}
