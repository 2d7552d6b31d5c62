//! Where results lie on the GPU: every value of a plan gets a slot, and slots are used again once their values
//! are dead; what will be joined lies in the slot of the whole from the beginning. A slot becomes a buffer when the
//! plan runs. It knows lifetimes and lengths, not what is computed.

use super::graph::{Graph, Source};
use super::join::{Joins, Place};
use super::schedule::Schedule;

/// What a slot is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A buffer of this many words from the pool.
    Fresh(usize),
    /// The buffer of a donated external.
    Donated(usize),
}

/// Slots of all nodes.
pub struct Memory {
    /// What each slot is.
    pub slots: Vec<Slot>,
    /// The slot of each node that is stored at all.
    pub node_slot: Vec<Option<usize>>,
    /// What is written where it will be joined.
    pub joins: Joins,
    /// The last step that reads each node's value and, behind them, each external.
    last_use: Vec<Option<usize>>,
    free: Vec<usize>,
    words: Vec<usize>,
    /// The slot that overwrites each external, if one does.
    donated: Vec<Option<usize>>,
}

impl Memory {
    /// Lifetimes for a schedule; slots are handed out by [`Memory::assign`], step by step.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let mut last_use = vec![None; graph.nodes.len() + graph.externals.len()];
        for (at, step) in schedule.steps.iter().enumerate() {
            for source in step.nodes().flat_map(|node| &graph.nodes[node].operands) {
                last_use[number(graph, *source)] = Some(at);
            }
        }
        let joins = Joins::new(graph, schedule);
        // A whole lives as long as any of its parts.
        for (member, place) in joins.members.iter().enumerate() {
            if let Some(Place { into, .. }) = place {
                last_use[*into] = last_use[*into].max(last_use[member]);
            }
        }
        Self {
            slots: Vec::new(),
            node_slot: vec![None; graph.nodes.len()],
            joins,
            last_use,
            free: Vec::new(),
            words: Vec::new(),
            donated: vec![None; graph.externals.len()],
        }
    }

    /// A slot for the result of `node`; one of `in_place`, sources that the step reads only at the elements it
    /// writes, is overwritten if it dies in this step.
    pub fn assign(&mut self, graph: &Graph, at: usize, node: usize, in_place: &mut Vec<Source>) -> usize {
        if let Some(slot) = self.joined(graph, node) {
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

    /// The slot of the whole that a node is part of, or that it is.
    fn joined(&mut self, graph: &Graph, node: usize) -> Option<usize> {
        let into = match self.joins.members[node] {
            Some(place) => place.into,
            None if self.joins.offsets[node].is_some() => node,
            None => return None,
        };
        let slot = self.node_slot[into].unwrap_or_else(|| self.scratch(graph.nodes[into].value.len));
        self.node_slot[into] = Some(slot);
        Some(slot)
    }

    /// Where in its slot a source lies.
    pub fn offset(&self, source: Source) -> usize {
        match source {
            Source::Node(n) => self.joins.members[n].map_or(0, |place| place.offset),
            Source::External(_) => 0,
        }
    }

    /// A slot of at least `words` words: the smallest free one that is not more than twice too large, or a new
    /// one. Give it back with [`Memory::release`].
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

    /// Gives a slot back.
    pub fn release(&mut self, slot: usize) {
        self.free.push(slot);
    }

    /// After a step: gives back the slots of the values that nobody will read.
    pub fn retire(&mut self, graph: &Graph, at: usize, read: &[Source]) {
        for source in read {
            let Source::Node(n) = *source else { continue };
            let dies = self.last_use[n] == Some(at) && !graph.nodes[n].escapes && self.joins.members[n].is_none();
            if let Some(slot) = self.node_slot[n].take_if(|_| dies) {
                self.release(slot);
            }
        }
    }

    /// The slot that overwrites a donated external, if one does.
    pub fn donated(&self, external: usize) -> Option<usize> {
        self.donated[external]
    }

    fn may_overwrite(&self, graph: &Graph, source: Source) -> bool {
        match source {
            Source::Node(n) => {
                !graph.nodes[n].escapes && self.node_slot[n].is_some() && self.joins.members[n].is_none()
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

/// The place of a source in a table of all nodes and, behind them, all externals.
fn number(graph: &Graph, source: Source) -> usize {
    match source {
        Source::Node(n) => n,
        Source::External(e) => graph.nodes.len() + e,
    }
}
