// Planes sampled at another size. In each dimension an element of the output mixes two elements of
// the input, `first` and `second`; where the nearest is taken, both are the same.
//
// `forward`: output[plane, j] = Σ weight·input[plane, i], one thread an element of the output.
// `backward`: the gradient of the input, output[plane, i] = Σ weight·input[plane, j] over the
// elements j that i has a weight in, one thread an element of the input.

struct Params {
    count: u32,
    offset: u32,
    size: vec2<u32>,
    out_size: vec2<u32>,
    // Elements of the input from one element of the output to the next.
    scale: vec2<f32>,
    // 0 nearest, 1 nearest-exact, 2 linear, 3 linear with aligned corners.
    sampling: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

struct Tap {
    first: u32,
    second: u32,
    // Of the second; the first has the rest.
    weight: f32,
}

// Elements of the input that element j of the output is made of, in dimension d (0 down, 1 across).
fn tap(d: u32, j: u32) -> Tap {
    let last = params.size[d] - 1u;
    let scale = params.scale[d];
    var position = f32(j) * scale;
    if (params.sampling == 1u) {
        position = (f32(j) + 0.5) * scale;
    }
    if (params.sampling == 2u) {
        position = max((f32(j) + 0.5) * scale - 0.5, 0.0);
    }
    let first = min(u32(position), last);
    if (params.sampling < 2u) {
        return Tap(first, first, 0.0);
    }
    return Tap(first, min(first + 1u, last), clamp(position - f32(first), 0.0, 1.0));
}

// An element without weight has no influence, not even as NaN.
fn blend(first: f32, second: f32, weight: f32) -> f32 {
    return select(first * (1.0 - weight) + second * weight, first, weight == 0.0);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.count) {
        return;
    }
    let elements = params.out_size.x * params.out_size.y;
    let row = tap(0u, (i % elements) / params.out_size.y);
    let col = tap(1u, (i % elements) % params.out_size.y);
    let plane = params.offset + (i / elements) * params.size.x * params.size.y;
    let upper = plane + row.first * params.size.y;
    let lower = plane + row.second * params.size.y;
    let above = blend(input[upper + col.first], input[upper + col.second], col.weight);
    let below = blend(input[lower + col.first], input[lower + col.second], col.weight);
    output[i] = blend(above, below, row.weight);
}

// The weight of element i of the input in an element of the output.
fn weight_of(i: u32, made: Tap) -> f32 {
    return select(0.0, 1.0 - made.weight, made.first == i) + select(0.0, made.weight, made.second == i);
}

// The elements of the output in which element i of the input may have a weight: from x up to y.
// Rounding may move a position, so there are some to spare; `weight_of` decides.
fn users(d: u32, i: u32) -> vec2<u32> {
    let scale = params.scale[d];
    let count = params.out_size[d];
    var begin = 0u;
    var end = count;
    if (scale > 0.0) {
        // Positions beyond an edge use the element at the edge.
        if (i > 0u) {
            begin = u32(max((f32(i) - 1.5) / scale - 2.0, 0.0));
        }
        if (i < params.size[d] - 1u) {
            end = u32(min((f32(i) + 1.5) / scale + 3.0, f32(count)));
        }
    }
    return vec2<u32>(begin, min(end, count));
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.count) {
        return;
    }
    let pixels = params.size.x * params.size.y;
    let row = (i % pixels) / params.size.y;
    let col = (i % pixels) % params.size.y;
    let plane = params.offset + (i / pixels) * params.out_size.x * params.out_size.y;
    let rows = users(0u, row);
    let cols = users(1u, col);
    var sum = 0.0;
    for (var y = rows.x; y < rows.y; y++) {
        let high = weight_of(row, tap(0u, y));
        if (high == 0.0) {
            continue;
        }
        for (var x = cols.x; x < cols.y; x++) {
            let wide = weight_of(col, tap(1u, x));
            if (wide != 0.0) {
                sum += input[plane + y * params.out_size.y + x] * high * wide;
            }
        }
    }
    output[i] = sum;
}
