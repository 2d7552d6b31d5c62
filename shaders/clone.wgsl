// output = input: a copy in a fused kernel.

fn clone_forward_f32(input: f32) -> f32 {
    return input;
}

fn clone_forward_i32(input: i32) -> i32 {
    return input;
}

fn clone_forward_u32(input: u32) -> u32 {
    return input;
}

fn clone_forward_bool(input: bool) -> bool {
    return input;
}

fn clone_forward_i64(input: vec2<u32>) -> vec2<u32> {
    return input;
}
