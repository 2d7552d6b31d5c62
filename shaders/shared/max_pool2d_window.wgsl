// The maximum of a window of a plane of `input`: the first in row-major order; NaN is larger than
// any number. Rows and columns above and left of the image wrap around and fail the comparison with
// its size.
// checked with: max_pool2d_maxima, shared/epilogue

struct Maximum {
    pixel: u32,
    value: f32,
}

// True if x replaces a maximum; NaN by its bits, since compilers may assume that there is none.
fn beats(x: f32, best: f32) -> bool {
    return x > best || (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The plane begins at `plane`; the window is the one in row `oh` and column `ow` of the windows.
fn window_maximum(plane: u32, oh: u32, ow: u32) -> Maximum {
    let top = oh * params.stride_h - params.padding_h;
    let left = ow * params.stride_w - params.padding_w;
    var found = false;
    var best = Maximum(0u, 0.0);
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
            if (!found || beats(x, best.value)) {
                found = true;
                best = Maximum(pixel, x);
            }
        }
    }
    return best;
}
