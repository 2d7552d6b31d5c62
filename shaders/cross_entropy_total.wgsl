// The sum or weighted mean of the losses of all rows from `cross_entropy`, by one workgroup.
// uses: shared/team, shared/row

struct Params {
    rows: u32,
    mean: u32,
}

@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
    var loss = 0.0;
    var weights = 0.0;
    for (var row = local; row < params.rows; row += TEAM) {
        loss += sums[row];
        weights += sums[params.rows + row];
    }
    loss = team_sum(loss, local);
    weights = team_sum(weights, local);
    if (local == 0u) {
        output[0] = select(loss, loss / weights, params.mean == 1u);
    }
}
