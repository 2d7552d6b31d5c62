//! Which results are written where an operation that only joins them would copy them: the gradients of parameters,
//! most of all, into the flat run that an optimizer takes. It knows structure, not memory.

use std::collections::{BTreeMap, BTreeSet};

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
#[derive(Default)]
pub struct Joins {
    /// The nodes that are written into a joining node's result.
    pub members: BTreeMap<usize, Place>,
    /// Where the operands of a joining node with members lie in its result.
    pub offsets: BTreeMap<usize, Vec<usize>>,
}

impl Joins {
    /// Finds them.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let mut joins = Self::default();
        for step in &schedule.steps {
            let Step::Kernel(node) = step else { continue };
            let Some(offsets) = offsets(graph, *node) else { continue };
            let found = members(graph, *node, &offsets, &joins.members);
            let found = without_hazards(graph, schedule, found);
            let operands = &graph.nodes[*node].operands;
            let others = operands.iter().filter(|s| !matches!(s, Source::Node(n) if found.contains_key(n))).count();
            if !found.is_empty() && others <= operands.len() / OTHERS + 1 {
                joins.members.extend(found.into_iter().map(|(member, offset)| (member, Place { into: *node, offset })));
                joins.offsets.insert(*node, offsets);
            }
        }
        joins
    }
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
fn members(graph: &Graph, node: usize, offsets: &[usize], taken: &BTreeMap<usize, Place>) -> BTreeMap<usize, usize> {
    // Of each operand, where its first element would come to lie, as its pieces have it, and how much they cover.
    let mut found: BTreeMap<usize, (BTreeSet<isize>, usize)> = BTreeMap::new();
    for (i, source) in graph.nodes[node].operands.iter().enumerate() {
        let (Source::Node(n), layout) = (source, graph.layout(node, i)) else { continue };
        let (starts, covered) = found.entry(*n).or_default();
        // What does not lie in one piece fits nowhere.
        starts.insert(if layout.is_contiguous() { offsets[i] as isize - layout.offset as isize } else { -1 });
        *covered += layout.numel();
    }
    let fits = |(n, (starts, covered)): (usize, (BTreeSet<isize>, usize))| {
        let made = &graph.nodes[n];
        let chosen = match made.recorded.op.compute() {
            Compute::Pointwise(_) => true,
            Compute::Kernel(kernel) => kernel.finishes(),
        };
        let start = starts.first().copied().filter(|start| starts.len() == 1 && *start >= 0)?;
        let whole = covered == made.value.len && covered > 0;
        let alone = !made.escapes && !taken.contains_key(&n) && made.value.dtype == graph.nodes[node].value.dtype;
        (chosen && whole && alone).then_some((n, start as usize))
    };
    found.into_iter().filter_map(fits).collect()
}

/// A kernel can bind a buffer that it writes once only: of the members that one step makes the first stays, and none if
/// the step reads another.
fn without_hazards(graph: &Graph, schedule: &Schedule, mut found: BTreeMap<usize, usize>) -> BTreeMap<usize, usize> {
    for step in &schedule.steps {
        let nodes: Vec<usize> = step.nodes().collect();
        let reads_one = nodes
            .iter()
            .flat_map(|node| &graph.nodes[*node].operands)
            .any(|source| matches!(source, Source::Node(n) if found.contains_key(n) && !nodes.contains(n)));
        let made: Vec<usize> = nodes.into_iter().filter(|node| found.contains_key(node)).collect();
        for node in made.iter().skip(usize::from(!reads_one)) {
            found.remove(node);
        }
    }
    found
}
