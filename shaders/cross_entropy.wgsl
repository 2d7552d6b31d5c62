// The loss of class targets: w_t·(log Σ eˣ − x_t) for each row with SOFTMAX, w_t·(−x_t) without
// (the input then holds log-probabilities). `rows` computes the loss of each row, and with SUMS
// also its weight; `total` computes their sum or mean in one workgroup, for few rows.
// uses: exp, log, shared/nonfinite, shared/team, shared/row, shared/fault

struct Params {
    rows: u32,
    length: u32,
    inner: u32,
    input_offset: u32,
    target_offset: u32,
    weight_offset: u32,
    weighted: u32,
    site: u32,
    ignore_index: i32,
    mean: u32,
}

@group(0) @binding(0) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> classes: array<i32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override SOFTMAX: u32 = 1u;
override SUMS: u32 = 0u;

@compute @workgroup_size(64)
fn rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = team_number(group, groups, local);
    let lane = local % TEAM;
    let inside = row < params.rows;
    let length = select(0u, params.length, inside);
    let start = params.input_offset + row_start(row, params.length, params.inner);
    var log_sum = 0.0;
    var top = 0.0;
    if (SOFTMAX == 1u) {
        top = -infinity();
        for (var i = lane; i < length; i += TEAM) {
            let x = input[start + i * params.inner];
            top = select(top, x, x > top);
        }
        top = team_max(top, local);
        var sum = 0.0;
        for (var i = lane; i < length; i += TEAM) {
            sum += exp_forward(input[start + i * params.inner] - top);
        }
        log_sum = log_forward(team_sum(sum, local));
    }
    if (!inside || lane != 0u) {
        return;
    }
    let made = weighed(row, start, top, log_sum);
    output[row] = made.x;
    if (SUMS == 1u) {
        output[params.rows + row] = made.y;
    }
}

// The loss of a row, and its weight.
fn weighed(row: u32, start: u32, top: f32, log_sum: f32) -> vec2<f32> {
    let class_index = classes[params.target_offset + row];
    var w = 0.0;
    var loss = 0.0;
    if (class_index != params.ignore_index) {
        if (class_index < 0 || u32(class_index) >= params.length) {
            report_fault(params.site, class_index);
        } else {
            w = 1.0;
            if (params.weighted == 1u) {
                w = weight[params.weight_offset + u32(class_index)];
            }
            loss = w * (log_sum - (input[start + u32(class_index) * params.inner] - top));
        }
    }
    return vec2<f32>(loss, w);
}

@compute @workgroup_size(64)
fn total(@builtin(local_invocation_index) local: u32) {
    var sums = vec2<f32>();
    for (var row = local; row < params.rows; row += 64u) {
        let start = params.input_offset + row_start(row, params.length, params.inner);
        var top = 0.0;
        var log_sum = 0.0;
        if (SOFTMAX == 1u) {
            top = -infinity();
            for (var i = 0u; i < params.length; i++) {
                let x = input[start + i * params.inner];
                top = select(top, x, x > top);
            }
            var sum = 0.0;
            for (var i = 0u; i < params.length; i++) {
                sum += exp_forward(input[start + i * params.inner] - top);
            }
            log_sum = log_forward(sum);
        }
        sums += weighed(row, start, top, log_sum);
    }
    let loss = sum_over(sums.x, local, 64u);
    let weights = sum_over(sums.y, local, 64u);
    if (local == 0u) {
        output[0] = select(loss, loss / weights, params.mean == 1u);
    }
}
