// output[i, j] = Σ_d |x[i, d] − y[j, d]|. One thread per element of the result.

struct Params {
    n: u32,
    columns: u32,
    depth: u32,
    x_offset: u32,
    y_offset: u32,
}

alias Output = f32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.n) {
        return;
    }
    let a = params.x_offset + i / params.columns * params.depth;
    let b = params.y_offset + i % params.columns * params.depth;
    var sum = 0.0;
    for (var d = 0u; d < params.depth; d++) {
        sum += abs(x[a + d] - y[b + d]);
    }
    epilogue(i, sum);
}
