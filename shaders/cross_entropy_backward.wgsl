// The gradient of the loss of class targets: scale·(softmax(x) − onehot), or scale·(−onehot)
// without SOFTMAX, where scale is the row's weight times the gradient of its loss. For the mean,
// `weights` sums all rows' weights first, or, with OWN_TOTAL, every workgroup does.
// uses: exp, shared/nonfinite, shared/team, shared/row

struct Params {
    rows: u32,
    length: u32,
    inner: u32,
    input_offset: u32,
    target_offset: u32,
    weight_offset: u32,
    weighted: u32,
    grad_offset: u32,
    ignore_index: i32,
    mean: u32,
    grad_each: u32,
}

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> classes: array<i32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> total: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override SOFTMAX: u32 = 1u;
override OWN_TOTAL: u32 = 0u;

fn class_of(row: u32) -> i32 {
    return classes[params.target_offset + row];
}

fn weight_of(class_index: i32) -> f32 {
    if (class_index == params.ignore_index || class_index < 0 || u32(class_index) >= params.length) {
        return 0.0;
    }
    if (params.weighted == 1u) {
        return weight[params.weight_offset + u32(class_index)];
    }
    return 1.0;
}

// The sum of all rows' weights, by a whole workgroup.
fn all_weights(local: u32) -> f32 {
    var sum = 0.0;
    for (var row = local; row < params.rows; row += 64u) {
        sum += weight_of(class_of(row));
    }
    return sum_over(sum, local, 64u);
}

// By one workgroup.
@compute @workgroup_size(64)
fn weights(@builtin(local_invocation_index) local: u32) {
    let sum = all_weights(local);
    if (local == 0u) {
        output[0] = sum;
    }
}

@compute @workgroup_size(64)
fn backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = team_number(group, groups, local);
    let lane = local % TEAM;
    let length = select(0u, params.length, row < params.rows);
    let start = row_start(row, params.length, params.inner);
    var top = 0.0;
    var sum = 1.0;
    if (SOFTMAX == 1u) {
        top = -infinity();
        for (var i = lane; i < length; i += TEAM) {
            let x = input[params.input_offset + start + i * params.inner];
            top = select(top, x, x > top);
        }
        top = team_max(top, local);
        sum = 0.0;
        for (var i = lane; i < length; i += TEAM) {
            sum += exp_forward(input[params.input_offset + start + i * params.inner] - top);
        }
        sum = team_sum(sum, local);
    }
    var own_total = 1.0;
    if (OWN_TOTAL == 1u) {
        own_total = all_weights(local);
    }
    if (row >= params.rows) {
        return;
    }
    let class_index = class_of(row);
    let w = weight_of(class_index);
    var scale = w * grad[params.grad_offset + row * params.grad_each];
    if (params.mean == 1u) {
        if (OWN_TOTAL == 1u) {
            scale /= own_total;
        } else {
            scale /= total[0];
        }
    }
    for (var i = lane; i < length; i += TEAM) {
        let at = start + i * params.inner;
        var slope = 0.0;
        if (w != 0.0) {
            if (SOFTMAX == 1u) {
                slope = exp_forward(input[params.input_offset + at] - top) / sum;
            }
            slope -= select(0.0, 1.0, i == u32(class_index));
        }
        output[at] = scale * slope;
    }
}
