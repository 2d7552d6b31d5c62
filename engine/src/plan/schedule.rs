//! The order of execution: pointwise nodes of one length are gathered into groups that run as one kernel, on a GPU
//! behind the kernel whose result they begin with; all others run by themselves. It decides what runs together and
//! when, not where results lie.
//!
//! Nodes are visited in the order of their recording. A pointwise node joins the open groups that made its
//! operands. A group is closed, and takes its place in the order, as soon as something outside of it wants one of
//! its values. So nothing that a group waits for can wait for the group.

use super::graph::{Graph, Source};
use crate::argsort;
use crate::device::{DType, Device};
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
#[derive(Default)]
pub struct Fused {
    /// The node with a kernel of its own whose elements, as they are finished, the group begins with.
    pub head: Option<usize>,
    /// The nodes, operands before users; the head is not among them.
    pub nodes: Vec<usize>,
    /// Those whose values are wanted outside; the head may be among them.
    pub outputs: Vec<usize>,
}

#[derive(Default)]
struct Group {
    head: Option<usize>,
    nodes: Vec<usize>,
}

struct Builder<'a> {
    graph: &'a Graph,
    most_bindings: usize,
    /// Whether kernels can head groups.
    heads: bool,
    /// Of each node, the open group it is in.
    group_of: Vec<Option<usize>>,
    groups: Vec<Group>,
    steps: Vec<Step>,
    /// Of each node, the nodes that read it.
    users: Vec<Vec<usize>>,
}

