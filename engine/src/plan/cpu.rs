//! Execution on the CPU. A fused group runs block by block, so that what its operations hand to each other stays
//! in cache; other kernels run their own loops. It knows the contract of operations only.

use std::rc::Rc;

use super::graph::{Graph, Source};
use super::schedule::{Fused, Schedule, Step};
use crate::device::{Array, Device, Slice, count};
use crate::tensor::{Compute, Cursor, Layout, State, View, typed_mut};
use crate::{Error, Result, dispatch};

/// Elements of a block: a few of them fit the first-level cache.
const BLOCK: usize = 1024;

/// Results so far: of each node, its elements or why there are none.
type Results = Vec<Option<Result<Rc<Array>>>>;

/// Computes every node of a graph and settles the values that someone holds.
pub fn run(graph: &Graph, schedule: &Schedule, device: &Device) {
    let mut results: Results = vec![None; graph.nodes.len()];
    let last_use = last_uses(graph, schedule);
    for (at, step) in schedule.steps.iter().enumerate() {
        count(&device.counts().dispatches, 1);
        match step {
            Step::Fused(fused) => run_fused(graph, fused, &mut results),
            Step::Kernel(node) => results[*node] = Some(run_kernel(graph, *node, &results)),
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

fn fetch(graph: &Graph, source: Source, results: &Results) -> Result<Rc<Array>> {
    match source {
        Source::External(e) => graph.externals[e].value.array(),
        Source::Node(n) => match &results[n] {
            Some(result) => result.clone(),
            None => Err(Error::internal("a value was read before it was computed")),
        },
    }
}

fn run_kernel(graph: &Graph, node: usize, results: &Results) -> Result<Rc<Array>> {
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
    let mut output = Array::zeros(dtype, len);
    kernel.cpu(&views, output.as_mut())?;
    Ok(Rc::new(output))
}

struct GraphNodeParts<'a> {
    op: &'a dyn crate::tensor::Op,
    sources: &'a [Source],
    len: usize,
    dtype: crate::DType,
}

fn parts(graph: &Graph, node: usize) -> GraphNodeParts<'_> {
    let node = &graph.nodes[node];
    GraphNodeParts { op: &*node.recorded.op, sources: &node.operands, len: node.value.len, dtype: node.value.dtype }
}

/// The elements of a layout, in row-major order.
fn gather(data: Slice<'_>, layout: &Layout) -> Array {
    let mut out = Array::zeros(data.dtype(), layout.numel());
    let len = out.len();
    copy_run(data, &mut Cursor::new(layout), &mut out, len);
    out
}

/// Copies the next `len` elements that a cursor visits to the start of `out`.
fn copy_run(data: Slice<'_>, cursor: &mut Cursor, out: &mut Array, len: usize) {
    dispatch!(data.dtype(), T => {
        let (Some(from), Ok(to)) = (<T as crate::device::Element>::of_slice(data), typed_mut::<T>(out.as_mut())) else { return };
        let mut at = 0;
        while at < len {
            let (stride, left) = cursor.run();
            let n = left.min(len - at);
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

/// What a group reads from outside.
struct Load {
    array: Rc<Array>,
    /// Where it starts, if it is read in order; else a cursor and the block it fills.
    read: Read,
}

enum Read {
    InOrder(usize),
    Strided(Cursor, Array),
}

impl Load {
    fn block(&self, from: usize, len: usize) -> Slice<'_> {
        match &self.read {
            Read::InOrder(offset) => self.array.as_slice().range(offset + from, offset + from + len),
            Read::Strided(_, block) => block.as_slice().range(0, len),
        }
    }
}

/// Where an operand of a node in a group comes from.
#[derive(Clone, Copy)]
enum Register {
    Load(usize),
    Node(usize),
}

fn run_fused(graph: &Graph, fused: &Fused, results: &mut Results) {
    match try_fused(graph, fused, results) {
        Ok(outputs) => {
            for (node, array) in fused.outputs.iter().zip(outputs) {
                results[*node] = Some(Ok(Rc::new(array)));
            }
        }
        // A refused operand or value refuses the group: its members cannot be told apart any more.
        Err(error) => fused.outputs.iter().for_each(|node| results[*node] = Some(Err(error.clone()))),
    }
}

fn try_fused(graph: &Graph, fused: &Fused, results: &Results) -> Result<Vec<Array>> {
    let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
    let sources = fused.loads(graph);
    let mut loads = Vec::with_capacity(sources.len());
    for (source, layout) in &sources {
        let array = fetch(graph, *source, results)?;
        let in_order = layout.is_contiguous() && layout.numel() == len;
        let read = if in_order {
            Read::InOrder(layout.offset)
        } else {
            Read::Strided(Cursor::new(layout), Array::zeros(array.dtype(), BLOCK.min(len)))
        };
        loads.push(Load { array, read });
    }
    let registers: Vec<Vec<Register>> =
        fused.nodes.iter().map(|node| registers(graph, fused, *node, &sources)).collect();
    // Results that someone wants are written where they stay, the others into one block each.
    let stays: Vec<bool> = fused.nodes.iter().map(|node| fused.outputs.contains(node)).collect();
    let mut blocks: Vec<Array> = fused
        .nodes
        .iter()
        .zip(&stays)
        .map(|(node, stays)| Array::zeros(graph.nodes[*node].value.dtype, if *stays { len } else { BLOCK.min(len) }))
        .collect();
    let mut from = 0;
    while from < len {
        let n = BLOCK.min(len - from);
        for load in &mut loads {
            if let Read::Strided(cursor, block) = &mut load.read {
                copy_run(load.array.as_slice(), cursor, block, n);
            }
        }
        for (i, node) in fused.nodes.iter().enumerate() {
            let Compute::Pointwise(op) = graph.nodes[*node].recorded.op.compute() else { continue };
            let (before, rest) = blocks.split_at_mut(i);
            let Some(output) = rest.first_mut() else { continue };
            let at = |stays: bool| if stays { from } else { 0 };
            let operands: Vec<Slice<'_>> = registers[i]
                .iter()
                .map(|register| match register {
                    Register::Load(l) => loads[*l].block(from, n),
                    Register::Node(b) => before[*b].as_slice().range(at(stays[*b]), at(stays[*b]) + n),
                })
                .collect();
            op.eval(&operands, from, output.as_mut().range(at(stays[i]), at(stays[i]) + n))?;
        }
        from += n;
    }
    Ok(blocks.into_iter().zip(stays).filter_map(|(block, stays)| stays.then_some(block)).collect())
}

fn registers(graph: &Graph, fused: &Fused, node: usize, loads: &[(Source, &Layout)]) -> Vec<Register> {
    let register = |(i, source): (usize, &Source)| {
        if let Source::Node(n) = source
            && let Ok(at) = fused.nodes.binary_search(n)
        {
            return Register::Node(at);
        }
        let load = (*source, graph.layout(node, i));
        Register::Load(loads.iter().position(|l| *l == load).unwrap_or_default())
    };
    graph.nodes[node].operands.iter().enumerate().map(register).collect()
}
