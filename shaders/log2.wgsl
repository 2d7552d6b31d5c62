// The logarithm to base 2; see log.wgsl for the parts.
// uses: log

fn log2_forward(input: f32) -> f32 {
    let bits = bitcast<u32>(input);
    if ((bits & 0x7fffffffu) == 0u || bits >= 0x7f800000u) {
        return log_forward(input);
    }
    let parts = log_parts(input);
    return parts.x + log_near_one(parts.y) * 1.442695041;
}
