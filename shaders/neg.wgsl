// -x.

fn neg_forward(input: f32) -> f32 {
    return -input;
}

fn neg_forward_i32(input: i32) -> i32 {
    return -input;
}
