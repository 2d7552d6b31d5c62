//! What an operation is: the contract that its author signs. Nothing in it is optional, so an operation without
//! a meaning on the CPU, a kernel or a derivative does not compile. It knows no operation.

use std::fmt::Debug;
use std::hash::Hasher;

use smallvec::SmallVec;

use super::{Function, Layout, Shape};
use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{DType, Device, Element, Float, Slice, SliceMut};
use crate::{Error, Result};

/// Shape and element type of a tensor: all that checks need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The sizes.
    pub shape: Shape,
    /// The element type.
    pub dtype: DType,
}

impl Spec {
    /// A spec.
    pub fn new(shape: impl Into<Shape>, dtype: DType) -> Self {
        Self { shape: shape.into(), dtype }
    }
}

/// A number that may differ from step to step without making another plan: a learning rate, a random seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// A float; on the GPU an `f32`.
    Float(f64),
    /// A word; on the GPU a `u32`.
    Word(u32),
    /// An integer; on the GPU an `i32`.
    Int(i32),
}

impl Scalar {
    /// Its type in WGSL.
    pub fn wgsl(self) -> &'static str {
        match self {
            Self::Float(_) => "f32",
            Self::Word(_) => "u32",
            Self::Int(_) => "i32",
        }
    }

    /// The word that stands for it on the GPU.
    pub fn word(self) -> u32 {
        match self {
            Self::Float(x) => (x as f32).to_bits(),
            Self::Word(word) => word,
            Self::Int(int) => int as u32,
        }
    }
}

/// The scalars of an operation.
pub type Scalars = SmallVec<[Scalar; 4]>;

/// An operation that makes a new value of values. Its arguments are the struct's fields.
pub trait Op: Function + Debug + Send + Sync {
    /// Shape and type of the result: the only place where operands can be wrong.
    ///
    /// # Errors
    /// The operands do not fit; the error names this operation, the rule and the shapes.
    fn infer(&self, operands: &[Spec]) -> Result<Spec>;

    /// Tells apart operations that need different plans: hash every field that changes what is computed, except
    /// those given as [`Op::scalars`].
    fn key(&self, state: &mut dyn Hasher);

    /// The numbers that may change from step to step.
    fn scalars(&self) -> Scalars;

    /// How it is computed.
    fn compute(&self) -> Compute<'_>;
}

/// The two kinds of computation.
pub enum Compute<'a> {
    /// Element by element: fused with its neighbours into one generated kernel.
    Pointwise(&'a dyn Pointwise),
    /// By a kernel of its own.
    Kernel(&'a dyn Kernel),
}

/// An operation whose element i needs only element i of its operands (after broadcasting) and i itself.
pub trait Pointwise: Sync {
    /// The WGSL function that computes one element, for operands of these types: its arguments are the
    /// operands, then the scalars in order, then, if `takes_index`, the element's number as `u32`.
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn>;

    /// A run of elements: `output[i] = f(operands[0][i], …)`; the first has the number `first` in the result.
    ///
    /// # Errors
    /// A value that the operation does not accept.
    fn eval(&self, operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()>;
}

/// A function in a WGSL file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WgslFn {
    /// The files that define it and what it calls.
    pub pieces: SmallVec<[&'static str; 2]>,
    /// Its name.
    pub name: String,
    /// The types of its scalar parameters: `f32`, `u32` or `i32`, one for each of [`Op::scalars`].
    pub scalars: SmallVec<[&'static str; 4]>,
    /// Whether it takes the element's number as its last argument.
    pub takes_index: bool,
}

/// An operation with a kernel of its own.
pub trait Kernel {
    /// Whether operand `index` may be read through `layout`; if not, a contiguous copy that starts at offset 0
    /// is made first. Accept offsets: parameters lie inside of one long buffer.
    fn accepts(&self, index: usize, layout: &Layout) -> bool;

    /// Whether [`Kernel::cpu`] writes every element of the output, so that it need not be zeroed before.
    fn overwrites(&self) -> bool {
        false
    }

    /// Its meaning, in plain loops. `output` is contiguous, and zeroed unless the kernel [`Kernel::overwrites`] it.
    ///
    /// # Errors
    /// A value that the operation does not accept, such as an index out of range.
    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()>;

    /// The launches that compute it on the GPU. `output` lies contiguous.
    ///
    /// # Errors
    /// Something the GPU cannot do, such as an index beyond 32 bits.
    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program>;

    /// Whether the shaders hand every element of the result, once, to `finish(i, value)`, which is given to them: i is
    /// the element's number, and value has the shader's type `Output`. Pointwise operations on the result then run there.
    fn finishes(&self) -> bool {
        false
    }

    /// Where in the result each operand lies, for an operation that only puts operands of these layouts one after the
    /// other: then they are written there in the first place, where that can be.
    fn joins(&self, _operands: &[&Layout]) -> Option<Vec<usize>> {
        None
    }
}

/// Elements read through a layout, on the CPU.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// All elements of the value.
    pub data: Slice<'a>,
    /// Which of them, in which order.
    pub layout: &'a Layout,
}

impl<'a> View<'a> {
    /// The whole slice behind the layout, as elements of type `T`.
    ///
    /// # Errors
    /// A bug: the type is another one.
    pub fn typed<T: Element>(&self) -> Result<&'a [T]> {
        typed(self.data)
    }

    /// The elements in row-major order, without a copy: for operands that are only accepted contiguous.
    ///
    /// # Errors
    /// A bug: the type is another one, or the layout has gaps.
    pub fn contiguous<T: Element>(&self) -> Result<&'a [T]> {
        let data = self.typed::<T>()?;
        if !self.layout.is_contiguous() {
            return Err(Error::internal("a kernel was given a strided operand that it does not accept"));
        }
        let (from, len) = (self.layout.offset, self.layout.numel());
        if len == 0 {
            return Ok(&[]); // An empty slice may begin behind the end.
        }
        data.get(from..from + len).ok_or_else(|| Error::internal("a layout reaches beyond its memory"))
    }
}

