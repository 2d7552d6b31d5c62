// Windows of images as columns, and columns added up to images.
//
// `unfold`: output[n, c, tap, window] = input[n, c, pixel of the window's tap], 0 in the padding,
// one thread an element of the columns. `fold`: output[n, c, pixel] = Σ input[n, c, tap, window]
// over the taps that lie on the pixel, one thread a pixel. Taps and windows are counted row by row.

struct Params {
    count: u32,
    offset: u32,
    image: vec2<u32>,
    windows: vec2<u32>,
    kernel: vec2<u32>,
    dilation: vec2<u32>,
    padding: vec2<u32>,
    stride: vec2<u32>,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn unfold(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.count) {
        return;
    }
    let count = params.windows.x * params.windows.y;
    let taps = params.kernel.x * params.kernel.y;
    let window = i % count;
    let tap = (i / count) % taps;
    let plane = i / (count * taps);
    // In coordinates of the padded image.
    let row = (window / params.windows.y) * params.stride.x + (tap / params.kernel.y) * params.dilation.x;
    let col = (window % params.windows.y) * params.stride.y + (tap % params.kernel.y) * params.dilation.y;
    var value = 0.0;
    if (row >= params.padding.x && col >= params.padding.y) {
        let y = row - params.padding.x;
        let x = col - params.padding.y;
        if (y < params.image.x && x < params.image.y) {
            value = input[params.offset + (plane * params.image.x + y) * params.image.y + x];
        }
    }
    output[i] = value;
}

// The window whose tap lies on a pixel, `missing` if there is none.
const missing: u32 = 0xffffffffu;

fn window_at(d: u32, pixel: u32, tap: u32) -> u32 {
    let position = pixel + params.padding[d];
    let shift = tap * params.dilation[d];
    if (position < shift || (position - shift) % params.stride[d] != 0u) {
        return missing;
    }
    let window = (position - shift) / params.stride[d];
    return select(missing, window, window < params.windows[d]);
}

@compute @workgroup_size(64)
fn fold(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.count) {
        return;
    }
    let count = params.windows.x * params.windows.y;
    let pixels = params.image.x * params.image.y;
    let y = (i % pixels) / params.image.y;
    let x = (i % pixels) % params.image.y;
    let plane = params.offset + (i / pixels) * params.kernel.x * params.kernel.y * count;
    var sum = 0.0;
    for (var down = 0u; down < params.kernel.x; down++) {
        let row = window_at(0u, y, down);
        if (row == missing) {
            continue;
        }
        for (var right = 0u; right < params.kernel.y; right++) {
            let col = window_at(1u, x, right);
            if (col != missing) {
                sum += input[plane + (down * params.kernel.y + right) * count + row * params.windows.y + col];
            }
        }
    }
    output[i] = sum;
}
