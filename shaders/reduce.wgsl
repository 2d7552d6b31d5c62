// output[o] = finish(combine over r of input[place(o) + place(r)]): one thread for each part of each result.
// `reduce` does a whole result; `reduce_part` one of `splits` parts, which `reduce_parts` combines. The member of
// the family gives reduce_start, reduce_combine and reduce_finish, and a piece of shared/ what an Element is.
// Sizes and strides stand innermost first.
// joined with: sum, shared/element_f32

struct Params {
    outputs: u32,
    length: u32,
    splits: u32,
    chunk: u32,
    offset: u32,
    kept_ndim: u32,
    reduced_ndim: u32,
    kept_sizes: array<vec4<u32>, 2>,
    kept_strides: array<vec4<u32>, 2>,
    reduced_sizes: array<vec4<u32>, 2>,
    reduced_strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<storage, read> input: array<Element>;
@group(0) @binding(1) var<storage, read_write> output: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

fn kept_place(o: u32) -> u32 {
    var rest = o;
    var place = params.offset;
    for (var d = 0u; d < params.kept_ndim; d++) {
        let size = params.kept_sizes[d / 4u][d % 4u];
        place += (rest % size) * params.kept_strides[d / 4u][d % 4u];
        rest /= size;
    }
    return place;
}

// Combines the elements from r to end of result o, run by run of the innermost dimension.
fn combine_range(o: u32, first: u32, end: u32) -> Element {
    let base = kept_place(o);
    let inner = select(params.reduced_sizes[0].x, 1u, params.reduced_ndim == 0u);
    let step = params.reduced_strides[0].x;
    var acc = reduce_start();
    var r = first;
    while (r < end) {
        let skipped = r % inner;
        var place = base + skipped * step;
        var rest = r / inner;
        for (var d = 1u; d < params.reduced_ndim; d++) {
            let size = params.reduced_sizes[d / 4u][d % 4u];
            place += (rest % size) * params.reduced_strides[d / 4u][d % 4u];
            rest /= size;
        }
        let run = min(inner - skipped, end - r);
        for (var k = 0u; k < run; k++) {
            acc = reduce_combine(acc, input[place]);
            place += step;
        }
        r += run;
    }
    return acc;
}

@compute @workgroup_size(64)
fn reduce(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let o = id.y * (groups.x * 64u) + id.x;
    if (o < params.outputs) {
        output[o] = reduce_finish(combine_range(o, 0u, params.length), params.length);
    }
}

@compute @workgroup_size(64)
fn reduce_part(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t < params.outputs * params.splits) {
        let start = (t / params.outputs) * params.chunk;
        output[t] = combine_range(t % params.outputs, start, min(start + params.chunk, params.length));
    }
}

// Here `input` holds the parts: part s of result o at s * outputs + o.
@compute @workgroup_size(64)
fn reduce_parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let o = id.y * (groups.x * 64u) + id.x;
    if (o >= params.outputs) {
        return;
    }
    var acc = input[o];
    for (var s = 1u; s < params.splits; s++) {
        acc = reduce_combine(acc, input[s * params.outputs + o]);
    }
    output[o] = reduce_finish(acc, params.length);
}
