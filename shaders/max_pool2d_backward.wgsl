// output[plane, pixel] = Σ grad[plane, place] over the windows whose maximum lies at the pixel. One thread a pixel: it looks at
// every window that it could be in, so nothing is added atomically and the order is always the same. Rows and columns above
// and left of the windows wrap around and fail the comparison with their number.
// joined with: shared/max_pool2d, shared/finish

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
            let place = plane + oh * params.out_width + ow;
            if (u32(indices[params.index_offset + place]) == pixel) {
                sum += grad[params.offset + place];
            }
        }
    }
    finish(i, sum);
}
