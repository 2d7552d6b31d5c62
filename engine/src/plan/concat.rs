//! Concatenation without copies: results written directly into the result of an operation that only
//! concatenates them. The main case is parameters' gradients in an optimizer's flat buffer. The
//! module knows structure, not memory.

use super::graph::{Graph, Source};
use super::schedule::{Schedule, Step};
use crate::tensor::{Compute, Layout};

/// Operands per remaining copy: each takes its own launch, while the concatenating kernel takes
/// several. With more remaining copies than one in this many, that kernel runs instead.
const OPERANDS_PER_COPY: usize = 7;

/// Position of a node's result in a concatenation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcatSlot {
    /// Concatenating node.
    pub into: usize,
    /// Offset in its result, in elements.
    pub offset: usize,
}

/// The concatenating nodes of a schedule.
pub struct ConcatPlan {
    /// Position in a concatenation to which a result is written directly, by node.
    pub members: Vec<Option<ConcatSlot>>,
    /// Offsets of the operands in a concatenating node's result, by node.
    pub offsets: Vec<Option<Vec<usize>>>,
}

impl ConcatPlan {
    /// Finds the concatenations of a schedule.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let count = graph.nodes.len();
        let mut concats = Self { members: vec![None; count], offsets: vec![None; count] };
        for step in &schedule.steps {
            let Step::Kernel(node) = step else { continue };
            let Some(offsets) = offsets(graph, *node) else { continue };
            let found = members(graph, *node, &offsets, &concats.members);
            let found = without_hazards(graph, schedule, found);
            let operands = &graph.nodes[*node].operands;
            let others = operands.iter().filter(|s| !matches!(s, Source::Node(n) if has(&found, *n))).count();
            if !found.is_empty() && others <= operands.len() / OPERANDS_PER_COPY + 1 {
                for (member, offset) in found {
                    concats.members[member] = Some(ConcatSlot { into: *node, offset });
                }
                concats.offsets[*node] = Some(offsets);
            }
        }
        concats
    }

    /// Finds those possible for CPU kernels: the kernel writes every element, and no other node
    /// reads the result.
    pub fn on_cpu(graph: &Graph, schedule: &Schedule) -> Self {
        let mut concats = Self::new(graph, schedule);
        for (n, member) in concats.members.iter_mut().enumerate() {
            let Some(ConcatSlot { into, .. }) = *member else { continue };
            let alone = |step: &Step| matches!(step, Step::Kernel(node) if *node == n);
            let writes_all = match graph.nodes[n].recorded.op.compute() {
                Compute::Kernel(kernel) => kernel.writes_every_element(),
                Compute::Pointwise(_) => false,
            };
            let users = graph.nodes.iter().enumerate().filter(|(_, user)| user.operands.contains(&Source::Node(n)));
            if !writes_all || !schedule.steps.iter().any(alone) || users.into_iter().any(|(user, _)| user != into) {
                *member = None;
            }
        }
        for (node, offsets) in concats.offsets.iter_mut().enumerate() {
            if !concats.members.iter().flatten().any(|slot| slot.into == node) {
                *offsets = None;
            }
        }
        concats
    }
}

/// Nodes that can be written directly, with their offsets.
type Found = Vec<(usize, usize)>;

fn has(found: &Found, node: usize) -> bool {
    found.iter().any(|(member, _)| *member == node)
}

fn offsets(graph: &Graph, node: usize) -> Option<Vec<usize>> {
    let Compute::Kernel(kernel) = graph.nodes[node].recorded.op.compute() else { return None };
    let layouts: Vec<&Layout> = (0..graph.nodes[node].operands.len()).map(|i| graph.layout(node, i)).collect();
    let value = &graph.nodes[node].value;
    // Two-word elements have other offsets than their indices say.
    kernel.concat_offsets(&layouts).filter(|_| value.len > 0 && value.words() == value.len)
}

/// Finds the operands that can be written directly, with their offsets. Each is read only here and
/// whole, in one piece or in pieces at constant distance, and its kernel accepts an offset.
fn members(graph: &Graph, node: usize, offsets: &[usize], taken: &[Option<ConcatSlot>]) -> Found {
    // For each operand: the offset of its first element if all its pieces agree, and the number of
    // elements covered.
    let mut operands: Vec<(usize, Option<usize>, usize)> = Vec::new();
    for (i, source) in graph.nodes[node].operands.iter().enumerate() {
        let (Source::Node(n), layout) = (source, graph.layout(node, i)) else { continue };
        // An operand that is not contiguous cannot be written directly.
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
            Compute::Kernel(kernel) => kernel.fuses_epilogue(),
        };
        let whole = covered == made.value.len && covered > 0;
        let alone = !made.escapes && taken[n].is_none() && made.value.dtype == graph.nodes[node].value.dtype;
        start.filter(|_| chosen && whole && alone).map(|start| (n, start))
    };
    operands.into_iter().filter_map(fits).collect()
}

/// Keeps the first of the members that one step makes, since a kernel can bind a buffer for writing
/// only once; keeps none if the step reads another.
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
