// The indices that sort the elements of a line, stably. `block` sorts blocks of `width` by counting
// the smaller elements. `merge` merges neighboring runs of `width`, each element finding its rank
// in the other run by bisection. One thread per element.

struct Params {
    count: u32,
    length: u32,
    inner: u32,
    offset: u32,
    width: u32,
    kind: u32,
    descending: u32,
}

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> sorted: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

// A word in the order of the elements, NaN above all; kinds are 0 floats, 1 signed, 2 unsigned.
fn order_of(bits: u32, kind: u32) -> u32 {
    if (kind == 1u) {
        return bits ^ 0x80000000u;
    }
    if (kind == 2u) {
        return bits;
    }
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return 0xffffffffu;
    }
    if (size == 0u) {
        return 0x80000000u;
    }
    return select(bits | 0x80000000u, ~bits, bits != size);
}

fn key(index: u32) -> u32 {
    let order = order_of(input[params.offset + index], params.kind);
    return select(order, ~order, params.descending != 0u);
}

@compute @workgroup_size(64)
fn block(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let j = (t / params.inner) % params.length;
    let line = (t / (params.inner * params.length)) * params.length * params.inner + t % params.inner;
    let start = j / params.width * params.width;
    let end = min(start + params.width, params.length);
    let own = key(t);
    var before = 0u;
    for (var k = start; k < end; k++) {
        let other = key(line + k * params.inner);
        before += select(0u, 1u, other < own || (other == own && k < j));
    }
    sorted[line + (start + before) * params.inner] = j;
}

@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> runs: array<u32>;
@group(0) @binding(2) var<storage, read_write> merged: array<u32>;
@group(0) @binding(3) var<uniform> merge_params: Params;

fn merge_key(line: u32, j: u32) -> u32 {
    let order = order_of(keys[merge_params.offset + line + j * merge_params.inner], merge_params.kind);
    return select(order, ~order, merge_params.descending != 0u);
}

@compute @workgroup_size(64)
fn merge(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= merge_params.count) {
        return;
    }
    let inner = merge_params.inner;
    let length = merge_params.length;
    let width = merge_params.width;
    let at = (t / inner) % length;
    let line = (t / (inner * length)) * length * inner + t % inner;
    let start = at / (2u * width) * (2u * width);
    let middle = min(start + width, length);
    let end = min(middle + width, length);
    let j = runs[t];
    let own = merge_key(line, j);
    let left = at < middle;
    // Number of elements of the other run that come before: of equal keys, those of the left run
    // do.
    var low = select(start, middle, left);
    let first = low;
    var high = select(middle, end, left);
    while (low < high) {
        let probe = (low + high) / 2u;
        let other = merge_key(line, runs[line + probe * inner]);
        if (other < own || (!left && other == own)) {
            low = probe + 1u;
        } else {
            high = probe;
        }
    }
    let rank = low - first + select(start + at - middle, at, left);
    merged[line + rank * inner] = j;
}
