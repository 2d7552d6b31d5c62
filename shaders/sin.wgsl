// The sine; see shared/angle.wgsl.
// uses: shared/angle, shared/nonfinite

fn sin_forward(input: f32) -> f32 {
    if (is_nan(input) || is_infinite(input)) {
        return not_a_number();
    }
    let angle = reduce_angle(input);
    let size = select(sin_near_zero(angle.rest), cos_near_zero(angle.rest), (angle.quadrant & 1u) == 1u);
    return select(size, -size, angle.quadrant >= 2u);
}
