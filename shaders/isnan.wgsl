// Whether x is NaN.

fn isnan_forward(input: f32) -> bool {
    return is_nan(input);
}
