// Up to seven inputs concatenated along a dimension: each row of the output has a row of every
// input in order. This launch writes the part of each row from `start` on, `length` long. One
// thread and one word per element, of any type. A row is the dimension with all inner ones.

struct Params {
    rows: u32,
    length: u32,
    start: u32,
    total: u32,
    inputs: u32,
    lengths: array<vec4<u32>, 2>,
    offsets: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<storage, read> input0: array<u32>;
@group(0) @binding(1) var<storage, read> input1: array<u32>;
@group(0) @binding(2) var<storage, read> input2: array<u32>;
@group(0) @binding(3) var<storage, read> input3: array<u32>;
@group(0) @binding(4) var<storage, read> input4: array<u32>;
@group(0) @binding(5) var<storage, read> input5: array<u32>;
@group(0) @binding(6) var<storage, read> input6: array<u32>;
@group(0) @binding(7) var<storage, read_write> output: array<u32>;
@group(0) @binding(8) var<uniform> params: Params;

fn load(input: u32, offset: u32) -> u32 {
    switch input {
        case 0u: { return input0[offset]; }
        case 1u: { return input1[offset]; }
        case 2u: { return input2[offset]; }
        case 3u: { return input3[offset]; }
        case 4u: { return input4[offset]; }
        case 5u: { return input5[offset]; }
        default: { return input6[offset]; }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.rows * params.length) {
        return;
    }
    let row = i / params.length;
    let at = i % params.length;
    var rest = at;
    var input = 0u;
    var length = params.lengths[0].x;
    while (rest >= length) {
        rest -= length;
        input++;
        length = params.lengths[input >> 2u][input & 3u];
    }
    output[row * params.total + params.start + at] = load(input, params.offsets[input >> 2u][input & 3u] + row * length + rest);
}
