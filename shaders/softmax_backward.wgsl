// The gradients of softmax, y·(g − Σ g·y), and of log_softmax, g − eʸ·Σ g, from the result y. One
// team per row.
// uses: exp, shared/team, shared/row

struct Params {
    rows: u32,
    length: u32,
    inner: u32,
    grad_offset: u32,
    output_offset: u32,
}

@group(0) @binding(0) var<storage, read> grad: array<f32>;
@group(0) @binding(1) var<storage, read> result: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

override LOG: u32 = 0u;

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
    var sum = 0.0;
    for (var i = lane; i < length; i += TEAM) {
        let at = start + i * params.inner;
        var g = grad[params.grad_offset + at];
        if (LOG == 0u) {
            g *= result[params.output_offset + at];
        }
        sum += g;
    }
    sum = team_sum(sum, local);
    for (var i = lane; i < length; i += TEAM) {
        let at = start + i * params.inner;
        let g = grad[params.grad_offset + at];
        let y = result[params.output_offset + at];
        if (LOG == 1u) {
            output[at] = g - exp_forward(y) * sum;
        } else {
            output[at] = y * (g - sum);
        }
    }
}
