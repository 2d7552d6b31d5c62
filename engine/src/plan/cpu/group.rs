//! A fused group on the CPU. It runs block by block, so that intermediate results stay in cache,
//! and a long one on all threads. A result reuses the memory of an operand with no further reader:
//! a step of an optimizer then reads and writes parameters and state once, bounded only by memory
//! bandwidth.

use std::rc::Rc;

use smallvec::SmallVec;

use super::super::graph::{Graph, GraphNode, Source};
use super::super::schedule::Fused;
use super::copy_run;
use crate::device::{Array, CpuBuffer, DType, Element, Slice, SliceMut};
use crate::tensor::{Compute, Cursor, Layout, Pointwise, typed_mut};
use crate::{Error, Result, dispatch};

/// Elements per block; a few blocks fit the first-level cache.
const BLOCK: usize = 2048;

/// Number of elements times operations below which waking other threads does not pay.
#[cfg(not(target_arch = "wasm32"))]
const MIN_PARALLEL_WORK: usize = 1 << 17;

/// A group, ready to run on any part of its elements.
#[derive(Default)]
struct Group<'a> {
    len: usize,
    loads: Vec<Load<'a>>,
    members: Vec<Member<'a>>,
    /// Types of the blocks that members need; in a part's memory they follow the outputs.
    blocks: Vec<DType>,
    /// Blocks copied into outputs after all members have read the old contents, as (block, output).
    copies: Vec<(usize, usize)>,
}

/// A load of a group from outside.
struct Load<'a> {
    data: Slice<'a>,
    layout: &'a Layout,
    in_order: bool,
}

/// An operation of a group.
struct Member<'a> {
    op: &'a dyn Pointwise,
    operands: SmallVec<[Register; 4]>,
    /// Slot it writes.
    slot: usize,
}

/// Source of a member's operand.
#[derive(Clone, Copy)]
enum Register {
    Load(usize),
    Slot(usize),
}

/// A slot that members write and read.
enum Slot<'a> {
    /// Result needed outside: written to its final memory.
    Output(SliceMut<'a>),
    /// Intermediate result: a block, reused as soon as it has no further reader.
    Block(Array),
}

impl Slot<'_> {
    /// Returns `n` elements, from `from` on if the slot is an output.
    fn read(&self, from: usize, n: usize) -> Slice<'_> {
        match self {
            Self::Output(output) => output.read(from, from + n),
            Self::Block(block) => block.as_slice().range(0, n),
        }
    }

    fn write(&mut self, from: usize, n: usize) -> SliceMut<'_> {
        match self {
            Self::Output(output) => output.part(from, from + n),
            Self::Block(block) => block.as_mut().range(0, n),
        }
    }
}

