// softmax and log_softmax of rows, and their gradients. One team per row.
// uses: exp, log, shared/nonfinite, shared/team, shared/row

struct Params {
    rows: u32,
    length: u32,
    inner: u32,
    offset: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override LOG: u32 = 0u;

@compute @workgroup_size(64)
fn forward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = team_number(group, groups, local);
    let lane = local % TEAM;
    let length = select(0u, params.length, row < params.rows);
    let start = row_start(row, params.length, params.inner);
    var top = -infinity();
    for (var i = lane; i < length; i += TEAM) {
        let x = input[params.offset + start + i * params.inner];
        top = select(top, x, x > top);
    }
    top = team_max(top, local);
    var sum = 0.0;
    for (var i = lane; i < length; i += TEAM) {
        sum += exp_forward(input[params.offset + start + i * params.inner] - top);
    }
    sum = team_sum(sum, local);
    let log_sum = log_forward(sum);
    for (var i = lane; i < length; i += TEAM) {
        let at = start + i * params.inner;
        let x = input[params.offset + at] - top;
        if (LOG == 1u) {
            output[at] = x - log_sum;
        } else {
            output[at] = exp_forward(x) / sum;
        }
    }
}
