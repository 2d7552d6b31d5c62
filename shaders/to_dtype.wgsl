// Conversions between element types, as C and PyTorch define them: floats are truncated toward
// zero, bool is x != 0. NaN and floats beyond the range of an integer give adapter-dependent
// results, as in PyTorch.

fn to_dtype_f32_i32(input: f32) -> i32 {
    return i32(input);
}

fn to_dtype_f32_u32(input: f32) -> u32 {
    return u32(input);
}

// By its bits: compilers may evaluate NaN != 0 to false.
fn to_dtype_f32_bool(input: f32) -> bool {
    return (bitcast<u32>(input) & 0x7fffffffu) != 0u;
}

fn to_dtype_i32_f32(input: i32) -> f32 {
    return f32(input);
}

fn to_dtype_i32_u32(input: i32) -> u32 {
    return u32(input);
}

fn to_dtype_i32_bool(input: i32) -> bool {
    return input != 0;
}

fn to_dtype_u32_f32(input: u32) -> f32 {
    return f32(input);
}

fn to_dtype_u32_i32(input: u32) -> i32 {
    return i32(input);
}

fn to_dtype_u32_bool(input: u32) -> bool {
    return input != 0u;
}

fn to_dtype_bool_f32(input: bool) -> f32 {
    return f32(input);
}

fn to_dtype_bool_i32(input: bool) -> i32 {
    return i32(input);
}

fn to_dtype_bool_u32(input: bool) -> u32 {
    return u32(input);
}
