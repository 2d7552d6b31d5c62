//! Element types, and typed memory on the CPU: `DType`, the traits `Element` and `Float`, owned `Array`s and
//! borrowed slices of them. It knows no shapes. The only matches over element types stand here.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// Booleans; one byte on the CPU, a `u32` of 0 or 1 on the GPU.
    Bool,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 32-bit integers (PyTorch's int64 where it returns indices: WebGPU has no 64-bit integers).
    I32,
    /// 32-bit floats, the type that networks are trained in.
    F32,
    /// 64-bit floats, on the CPU only: gradient checks run in them.
    F64,
}

impl DType {
    /// Bytes an element takes on the GPU, where every type is one word.
    pub const GPU_BYTES: usize = 4;

    /// Whether gradients exist for this type.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether this is an integer type (`Bool` is not).
    pub fn is_int(self) -> bool {
        matches!(self, Self::I32 | Self::U32)
    }

    /// The type's name in WGSL's registers; `None` where WGSL has none.
    pub fn wgsl(self) -> Option<&'static str> {
        match self {
            Self::Bool => Some("bool"),
            Self::U32 => Some("u32"),
            Self::I32 => Some("i32"),
            Self::F32 => Some("f32"),
            Self::F64 => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A type that tensors can hold.
pub trait Element: Copy + Default + PartialEq + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// Its `DType`.
    const DTYPE: DType;
    /// The elements of an array of this type.
    fn of(array: &Array) -> Option<&[Self]>;
    /// The elements of an array of this type, to write.
    fn of_mut(array: &mut Array) -> Option<&mut Vec<Self>>;
    /// An array that owns `data`.
    fn array(data: Vec<Self>) -> Array;
    /// The same elements, borrowed.
    fn slice(data: &[Self]) -> Slice<'_>;
    /// The typed slice behind a borrowed one.
    fn of_slice(slice: Slice<'_>) -> Option<&[Self]>;
    /// The typed slice behind a mutable one.
    fn of_slice_mut(slice: SliceMut<'_>) -> Option<&mut [Self]>;
    /// From a number, rounding toward zero where the type is an integer; bool is `x != 0`.
    fn from_f64(x: f64) -> Self;
    /// As a number.
    fn to_f64(self) -> f64;
    /// The word that stands for it on the GPU (f64 is rounded to f32).
    fn to_word(self) -> u32;
    /// From the word that stands for it on the GPU.
    fn from_word(word: u32) -> Self;
}

/// A floating-point element: what kernels on the CPU are generic over, so that gradient checks run the same
/// code in f64.
pub trait Float: Element + num_traits::Float + std::iter::Sum + std::ops::AddAssign + std::ops::MulAssign {
    /// The error function, erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.
    fn erf(self) -> Self;
    /// The nearest whole number, halves to the even one.
    fn round_ties_even(self) -> Self;
    /// The hyperbolic tangent, in a form that becomes vector instructions where there is one.
    fn tanh_in_line(self) -> Self;
    /// A constant of the mathematics, such as 0.5.
    fn c(x: f64) -> Self {
        Self::from_f64(x)
    }
}

impl Float for f32 {
    fn erf(self) -> Self {
        libm::erff(self)
    }

    #[inline(always)]
    fn tanh_in_line(self) -> Self {
        super::math::tanh(self)
    }

    fn round_ties_even(self) -> Self {
        Self::round_ties_even(self)
    }
}

impl Float for f64 {
    fn erf(self) -> Self {
        libm::erf(self)
    }

    fn tanh_in_line(self) -> Self {
        self.tanh()
    }

    fn round_ties_even(self) -> Self {
        Self::round_ties_even(self)
    }
}

macro_rules! storage {
    ($($variant:ident $type:ty, $from:expr, $to:expr, $to_word:expr, $from_word:expr;)*) => {
        /// Elements owned on the CPU.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Array { $(#[doc = concat!("Elements of type `", stringify!($type), "`.")] $variant(Vec<$type>)),* }

        /// Borrowed elements.
        #[derive(Clone, Copy, Debug)]
        pub enum Slice<'a> { $(#[doc = concat!("Elements of type `", stringify!($type), "`.")] $variant(&'a [$type])),* }

        /// Mutably borrowed elements.
        #[derive(Debug)]
        pub enum SliceMut<'a> { $(#[doc = concat!("Elements of type `", stringify!($type), "`.")] $variant(&'a mut [$type])),* }

        impl Array {
            /// `len` zeros of a type.
            pub fn zeros(dtype: DType, len: usize) -> Self {
                match dtype { $(DType::$variant => Self::$variant(vec![Default::default(); len])),* }
            }
            /// The type of the elements.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// How many there are.
            pub fn len(&self) -> usize { match self { $(Self::$variant(v) => v.len()),* } }
            /// Whether there are none.
            pub fn is_empty(&self) -> bool { self.len() == 0 }
            /// All of them, borrowed.
            pub fn as_slice(&self) -> Slice<'_> { match self { $(Self::$variant(v) => Slice::$variant(v)),* } }
            /// All of them, to write.
            pub fn as_mut(&mut self) -> SliceMut<'_> { match self { $(Self::$variant(v) => SliceMut::$variant(v)),* } }
            /// Bytes they take.
            pub fn bytes(&self) -> usize { match self { $(Self::$variant(v) => size_of::<$type>() * v.len()),* } }
            /// Makes all of them one number.
            pub fn fill(&mut self, x: f64) { match self { $(Self::$variant(v) => v.fill(<$type>::from_f64(x))),* } }
            /// As numbers.
            pub fn to_f64(&self) -> Vec<f64> {
                match self { $(Self::$variant(v) => v.iter().map(|x| x.to_f64()).collect()),* }
            }
            /// As the words that stand for them on the GPU.
            pub fn to_words(&self) -> Vec<u32> {
                match self { $(Self::$variant(v) => v.iter().map(|x| x.to_word()).collect()),* }
            }
            /// From the words that stand for them on the GPU.
            pub fn from_words(dtype: DType, words: &[u32]) -> Self {
                match dtype { $(DType::$variant => Self::$variant(words.iter().map(|w| <$type>::from_word(*w)).collect())),* }
            }
        }

        impl<'a> Slice<'a> {
            /// The type of the elements.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// A part of them.
            pub fn range(self, from: usize, to: usize) -> Slice<'a> {
                match self { $(Self::$variant(v) => Slice::$variant(&v[from..to])),* }
            }
        }

        impl<'a> SliceMut<'a> {
            /// The type of the elements.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// How many there are.
            pub fn len(&self) -> usize { match self { $(Self::$variant(v) => v.len()),* } }
            /// Whether there are none.
            pub fn is_empty(&self) -> bool { self.len() == 0 }
            /// A part of them, to write.
            pub fn range(self, from: usize, to: usize) -> SliceMut<'a> {
                match self { $(Self::$variant(v) => SliceMut::$variant(&mut v[from..to])),* }
            }
            /// A part of them, to write for a while.
            pub fn part(&mut self, from: usize, to: usize) -> SliceMut<'_> {
                match self { $(Self::$variant(v) => SliceMut::$variant(&mut v[from..to])),* }
            }
            /// A part of them, to read.
            pub fn read(&self, from: usize, to: usize) -> Slice<'_> {
                match self { $(Self::$variant(v) => Slice::$variant(&v[from..to])),* }
            }
            /// Parts of `len` elements, the last perhaps shorter.
            pub fn chunks(self, len: usize) -> Vec<SliceMut<'a>> {
                match self { $(Self::$variant(v) => v.chunks_mut(len.max(1)).map(SliceMut::$variant).collect()),* }
            }
        }

        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;
            fn of(array: &Array) -> Option<&[Self]> { match array { Array::$variant(v) => Some(v), _ => None } }
            fn of_mut(array: &mut Array) -> Option<&mut Vec<Self>> { match array { Array::$variant(v) => Some(v), _ => None } }
            fn array(data: Vec<Self>) -> Array { Array::$variant(data) }
            fn slice(data: &[Self]) -> Slice<'_> { Slice::$variant(data) }
            fn of_slice(slice: Slice<'_>) -> Option<&[Self]> { match slice { Slice::$variant(v) => Some(v), _ => None } }
            fn of_slice_mut(slice: SliceMut<'_>) -> Option<&mut [Self]> { match slice { SliceMut::$variant(v) => Some(v), _ => None } }
            fn from_f64(x: f64) -> Self { ($from)(x) }
            fn to_f64(self) -> f64 { ($to)(self) }
            fn to_word(self) -> u32 { ($to_word)(self) }
            fn from_word(word: u32) -> Self { ($from_word)(word) }
        })*
    };
}

storage! {
    Bool bool, |x: f64| x != 0.0, |x: bool| f64::from(u8::from(x)), |x: bool| u32::from(x), |w: u32| w != 0;
    U32 u32, |x: f64| x as u32, f64::from, |x: u32| x, |w: u32| w;
    I32 i32, |x: f64| x as i32, f64::from, |x: i32| x as u32, |w: u32| w as i32;
    F32 f32, |x: f64| x as f32, f64::from, f32::to_bits, f32::from_bits;
    F64 f64, |x: f64| x, |x: f64| x, |x: f64| (x as f32).to_bits(), |w: u32| f64::from(f32::from_bits(w));
}

/// Runs `$body` with `$T` standing for the element type that `$dtype` names; `floats` restricts it to f32 and
/// f64 and gives the `$other` arm for the rest.
#[macro_export]
macro_rules! dispatch {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
    ($dtype:expr, floats $T:ident => $body:expr, $other:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            _ => $other,
        }
    };
}
