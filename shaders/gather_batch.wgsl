// A batch of images from bytes: output[n, c, y, x] = (pixels[image n, c, row, column] / 255 − mean)
// / std, and 0 outside of the image. crops[n] = image, top, left, flips (bit 0: left to right, bit
// 1: top to bottom). Four bytes per word, the first lowest. One thread per element.
// uses: shared/fault

struct Params {
    count: u32,
    images: u32,
    channels: u32,
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    pixels_offset: u32,
    crops_offset: u32,
    scale_offset: u32,
    site: u32,
    unused: u32,
}

@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> crops: array<i32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    var x = t % params.columns;
    var y = (t / params.columns) % params.rows;
    let c = (t / (params.columns * params.rows)) % params.channels;
    let n = t / (params.columns * params.rows * params.channels);

    let crop = params.crops_offset + 4u * n;
    let image = crops[crop];
    if (image < 0 || u32(image) >= params.images) {
        report_fault(params.site, image);
        output[t] = 0.0;
        return;
    }
    let flips = crops[crop + 3u];
    if ((flips & 1) != 0) {
        x = params.columns - 1u - x;
    }
    if ((flips & 2) != 0) {
        y = params.rows - 1u - y;
    }
    let row = crops[crop + 1u] + i32(y);
    let column = crops[crop + 2u] + i32(x);

    var value = 0.0;
    if (row >= 0 && row < i32(params.height) && column >= 0 && column < i32(params.width)) {
        let at = ((u32(image) * params.channels + c) * params.height + u32(row)) * params.width + u32(column);
        let word = pixels[params.pixels_offset + (at >> 2u)];
        value = f32((word >> (8u * (at & 3u))) & 255u) / 255.0;
    }
    let mean = scale[params.scale_offset + c];
    let deviation = scale[params.scale_offset + params.channels + c];
    output[t] = (value - mean) / deviation;
}
