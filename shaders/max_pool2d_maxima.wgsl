// output[plane, oh, ow] = the maximum of a window of input[plane]. One thread per window.
// uses: shared/max_pool2d, shared/max_pool2d_window
// checked with: shared/epilogue

alias Output = f32;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let positions = params.out_height * params.out_width;
    let position = i % positions;
    let plane = params.offset + (i / positions) * params.height * params.width;
    epilogue(i, window_maximum(plane, position / params.out_width, position % params.out_width).value);
}
