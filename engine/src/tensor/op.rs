//! The contract of an operation: shape rule, CPU loop, GPU kernel and derivative are all required,
//! so an operation without one of them does not compile. The module knows no operation.

use std::fmt::Debug;
use std::hash::Hasher;

use smallvec::SmallVec;

use super::{Function, Layout, Shape};
use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{DType, Device, Element, Float, Slice, SliceMut};
use crate::{Error, Result};

/// Shape and element type of a tensor: all that shape rules need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Sizes of the dimensions.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
}

impl Spec {
    /// Creates a spec.
    pub fn new(shape: impl Into<Shape>, dtype: DType) -> Self {
        Self { shape: shape.into(), dtype }
    }
}

/// A number that may change from step to step under the same plan: a learning rate, a random seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Floating-point number, `f32` on the GPU.
    Float(f64),
    /// Unsigned 32-bit word, `u32` on the GPU.
    Word(u32),
    /// Signed 32-bit integer, `i32` on the GPU.
    Int(i32),
}

impl Scalar {
    /// Returns the type's name in WGSL.
    pub fn wgsl(self) -> &'static str {
        match self {
            Self::Float(_) => "f32",
            Self::Word(_) => "u32",
            Self::Int(_) => "i32",
        }
    }

    /// Returns the word that represents it on the GPU.
    pub fn word(self) -> u32 {
        match self {
            Self::Float(x) => (x as f32).to_bits(),
            Self::Word(word) => word,
            Self::Int(int) => int as u32,
        }
    }
}

/// Scalars of an operation, in order.
pub type Scalars = SmallVec<[Scalar; 4]>;

/// An operation that computes a new value from values. Its arguments are the struct's fields.
pub trait Op: Function + Debug + Send + Sync {
    /// Infers shape and type of the result; the only check of operands.
    ///
    /// # Errors
    /// The operands do not fit; the error names the operation, the rule and the shapes.
    fn infer(&self, operands: &[Spec]) -> Result<Spec>;

    /// Hashes every field that changes the computation, except those given as [`Op::scalars`]:
    /// operations of equal keys share a plan.
    fn key(&self, state: &mut dyn Hasher);

    /// Returns the numbers that may change from step to step.
    fn scalars(&self) -> Scalars;

    /// Returns the kind of computation.
    fn compute(&self) -> Compute<'_>;
}

/// Kind of computation.
pub enum Compute<'a> {
    /// Element by element; fused with its neighbors into one generated kernel.
    Pointwise(&'a dyn Pointwise),
    /// By its own kernel.
    Kernel(&'a dyn Kernel),
}

/// An operation whose element i needs only element i of its operands (after broadcasting) and i
/// itself.
pub trait Pointwise: Sync {
    /// Returns the WGSL function that computes one element, for operands of these types. Its
    /// arguments are the operands, the scalars in order and, if `takes_index`, the element's index
    /// as `u32`.
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn>;

    /// Computes a run of elements, `output[i] = f(operands[0][i], …)`; `first` is the index of the
    /// first one in the result.
    ///
    /// # Errors
    /// A value that the operation does not accept.
    fn eval(&self, operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()>;
}

/// A function in a WGSL file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WgslFn {
    /// Files that define it and the functions it calls.
    pub pieces: SmallVec<[&'static str; 2]>,
    /// Name of the function.
    pub name: String,
    /// Types of its scalar parameters (`f32`, `u32` or `i32`), one for each of [`Op::scalars`].
    pub scalars: SmallVec<[&'static str; 4]>,
    /// Takes the element's index as the last argument if true.
    pub takes_index: bool,
}

/// An operation with its own kernel.
pub trait Kernel {
    /// Returns `true` if operand `index` may be read through `layout`; otherwise a contiguous copy
    /// at offset 0 is made first. Accept offsets: parameters are slices of one long buffer.
    fn accepts(&self, index: usize, layout: &Layout) -> bool;

    /// Returns `true` if [`Kernel::cpu`] writes every element of the output, which then need not be
    /// zeroed.
    fn writes_every_element(&self) -> bool {
        false
    }

    /// Computes the result in plain loops. `output` is contiguous, and zeroed unless the kernel
    /// [`Kernel::writes_every_element`].
    ///
    /// # Errors
    /// A value that the operation does not accept, such as an index out of range.
    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()>;

    /// Returns the launches that compute it on the GPU. `output` is contiguous.
    ///
    /// # Errors
    /// A limit of the GPU is exceeded, such as an index beyond 32 bits.
    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program>;

    /// Returns `true` if the shaders pass every element of the result exactly once to
    /// `epilogue(i, value)`, with the element's index and a value of the shader's type `Output`.
    /// Pointwise operations on the result then run there.
    fn fuses_epilogue(&self) -> bool {
        false
    }

    /// Returns each operand's offset in the result, for an operation that only concatenates
    /// operands of these layouts. Where possible, operands are then written there directly.
    fn concat_offsets(&self, _operands: &[&Layout]) -> Option<Vec<usize>> {
        None
    }
}

/// Elements read through a layout, on the CPU.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// All elements of the value.
    pub data: Slice<'a>,
    /// Layout of the elements read.
    pub layout: &'a Layout,
}

impl<'a> View<'a> {
    /// Returns the whole slice behind the layout, as elements of type `T`.
    ///
    /// # Errors
    /// The element type differs (a bug).
    pub fn typed<T: Element>(&self) -> Result<&'a [T]> {
        typed(self.data)
    }

    /// Returns the elements in row-major order without a copy, for operands accepted only if
    /// contiguous.
    ///
    /// # Errors
    /// The element type differs or the layout has gaps (a bug).
    pub fn contiguous<T: Element>(&self) -> Result<&'a [T]> {
        let data = self.typed::<T>()?;
        if !self.layout.is_contiguous() {
            return Err(Error::internal("a kernel was given a strided operand that it does not accept"));
        }
        let (from, len) = (self.layout.offset, self.layout.numel());
        if len == 0 {
            return Ok(&[]); // The offset of an empty slice may be beyond the end.
        }
        data.get(from..from + len).ok_or_else(|| Error::internal("a layout reaches beyond its memory"))
    }
}