/// The slice behind an operand, as elements of type `T`.
///
/// # Errors
/// A bug: the type is another one.
pub fn typed<T: Element>(data: Slice<'_>) -> Result<&[T]> {
    T::of_slice(data).ok_or_else(|| Error::internal(format!("expected {}, found {}", T::DTYPE, data.dtype())))
}

/// The slice behind an output, as elements of type `T`.
///
/// # Errors
/// A bug: the type is another one.
pub fn typed_mut<T: Element>(output: SliceMut<'_>) -> Result<&mut [T]> {
    let found = output.dtype();
    T::of_slice_mut(output).ok_or_else(|| Error::internal(format!("expected {}, found {found}", T::DTYPE)))
}

/// A layout and an element type: an operand, as a kernel on the GPU is prepared for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewSpec {
    /// How the operand lies in its buffer.
    pub layout: Layout,
    /// Its element type.
    pub dtype: DType,
}

/// Launches in order, and the scratch memory they share.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// What to run.
    pub launches: Vec<Launch>,
    /// Elements (words) of each scratch buffer.
    pub scratch: Vec<usize>,
}

/// One kernel launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The kernel.
    pub source: KernelSource,
    /// What its storage bindings 0, 1, … are.
    pub bindings: Vec<Bind>,
    /// Its uniform parameters.
    pub params: Vec<Param>,
    /// Workgroups in x, y, z.
    pub groups: [u32; 3],
}

/// What a storage binding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// An operand, read only.
    Operand(usize),
    /// The result, read and write.
    Output,
    /// Scratch memory, read and write.
    Scratch(usize),
    /// Scratch memory written by an earlier launch, read only.
    ScratchRead(usize),
    /// The words to which kernels report indices out of range: `array<atomic<u32>>`, see `shared/fault.wgsl`.
    Faults,
}

/// A word of the uniform parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A constant of the plan.
    Word(u32),
    /// The operation's scalar of this number, written anew at every execution.
    Scalar(usize),
    /// The number under which the kernel reports faults.
    Fault(FaultSite),
}

impl From<u32> for Param {
    fn from(word: u32) -> Self {
        Self::Word(word)
    }
}

impl From<usize> for Param {
    fn from(word: usize) -> Self {
        Self::Word(word as u32)
    }
}

impl From<i32> for Param {
    fn from(word: i32) -> Self {
        Self::Word(word as u32)
    }
}

impl From<isize> for Param {
    fn from(word: isize) -> Self {
        Self::Word(word as i32 as u32)
    }
}

impl From<f32> for Param {
    fn from(x: f32) -> Self {
        Self::Word(x.to_bits())
    }
}

/// Workgroups for `n` threads in groups of `size`, spread over x and y; the kernel's thread number is
/// `id.y * (num_workgroups.x * size) + id.x`.
pub fn groups_1d(n: usize, size: usize) -> [u32; 3] {
    const MOST: usize = 65_535;
    let groups = n.div_ceil(size).max(1);
    let y = groups.div_ceil(MOST);
    [groups.div_ceil(y) as u32, y as u32, 1]
}

/// A float kernel's typed body: `f32` and `f64` by the same code.
pub trait FloatKernel {
    /// `output` in terms of the operands, which are contiguous where the op accepts nothing else.
    ///
    /// # Errors
    /// A value that the operation does not accept.
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()>;

    /// [`FloatKernel::run`] for the type that `output` has.
    ///
    /// # Errors
    /// A value that the operation does not accept, or a bug: the output is no float.
    fn run_any(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let dtype = output.dtype();
        crate::dispatch!(dtype, floats T => self.run::<T>(operands, typed_mut(output)?),
            Err(Error::internal(format!("a float kernel was given {dtype}"))))
    }
}
