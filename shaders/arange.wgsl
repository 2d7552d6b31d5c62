// start + i * step; floats are counted from the end in the second half, so that both ends are
// exact.

fn arange_forward_f32(start: f32, step: f32, end: f32, len: u32, i: u32) -> f32 {
    if (i < (len + 1u) / 2u) {
        return start + step * f32(i);
    }
    return end - step * f32(len - 1u - i);
}

fn arange_forward_i32(start: i32, step: i32, end: i32, len: u32, i: u32) -> i32 {
    return start + step * i32(i);
}

fn arange_forward_u32(start: i32, step: i32, end: i32, len: u32, i: u32) -> u32 {
    return u32(start + step * i32(i));
}
