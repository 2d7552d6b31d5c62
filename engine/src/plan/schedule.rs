//! The schedule: pointwise nodes of one length form groups that run as one kernel, on a GPU as the
//! epilogue of the kernel that produces their first operand. All other nodes run by themselves. The
//! module decides the grouping and the order, not the memory.
//!
//! Nodes are visited in the order of their recording. A pointwise node is added to the open groups
//! that made its operands. A group is closed, and takes its position in the order, as soon as a
//! node outside of it reads one of its values. So no dependency of a group can depend on the group.

use super::graph::{Graph, Source};
use crate::argsort;
use crate::device::{DType, Device};
use crate::tensor::{Compute, Layout};

/// Maximum number of operations in one kernel; more compile slowly and gain nothing.
const MAX_FUSED_OPS: usize = 48;

/// Steps of execution, in order.
pub struct Schedule {
    /// The steps.
    pub steps: Vec<Step>,
}

/// A step of execution.
pub enum Step {
    /// Pointwise nodes of one length, in order, as one kernel.
    Fused(Fused),
    /// A node with its own kernel.
    Kernel(usize),
}

/// A group of pointwise nodes.
#[derive(Default)]
pub struct Fused {
    /// Node whose kernel runs the group as its epilogue, if there is one.
    pub producer: Option<usize>,
    /// Nodes in order, operands before users, without the producer.
    pub nodes: Vec<usize>,
    /// Nodes whose values are needed outside; the producer may be among them.
    pub outputs: Vec<usize>,
}

#[derive(Default)]
struct Group {
    producer: Option<usize>,
    nodes: Vec<usize>,
}

struct Builder<'a> {
    graph: &'a Graph,
    max_bindings: usize,
    /// True if kernels can have epilogues on this device.
    fuses_epilogues: bool,
    /// Open group of each node.
    group_of: Vec<Option<usize>>,
    groups: Vec<Group>,
    steps: Vec<Step>,
    /// Nodes that read each node.
    users: Vec<Vec<usize>>,
}

impl Schedule {
    /// Schedules a graph for a device.
    pub fn new(graph: &Graph, device: &Device) -> Self {
        let (fuses_epilogues, max_bindings) = match device {
            Device::Gpu(gpu) => (true, (gpu.limits().max_storage_buffers_per_shader_stage as usize).clamp(4, 16)),
            Device::Cpu(_) => (false, 32),
        };
        let mut users = vec![Vec::new(); graph.nodes.len()];
        for (i, node) in graph.nodes.iter().enumerate() {
            for source in &node.operands {
                if let Source::Node(j) = source {
                    users[*j].push(i);
                }
            }
        }
        let group_of = vec![None; graph.nodes.len()];
        let mut builder =
            Builder { graph, max_bindings, fuses_epilogues, group_of, groups: Vec::new(), steps: Vec::new(), users };
        for node in 0..graph.nodes.len() {
            builder.visit(node);
        }
        builder.merge_rest();
        for group in 0..builder.groups.len() {
            builder.close(group);
        }
        Self { steps: builder.steps }
    }
}

