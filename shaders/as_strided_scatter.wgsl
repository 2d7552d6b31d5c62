// output = input, with the elements of a layout replaced by those of source. Two launches: `copy`,
// then `scatter`. One thread and one word per element; sizes and strides are innermost first.

struct Params {
    numel: u32,
    ndim: u32,
    offset: u32,
    input_offset: u32,
    sizes: array<vec4<u32>, 2>,
    strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i < params.numel) {
        output[i] = input[params.input_offset + i];
    }
}

@compute @workgroup_size(64)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.numel) {
        return;
    }
    var rest = i;
    var offset = params.offset;
    for (var d = 0u; d < params.ndim; d++) {
        let size = params.sizes[d >> 2u][d & 3u];
        offset += (rest % size) * params.strides[d >> 2u][d & 3u];
        rest /= size;
    }
    output[offset] = input[params.input_offset + i];
}
