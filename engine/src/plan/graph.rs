//! The recording as a graph: nodes in the order of their calls, operands by index, and the key of
//! the cached plan. The module knows structure only.

use std::hash::Hasher;
use std::rc::Rc;

use crate::device::DType;
use crate::tensor::{Layout, Recorded, Value};

/// A recording, ready to be planned or executed.
pub struct Graph {
    /// Values to compute, in the order of recording: operands precede their users.
    pub nodes: Vec<GraphNode>,
    /// Values computed earlier.
    pub externals: Vec<External>,
    /// Key, equal for graphs that one plan serves.
    pub key: Vec<u64>,
}

/// A value to compute.
pub struct GraphNode {
    /// The value.
    pub value: Rc<Value>,
    /// The recorded operation.
    pub recorded: Rc<Recorded>,
    /// Sources of its operands.
    pub operands: Vec<Source>,
    /// True if it is held outside of the recording.
    pub escapes: bool,
}

/// A value computed earlier.
pub struct External {
    /// The value.
    pub value: Rc<Value>,
    /// True if only this recording holds it: its memory may be overwritten after its last use.
    pub donated: bool,
}

/// Source of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Node, by index.
    Node(usize),
    /// External, by index.
    External(usize),
}

impl Graph {
    /// Builds the graph of `values`, which are in the order of their recording.
    pub fn new(values: Vec<Rc<Value>>) -> Self {
        let mut nodes: Vec<GraphNode> = Vec::with_capacity(values.len());
        let mut externals: Vec<External> = Vec::new();
        let mut node_uses = vec![0usize; values.len()];
        let mut external_uses: Vec<usize> = Vec::new();
        for value in values {
            // Values may have been settled since they were recorded.
            let Some(recorded) = value.recorded() else { continue };
            let mut operands = Vec::with_capacity(recorded.operands.len());
            for operand in &recorded.operands {
                let mark = operand.value.mark.get();
                let known_node = nodes.get(mark).is_some_and(|n| Rc::ptr_eq(&n.value, &operand.value));
                let known_external = externals.get(mark).is_some_and(|e| Rc::ptr_eq(&e.value, &operand.value));
                operands.push(if known_node {
                    node_uses[mark] += 1;
                    Source::Node(mark)
                } else if known_external {
                    external_uses[mark] += 1;
                    Source::External(mark)
                } else {
                    operand.value.mark.set(externals.len());
                    externals.push(External { value: operand.value.clone(), donated: false });
                    external_uses.push(1);
                    Source::External(externals.len() - 1)
                });
            }
            value.mark.set(nodes.len());
            nodes.push(GraphNode { value, recorded, operands, escapes: false });
        }
        // One reference is the graph's own, one each operand's; any others are tensors, or saved
        // for backward.
        for (node, uses) in nodes.iter_mut().zip(&node_uses) {
            node.escapes = Rc::strong_count(&node.value) > 1 + uses;
        }
        for (external, uses) in externals.iter_mut().zip(&external_uses) {
            external.donated = Rc::strong_count(&external.value) == 1 + uses;
        }
        let key = key(&nodes, &externals);
        Self { nodes, externals, key }
    }

    /// Returns the number of elements of a source.
    pub fn len(&self, source: Source) -> usize {
        self.value(source).len
    }

    /// Returns the number of words they take on the GPU.
    pub fn words(&self, source: Source) -> usize {
        self.value(source).words()
    }

    /// Returns their element type.
    pub fn dtype(&self, source: Source) -> DType {
        self.value(source).dtype
    }

    fn value(&self, source: Source) -> &Value {
        match source {
            Source::Node(i) => &self.nodes[i].value,
            Source::External(i) => &self.externals[i].value,
        }
    }

    /// Returns the layout through which a node reads its operand.
    pub fn layout(&self, node: usize, operand: usize) -> &Layout {
        &self.nodes[node].recorded.operands[operand].layout
    }
}

fn key(nodes: &[GraphNode], externals: &[External]) -> Vec<u64> {
    let mut words = Words(Vec::with_capacity(nodes.len() * 24));
    words.write_usize(nodes.len());
    for node in nodes {
        words.write(node.recorded.op.name().as_bytes());
        node.recorded.op.key(&mut words);
        words.write_u64(node.value.dtype as u64 * 2 + u64::from(node.escapes));
        words.write_usize(node.value.len);
        for (source, operand) in node.operands.iter().zip(&node.recorded.operands) {
            match source {
                Source::Node(i) => words.write_usize(*i << 1),
                Source::External(i) => words.write_usize((*i << 1) | 1),
            }
            words.write_usize(operand.layout.shape.len());
            operand.layout.shape.iter().for_each(|size| words.write_usize(*size));
            operand.layout.strides.iter().for_each(|stride| words.write_usize(*stride as usize));
            words.write_usize(operand.layout.offset);
        }
    }
    for external in externals {
        words.write_u64(external.value.dtype as u64 * 2 + u64::from(external.donated));
        words.write_usize(external.value.len);
    }
    words.0
}

/// A hasher that stores every word: two structures are equal if and only if their words are.
struct Words(Vec<u64>);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.push(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0.push(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, i: u8) {
        self.0.push(u64::from(i));
    }

    fn write_u32(&mut self, i: u32) {
        self.0.push(u64::from(i));
    }

    fn write_u64(&mut self, i: u64) {
        self.0.push(i);
    }

    fn write_usize(&mut self, i: usize) {
        self.0.push(i as u64);
    }

    fn write_isize(&mut self, i: isize) {
        self.0.push(i as u64);
    }
}
