// output[to + i] = input[offset(i)]: a strided view copied into row-major order, one word per
// element. One thread per element. Sizes and strides are innermost first.

struct Params {
    numel: u32,
    ndim: u32,
    offset: u32,
    to: u32,
    sizes: array<vec4<u32>, 2>,
    strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
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
    output[params.to + i] = input[offset];
}