impl Schedule {
    /// Schedules a graph for a device.
    pub fn new(graph: &Graph, device: &Device) -> Self {
        let (heads, most_bindings) = match device {
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
            Builder { graph, most_bindings, heads, group_of, groups: Vec::new(), steps: Vec::new(), users };
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
            if self.can_head(node) {
                self.group_of[node] = Some(self.groups.len());
                self.groups.push(Group { head: Some(node), nodes: Vec::new() });
            } else {
                self.steps.push(Step::Kernel(node));
            }
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
        // Of two kernels the later one becomes the head; the other runs before it.
        let head = |place: usize| self.groups[in_order[place]].head;
        let later_first = argsort(in_order.len(), &mut |a, b| head(b).cmp(&head(a)));
        let mut joined: Option<usize> = None;
        for group in later_first.into_iter().map(|place| in_order[place]) {
            if out_of_order.contains(&group) || joined == Some(group) || self.groups[group].is_empty() {
                continue;
            }
            joined = match joined {
                None if self.groups[group].nodes.len() < MOST_OPS => Some(group),
                Some(into) if self.can_merge(into, group) => Some(self.merge(into, group)),
                other => other,
            };
        }
        self.close_operands(node, joined);
        let group = joined.unwrap_or_else(|| {
            self.groups.push(Group::default());
            self.groups.len() - 1
        });
        self.groups[group].nodes.push(node);
        self.group_of[node] = Some(group);
    }

    fn is_pointwise(&self, node: usize) -> bool {
        matches!(self.graph.nodes[node].recorded.op.compute(), Compute::Pointwise(_))
    }

    /// Whether a node's kernel can go on with pointwise nodes, and there are some for it.
    fn can_head(&self, node: usize) -> bool {
        let value = &self.graph.nodes[node].value;
        let Compute::Kernel(kernel) = self.graph.nodes[node].recorded.op.compute() else { return false };
        let goes_on = |user: &usize| {
            let operands = &self.graph.nodes[*user].operands;
            self.is_pointwise(*user)
                && (0..operands.len()).any(|i| operands[i] == Source::Node(node) && self.reads_in_order(*user, i))
        };
        self.heads
            && value.len > 0
            && value.dtype != DType::Bool
            && kernel.finishes()
            && self.users[node].iter().any(goes_on)
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

    fn can_merge(&self, into: usize, from: usize) -> bool {
        let (into, from) = (&self.groups[into], &self.groups[from]);
        (into.head.is_none() || from.head.is_none()) && into.nodes.len() + from.nodes.len() < MOST_OPS
    }

    fn merge(&mut self, into: usize, from: usize) -> usize {
        let moved = std::mem::take(&mut self.groups[from]);
        for node in moved.nodes.iter().chain(&moved.head) {
            self.group_of[*node] = Some(into);
        }
        let group = &mut self.groups[into];
        group.head = group.head.or(moved.head);
        group.nodes.extend(moved.nodes);
        group.nodes.sort_unstable();
        into
    }

    /// Merges the groups that nothing has asked for, such as the running statistics of many layers: none reads another.
    fn merge_rest(&mut self) {
        let len = |group: &Group| group.nodes.first().map(|node| self.graph.nodes[*node].value.len);
        let lens: Vec<Option<usize>> = self.groups.iter().map(len).collect();
        for into in 0..self.groups.len() {
            for from in into + 1..self.groups.len() {
                let alike = lens[into].is_some() && lens[into] == lens[from] && self.can_merge(into, from);
                let (a, b) = (&self.groups[into], &self.groups[from]);
                if !alike || a.nodes.is_empty() || b.nodes.is_empty() || a.head.is_some() || b.head.is_some() {
                    continue;
                }
                let mut both: Vec<usize> = a.nodes.iter().chain(&b.nodes).copied().collect();
                both.sort_unstable();
                if self.bindings(None, &both) <= self.most_bindings {
                    self.merge(into, from);
                }
            }
        }
    }

    /// Puts a group into the order, cut into parts that the device's bindings allow.
    fn close(&mut self, group: usize) {
        let Group { mut head, nodes } = std::mem::take(&mut self.groups[group]);
        let mut rest = nodes.as_slice();
        for node in nodes.iter().chain(&head) {
            self.group_of[*node] = None;
        }
        while head.is_some() || !rest.is_empty() {
            let fewest = usize::from(head.is_none());
            let mut len = rest.len();
            while len > fewest && self.bindings(head, &rest[..len]) > self.most_bindings {
                len -= 1;
            }
            let (part, tail) = rest.split_at(len);
            self.steps.push(match head.take() {
                Some(head) if part.is_empty() => Step::Kernel(head),
                head => Step::Fused(Fused { head, nodes: part.to_vec(), outputs: self.outputs(head, part) }),
            });
            rest = tail;
        }
    }

    fn outputs(&self, head: Option<usize>, part: &[usize]) -> Vec<usize> {
        let wanted = |node: &&usize| {
            self.graph.nodes[**node].escapes || self.users[**node].iter().any(|user| part.binary_search(user).is_err())
        };
        head.iter().chain(part).filter(wanted).copied().collect()
    }

    fn bindings(&self, head: Option<usize>, part: &[usize]) -> usize {
        let inside = |n: &usize| head == Some(*n) || part.binary_search(n).is_ok();
        let mut sources: Vec<Source> = Vec::new();
        for source in part.iter().flat_map(|n| &self.graph.nodes[*n].operands) {
            if !matches!(source, Source::Node(n) if inside(n)) && !sources.contains(source) {
                sources.push(*source);
            }
        }
        // A kernel may bind an operand twice, to fill a place.
        let own = head.map_or(0, |head| self.graph.nodes[head].operands.len() + 1);
        sources.len() + self.outputs(head, part).len().max(usize::from(head.is_some())) + own
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.head.is_none() && self.nodes.is_empty()
    }
}

impl Fused {
    /// Whether a node's value is made within the group.
    pub fn makes(&self, node: usize) -> bool {
        self.head == Some(node) || self.nodes.binary_search(&node).is_ok()
    }

    /// What the group reads from outside, each source with each layout once; not what its head reads.
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
    /// The nodes it computes.
    pub fn nodes(&self) -> impl Iterator<Item = usize> {
        let (head, nodes) = match self {
            Self::Fused(fused) => (fused.head, fused.nodes.as_slice()),
            Self::Kernel(node) => (Some(*node), [].as_slice()),
        };
        head.into_iter().chain(nodes.iter().copied())
    }
}