/// Returns the slice behind an operand, as elements of type `T`.
///
/// # Errors
/// The element type differs (a bug).
pub fn typed<T: Element>(data: Slice<'_>) -> Result<&[T]> {
    T::downcast_slice(data).ok_or_else(|| Error::internal(format!("expected {}, found {}", T::DTYPE, data.dtype())))
}

/// Returns the slice behind an output, as elements of type `T`.
///
/// # Errors
/// The element type differs (a bug).
pub fn typed_mut<T: Element>(output: SliceMut<'_>) -> Result<&mut [T]> {
    let found = output.dtype();
    T::downcast_slice_mut(output).ok_or_else(|| Error::internal(format!("expected {}, found {found}", T::DTYPE)))
}

/// Layout and element type of an operand, for the preparation of a GPU kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewSpec {
    /// Layout of the operand in its buffer.
    pub layout: Layout,
    /// Element type.
    pub dtype: DType,
}

/// Kernel launches in order, and the scratch memory they share.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Launches, in order.
    pub launches: Vec<Launch>,
    /// Length of each scratch buffer, in words.
    pub scratch: Vec<usize>,
}

/// A kernel launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Kernel to run.
    pub source: KernelSource,
    /// Contents of the storage bindings 0, 1, ….
    pub bindings: Vec<Bind>,
    /// Uniform parameters, in order.
    pub params: Vec<Param>,
    /// Number of workgroups in x, y, z.
    pub groups: [u32; 3],
}

/// Contents of a storage binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// An operand, read only.
    Operand(usize),
    /// Result, read and write.
    Output,
    /// Scratch memory, read and write.
    Scratch(usize),
    /// Scratch memory written by an earlier launch, read only.
    ScratchRead(usize),
    /// Words in which kernels report indices out of range: `array<atomic<u32>>`, see
    /// `shared/fault.wgsl`.
    Faults,
}

/// A word of the uniform parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A constant of the plan.
    Word(u32),
    /// Index into the operation's scalars; written anew at every execution.
    Scalar(usize),
    /// Site under which the kernel reports faults.
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

/// Returns the workgroups for `n` threads in groups of `size`, spread over x and y; the kernel's
/// thread index is `id.y * (num_workgroups.x * size) + id.x`.
pub fn groups_1d(n: usize, size: usize) -> [u32; 3] {
    const MAX_GROUPS_PER_DIMENSION: usize = 65_535;
    let groups = n.div_ceil(size).max(1);
    let y = groups.div_ceil(MAX_GROUPS_PER_DIMENSION);
    [groups.div_ceil(y) as u32, y as u32, 1]
}

/// A float kernel's typed body: one implementation for `f32` and `f64`.
pub trait FloatKernel {
    /// Computes `output` from the operands, which are contiguous where the op accepts nothing else.
    ///
    /// # Errors
    /// A value that the operation does not accept.
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()>;

    /// Calls [`FloatKernel::run`] for the element type of `output`.
    ///
    /// # Errors
    /// A value that the operation does not accept; or an output that is no float (a bug).
    fn run_any(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let dtype = output.dtype();
        crate::dispatch!(dtype, floats T => self.run::<T>(operands, typed_mut(output)?),
            Err(Error::internal(format!("a float kernel was given {dtype}"))))
    }
}