impl Builder<'_> {
    fn visit(&mut self, node: usize) {
        if !self.is_pointwise(node) {
            self.close_operands(node, None);
            if self.can_take_epilogue(node) {
                self.group_of[node] = Some(self.groups.len());
                self.groups.push(Group { producer: Some(node), nodes: Vec::new() });
            } else {
                self.steps.push(Step::Kernel(node));
            }
            return;
        }
        // The open groups whose values this node reads at the same index: they are merged.
        let (mut in_order, mut out_of_order) = (Vec::new(), Vec::new());
        for (i, source) in self.graph.nodes[node].operands.iter().enumerate() {
            let Source::Node(made_by) = source else { continue };
            let Some(group) = self.group_of[*made_by] else { continue };
            let list = if self.reads_in_order(node, i) { &mut in_order } else { &mut out_of_order };
            list.push(group);
        }
        // Of two kernels the later one becomes the producer; the other runs before it.
        let producer = |i: usize| self.groups[in_order[i]].producer;
        let later_first = argsort(in_order.len(), &mut |a, b| producer(b).cmp(&producer(a)));
        let mut merged: Option<usize> = None;
        for group in later_first.into_iter().map(|i| in_order[i]) {
            if out_of_order.contains(&group) || merged == Some(group) || self.groups[group].is_empty() {
                continue;
            }
            merged = match merged {
                None if self.groups[group].nodes.len() < MAX_FUSED_OPS => Some(group),
                Some(into) if self.can_merge(into, group) => Some(self.merge(into, group)),
                other => other,
            };
        }
        self.close_operands(node, merged);
        let group = merged.unwrap_or_else(|| {
            self.groups.push(Group::default());
            self.groups.len() - 1
        });
        self.groups[group].nodes.push(node);
        self.group_of[node] = Some(group);
    }

    fn is_pointwise(&self, node: usize) -> bool {
        matches!(self.graph.nodes[node].recorded.op.compute(), Compute::Pointwise(_))
    }

    /// Returns `true` if a node's kernel can have an epilogue and a pointwise node follows it.
    fn can_take_epilogue(&self, node: usize) -> bool {
        let value = &self.graph.nodes[node].value;
        let Compute::Kernel(kernel) = self.graph.nodes[node].recorded.op.compute() else { return false };
        let continues = |user: &usize| {
            let operands = &self.graph.nodes[*user].operands;
            self.is_pointwise(*user)
                && (0..operands.len()).any(|i| operands[i] == Source::Node(node) && self.reads_in_order(*user, i))
        };
        self.fuses_epilogues
            && value.len > 0
            && value.dtype != DType::Bool
            && kernel.fuses_epilogue()
            && self.users[node].iter().any(continues)
    }

    /// Returns `true` if a node reads an operand at the same index at which it writes.
    fn reads_in_order(&self, node: usize, operand: usize) -> bool {
        let made = self.graph.len(self.graph.nodes[node].operands[operand]);
        self.graph.layout(node, operand).is_whole(made) && made == self.graph.nodes[node].value.len
    }

    /// Closes the groups, other than `except`, that a node reads from.
    fn close_operands(&mut self, node: usize, except: Option<usize>) {
        for i in 0..self.graph.nodes[node].operands.len() {
            let Source::Node(made_by) = self.graph.nodes[node].operands[i] else { continue };
            if let Some(group) = self.group_of[made_by]
                && Some(group) != except
            {
                self.close(group);
            }
        }
    }

    fn can_merge(&self, into: usize, from: usize) -> bool {
        let (into, from) = (&self.groups[into], &self.groups[from]);
        (into.producer.is_none() || from.producer.is_none()) && into.nodes.len() + from.nodes.len() < MAX_FUSED_OPS
    }

    fn merge(&mut self, into: usize, from: usize) -> usize {
        let moved = std::mem::take(&mut self.groups[from]);
        for node in moved.nodes.iter().chain(&moved.producer) {
            self.group_of[*node] = Some(into);
        }
        let group = &mut self.groups[into];
        group.producer = group.producer.or(moved.producer);
        group.nodes.extend(moved.nodes);
        group.nodes.sort_unstable();
        into
    }

    /// Merges the groups that no node reads, such as the running statistics of many layers: none
    /// reads another.
    fn merge_rest(&mut self) {
        let len = |group: &Group| group.nodes.first().map(|node| self.graph.nodes[*node].value.len);
        let lens: Vec<Option<usize>> = self.groups.iter().map(len).collect();
        for into in 0..self.groups.len() {
            for from in into + 1..self.groups.len() {
                let alike = lens[into].is_some() && lens[into] == lens[from] && self.can_merge(into, from);
                let (a, b) = (&self.groups[into], &self.groups[from]);
                if !alike || a.nodes.is_empty() || b.nodes.is_empty() || a.producer.is_some() || b.producer.is_some() {
                    continue;
                }
                let mut both: Vec<usize> = a.nodes.iter().chain(&b.nodes).copied().collect();
                both.sort_unstable();
                if self.bindings(None, &both) <= self.max_bindings {
                    self.merge(into, from);
                }
            }
        }
    }

    /// Appends a group to the order, split to fit the device's limit of bindings.
    fn close(&mut self, group: usize) {
        let Group { mut producer, nodes } = std::mem::take(&mut self.groups[group]);
        let mut rest = nodes.as_slice();
        for node in nodes.iter().chain(&producer) {
            self.group_of[*node] = None;
        }
        while producer.is_some() || !rest.is_empty() {
            let fewest = usize::from(producer.is_none());
            let mut len = rest.len();
            while len > fewest && self.bindings(producer, &rest[..len]) > self.max_bindings {
                len -= 1;
            }
            let (part, tail) = rest.split_at(len);
            self.steps.push(match producer.take() {
                Some(producer) if part.is_empty() => Step::Kernel(producer),
                producer => {
                    Step::Fused(Fused { producer, nodes: part.to_vec(), outputs: self.outputs(producer, part) })
                }
            });
            rest = tail;
        }
    }

    fn outputs(&self, producer: Option<usize>, part: &[usize]) -> Vec<usize> {
        let wanted = |node: &&usize| {
            self.graph.nodes[**node].escapes || self.users[**node].iter().any(|user| part.binary_search(user).is_err())
        };
        producer.iter().chain(part).filter(wanted).copied().collect()
    }

    fn bindings(&self, producer: Option<usize>, part: &[usize]) -> usize {
        let inside = |n: &usize| producer == Some(*n) || part.binary_search(n).is_ok();
        let mut sources: Vec<Source> = Vec::new();
        for source in part.iter().flat_map(|n| &self.graph.nodes[*n].operands) {
            if !matches!(source, Source::Node(n) if inside(n)) && !sources.contains(source) {
                sources.push(*source);
            }
        }
        // A kernel may bind an operand twice, to fill an unused binding.
        let own = producer.map_or(0, |producer| self.graph.nodes[producer].operands.len() + 1);
        sources.len() + self.outputs(producer, part).len().max(usize::from(producer.is_some())) + own
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.producer.is_none() && self.nodes.is_empty()
    }
}

impl Fused {
    /// Returns `true` if a node's value is computed within the group.
    pub fn makes(&self, node: usize) -> bool {
        self.producer == Some(node) || self.nodes.binary_search(&node).is_ok()
    }

    /// Returns the group's reads from outside, each source with each layout once, without those of
    /// its producer.
    pub fn loads<'g>(&self, graph: &'g Graph) -> Vec<(Source, &'g Layout)> {
        let mut loads: Vec<(Source, &Layout)> = Vec::new();
        for node in &self.nodes {
            for (i, source) in graph.nodes[*node].operands.iter().enumerate() {
                let inside = matches!(source, Source::Node(n) if self.makes(*n));
                let load = (*source, graph.layout(*node, i));
                if !inside && !loads.contains(&load) {
                    loads.push(load);
                }
            }
        }
        loads
    }
}

impl Step {
    /// Iterates over the nodes it computes.
    pub fn nodes(&self) -> impl Iterator<Item = usize> {
        let (producer, nodes) = match self {
            Self::Fused(fused) => (fused.producer, fused.nodes.as_slice()),
            Self::Kernel(node) => (Some(*node), [].as_slice()),
        };
        producer.into_iter().chain(nodes.iter().copied())
    }
}
