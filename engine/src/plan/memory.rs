//! Where results lie on the GPU: every value of a plan gets a slot, and slots are used again once their values
//! are dead. A slot becomes a buffer when the plan runs. It knows lifetimes and lengths, not what is computed.

use std::collections::BTreeMap;

use super::graph::{Graph, Source};
use super::schedule::{Schedule, Step};

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
    /// The last step that reads each source.
    last_use: BTreeMap<Source, usize>,
    free: Vec<usize>,
    words: Vec<usize>,
    donated: BTreeMap<usize, usize>,
}

impl Memory {
    /// Lifetimes for a schedule; slots are handed out by [`Memory::assign`], step by step.
    pub fn new(graph: &Graph, schedule: &Schedule) -> Self {
        let mut last_use = BTreeMap::new();
        for (at, step) in schedule.steps.iter().enumerate() {
            let nodes = match step {
                Step::Fused(fused) => fused.nodes.as_slice(),
                Step::Kernel(node) => std::slice::from_ref(node),
            };
            for source in nodes.iter().flat_map(|node| &graph.nodes[*node].operands) {
                last_use.insert(*source, at);
            }
        }
        Self {
            slots: Vec::new(),
            node_slot: vec![None; graph.nodes.len()],
            last_use,
            free: Vec::new(),
            words: Vec::new(),
            donated: BTreeMap::new(),
        }
    }

    /// A slot for the result of `node`; one of `in_place`, sources that the step reads only at the elements it
    /// writes, is overwritten if it dies in this step.
    pub fn assign(&mut self, graph: &Graph, at: usize, node: usize, in_place: &mut Vec<Source>) -> usize {
        let words = graph.nodes[node].value.words();
        let dying = in_place.iter().position(|source| {
            self.last_use.get(source) == Some(&at)
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
        let mut read = read.to_vec();
        read.sort_unstable();
        read.dedup();
        for source in read {
            if self.last_use.get(&source) != Some(&at) {
                continue;
            }
            match source {
                Source::Node(n) if !graph.nodes[n].escapes => {
                    if let Some(slot) = self.node_slot[n].take() {
                        self.release(slot);
                    }
                }
                _ => {}
            }
        }
    }

    /// The slot that overwrites a donated external, if one does.
    pub fn donated(&self, external: usize) -> Option<usize> {
        self.donated.get(&external).copied()
    }

    fn may_overwrite(&self, graph: &Graph, source: Source) -> bool {
        match source {
            Source::Node(n) => !graph.nodes[n].escapes && self.node_slot[n].is_some(),
            Source::External(e) => graph.externals[e].donated && !self.donated.contains_key(&e),
        }
    }

    fn donated_slot(&mut self, external: usize, words: usize) -> usize {
        self.slots.push(Slot::Donated(external));
        self.words.push(words);
        let slot = self.slots.len() - 1;
        self.donated.insert(external, slot);
        slot
    }
}
