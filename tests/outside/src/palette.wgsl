// output[i, c] = colors[indices[i], c]. One thread per element of the result; an index out of range
// is reported and its row stays 0.

struct Params {
    n: u32,
    channels: u32,
    size: u32,
    colors_offset: u32,
    indices_offset: u32,
    site: u32,
}

@group(0) @binding(0) var<storage, read> colors: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.n) {
        return;
    }
    let index = indices[params.indices_offset + i / params.channels];
    if (index < 0 || u32(index) >= params.size) {
        report_fault(params.site, index);
        return;
    }
    output[i] = colors[params.colors_offset + u32(index) * params.channels + i % params.channels];
}