/// Runs a group on its loads and returns its outputs, in order. Loads without another holder may be
/// overwritten.
pub(super) fn run(
    graph: &Graph,
    fused: &Fused,
    sources: &[(Source, &Layout)],
    buffers: Vec<Rc<CpuBuffer>>,
) -> Result<Vec<CpuBuffer>> {
    let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
    let mut buffers: Vec<Option<Rc<CpuBuffer>>> = buffers.into_iter().map(Some).collect();
    // Memory of each output, and the load it was taken from.
    let (mut outputs, mut inherited): (Vec<CpuBuffer>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
    for node in &fused.outputs {
        let dtype = graph.nodes[*node].value.dtype;
        let fits = |buffer: &CpuBuffer, layout: &Layout| {
            buffer.dtype() == dtype && buffer.len() == len && layout.is_whole(len)
        };
        let found = buffers.iter_mut().zip(sources).enumerate().find_map(|(load, (buffer, (_, layout)))| {
            let free = buffer.take_if(|buffer| Rc::strong_count(buffer) == 1 && fits(buffer, layout));
            free.and_then(Rc::into_inner).map(|buffer| (load, buffer))
        });
        inherited.push(found.as_ref().map(|(load, _)| *load));
        outputs.push(found.map_or_else(|| CpuBuffer::any(dtype, len), |(_, buffer)| buffer));
    }
    let loads = buffers.iter().zip(sources).map(|(buffer, (_, layout))| Load {
        data: buffer.as_ref().map_or(Slice::Bool(&[]), |buffer| buffer.as_slice()),
        layout,
        in_order: buffer.is_none() || layout.is_contiguous() && layout.numel() == len,
    });
    let mut group = Group { len, loads: loads.collect(), ..Group::default() };
    group.add_members(graph, fused, sources, &inherited)?;
    group.run(outputs.iter_mut().map(|output| output.array_mut().as_mut()).collect())?;
    Ok(outputs)
}

impl<'a> Group<'a> {
    /// Adds the operations. `inherited` holds, for each output, the load whose memory it took.
    fn add_members(
        &mut self,
        graph: &'a Graph,
        fused: &Fused,
        sources: &[(Source, &Layout)],
        inherited: &[Option<usize>],
    ) -> Result<()> {
        let inside = |source: &Source| match source {
            Source::Node(n) => fused.nodes.binary_search(n).ok(),
            Source::External(_) => None,
        };
        // Last member to read each member and each load.
        let mut last_of_member: Vec<usize> = (0..fused.nodes.len()).collect();
        let mut last_of_load = vec![0; sources.len()];
        let load_of = |node: usize, operand: usize| {
            let load = (graph.nodes[node].operands[operand], graph.layout(node, operand));
            sources.iter().position(|source| *source == load).unwrap_or_default()
        };
        for (i, node) in fused.nodes.iter().enumerate() {
            for (operand, source) in graph.nodes[*node].operands.iter().enumerate() {
                match inside(source) {
                    Some(member) => last_of_member[member] = i,
                    None => last_of_load[load_of(*node, operand)] = i,
                }
            }
        }
        let outputs = fused.outputs.len();
        let mut free: Vec<usize> = Vec::new();
        for (i, node) in fused.nodes.iter().enumerate() {
            let GraphNode { value, recorded, operands, .. } = &graph.nodes[*node];
            let Compute::Pointwise(op) = recorded.op.compute() else {
                return Err(Error::internal("a kernel is in a group of pointwise operations"));
            };
            let register = |(operand, source): (usize, &Source)| match inside(source) {
                Some(member) => Register::Slot(self.members[member].slot),
                None => {
                    let load = load_of(*node, operand);
                    inherited.iter().position(|i| *i == Some(load)).map_or(Register::Load(load), Register::Slot)
                }
            };
            let operands = operands.iter().enumerate().map(register).collect();
            let output = fused.outputs.iter().position(|output| output == node);
            // The old contents of an output's memory are read up to here, or even later.
            let held = output.filter(|output| inherited[*output].is_some_and(|load| last_of_load[load] >= i));
            let slot = match output {
                Some(output) if held.is_none() => output,
                _ => {
                    let again = free.iter().position(|block| self.blocks[*block] == value.dtype);
                    let block = again.map_or(self.blocks.len(), |at| free.swap_remove(at));
                    if again.is_none() {
                        self.blocks.push(value.dtype);
                    }
                    outputs + block
                }
            };
            if let Some(output) = held {
                self.copies.push((slot, output));
                last_of_member[i] = usize::MAX;
            }
            self.members.push(Member { op, operands, slot });
            let done = self.members.iter().zip(&last_of_member).filter(|(_, last)| **last == i);
            free.extend(done.filter_map(|(member, _)| member.slot.checked_sub(outputs)));
        }
        Ok(())
    }

    /// Computes all elements; `outputs` are those of the stored members, in order.
    fn run(&self, outputs: Vec<SliceMut<'_>>) -> Result<()> {
        #[cfg(not(target_arch = "wasm32"))]
        if self.len * self.members.len() > MIN_PARALLEL_WORK && rayon::current_num_threads() > 1 {
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

    /// Computes the `len` elements from `first` on; `outputs` are theirs.
    fn run_part(&self, first: usize, len: usize, outputs: Vec<SliceMut<'_>>) -> Result<()> {
        let block = BLOCK.min(len);
        let strided = |load: &Load<'_>| {
            let copy = || (Cursor::at(load.layout, first), Array::zeros(load.data.dtype(), block));
            (!load.in_order).then(copy)
        };
        let mut strided: Vec<Option<(Cursor, Array)>> = self.loads.iter().map(strided).collect();
        let blocks = self.blocks.iter().map(|dtype| Slot::Block(Array::zeros(*dtype, block)));
        let mut slots: Vec<Slot<'_>> = outputs.into_iter().map(Slot::Output).chain(blocks).collect();
        let mut from = 0;
        while from < len {
            let n = block.min(len - from);
            for (load, strided) in self.loads.iter().zip(&mut strided) {
                if let Some((cursor, copy)) = strided {
                    copy_run(load.data, cursor, copy.as_mut().range(0, n));
                }
            }
            for member in &self.members {
                let (before, rest) = slots.split_at_mut(member.slot);
                let Some((output, after)) = rest.split_first_mut() else { continue };
                let operand = |register: &Register| match *register {
                    Register::Load(l) => match &strided[l] {
                        Some((_, copy)) => copy.as_slice().range(0, n),
                        None => {
                            let start = self.loads[l].layout.offset + first + from;
                            self.loads[l].data.range(start, start + n)
                        }
                    },
                    Register::Slot(p) if p < member.slot => before[p].read(from, n),
                    Register::Slot(p) => after[p - member.slot - 1].read(from, n),
                };
                let operands: SmallVec<[Slice<'_>; 4]> = member.operands.iter().map(operand).collect();
                member.op.eval(&operands, first + from, output.write(from, n))?;
            }
            for (block, output) in &self.copies {
                let (outputs, blocks) = slots.split_at_mut(*block);
                copy(blocks[0].read(from, n), outputs[*output].write(from, n));
            }
            from += n;
        }
        Ok(())
    }
}

fn copy(from: Slice<'_>, to: SliceMut<'_>) {
    dispatch!(from.dtype(), T => {
        if let (Some(from), Ok(to)) = (T::downcast_slice(from), typed_mut::<T>(to)) {
            to.copy_from_slice(from);
        }
    });
}
