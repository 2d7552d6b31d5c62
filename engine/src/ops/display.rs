//! Display as in PyTorch (`torch/_tensor_str.py` is the reference): precision 4, lines of 80
//! columns, the edges of tensors with more than 1000 elements.

use std::fmt;

use crate::device::{Array, DType, Element};
use crate::dispatch;
use crate::tensor::Tensor;

const PRECISION: usize = 4;
const LINE: usize = 80;
const MAX_SHOWN_ELEMENTS: usize = 1000;
/// Elements shown at each edge of a summarized dimension.
const EDGE: usize = 3;

/// Elements to print, with their shape.
struct Printer<'a> {
    elements: &'a [Number],
    dims: &'a [usize],
    summarize: bool,
    format: Format,
}

/// An element; f64 does not hold all integers.
#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

fn numbers(array: &Array) -> Vec<Number> {
    dispatch!(array.dtype(), T => {
        let number = |x: &T| if T::DTYPE.is_float() { Number::Float((*x).to_f64()) } else { Number::Int((*x).to_i64()) };
        T::downcast(array).unwrap_or_default().iter().map(number).collect()
    })
}

/// Number format of a tensor.
struct Format {
    kind: Kind,
    width: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Integer,
    /// Floats with integral values: `3.`
    Whole,
    Fixed,
    Scientific,
}

impl Format {
    /// Chooses the format for all `shown` elements: scientific if they differ a thousandfold or are
    /// extreme.
    fn new(dtype: DType, shown: &[Number]) -> Self {
        let kind = match dtype {
            DType::Bool => Kind::Bool,
            DType::I32 | DType::U32 | DType::I64 => Kind::Integer,
            DType::F32 | DType::F64 => float_kind(shown),
        };
        let mut format = Self { kind, width: 1 };
        let counts = |x: &&Number| if let Number::Float(x) = x { x.is_finite() && *x != 0.0 } else { true };
        format.width = shown.iter().filter(counts).map(|x| format.bare(*x).len()).max().unwrap_or(0).max(1);
        format
    }

    fn bare(&self, x: Number) -> String {
        match (x, self.kind) {
            (Number::Int(x), Kind::Bool) => if x != 0 { "True" } else { "False" }.to_owned(),
            (Number::Int(x), _) => x.to_string(),
            (Number::Float(x), _) if x.is_nan() => "nan".to_owned(),
            (Number::Float(x), _) if x.is_infinite() => if x > 0.0 { "inf" } else { "-inf" }.to_owned(),
            (Number::Float(x), Kind::Fixed) => format!("{x:.PRECISION$}"),
            (Number::Float(x), Kind::Scientific) => scientific(x),
            (Number::Float(x), _) => format!("{x:.0}."),
        }
    }

    fn write(&self, x: Number) -> String {
        format!("{:>width$}", self.bare(x), width = self.width)
    }
}

fn float_kind(shown: &[Number]) -> Kind {
    let float = |x: &Number| if let Number::Float(x) = x { Some(*x) } else { None };
    let finite = || shown.iter().filter_map(float).filter(|x| x.is_finite() && *x != 0.0);
    let (least, most) = finite().fold((f64::INFINITY, 0.0f64), |(a, b), x| (a.min(x.abs()), b.max(x.abs())));
    if most == 0.0 {
        return Kind::Whole;
    }
    if most / least > 1000.0 || most > 1e8 || least < 1e-4 {
        return Kind::Scientific;
    }
    if finite().all(|x| x.fract() == 0.0) { Kind::Whole } else { Kind::Fixed }
}

