// output[o, j, i] = input[o, j, i] + factor[o, j, i] · output[o, j − 1, i]: cumulative sums
// (without the factor) and, with it, other recurrences, such as cumulative products. One thread per
// line.
// checked with: shared/element_f32

struct Params {
    lines: u32,
    length: u32,
    inner: u32,
    input_offset: u32,
    factor_offset: u32,
}

@group(0) @binding(0) var<storage, read> input: array<Element>;
@group(0) @binding(1) var<storage, read_write> output: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn sums(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.lines) {
        return;
    }
    var index = (t / params.inner) * params.length * params.inner + t % params.inner;
    var acc = input[params.input_offset + index];
    output[index] = acc;
    for (var j = 1u; j < params.length; j++) {
        index += params.inner;
        acc += input[params.input_offset + index];
        output[index] = acc;
    }
}

@group(0) @binding(0) var<storage, read> terms: array<Element>;
@group(0) @binding(1) var<storage, read> factors: array<Element>;
@group(0) @binding(2) var<storage, read_write> result: array<Element>;
@group(0) @binding(3) var<uniform> scan_params: Params;

@compute @workgroup_size(64)
fn scan(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= scan_params.lines) {
        return;
    }
    let inner = scan_params.inner;
    var index = (t / inner) * scan_params.length * inner + t % inner;
    var acc = terms[scan_params.input_offset + index];
    result[index] = acc;
    for (var j = 1u; j < scan_params.length; j++) {
        index += inner;
        acc = terms[scan_params.input_offset + index] + factors[scan_params.factor_offset + index] * acc;
        result[index] = acc;
    }
}
