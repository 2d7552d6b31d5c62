// Whether x is an infinity.

fn isinf_forward(input: f32) -> bool {
    return is_infinite(input);
}
