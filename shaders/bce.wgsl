// -(t·log x + (1 - t)·log(1 - x)), logarithms clamped at -100; elements outside of 0..=1 are
// reported. One thread per element.
// uses: log, log1p, shared/nonfinite, shared/fault

struct Params {
    numel: u32,
    input_offset: u32,
    target_offset: u32,
    site: u32,
}

@group(0) @binding(0) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> wanted: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

fn outside(x: f32) -> bool {
    return is_nan(x) || x < 0.0 || x > 1.0;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.numel) {
        return;
    }
    let x = input[params.input_offset + i];
    let t = wanted[params.target_offset + i];
    if (outside(x)) {
        report_fault(params.site, bitcast<i32>(x));
    }
    if (outside(t)) {
        report_fault(params.site, bitcast<i32>(t));
    }
    output[i] = (t - 1.0) * max(log1p_forward(-x), -100.0) - t * max(log_forward(x), -100.0);
}
