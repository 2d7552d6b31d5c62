// Brightness, contrast, saturation and hue of images adjusted by factors[n], in the order
// orders[n], four bits per adjustment. Two launches: `means`, one workgroup per image, computes the
// mean gray for contrast (after the adjustments before it); `apply`, one thread per pixel, adjusts
// the images.

struct Params {
    images: u32,
    channels: u32,
    plane: u32,
    input_offset: u32,
    factors_offset: u32,
    orders_offset: u32,
    unused_a: u32,
    unused_b: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> factors: array<f32>;
@group(0) @binding(2) var<storage, read> orders: array<i32>;
@group(0) @binding(3) var<storage, read_write> means_of: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const BRIGHTNESS = 0u;
const CONTRAST = 1u;
const SATURATION = 2u;
const HUE = 3u;

fn gray(rgb: vec3<f32>) -> f32 {
    return dot(rgb, vec3<f32>(0.2989, 0.587, 0.114));
}

fn blend(rgb: vec3<f32>, other: f32, factor: f32) -> vec3<f32> {
    return clamp(factor * rgb + vec3<f32>((1.0 - factor) * other), vec3<f32>(0.0), vec3<f32>(1.0));
}

// Hue shift in HSV space.
fn shift_hue(rgb: vec3<f32>, by: f32) -> vec3<f32> {
    let value = max(max(rgb.r, rgb.g), rgb.b);
    let range = value - min(min(rgb.r, rgb.g), rgb.b);
    if (range == 0.0) {
        return rgb;
    }
    let away = (vec3<f32>(value) - rgb) / range;
    var sixths = 4.0 + away.g - away.r;
    if (value == rgb.r) {
        sixths = away.b - away.g;
    } else if (value == rgb.g) {
        sixths = 2.0 + away.r - away.b;
    }
    let hue = fract(sixths / 6.0 + by) * 6.0;
    let part = fract(hue);
    let saturation = range / value;
    let less = vec3<f32>(saturation, saturation * part, saturation * (1.0 - part));
    let pqt = clamp(value * (vec3<f32>(1.0) - less), vec3<f32>(0.0), vec3<f32>(1.0));
    switch (u32(hue) % 6u) {
        case 0u: { return vec3<f32>(value, pqt.z, pqt.x); }
        case 1u: { return vec3<f32>(pqt.y, value, pqt.x); }
        case 2u: { return vec3<f32>(pqt.x, value, pqt.z); }
        case 3u: { return vec3<f32>(pqt.x, pqt.y, value); }
        case 4u: { return vec3<f32>(pqt.z, pqt.x, value); }
        default: { return vec3<f32>(value, pqt.x, pqt.y); }
    }
}

fn adjust(change: u32, rgb: vec3<f32>, image: u32, mean: f32) -> vec3<f32> {
    let color = params.channels == 3u;
    let factor = factors[params.factors_offset + 4u * image + min(change, 3u)];
    if (change == BRIGHTNESS) {
        return blend(rgb, 0.0, factor);
    }
    if (change == CONTRAST) {
        return blend(rgb, mean, factor);
    }
    // A gray image has neither saturation nor hue.
    if (change == SATURATION && color) {
        return blend(rgb, gray(rgb), factor);
    }
    if (change == HUE && color) {
        return shift_hue(rgb, factor);
    }
    return rgb;
}

fn pixel(image: u32, i: u32) -> vec3<f32> {
    let at = params.input_offset + image * params.channels * params.plane + i;
    if (params.channels == 3u) {
        return vec3<f32>(input[at], input[at + params.plane], input[at + 2u * params.plane]);
    }
    return vec3<f32>(input[at]);
}

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn means(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let image = group.y * groups.x + group.x;
    var sum = 0.0;
    if (image < params.images) {
        let order = u32(orders[params.orders_offset + image]);
        for (var i = lane; i < params.plane; i += 64u) {
            var rgb = pixel(image, i);
            for (var step = 0u; step < 4u; step++) {
                let change = (order >> (4u * step)) & 15u;
                if (change == CONTRAST) {
                    break;
                }
                rgb = adjust(change, rgb, image, 0.0);
            }
            sum += select(rgb.r, gray(rgb), params.channels == 3u);
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    for (var reach = 32u; reach > 0u; reach /= 2u) {
        if (lane < reach) {
            sums[lane] += sums[lane + reach];
        }
        workgroupBarrier();
    }
    if (lane == 0u && image < params.images) {
        means_of[image] = sums[0] / f32(params.plane);
    }
}

@compute @workgroup_size(64)
fn apply(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.images * params.plane) {
        return;
    }
    let image = t / params.plane;
    let i = t % params.plane;
    let order = u32(orders[params.orders_offset + image]);
    var rgb = pixel(image, i);
    for (var step = 0u; step < 4u; step++) {
        rgb = adjust((order >> (4u * step)) & 15u, rgb, image, means_of[image]);
    }
    let at = image * params.channels * params.plane + i;
    output[at] = rgb.r;
    if (params.channels == 3u) {
        output[at + params.plane] = rgb.g;
        output[at + 2u * params.plane] = rgb.b;
    }
}
