//! One WGSL kernel of a group of pointwise operations: the operations' own functions, joined by a `main` that
//! loads, calls and stores; or, for a group that goes on with the result of another kernel, the function `finish`
//! that this one calls. Sizes and strides are parameters, so groups of one structure share a pipeline.

use std::borrow::Cow;
use std::fmt::Write;

use super::graph::{Graph, Source};
use super::schedule::Fused;
use crate::Result;
use crate::device::DType;
use crate::device::gpu::{Access, KernelSource};
use crate::tensor::{Compute, Layout, Param};

/// Threads in a workgroup. Together all threads of a launch take as many elements at a time as they are.
pub const WORKGROUP: usize = 64;

/// A generated kernel and how to launch it.
pub struct Generated {
    /// The source.
    pub source: KernelSource,
    /// What each storage binding is for, in order.
    pub bindings: Vec<(Access, Place)>,
    /// The parameters: scalars carry the node and the scalar's number.
    pub params: Vec<GroupParam>,
}

/// What a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value made elsewhere.
    Load(Source),
    /// The stored result of a node.
    Store(usize),
}

/// A parameter of a group.
pub enum GroupParam {
    /// A constant.
    Const(Param),
    /// A scalar of a node.
    Scalar(usize, usize),
}

/// The kernel that a group goes on with.
#[derive(Clone, Copy)]
pub struct Head {
    /// Its node.
    pub node: usize,
    /// The node whose result its binding `output` holds.
    pub output: Option<usize>,
    /// How many bindings it has.
    pub bindings: usize,
}

struct Writer<'a> {
    graph: &'a Graph,
    loads: Vec<(Source, &'a Layout)>,
    bindings: Vec<(Access, Place)>,
    params: Vec<GroupParam>,
    functions: String,
    locals: String,
    body: String,
    pieces: Vec<Cow<'static, str>>,
    head: Option<Head>,
    /// Where in their buffers sources lie.
    offset: &'a dyn Fn(Source) -> usize,
}

/// Generates the kernel of a group. `aliases` names, for stored nodes, the loaded source whose buffer they
/// overwrite; `offset` says where in its buffer a source or a stored node lies. Without a `head` the first parameter is
/// the length.
///
/// # Errors
/// An operation that has no form for its operand types on the GPU.
pub fn generate<'a>(
    graph: &'a Graph,
    fused: &Fused,
    aliases: &[(usize, Source)],
    offset: &'a dyn Fn(Source) -> usize,
    head: Option<Head>,
) -> Result<Generated> {
    let len = fused.nodes.first().map_or(0, |n| graph.nodes[*n].value.len);
    let mut writer = Writer {
        graph,
        loads: fused.loads(graph),
        bindings: Vec::new(),
        params: head.map_or_else(|| vec![GroupParam::Const(Param::from(len))], |_| Vec::new()),
        functions: String::new(),
        locals: String::new(),
        body: String::new(),
        pieces: Vec::new(),
        head,
        offset,
    };
    for i in 0..writer.loads.len() {
        writer.load(i, aliases);
    }
    let mut name = String::new();
    for node in &fused.nodes {
        writer.call(*node, fused)?;
        if name.len() < 48 {
            name += if name.is_empty() && head.is_none() { "" } else { "+" };
            name += graph.nodes[*node].recorded.op.name();
        }
    }
    for node in &fused.outputs {
        writer.store(*node);
    }
    Ok(writer.finish(name))
}