/// Formats as C does: `1.5000e+00`, the exponent with a sign and at least two digits.
fn scientific(x: f64) -> String {
    let text = format!("{x:.PRECISION$e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

impl Printer<'_> {
    /// Returns the indices shown along a dimension; `None` marks the omitted ones.
    fn shown_indices(&self, size: usize) -> Vec<Option<usize>> {
        if self.summarize && size > 2 * EDGE {
            let edges = (0..EDGE).map(Some).chain([None]);
            return edges.chain((size - EDGE..size).map(Some)).collect();
        }
        (0..size).map(Some).collect()
    }

    fn write(&self, dim: usize, first: usize, indent: usize) -> String {
        let Some(size) = self.dims.get(dim) else { return self.format.write(self.elements[first]) };
        let step: usize = self.dims[dim + 1..].iter().product();
        let indices = self.shown_indices(*size);
        if dim + 1 == self.dims.len() {
            let write = |index: &Option<usize>| match index {
                Some(i) => self.format.write(self.elements[first + i]),
                None => " ...".to_owned(),
            };
            let elements: Vec<String> = indices.iter().map(write).collect();
            let a_line = ((LINE.saturating_sub(indent)) / (self.format.width + 2)).max(1);
            let lines: Vec<String> = elements.chunks(a_line).map(|line| line.join(", ")).collect();
            return format!("[{}]", lines.join(&format!(",\n{}", " ".repeat(indent + 1))));
        }
        let write = |index: &Option<usize>| match index {
            Some(i) => self.write(dim + 1, first + i * step, indent + 1),
            None => "...".to_owned(),
        };
        let parts: Vec<String> = indices.iter().map(write).collect();
        let breaks = "\n".repeat(self.dims.len() - dim - 1);
        format!("[{}]", parts.join(&format!(",{breaks}{}", " ".repeat(indent + 1))))
    }

    /// Collects the elements that will be shown; only they determine the format.
    fn shown(&self, dim: usize, first: usize, out: &mut Vec<Number>) {
        let Some(size) = self.dims.get(dim) else { return out.push(self.elements[first]) };
        let step: usize = self.dims[dim + 1..].iter().product();
        for i in self.shown_indices(*size).into_iter().flatten() {
            self.shown(dim + 1, first + i * step, out);
        }
    }
}

/// Returns PyTorch's class name of a `grad_fn`: `AddBackward0`.
fn class(name: &str) -> String {
    let name = name.strip_suffix("_scalar").unwrap_or(name);
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or(String::new(), |first| std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
    });
    words.collect::<String>() + "Backward0"
}

impl Tensor {
    fn suffixes(&self) -> Vec<String> {
        let mut suffixes = Vec::new();
        if !self.device().is_cpu() {
            suffixes.push(format!("device='{}'", self.device()));
        }
        if self.numel() == 0 && self.ndim() != 1 {
            let sizes: Vec<String> = self.dims().iter().map(usize::to_string).collect();
            suffixes.push(format!("size=({})", sizes.join(", ")));
        }
        let name = match self.dtype() {
            DType::F32 => None,
            DType::F64 => Some("torch.float64"),
            DType::U32 => Some("torch.uint32"),
            DType::I64 => (self.numel() == 0).then_some("torch.int64"),
            // i32 takes the role of PyTorch's default integer; without elements even that is named.
            DType::I32 => (self.numel() == 0).then_some("torch.int32"),
            DType::Bool => (self.numel() == 0).then_some("torch.bool"),
        };
        suffixes.extend(name.map(|name| format!("dtype={name}")));
        if let Some(node) = self.grad_fn() {
            suffixes.push(format!("grad_fn=<{}>", class(node.name())));
        } else if self.requires_grad() {
            suffixes.push("requires_grad=True".to_owned());
        }
        suffixes
    }
}

impl fmt::Display for Tensor {
    /// Prints as PyTorch does. A tensor on a GPU is read first. In a browser, where this cannot
    /// wait, its shape is printed with a note that it must be read first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const START: &str = "tensor(";
        let elements = match self.read_now("display") {
            Ok(elements) => numbers(&elements),
            Err(error) => return write!(f, "{START}shape={}, dtype={}: {error})", self.shape(), self.dtype()),
        };
        let mut text = START.to_owned();
        if elements.is_empty() {
            text += "[]";
        } else {
            let summarize = elements.len() > MAX_SHOWN_ELEMENTS;
            let format = Format { kind: Kind::Whole, width: 1 };
            let mut printer = Printer { elements: &elements, dims: self.dims(), summarize, format };
            let mut shown = Vec::new();
            printer.shown(0, 0, &mut shown);
            printer.format = Format::new(self.dtype(), &shown);
            text += &printer.write(0, 0, START.len());
        }
        // PyTorch counts `len(text) - text.rfind("\n") + 1`, where rfind gives −1 if there is no
        // break.
        let mut last_line = text.rfind('\n').map_or(text.len() + 2, |at| text.len() - at + 1);
        for suffix in self.suffixes() {
            if last_line + suffix.len() + 2 > LINE {
                text += &format!(",\n{}{suffix}", " ".repeat(START.len()));
                last_line = START.len() + suffix.len();
            } else {
                text += &format!(", {suffix}");
                last_line += suffix.len() + 2;
            }
        }
        write!(f, "{text})")
    }
}
