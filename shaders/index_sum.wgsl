// output[o, r, i] = Σ source[o, j, i] over the j whose index is r, in the order of j: the gradient
// of index_select, gather and embedding. No float atomics: the j of each r are linked into a list
// (`clear`, `link`), each list is sorted (`order`), and one thread per element sums its list
// (`sum`). The index is at [o, j, i], or at [j] if all rows share one; then there is one set of
// lists (lines = 1, line_inner = 1).
// uses: shared/fault
// checked with: shared/element_f32

struct Params {
    count: u32,
    size: u32,
    inner: u32,
    length: u32,
    shared_index: u32,
    line_inner: u32,
    skip: u32,
    by_frequency: u32,
    index_offset: u32,
    source_offset: u32,
    site: u32,
}

const NONE: u32 = 0xffffffffu;

@group(0) @binding(0) var<storage, read_write> cleared: array<u32>;
@group(0) @binding(1) var<uniform> clear_params: Params;

@compute @workgroup_size(64)
fn clear(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t < clear_params.count) {
        cleared[t] = NONE;
    }
}

@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read_write> heads: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> links: array<u32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

// One thread per element of the index: it becomes the head of its list.
@compute @workgroup_size(64)
fn link(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let row = index[params.index_offset + t];
    if (row < 0 || u32(row) >= params.size) {
        report_fault(params.site, row);
        return;
    }
    if (u32(row) == params.skip) {
        return;
    }
    let i = t % params.line_inner;
    let j = (t / params.line_inner) % params.length;
    let o = t / (params.line_inner * params.length);
    links[t] = atomicExchange(&heads[(o * params.size + u32(row)) * params.line_inner + i], j);
}

@group(0) @binding(0) var<storage, read_write> list_heads: array<u32>;
@group(0) @binding(1) var<storage, read_write> list_links: array<u32>;
@group(0) @binding(2) var<uniform> order_params: Params;

// One thread per list: merge sort, runs of 1, 2, 4, … in place, since `link` has no defined order.
@compute @workgroup_size(64)
fn order(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= order_params.count) {
        return;
    }
    let step = order_params.line_inner;
    let base = (t / (step * order_params.size)) * order_params.length * step + t % step;
    var head = list_heads[t];
    if (head == NONE || list_links[base + head * step] == NONE) {
        return;
    }
    var run = 1u;
    loop {
        var left = head;
        var tail = NONE;
        var merges = 0u;
        head = NONE;
        while (left != NONE) {
            merges++;
            var right = left;
            var lefts = 0u;
            while (lefts < run && right != NONE) {
                lefts++;
                right = list_links[base + right * step];
            }
            var rights = run;
            while (lefts > 0u || (rights > 0u && right != NONE)) {
                var taken = left;
                if (lefts > 0u && (rights == 0u || right == NONE || left < right)) {
                    left = list_links[base + left * step];
                    lefts--;
                } else {
                    taken = right;
                    right = list_links[base + right * step];
                    rights--;
                }
                if (tail == NONE) {
                    head = taken;
                } else {
                    list_links[base + tail * step] = taken;
                }
                tail = taken;
            }
            left = right;
        }
        list_links[base + tail * step] = NONE;
        if (merges <= 1u) {
            break;
        }
        run *= 2u;
    }
    list_heads[t] = head;
}

@group(0) @binding(0) var<storage, read> source: array<Element>;
@group(0) @binding(1) var<storage, read> sum_heads: array<u32>;
@group(0) @binding(2) var<storage, read> sum_links: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<Element>;
@group(0) @binding(4) var<uniform> sum_params: Params;

@compute @workgroup_size(64)
fn sum(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= sum_params.count) {
        return;
    }
    let i = t % sum_params.inner;
    let row = (t / sum_params.inner) % sum_params.size;
    let o = t / (sum_params.inner * sum_params.size);
    let own = sum_params.shared_index == 0u;
    let line = select(0u, o, own);
    let within = select(0u, i, own);
    let step = sum_params.line_inner;
    var acc = Element(0);
    var n = 0u;
    var j = sum_heads[(line * sum_params.size + row) * step + within];
    while (j != NONE) {
        acc += source[sum_params.source_offset + (o * sum_params.length + j) * sum_params.inner + i];
        n++;
        j = sum_links[(line * sum_params.length + j) * step + within];
    }
    if (sum_params.by_frequency != 0u && n > 0u) {
        acc /= Element(n);
    }
    output[t] = acc;
}
