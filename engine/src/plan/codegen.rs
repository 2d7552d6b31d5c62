//! WGSL for a group of pointwise operations: their functions, called from a `main` that loads,
//! calls and stores. For a group fused into another kernel, the function is `epilogue`, which that
//! kernel calls. Sizes and strides are parameters, so groups of one structure share a pipeline.

use std::borrow::Cow;
use std::fmt::Write;

use super::graph::{Graph, Source};
use super::schedule::Fused;
use crate::Result;
use crate::device::DType;
use crate::device::gpu::{Access, KernelSource};
use crate::tensor::{Compute, Layout, Param};

/// Threads per workgroup. The threads of a launch advance through the elements in strides of their
/// number.
pub const WORKGROUP: usize = 64;

/// A generated kernel and its launch.
pub struct Generated {
    /// Source of the kernel.
    pub source: KernelSource,
    /// Contents of each storage binding, in order.
    pub bindings: Vec<(Access, GroupBinding)>,
    /// Parameters, in order; scalars carry the node and the scalar's index.
    pub params: Vec<GroupParam>,
}

/// Contents of a storage binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBinding {
    /// A value loaded.
    Load(Source),
    /// Stored result of a node.
    Store(usize),
}

/// A parameter of a group.
pub enum GroupParam {
    /// A constant.
    Const(Param),
    /// A scalar of a node, by node and index.
    Scalar(usize, usize),
}

/// The kernel into which a group is fused as its epilogue.
#[derive(Clone, Copy)]
pub struct Producer {
    /// Node of the kernel.
    pub node: usize,
    /// Node whose result the binding `output` holds.
    pub output: Option<usize>,
    /// Number of its bindings.
    pub bindings: usize,
}

struct Writer<'a> {
    graph: &'a Graph,
    loads: Vec<(Source, &'a Layout)>,
    bindings: Vec<(Access, GroupBinding)>,
    params: Vec<GroupParam>,
    functions: String,
    locals: String,
    body: String,
    pieces: Vec<Cow<'static, str>>,
    producer: Option<Producer>,
    /// Offset of each source in its buffer.
    offset: &'a dyn Fn(Source) -> usize,
}

/// Generates the kernel of a group. `aliases` maps stored nodes to the loaded source whose buffer
/// they overwrite; `offset` gives the offset of a source or a stored node in its buffer. Without a
/// `producer` the first parameter is the length.
///
/// # Errors
/// An operation without a GPU form for its operand types.
pub fn generate<'a>(
    graph: &'a Graph,
    fused: &Fused,
    aliases: &[(usize, Source)],
    offset: &'a dyn Fn(Source) -> usize,
    producer: Option<Producer>,
) -> Result<Generated> {
    let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
    let mut writer = Writer {
        graph,
        loads: fused.loads(graph),
        bindings: Vec::new(),
        params: producer.map_or_else(|| vec![GroupParam::Const(Param::from(len))], |_| Vec::new()),
        functions: String::new(),
        locals: String::new(),
        body: String::new(),
        pieces: Vec::new(),
        producer,
        offset,
    };
    for i in 0..writer.loads.len() {
        writer.load(i, aliases);
    }
    let mut name = String::new();
    for node in &fused.nodes {
        writer.call(*node, fused)?;
        if name.len() < 48 {
            name += if name.is_empty() && producer.is_none() { "" } else { "+" };
            name += graph.nodes[*node].recorded.op.name();
        }
    }
    for node in &fused.outputs {
        writer.store(*node);
    }
    Ok(writer.finish(name))
}

