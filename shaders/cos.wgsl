// The cosine: the sine a quarter turn further; see shared/angle.wgsl.
// uses: shared/angle, shared/nonfinite

fn cos_forward(input: f32) -> f32 {
    if (is_nan(input) || is_infinite(input)) {
        return not_a_number();
    }
    let angle = reduce_angle(input);
    let quadrant = (angle.quadrant + 1u) & 3u;
    let size = select(sin_near_zero(angle.rest), cos_near_zero(angle.rest), (quadrant & 1u) == 1u);
    return select(size, -size, quadrant >= 2u);
}
