//! Memory on the GPU: every value of a plan gets a slot, and slots are reused once their values are
//! dead. Parts of a concatenation are in its slot from the beginning. A slot becomes a buffer when
//! the plan runs. The module knows lifetimes and lengths, not computations.

use super::concat::{ConcatPlan, ConcatSlot};
use super::graph::{Graph, Source};
use super::schedule::Schedule;

/// Origin of a slot's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A buffer of this many words from the pool.
    Fresh(usize),
    /// The buffer of a donated external.
    Donated(usize),
}

/// Slots of all nodes.
pub struct Memory {
    /// Origin of each slot.
    pub slots: Vec<Slot>,
    /// Slot of each node that is stored at all.
    pub node_slot: Vec<Option<usize>>,
    /// Results written directly into concatenations.
    pub concats: ConcatPlan,
    /// Last step that reads each node's value and, after the nodes, each external.
    last_use: Vec<Option<usize>>,
    free: Vec<usize>,
    words: Vec<usize>,
    /// Slot that writes_all each external, if one does.
    donated: Vec<Option<usize>>,
}

impl Memory {
    /// Computes lifetimes for a schedule; [`Memory::assign`] assigns slots, step by step.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let mut last_use = vec![None; graph.nodes.len() + graph.externals.len()];
        for (at, step) in schedule.steps.iter().enumerate() {
            for source in step.nodes().flat_map(|node| &graph.nodes[node].operands) {
                last_use[number(graph, *source)] = Some(at);
            }
        }
        let concats = ConcatPlan::new(graph, schedule);
        // A concatenation lives as long as any of its parts.
        for (member, slot) in concats.members.iter().enumerate() {
            if let Some(ConcatSlot { into, .. }) = slot {
                last_use[*into] = last_use[*into].max(last_use[member]);
            }
        }
        Self {
            slots: Vec::new(),
            node_slot: vec![None; graph.nodes.len()],
            concats,
            last_use,
            free: Vec::new(),
            words: Vec::new(),
            donated: vec![None; graph.externals.len()],
        }
    }

    /// Assigns a slot for the result of `node`. A source of `in_place`, read by the step only at
    /// the elements it writes, is overwritten if it dies in this step.
    pub fn assign(&mut self, graph: &Graph, at: usize, node: usize, in_place: &mut Vec<Source>) -> usize {
        if let Some(slot) = self.concat_slot(graph, node) {
            self.node_slot[node] = Some(slot);
            return slot;
        }
        let words = graph.nodes[node].value.words();
        let dying = in_place.iter().position(|source| {
            self.last_use[number(graph, *source)] == Some(at)
                && graph.words(*source) == words
                && self.may_overwrite(graph, *source)
        });
        let slot = match dying.map(|i| in_place.swap_remove(i)) {
            Some(Source::Node(n)) => self.node_slot[n].take(),
            Some(Source::External(e)) => Some(self.donated_slot(e, words)),
            None => None,
        };
        let slot = slot.unwrap_or_else(|| self.scratch(words));
        self.node_slot[node] = Some(slot);
        slot
    }

    /// Returns the slot of the concatenation that a node is part of, or that it is.
    fn concat_slot(&mut self, graph: &Graph, node: usize) -> Option<usize> {
        let into = match self.concats.members[node] {
            Some(slot) => slot.into,
            None if self.concats.offsets[node].is_some() => node,
            None => return None,
        };
        let slot = self.node_slot[into].unwrap_or_else(|| self.scratch(graph.nodes[into].value.len));
        self.node_slot[into] = Some(slot);
        Some(slot)
    }

    /// Returns the offset of a source in its slot.
    pub fn offset(&self, source: Source) -> usize {
        match source {
            Source::Node(n) => self.concats.members[n].map_or(0, |slot| slot.offset),
            Source::External(_) => 0,
        }
    }

    /// Allocates a slot of at least `words` words: the smallest free one at most twice as large, or
    /// a new one. [`Memory::release`] frees it.
    pub fn scratch(&mut self, words: usize) -> usize {
        let fits = |slot: &&usize| self.words[**slot] >= words && self.words[**slot] <= words.max(64) * 2;
        if let Some(slot) = self.free.iter().filter(fits).min_by_key(|slot| (self.words[**slot], **slot)).copied() {
            self.free.retain(|free| *free != slot);
            return slot;
        }
        self.slots.push(Slot::Fresh(words));
        self.words.push(words);
        self.slots.len() - 1
    }

    /// Frees a slot.
    pub fn release(&mut self, slot: usize) {
        self.free.push(slot);
    }

    /// Frees the slots of the values that no step after this one reads.
    pub fn retire(&mut self, graph: &Graph, at: usize, read: &[Source]) {
        for source in read {
            let Source::Node(n) = *source else { continue };
            let dies = self.last_use[n] == Some(at) && !graph.nodes[n].escapes && self.concats.members[n].is_none();
            if let Some(slot) = self.node_slot[n].take_if(|_| dies) {
                self.release(slot);
            }
        }
    }

    /// Returns the slot that writes_all a donated external, if one does.
    pub fn donated(&self, external: usize) -> Option<usize> {
        self.donated[external]
    }

    fn may_overwrite(&self, graph: &Graph, source: Source) -> bool {
        match source {
            Source::Node(n) => {
                !graph.nodes[n].escapes && self.node_slot[n].is_some() && self.concats.members[n].is_none()
            }
            Source::External(e) => graph.externals[e].donated && self.donated[e].is_none(),
        }
    }

    fn donated_slot(&mut self, external: usize, words: usize) -> usize {
        self.slots.push(Slot::Donated(external));
        self.words.push(words);
        let slot = self.slots.len() - 1;
        self.donated[external] = Some(slot);
        slot
    }
}

/// Returns the index of a source in a table of all nodes followed by all externals.
fn number(graph: &Graph, source: Source) -> usize {
    match source {
        Source::Node(n) => n,
        Source::External(e) => graph.nodes.len() + e,
    }
}
