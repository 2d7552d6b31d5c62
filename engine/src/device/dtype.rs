//! Element types and typed memory on the CPU: `DType`, the traits `Element` and `Float`, owned
//! `Array`s and borrowed slices. The module knows no shapes. All matches over element types are
//! here.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// Booleans: one byte on the CPU, a `u32` of 0 or 1 on the GPU.
    Bool,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 32-bit integers: used where PyTorch returns int64 (indices, labels, sums of bools),
    /// since WebGPU has no 64-bit integers.
    I32,
    /// Signed 64-bit integers, for data that needs them; two words on the GPU, where few operations
    /// take them.
    I64,
    /// 32-bit floats, the type that networks are trained in.
    F32,
    /// 64-bit floats, on the CPU only; gradient checks run in them.
    F64,
}

impl DType {
    /// Returns the 32-bit words of an element on the GPU; f64 does not go there.
    pub fn words(self) -> usize {
        match self {
            Self::Bool | Self::U32 | Self::I32 | Self::F32 => 1,
            Self::I64 | Self::F64 => 2,
        }
    }

    /// Returns `true` for types that can have gradients.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Returns `true` for integer types (`Bool` is not one).
    pub fn is_int(self) -> bool {
        matches!(self, Self::I64 | Self::I32 | Self::U32)
    }

    /// Returns the type in which integers and bools are added and multiplied: i64 stays, all others
    /// become i32.
    pub fn integer(self) -> Self {
        if self == Self::I64 { Self::I64 } else { Self::I32 }
    }

    /// Returns the type's name in WGSL registers, for i64 that of the low and the high word; `None`
    /// where WGSL has none.
    pub fn wgsl(self) -> Option<&'static str> {
        match self {
            Self::Bool => Some("bool"),
            Self::U32 => Some("u32"),
            Self::I32 => Some("i32"),
            Self::I64 => Some("vec2<u32>"),
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
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A type that tensors can hold.
pub trait Element: Copy + Default + PartialEq + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// The matching `DType`.
    const DTYPE: DType;
    /// Array of the words that represent an element on the GPU.
    type Words: AsRef<[u32]>;
    /// Returns the elements of an array of this type.
    fn downcast(array: &Array) -> Option<&[Self]>;
    /// Returns the elements of an array of this type, for writing.
    fn downcast_mut(array: &mut Array) -> Option<&mut Vec<Self>>;
    /// Creates an array that owns `data`.
    fn array(data: Vec<Self>) -> Array;
    /// Borrows the elements as an untyped slice.
    fn slice(data: &[Self]) -> Slice<'_>;
    /// Returns the typed slice behind a borrowed one.
    fn downcast_slice(slice: Slice<'_>) -> Option<&[Self]>;
    /// Returns the typed slice behind a mutable one.
    fn downcast_slice_mut(slice: SliceMut<'_>) -> Option<&mut [Self]>;
    /// Converts from a float, toward zero for integer types; bool is `x != 0`.
    fn from_f64(x: f64) -> Self;
    /// Converts to a float.
    fn to_f64(self) -> f64;
    /// Converts from an integer, wrapping in narrower types; bool is `x != 0`.
    fn from_i64(x: i64) -> Self;
    /// Converts to an integer, truncating toward zero and saturating; NaN gives 0.
    fn to_i64(self) -> i64;
    /// Returns the words that represent it on the GPU, the lowest first.
    fn to_words(self) -> Self::Words;
}

/// An integer element: wrapping arithmetic.
pub trait Int:
    Element + num_traits::PrimInt + num_traits::Signed + num_traits::WrappingAdd + num_traits::WrappingMul
{
}

impl Int for i32 {}

impl Int for i64 {}

/// A floating-point element. CPU kernels are generic over it, so that gradient checks run the same
/// code in f64.
pub trait Float: Element + num_traits::Float + std::iter::Sum + std::ops::AddAssign + std::ops::MulAssign {
    /// Computes the error function, erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.
    fn erf(self) -> Self;
    /// Rounds to the nearest integer, ties to even.
    fn round_ties_even(self) -> Self;
    /// Computes the hyperbolic tangent, in a form that compiles to vector instructions where there
    /// is one.
    fn tanh_in_line(self) -> Self;
    /// Converts a mathematical constant, such as 0.5.
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
    ($($variant:ident $type:ty, $words:literal, $from:expr, $to:expr, $from_int:expr, $to_int:expr, $to_words:expr, $from_words:expr;)*) => {
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
            /// Creates `len` zeros of a type.
            pub fn zeros(dtype: DType, len: usize) -> Self {
                match dtype { $(DType::$variant => Self::$variant(vec![Default::default(); len])),* }
            }
            /// Returns the element type.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// Returns the number of elements.
            pub fn len(&self) -> usize { match self { $(Self::$variant(v) => v.len()),* } }
            /// Returns `true` if there are no elements.
            pub fn is_empty(&self) -> bool { self.len() == 0 }
            /// Borrows all elements.
            pub fn as_slice(&self) -> Slice<'_> { match self { $(Self::$variant(v) => Slice::$variant(v)),* } }
            /// Borrows all elements for writing.
            pub fn as_mut(&mut self) -> SliceMut<'_> { match self { $(Self::$variant(v) => SliceMut::$variant(v)),* } }
            /// Returns the size in bytes.
            pub fn bytes(&self) -> usize { match self { $(Self::$variant(v) => size_of::<$type>() * v.len()),* } }
            /// Fills with a number.
            pub fn fill(&mut self, x: f64) { match self { $(Self::$variant(v) => v.fill(<$type>::from_f64(x))),* } }
            /// Converts the elements to floats.
            pub fn to_f64(&self) -> Vec<f64> {
                match self { $(Self::$variant(v) => v.iter().map(|x| x.to_f64()).collect()),* }
            }
            /// Converts the elements to the words that represent them on the GPU.
            pub fn to_words(&self) -> Vec<u32> {
                match self {
                    $(Self::$variant(v) => v.iter().map(|x| x.to_words()).collect::<Vec<_>>().into_flattened()),*
                }
            }
            /// Converts the words that represent elements on the GPU back to an array.
            pub fn from_words(dtype: DType, words: &[u32]) -> Self {
                match dtype {
                    $(DType::$variant => {
                        Self::$variant(words.as_chunks::<$words>().0.iter().map(|words| ($from_words)(*words)).collect())
                    }),*
                }
            }
        }

        impl<'a> Slice<'a> {
            /// Returns the element type.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// Returns a subslice.
            pub fn range(self, from: usize, to: usize) -> Slice<'a> {
                match self { $(Self::$variant(v) => Slice::$variant(&v[from..to])),* }
            }
        }

        impl<'a> SliceMut<'a> {
            /// Returns the element type.
            pub fn dtype(&self) -> DType { match self { $(Self::$variant(_) => DType::$variant),* } }
            /// Returns the number of elements.
            pub fn len(&self) -> usize { match self { $(Self::$variant(v) => v.len()),* } }
            /// Returns `true` if there are no elements.
            pub fn is_empty(&self) -> bool { self.len() == 0 }
            /// Returns a mutable subslice.
            pub fn range(self, from: usize, to: usize) -> SliceMut<'a> {
                match self { $(Self::$variant(v) => SliceMut::$variant(&mut v[from..to])),* }
            }
            /// Reborrows a subslice for writing.
            pub fn part(&mut self, from: usize, to: usize) -> SliceMut<'_> {
                match self { $(Self::$variant(v) => SliceMut::$variant(&mut v[from..to])),* }
            }
            /// Borrows a subslice.
            pub fn read(&self, from: usize, to: usize) -> Slice<'_> {
                match self { $(Self::$variant(v) => Slice::$variant(&v[from..to])),* }
            }
            /// Splits into chunks of `len` elements, the last possibly shorter.
            pub fn chunks(self, len: usize) -> Vec<SliceMut<'a>> {
                match self { $(Self::$variant(v) => v.chunks_mut(len.max(1)).map(SliceMut::$variant).collect()),* }
            }
        }

        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;
            type Words = [u32; $words];
            fn downcast(array: &Array) -> Option<&[Self]> { match array { Array::$variant(v) => Some(v), _ => None } }
            fn downcast_mut(array: &mut Array) -> Option<&mut Vec<Self>> { match array { Array::$variant(v) => Some(v), _ => None } }
            fn array(data: Vec<Self>) -> Array { Array::$variant(data) }
            fn slice(data: &[Self]) -> Slice<'_> { Slice::$variant(data) }
            fn downcast_slice(slice: Slice<'_>) -> Option<&[Self]> { match slice { Slice::$variant(v) => Some(v), _ => None } }
            fn downcast_slice_mut(slice: SliceMut<'_>) -> Option<&mut [Self]> { match slice { SliceMut::$variant(v) => Some(v), _ => None } }
            fn from_f64(x: f64) -> Self { ($from)(x) }
            fn to_f64(self) -> f64 { ($to)(self) }
            fn from_i64(x: i64) -> Self { ($from_int)(x) }
            fn to_i64(self) -> i64 { ($to_int)(self) }
            fn to_words(self) -> [u32; $words] { ($to_words)(self) }
        })*
    };
}

