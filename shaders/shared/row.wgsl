// Rows: the elements along one dimension, with stride `inner`. A team of TEAM threads shares a row;
// lane l takes elements l, l + TEAM, … . Results of a team are known to all of its threads; all
// threads of a workgroup must call the team functions.
// uses: shared/team

var<workgroup> team_values: array<f32, 64>;

// The start of a row.
fn row_start(row: u32, length: u32, inner: u32) -> u32 {
    return (row / inner) * length * inner + row % inner;
}

fn team_sum(value: f32, local: u32) -> f32 {
    return sum_over(value, local, TEAM);
}

// The sum over `size` threads, a power of two.
fn sum_over(value: f32, local: u32, size: u32) -> f32 {
    if (size == 1u) {
        return value;
    }
    workgroupBarrier();
    team_values[local] = value;
    for (var half = size / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if (local % size < half) {
            team_values[local] += team_values[local + half];
        }
    }
    workgroupBarrier();
    return team_values[local - local % size];
}

fn team_max(value: f32, local: u32) -> f32 {
    if (TEAM == 1u) {
        return value;
    }
    workgroupBarrier();
    team_values[local] = value;
    for (var half = TEAM / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if (local % TEAM < half) {
            team_values[local] = max(team_values[local], team_values[local + half]);
        }
    }
    workgroupBarrier();
    return team_values[local - local % TEAM];
}
