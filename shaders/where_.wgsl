// One of two elements, by a condition.

fn where_forward_f32(condition: bool, input: f32, other: f32) -> f32 {
    return select(other, input, condition);
}

fn where_forward_i32(condition: bool, input: i32, other: i32) -> i32 {
    return select(other, input, condition);
}

fn where_forward_u32(condition: bool, input: u32, other: u32) -> u32 {
    return select(other, input, condition);
}

fn where_forward_bool(condition: bool, input: bool, other: bool) -> bool {
    return select(other, input, condition);
}

fn where_forward_i64(condition: bool, input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    return select(other, input, condition);
}
