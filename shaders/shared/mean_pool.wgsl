// Means over windows of planes, and the gradient of that. The operation's file gives its Params,
// which begin as below, and
//
//     span(d, o) -> Span          what window o covers of the image in dimension d (0 down, 1 across)
//     first_window(d, i) -> u32   the first window that covers row or column i
//     end_window(d, i) -> u32     the one behind the last
//     divisor(rows, cols) -> f32  what the sum of a window is divided by
//
// `forward`: output[plane, oh, ow] = Σ input over the window / divisor, one thread a window.
// `backward`: output[plane, h, w] = Σ input[plane, oh, ow] / divisor over the windows that cover
// the pixel, one thread a pixel.
// checked with: avg_pool2d

// From `begin` up to `end`, and how many elements that counts as.
struct Span {
    begin: u32,
    end: u32,
    counts: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let positions = params.out_size.x * params.out_size.y;
    let position = i % positions;
    let rows = span(0u, position / params.out_size.y);
    let cols = span(1u, position % params.out_size.y);
    let plane = params.offset + (i / positions) * params.size.x * params.size.y;
    var sum = 0.0;
    for (var row = rows.begin; row < rows.end; row++) {
        for (var col = cols.begin; col < cols.end; col++) {
            sum += input[plane + row * params.size.y + col];
        }
    }
    output[i] = sum / divisor(rows, cols);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let pixels = params.size.x * params.size.y;
    let row = (i % pixels) / params.size.y;
    let col = (i % pixels) % params.size.y;
    let plane = params.offset + (i / pixels) * params.out_size.x * params.out_size.y;
    var sum = 0.0;
    for (var oh = first_window(0u, row); oh < end_window(0u, row); oh++) {
        for (var ow = first_window(1u, col); ow < end_window(1u, col); ow++) {
            sum += input[plane + oh * params.out_size.y + ow] / divisor(span(0u, oh), span(1u, ow));
        }
    }
    output[i] = sum;
}
