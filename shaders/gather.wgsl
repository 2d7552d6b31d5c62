// output[o, j, i] = input[o, index[…], i] for an input of outer × size × inner. The index is at [o,
// j, i], or at [j] if all rows share one. One thread and one word per element, of any type.
// uses: shared/fault

struct Params {
    count: u32,
    size: u32,
    inner: u32,
    length: u32,
    shared_index: u32,
    input_offset: u32,
    index_offset: u32,
    site: u32,
}

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let i = t % params.inner;
    let j = (t / params.inner) % params.length;
    let o = t / (params.inner * params.length);
    let at = index[params.index_offset + select(t, j, params.shared_index != 0u)];
    if (at < 0 || u32(at) >= params.size) {
        report_fault(params.site, at);
        output[t] = 0u;
        return;
    }
    output[t] = input[params.input_offset + (o * params.size + u32(at)) * params.inner + i];
}
