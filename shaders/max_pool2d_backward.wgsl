// output[plane, pixel] = Σ grad[plane, position] over the windows whose maximum is at the pixel.
// One thread per pixel checks every window that contains it, so there are no atomics and the order
// is fixed. Rows and columns above and left of the windows wrap around and fail the comparison with
// their number.
// uses: shared/max_pool2d
// checked with: shared/epilogue

alias Output = f32;

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 64u) + id.x;
    if (i >= params.len) {
        return;
    }
    let pixels = params.height * params.width;
    let pixel = i % pixels;
    let row = pixel / params.width + params.padding_h;
    let col = pixel % params.width + params.padding_w;
    let plane = (i / pixels) * params.out_height * params.out_width;
    var sum = 0.0;
    for (var kh = 0u; kh < params.kernel_h; kh++) {
        let down = row - kh * params.dilation_h;
        let oh = down / params.stride_h;
        if (oh >= params.out_height || oh * params.stride_h != down) {
            continue;
        }
        for (var kw = 0u; kw < params.kernel_w; kw++) {
            let right = col - kw * params.dilation_w;
            let ow = right / params.stride_w;
            if (ow >= params.out_width || ow * params.stride_w != right) {
                continue;
            }
            let position = plane + oh * params.out_width + ow;
            if (u32(indices[params.index_offset + position]) == pixel) {
                sum += grad[params.offset + position];
            }
        }
    }
    epilogue(i, sum);
}
