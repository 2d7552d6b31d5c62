// One value everywhere.

fn full_forward_f32(value: f32) -> f32 {
    return value;
}

fn full_forward_i32(value: u32) -> i32 {
    return bitcast<i32>(value);
}

fn full_forward_u32(value: u32) -> u32 {
    return value;
}

fn full_forward_bool(value: u32) -> bool {
    return value != 0u;
}

fn full_forward_i64(low: u32, high: u32) -> vec2<u32> {
    return vec2<u32>(low, high);
}