impl Writer<'_> {
    /// Returns the WGSL of a new parameter word.
    fn param(&mut self, param: GroupParam) -> String {
        self.params.push(param);
        self.word(self.params.len() - 1)
    }

    /// Returns the WGSL of a parameter word.
    fn word(&self, at: usize) -> String {
        let of = if self.producer.is_some() { "epilogue_params" } else { "params" };
        format!("{of}.words[{}].{}", at / 4, ["x", "y", "z", "w"][at % 4])
    }

    /// Returns the WGSL of a new parameter word in the body. A loop in `main` hoists it:
    /// SwiftShader checks each load of a uniform.
    fn local(&mut self, param: GroupParam) -> String {
        if self.producer.is_some() {
            return self.param(param);
        }
        self.params.push(param);
        let at = self.params.len() - 1;
        let _ = writeln!(self.locals, "    let p{at} = {};", self.word(at));
        format!("p{at}")
    }

    /// Returns the name of a binding, adding it if it is new.
    fn binding(&mut self, contents: GroupBinding, access: Access) -> String {
        if let (GroupBinding::Store(node), Some(producer)) = (contents, self.producer)
            && producer.output == Some(node)
        {
            return "output".to_owned();
        }
        let found = self.bindings.iter().position(|(_, p)| *p == contents);
        let at = found.unwrap_or_else(|| {
            self.bindings.push((access, contents));
            self.bindings.len() - 1
        });
        format!("b{at}")
    }

    fn load(&mut self, i: usize, aliases: &[(usize, Source)]) {
        let (source, layout) = self.loads[i];
        let alias = aliases.iter().find(|(_, s)| *s == source);
        let binding = match alias {
            Some((node, _)) => self.binding(GroupBinding::Store(*node), Access::Write),
            None => self.binding(GroupBinding::Load(source), Access::Read),
        };
        let layout = Layout { offset: layout.offset + (self.offset)(source), ..layout.clone() };
        let index = self.load_index(i, &layout);
        let load = match self.graph.dtype(source) {
            DType::Bool => format!("{binding}[{index}] != 0u"),
            _ => format!("{binding}[{index}]"),
        };
        let _ = writeln!(self.body, "    let l{i} = {load};");
    }

    /// Returns the expression for the index in a load of element `i` of the result.
    fn load_index(&mut self, load: usize, layout: &Layout) -> String {
        let (sizes, strides) = layout.collapse();
        if sizes.is_empty() || sizes.len() == 1 && strides[0] == 1 {
            let i = if sizes.is_empty() { "" } else { "i" };
            return match (layout.offset, i) {
                (0, "") => "0u".to_owned(),
                (0, i) => i.to_owned(),
                (offset, i) => {
                    let offset = self.local(GroupParam::Const(Param::from(offset)));
                    if i.is_empty() { offset } else { format!("{i} + {offset}") }
                }
            };
        }
        let mut code = format!("fn index{load}(i: u32) -> u32 {{\n    var rest = i;\n");
        let offset = self.param(GroupParam::Const(Param::from(layout.offset)));
        let _ = writeln!(code, "    var index = {offset};");
        for d in (0..sizes.len()).rev() {
            let stride = self.param(GroupParam::Const(Param::from(strides[d])));
            if d == 0 {
                let _ = writeln!(code, "    index += rest * {stride};");
            } else {
                let size = self.param(GroupParam::Const(Param::from(sizes[d])));
                let _ = writeln!(code, "    index += (rest % {size}) * {stride};\n    rest /= {size};");
            }
        }
        code += "    return index;\n}\n";
        self.functions += &code;
        format!("index{load}(i)")
    }

    fn call(&mut self, node: usize, fused: &Fused) -> Result<()> {
        let graph = self.graph;
        let GraphOperands { names, dtypes } = self.operands(node, fused);
        let op = &graph.nodes[node].recorded.op;
        let Compute::Pointwise(pointwise) = op.compute() else {
            return Err(crate::Error::internal(format!("{} is not pointwise", op.name())));
        };
        let function = pointwise.wgsl(&dtypes)?;
        for piece in &function.pieces {
            if !self.pieces.iter().any(|p| p == piece) {
                self.pieces.push(Cow::Borrowed(piece));
            }
        }
        let mut arguments = names;
        for (i, ty) in function.scalars.iter().enumerate() {
            let word = self.local(GroupParam::Scalar(node, i));
            arguments.push(if *ty == "u32" { word } else { format!("bitcast<{ty}>({word})") });
        }
        if function.takes_index {
            arguments.push("i".to_owned());
        }
        let _ = writeln!(self.body, "    let v{node} = {}({});", function.name, arguments.join(", "));
        Ok(())
    }

    fn operands(&self, node: usize, fused: &Fused) -> GraphOperands {
        let sources = &self.graph.nodes[node].operands;
        let name = |(i, source): (usize, &Source)| match source {
            Source::Node(n) if fused.makes(*n) => format!("v{n}"),
            source => {
                let load = (*source, self.graph.layout(node, i));
                let at = self.loads.iter().position(|l| *l == load).unwrap_or_default();
                format!("l{at}")
            }
        };
        GraphOperands {
            names: sources.iter().enumerate().map(name).collect(),
            dtypes: sources.iter().map(|s| self.graph.dtype(*s)).collect(),
        }
    }

    fn store(&mut self, node: usize) {
        let binding = self.binding(GroupBinding::Store(node), Access::Write);
        let value = match self.graph.nodes[node].value.dtype {
            DType::Bool => format!("select(0u, 1u, v{node})"),
            _ => format!("v{node}"),
        };
        let index = match (self.offset)(Source::Node(node)) {
            0 => "i".to_owned(),
            offset => format!("i + {}", self.local(GroupParam::Const(Param::from(offset)))),
        };
        let _ = writeln!(self.body, "    {binding}[{index}] = {value};");
    }

    fn finish(mut self, name: String) -> Generated {
        // After a kernel's own bindings: storage, then the parameters if there are any.
        let first = self.producer.map_or(0, |producer| producer.bindings);
        let mut code = String::new();
        for (i, (access, contents)) in self.bindings.iter().enumerate() {
            let dtype = match contents {
                GroupBinding::Load(source) => self.graph.dtype(*source),
                GroupBinding::Store(node) => self.graph.nodes[*node].value.dtype,
            };
            let element = match dtype {
                DType::Bool => "u32",
                dtype => dtype.wgsl().unwrap_or("f32"),
            };
            let access = if *access == Access::Read { "read" } else { "read_write" };
            let at = first + i;
            let _ = writeln!(code, "@group(0) @binding({at}) var<storage, {access}> b{i}: array<{element}>;");
        }
        let (name_of_type, variable) =
            if self.producer.is_some() { ("EpilogueParams", "epilogue_params") } else { ("Params", "params") };
        if !self.params.is_empty() {
            let _ = writeln!(
                code,
                "struct {name_of_type} {{ words: array<vec4<u32>, {}> }}\n@group(0) @binding({}) var<uniform> {variable}: \
                 {name_of_type};",
                self.params.len().div_ceil(4),
                first + self.bindings.len()
            );
        }
        code += &self.functions;
        let own = self.producer.map(|_| "arrayLength(&output)".to_owned());
        let lengths = own.into_iter().chain((0..self.bindings.len()).map(|i| format!("arrayLength(&b{i})")));
        // Computed once, ahead of loops: see shared/gemm_common.wgsl.
        let bound = lengths.reduce(|all, one| format!("min({all}, {one})")).unwrap_or_else(|| "1u".to_owned());
        let _ = writeln!(code, "fn bound() -> u32 {{\n    return {bound};\n}}");
        let (locals, body) = (&self.locals, &self.body);
        let _ = match self.producer {
            Some(Producer { node, .. }) => write!(code, "fn epilogue(i: u32, v{node}: Output) {{\n{body}}}\n"),
            None => write!(
                code,
                "@compute @workgroup_size({WORKGROUP})\nfn main(@builtin(global_invocation_id) id: vec3<u32>, \
                 @builtin(num_workgroups) groups: vec3<u32>) {{\n    if (bound() == 0u) {{ return; }}\n    \
                 let threads = groups.x * {WORKGROUP}u;\n    let all = threads * groups.y;\n    let len = {};\n\
                 {locals}    for (var i = id.y * threads + id.x; i < len; i += all) {{\n{body}    }}\n}}\n",
                self.word(0)
            ),
        };
        self.pieces.push(Cow::Owned(code));
        let source = KernelSource { name: Cow::Owned(name), pieces: self.pieces, entry: "main", constants: Vec::new() };
        Generated { source, bindings: self.bindings, params: self.params }
    }
}

struct GraphOperands {
    names: Vec<String>,
    dtypes: Vec<DType>,
}
