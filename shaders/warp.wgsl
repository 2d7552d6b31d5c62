// Images through affine maps: output[n, c, y, x] = input[n, c, round(m3·x + m4·y + m5), round(m0·x
// + m1·y + m2)], 0 outside of the image. One thread per element.

struct Params {
    count: u32,
    channels: u32,
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    input_offset: u32,
    maps_offset: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> maps: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let x = f32(t % params.columns);
    let y = f32((t / params.columns) % params.rows);
    let c = (t / (params.columns * params.rows)) % params.channels;
    let n = t / (params.columns * params.rows * params.channels);
    let m = params.maps_offset + 6u * n;
    let u = round(maps[m] * x + maps[m + 1u] * y + maps[m + 2u]);
    let v = round(maps[m + 3u] * x + maps[m + 4u] * y + maps[m + 5u]);
    var value = 0.0;
    if (u >= 0.0 && u < f32(params.width) && v >= 0.0 && v < f32(params.height)) {
        value = input[params.input_offset + ((n * params.channels + c) * params.height + u32(v)) * params.width + u32(u)];
    }
    output[t] = value;
}