impl Writer<'_> {
    /// The WGSL of a new parameter word.
    fn param(&mut self, param: GroupParam) -> String {
        self.params.push(param);
        self.word(self.params.len() - 1)
    }

    /// The WGSL of a parameter word.
    fn word(&self, at: usize) -> String {
        let of = if self.head.is_some() { "finish_params" } else { "params" };
        format!("{of}.words[{}].{}", at / 4, ["x", "y", "z", "w"][at % 4])
    }

    /// The WGSL of a new parameter word in the body. A loop that `main` has takes it from outside: SwiftShader checks each load
    /// of a uniform.
    fn local(&mut self, param: GroupParam) -> String {
        if self.head.is_some() {
            return self.param(param);
        }
        self.params.push(param);
        let at = self.params.len() - 1;
        let _ = writeln!(self.locals, "    let p{at} = {};", self.word(at));
        format!("p{at}")
    }

    /// The name of what is bound for a place.
    fn binding(&mut self, place: Place, access: Access) -> String {
        if let (Place::Store(node), Some(head)) = (place, self.head)
            && head.output == Some(node)
        {
            return "output".to_owned();
        }
        let found = self.bindings.iter().position(|(_, p)| *p == place);
        let at = found.unwrap_or_else(|| {
            self.bindings.push((access, place));
            self.bindings.len() - 1
        });
        format!("b{at}")
    }

    fn load(&mut self, i: usize, aliases: &[(usize, Source)]) {
        let (source, layout) = self.loads[i];
        let alias = aliases.iter().find(|(_, s)| *s == source);
        let binding = match alias {
            Some((node, _)) => self.binding(Place::Store(*node), Access::Write),
            None => self.binding(Place::Load(source), Access::Read),
        };
        let layout = Layout { offset: layout.offset + (self.offset)(source), ..layout.clone() };
        let place = self.place(i, &layout);
        let load = match self.graph.dtype(source) {
            DType::Bool => format!("{binding}[{place}] != 0u"),
            _ => format!("{binding}[{place}]"),
        };
        let _ = writeln!(self.body, "    let l{i} = {load};");
    }

    /// The expression for where element `i` of the result lies in a load.
    fn place(&mut self, load: usize, layout: &Layout) -> String {
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
        let mut code = format!("fn place{load}(i: u32) -> u32 {{\n    var rest = i;\n");
        let offset = self.param(GroupParam::Const(Param::from(layout.offset)));
        let _ = writeln!(code, "    var place = {offset};");
        for d in (0..sizes.len()).rev() {
            let stride = self.param(GroupParam::Const(Param::from(strides[d])));
            if d == 0 {
                let _ = writeln!(code, "    place += rest * {stride};");
            } else {
                let size = self.param(GroupParam::Const(Param::from(sizes[d])));
                let _ = writeln!(code, "    place += (rest % {size}) * {stride};\n    rest /= {size};");
            }
        }
        code += "    return place;\n}\n";
        self.functions += &code;
        format!("place{load}(i)")
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
        let binding = self.binding(Place::Store(node), Access::Write);
        let value = match self.graph.nodes[node].value.dtype {
            DType::Bool => format!("select(0u, 1u, v{node})"),
            _ => format!("v{node}"),
        };
        let place = match (self.offset)(Source::Node(node)) {
            0 => "i".to_owned(),
            offset => format!("i + {}", self.local(GroupParam::Const(Param::from(offset)))),
        };
        let _ = writeln!(self.body, "    {binding}[{place}] = {value};");
    }

    fn finish(mut self, name: String) -> Generated {
        // Behind a kernel's own bindings: storage, then the parameters if there are any.
        let first = self.head.map_or(0, |head| head.bindings);
        let mut code = String::new();
        for (i, (access, place)) in self.bindings.iter().enumerate() {
            let dtype = match place {
                Place::Load(source) => self.graph.dtype(*source),
                Place::Store(node) => self.graph.nodes[*node].value.dtype,
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
            if self.head.is_some() { ("FinishParams", "finish_params") } else { ("Params", "params") };
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
        let own = self.head.map(|_| "arrayLength(&output)".to_owned());
        let lengths = own.into_iter().chain((0..self.bindings.len()).map(|i| format!("arrayLength(&b{i})")));
        // Asked for once, ahead of loops: see shared/gemm_common.wgsl.
        let bound = lengths.reduce(|all, one| format!("min({all}, {one})")).unwrap_or_else(|| "1u".to_owned());
        let _ = writeln!(code, "fn bound() -> u32 {{\n    return {bound};\n}}");
        let (locals, body) = (&self.locals, &self.body);
        let _ = match self.head {
            Some(Head { node, .. }) => write!(code, "fn finish(i: u32, v{node}: Output) {{\n{body}}}\n"),
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
