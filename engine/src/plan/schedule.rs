//! The order of execution: pointwise nodes of one length are gathered into groups that run as one kernel, all
//! others run by themselves. It decides what runs together and when, not where results lie.
//!
//! Nodes are visited in the order of their recording. A pointwise node joins the open groups that made its
//! operands. A group is closed, and takes its place in the order, as soon as something outside of it wants one of
//! its values. So nothing that a group waits for can wait for the group.

use super::graph::{Graph, Source};
use crate::device::Device;
use crate::tensor::{Compute, Layout};

/// More operations than this in one kernel compile slowly and gain nothing.
const MOST_OPS: usize = 48;

/// What to run, in order.
pub struct Schedule {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One thing to run.
pub enum Step {
    /// Pointwise nodes of one length, in order, as one kernel.
    Fused(Fused),
    /// A node with a kernel of its own.
    Kernel(usize),
}

/// A group of pointwise nodes.
pub struct Fused {
    /// The nodes, operands before users.
    pub nodes: Vec<usize>,
    /// Those whose values are wanted outside.
    pub outputs: Vec<usize>,
}

struct Builder<'a> {
    graph: &'a Graph,
    most_bindings: usize,
    /// Of each node, the open group it is in.
    group_of: Vec<Option<usize>>,
    groups: Vec<Vec<usize>>,
    steps: Vec<Step>,
    /// Of each node, the nodes that read it.
    users: Vec<Vec<usize>>,
}

impl Schedule {
    /// Schedules a graph for a device.
    pub fn new(graph: &Graph, device: &Device) -> Self {
        let most_bindings = match device {
            Device::Gpu(gpu) => (gpu.limits().max_storage_buffers_per_shader_stage as usize).clamp(4, 16),
            Device::Cpu(_) => 32,
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
        let mut builder = Builder { graph, most_bindings, group_of, groups: Vec::new(), steps: Vec::new(), users };
        for node in 0..graph.nodes.len() {
            builder.visit(node);
        }
        for group in 0..builder.groups.len() {
            builder.close(group);
        }
        Self { steps: builder.steps }
    }
}

impl Builder<'_> {
    fn visit(&mut self, node: usize) {
        let pointwise = matches!(self.graph.nodes[node].recorded.op.compute(), Compute::Pointwise(_));
        if !pointwise {
            self.close_operands(node, None);
            self.steps.push(Step::Kernel(node));
            return;
        }
        // The open groups whose values this node reads element by element: they become one.
        let (mut in_order, mut out_of_order) = (Vec::new(), Vec::new());
        for (i, source) in self.graph.nodes[node].operands.iter().enumerate() {
            let Source::Node(made_by) = source else { continue };
            let Some(group) = self.group_of[*made_by] else { continue };
            let list = if self.reads_in_order(node, i) { &mut in_order } else { &mut out_of_order };
            list.push(group);
        }
        let mut joined: Option<usize> = None;
        for group in in_order {
            if out_of_order.contains(&group) || joined == Some(group) || self.groups[group].is_empty() {
                continue;
            }
            joined = match joined {
                None if self.groups[group].len() < MOST_OPS => Some(group),
                Some(into) if self.groups[into].len() + self.groups[group].len() < MOST_OPS => {
                    Some(self.merge(into, group))
                }
                other => other,
            };
        }
        self.close_operands(node, joined);
        let group = joined.unwrap_or_else(|| {
            self.groups.push(Vec::new());
            self.groups.len() - 1
        });
        self.groups[group].push(node);
        self.group_of[node] = Some(group);
    }

    /// Whether a node reads an operand at the very elements at which it writes.
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

    fn merge(&mut self, into: usize, from: usize) -> usize {
        let moved = std::mem::take(&mut self.groups[from]);
        for node in &moved {
            self.group_of[*node] = Some(into);
        }
        self.groups[into].extend(moved);
        self.groups[into].sort_unstable();
        into
    }

    /// Puts a group into the order, cut into parts that the device's bindings allow.
    fn close(&mut self, group: usize) {
        let nodes = std::mem::take(&mut self.groups[group]);
        let mut rest = nodes.as_slice();
        for node in &nodes {
            self.group_of[*node] = None;
        }
        while !rest.is_empty() {
            let mut len = rest.len();
            while len > 1 && self.bindings(&rest[..len]) > self.most_bindings {
                len -= 1;
            }
            let (part, tail) = rest.split_at(len);
            self.steps.push(Step::Fused(Fused { nodes: part.to_vec(), outputs: self.outputs(part) }));
            rest = tail;
        }
    }

    fn outputs(&self, part: &[usize]) -> Vec<usize> {
        let wanted = |node: &&usize| {
            self.graph.nodes[**node].escapes || self.users[**node].iter().any(|user| part.binary_search(user).is_err())
        };
        part.iter().filter(wanted).copied().collect()
    }

    fn bindings(&self, part: &[usize]) -> usize {
        let mut sources: Vec<Source> =
            part.iter().flat_map(|n| self.graph.nodes[*n].operands.iter().copied()).collect();
        sources.retain(|s| !matches!(s, Source::Node(n) if part.binary_search(n).is_ok()));
        sources.sort_unstable();
        sources.dedup();
        sources.len() + self.outputs(part).len()
    }
}

impl Fused {
    /// What the group reads from outside, each source with each layout once.
    pub fn loads<'g>(&self, graph: &'g Graph) -> Vec<(Source, &'g Layout)> {
        let mut loads: Vec<(Source, &Layout)> = Vec::new();
        for node in &self.nodes {
            for (i, source) in graph.nodes[*node].operands.iter().enumerate() {
                let inside = matches!(source, Source::Node(n) if self.nodes.binary_search(n).is_ok());
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
    /// The nodes it computes.
    pub fn nodes(&self) -> &[usize] {
        match self {
            Self::Fused(fused) => &fused.nodes,
            Self::Kernel(node) => std::slice::from_ref(node),
        }
    }
}