storage! {
    Bool bool, 1, |x: f64| x != 0.0, |x: bool| f64::from(u8::from(x)), |x: i64| x != 0, i64::from,
        |x: bool| [u32::from(x)], |[w]: [u32; 1]| w != 0;
    U32 u32, 1, |x: f64| x as u32, f64::from, |x: i64| x as u32, i64::from, |x: u32| [x], |[w]: [u32; 1]| w;
    I32 i32, 1, |x: f64| x as i32, f64::from, |x: i64| x as i32, i64::from, |x: i32| [x as u32], |[w]: [u32; 1]| w as i32;
    I64 i64, 2, |x: f64| x as i64, |x: i64| x as f64, |x: i64| x, |x: i64| x,
        |x: i64| [x as u32, (x >> 32) as u32], |[low, high]: [u32; 2]| i64::from(low) | (i64::from(high) << 32);
    F32 f32, 1, |x: f64| x as f32, f64::from, |x: i64| x as f32, |x: f32| x as i64,
        |x: f32| [x.to_bits()], |[w]: [u32; 1]| f32::from_bits(w);
    F64 f64, 2, |x: f64| x, |x: f64| x, |x: i64| x as f64, |x: f64| x as i64,
        |x: f64| [x.to_bits() as u32, (x.to_bits() >> 32) as u32],
        |[low, high]: [u32; 2]| f64::from_bits(u64::from(low) | (u64::from(high) << 32));
}

/// Runs `$body` with `$T` as the element type of `$dtype`; `floats` restricts it to f32 and f64 and
/// uses the `$other` arm for the rest.
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
            $crate::DType::I64 => {
                type $T = i64;
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
