// output[o, r, i] = source[o, j, i] for the last j whose index is r, else input[o, r, i]. `clear`,
// then `mark` stores the last j of each r, then `pick`. One thread and one word per element, of any
// type.
// uses: shared/fault

struct Params {
    count: u32,
    size: u32,
    inner: u32,
    length: u32,
    input_offset: u32,
    index_offset: u32,
    source_offset: u32,
    site: u32,
}

@group(0) @binding(0) var<storage, read_write> cleared: array<u32>;
@group(0) @binding(1) var<uniform> clear_params: Params;

@compute @workgroup_size(64)
fn clear(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t < clear_params.count) {
        cleared[t] = 0u;
    }
}

@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read_write> last: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn mark(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let row = index[params.index_offset + t];
    if (row < 0 || u32(row) >= params.size) {
        report_fault(params.site, row);
        return;
    }
    let i = t % params.inner;
    let j = (t / params.inner) % params.length;
    let o = t / (params.inner * params.length);
    atomicMax(&last[(o * params.size + u32(row)) * params.inner + i], j + 1u);
}

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> picked: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;
@group(0) @binding(4) var<uniform> pick_params: Params;

@compute @workgroup_size(64)
fn pick(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= pick_params.count) {
        return;
    }
    let j = picked[t];
    if (j == 0u) {
        output[t] = input[pick_params.input_offset + t];
        return;
    }
    let i = t % pick_params.inner;
    let o = t / (pick_params.inner * pick_params.size);
    output[t] = source[pick_params.source_offset + (o * pick_params.length + j - 1u) * pick_params.inner + i];
}
