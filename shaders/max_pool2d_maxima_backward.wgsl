// output[plane, pixel] = grad[plane, position] if the pixel is the maximum of the window at that
// position, else 0, for windows that do not overlap. One thread per cell: the pixels from the start
// of one window to that of the next, `down` by `across` cells. Cells below and right of the last
// window have no window.
// uses: shared/max_pool2d, shared/max_pool2d_window
// checked with: shared/epilogue

alias Output = f32;

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let down = (params.height + params.padding_h + params.stride_h - 1u) / params.stride_h;
    let across = (params.width + params.padding_w + params.stride_w - 1u) / params.stride_w;
    let plane = i / (down * across);
    let oh = (i / across) % down;
    let ow = i % across;
    let start = plane * params.height * params.width;
    var slope = 0.0;
    var winner = 0xffffffffu;
    if (oh < params.out_height && ow < params.out_width) {
        winner = window_maximum(params.index_offset + start, oh, ow).pixel;
        slope = grad[params.offset + (plane * params.out_height + oh) * params.out_width + ow];
    }
    for (var y = 0u; y < params.stride_h; y++) {
        let row = oh * params.stride_h + y - params.padding_h;
        if (row >= params.height) {
            continue;
        }
        for (var x = 0u; x < params.stride_w; x++) {
            let col = ow * params.stride_w + x - params.padding_w;
            if (col >= params.width) {
                continue;
            }
            let pixel = row * params.width + col;
            epilogue(start + pixel, select(0.0, slope, pixel == winner));
        }
    }
}
