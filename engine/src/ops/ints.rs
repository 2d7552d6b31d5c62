//! Integer implementations of pointwise operations: one expression, compiled for i32 and for i64.

/// A function for each integer type.
pub(crate) struct OfInts<A, B> {
    /// Function for i32.
    pub i32: A,
    /// Function for i64.
    pub i64: B,
}

/// Instantiates a closure for both integer types.
macro_rules! of_ints {
    ($function:expr) => {
        Some($crate::ops::ints::OfInts { i32: $function, i64: $function })
    };
}
