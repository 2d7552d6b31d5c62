//! Which results are written where an operation that only joins them would copy them: the gradients of parameters,
//! most of all, into the flat run that an optimizer takes. It knows structure, not memory.

use super::graph::{Graph, Source};
use super::schedule::{Schedule, Step};
use crate::tensor::{Compute, Layout};

/// Every other operand takes a copy of its own, where the joining kernel takes several: more than one in so many are left to
/// that kernel.
const OTHERS: usize = 7;

/// Where a node's result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The joining node whose result it is part of.
    pub into: usize,
    /// Where in it.
    pub offset: usize,
}

/// The joining nodes of a schedule.
pub struct Joins {
    /// By node: where in a joining node's result it is written, if it is.
    pub members: Vec<Option<Place>>,
    /// By node: where its operands lie in its result, if it joins them.
    pub offsets: Vec<Option<Vec<usize>>>,
}

impl Joins {
    /// Finds them.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let count = graph.nodes.len();
        let mut joins = Self { members: vec![None; count], offsets: vec![None; count] };
        for step in &schedule.steps {
            let Step::Kernel(node) = step else { continue };
            let Some(offsets) = offsets(graph, *node) else { continue };
            let found = members(graph, *node, &offsets, &joins.members);
            let found = without_hazards(graph, schedule, found);
            let operands = &graph.nodes[*node].operands;
            let others = operands.iter().filter(|s| !matches!(s, Source::Node(n) if has(&found, *n))).count();
            if !found.is_empty() && others <= operands.len() / OTHERS + 1 {
                for (member, offset) in found {
                    joins.members[member] = Some(Place { into: *node, offset });
                }
                joins.offsets[*node] = Some(offsets);
            }
        }
        joins
    }

    /// Those that can be made by kernels on the CPU, which write all of a place that nobody else reads.
    pub fn on_cpu(graph: &Graph, schedule: &Schedule) -> Self {
        let mut joins = Self::new(graph, schedule);
        for (n, member) in joins.members.iter_mut().enumerate() {
            let Some(Place { into, .. }) = *member else { continue };
            let alone = |step: &Step| matches!(step, Step::Kernel(node) if *node == n);
            let overwrites = match graph.nodes[n].recorded.op.compute() {
                Compute::Kernel(kernel) => kernel.overwrites(),
                Compute::Pointwise(_) => false,
            };
            let users = graph.nodes.iter().enumerate().filter(|(_, user)| user.operands.contains(&Source::Node(n)));
            if !overwrites || !schedule.steps.iter().any(alone) || users.into_iter().any(|(user, _)| user != into) {
                *member = None;
            }
        }
        for (node, offsets) in joins.offsets.iter_mut().enumerate() {
            if !joins.members.iter().flatten().any(|place| place.into == node) {
                *offsets = None;
            }
        }
        joins
    }
}

/// Nodes that can be written in place, and where.
type Found = Vec<(usize, usize)>;

fn has(found: &Found, node: usize) -> bool {
    found.iter().any(|(member, _)| *member == node)
}

fn offsets(graph: &Graph, node: usize) -> Option<Vec<usize>> {
    let Compute::Kernel(kernel) = graph.nodes[node].recorded.op.compute() else { return None };
    let layouts: Vec<&Layout> = (0..graph.nodes[node].operands.len()).map(|i| graph.layout(node, i)).collect();
    let value = &graph.nodes[node].value;
    // Elements of two words lie at other places than their numbers say.
    kernel.joins(&layouts).filter(|_| value.len > 0 && value.words() == value.len)
}

/// The operands that can be written in place, and where: each is read here once, whole, in one piece or in pieces
/// that keep their distances, and its kernel lets the place be chosen.
fn members(graph: &Graph, node: usize, offsets: &[usize], taken: &[Option<Place>]) -> Found {
    // Of each operand, where its first element would come to lie, if all its pieces have it there, and how much they cover.
    let mut operands: Vec<(usize, Option<usize>, usize)> = Vec::new();
    for (i, source) in graph.nodes[node].operands.iter().enumerate() {
        let (Source::Node(n), layout) = (source, graph.layout(node, i)) else { continue };
        // What does not lie in one piece fits nowhere.
        let start = offsets[i].checked_sub(layout.offset).filter(|_| layout.is_contiguous());
        match operands.iter_mut().find(|(operand, ..)| operand == n) {
            Some((_, common, covered)) => {
                *common = common.filter(|common| start == Some(*common));
                *covered += layout.numel();
            }
            None => operands.push((*n, start, layout.numel())),
        }
    }
    let fits = |(n, start, covered): (usize, Option<usize>, usize)| {
        let made = &graph.nodes[n];
        let chosen = match made.recorded.op.compute() {
            Compute::Pointwise(_) => true,
            Compute::Kernel(kernel) => kernel.finishes(),
        };
        let whole = covered == made.value.len && covered > 0;
        let alone = !made.escapes && taken[n].is_none() && made.value.dtype == graph.nodes[node].value.dtype;
        start.filter(|_| chosen && whole && alone).map(|start| (n, start))
    };
    operands.into_iter().filter_map(fits).collect()
}

/// A kernel can bind a buffer that it writes once only: of the members that one step makes the first stays, and none if
/// the step reads another.
fn without_hazards(graph: &Graph, schedule: &Schedule, mut found: Found) -> Found {
    for step in &schedule.steps {
        let nodes: Vec<usize> = step.nodes().collect();
        let reads_one = nodes
            .iter()
            .flat_map(|node| &graph.nodes[*node].operands)
            .any(|source| matches!(source, Source::Node(n) if has(&found, *n) && !nodes.contains(n)));
        let made = nodes.into_iter().filter(|node| has(&found, *node)).skip(usize::from(!reads_one));
        let dropped: Vec<usize> = made.collect();
        found.retain(|(node, _)| !dropped.contains(node));
    }
    found
}
