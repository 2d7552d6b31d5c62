//! What pointwise operations mean for integers: one expression, compiled for i32 and for i64.

/// A function for each integer type.
pub(crate) struct OfInts<A, B> {
    /// For i32.
    pub i32: A,
    /// For i64.
    pub i64: B,
}

/// A closure as the function of both integer types.
macro_rules! of_ints {
    ($function:expr) => {
        Some($crate::ops::ints::OfInts { i32: $function, i64: $function })
    };
}
