// output[plane, oh, ow] = the place in its plane of the maximum of a window of input[plane]: the first in row-major order; NaN
// is larger than any number. One thread a window. Rows and columns above and left of the image wrap around and fail the
// comparison with its size.
// joined with: shared/max_pool2d

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

// Whether x takes the place of a maximum; NaN by its bits, since compilers may assume that there is none.
fn beats(x: f32, best: f32) -> bool {
    return x > best || (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let places = params.out_height * params.out_width;
    let place = i % places;
    let top = (place / params.out_width) * params.stride_h - params.padding_h;
    let left = (place % params.out_width) * params.stride_w - params.padding_w;
    let plane = params.offset + (i / places) * params.height * params.width;
    var found = false;
    var at = 0u;
    var best = 0.0;
    for (var kh = 0u; kh < params.kernel_h; kh++) {
        let row = top + kh * params.dilation_h;
        if (row >= params.height) {
            continue;
        }
        for (var kw = 0u; kw < params.kernel_w; kw++) {
            let col = left + kw * params.dilation_w;
            if (col >= params.width) {
                continue;
            }
            let pixel = row * params.width + col;
            let x = input[plane + pixel];
            if (!found || beats(x, best)) {
                found = true;
                at = pixel;
                best = x;
            }
        }
    }
    output[i] = i32(at);
}
