// output[plane, position] = input[plane, indices[plane, position]]: the maxima, from their indices.
// One thread per window.
// uses: shared/max_pool2d
// checked with: shared/epilogue

alias Output = f32;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let plane = i / (params.out_height * params.out_width);
    let pixel = u32(indices[params.index_offset + i]);
    epilogue(i, input[params.offset + plane * params.height * params.width + pixel]);
}
