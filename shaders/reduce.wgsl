// output[o] = epilogue(accumulation over r of load(o, offset(o) + offset(r))). A team of TEAM
// threads computes one result (`reduce`), or one of its `parts` parts (`reduce_part`), which
// `reduce_parts` merges. Other pieces define Element, Output, Acc, acc_start, acc_add, acc_merge
// and acc_finalize (the operation), `params`, `load` (the operands) and the teams. Sizes and
// strides are innermost first.
// uses: shared/team
// checked with: sum, shared/element_f32, shared/reduce_input, shared/epilogue

override PLANES: u32 = 1u;

struct Params {
    outputs: u32,
    length: u32,
    parts: u32,
    chunk: u32,
    offset: u32,
    kept_ndim: u32,
    reduced_ndim: u32,
    scalar: u32,
    kept_sizes: array<vec4<u32>, 2>,
    kept_strides: array<vec4<u32>, 2>,
    reduced_sizes: array<vec4<u32>, 2>,
    reduced_strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<storage, read_write> output: array<Output>;
@group(0) @binding(0) var<storage, read_write> parts_out: array<Acc>;
@group(0) @binding(1) var<storage, read> parts_in: array<Acc>;

var<workgroup> team_accs: array<Acc, 64>;

fn kept_offset(o: u32) -> u32 {
    var rest = o;
    var offset = params.offset;
    for (var d = 0u; d < params.kept_ndim; d++) {
        let size = params.kept_sizes[d >> 2u][d & 3u];
        offset += (rest % size) * params.kept_strides[d >> 2u][d & 3u];
        rest /= size;
    }
    return offset;
}

// Accumulation by one thread of a team over the elements from `first` to `end` of result o: every
// TEAM-th, run by run of the innermost dimension.
fn accumulate(o: u32, first: u32, end: u32, lane: u32) -> Acc {
    let base = kept_offset(o);
    let inner = select(params.reduced_sizes[0].x, 1u, params.reduced_ndim == 0u);
    let step = params.reduced_strides[0].x;
    var acc = acc_start();
    var r = first + lane;
    while (r < end) {
        let skipped = r % inner;
        var offset = base + skipped * step;
        var rest = r / inner;
        for (var d = 1u; d < params.reduced_ndim; d++) {
            let size = params.reduced_sizes[d >> 2u][d & 3u];
            offset += (rest % size) * params.reduced_strides[d >> 2u][d & 3u];
            rest /= size;
        }
        let run = min(inner - skipped, end - r);
        var k = 0u;
        for (; k < run; k += TEAM) {
            acc = acc_add(acc, load(o, offset), r + k);
            offset += step * TEAM;
        }
        r += k;
    }
    return acc;
}

// The merged accumulations of a team; valid in its lane 0. All threads of the workgroup must call
// it.
fn merge_team(acc: Acc, local: u32) -> Acc {
    if (TEAM == 1u) {
        return acc;
    }
    let lane = local % TEAM;
    team_accs[local] = acc;
    for (var half = TEAM / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if (lane < half) {
            team_accs[local] = acc_merge(team_accs[local], team_accs[local + half]);
        }
    }
    return team_accs[local];
}

fn write(acc: Acc, o: u32) {
    for (var plane = 0u; plane < PLANES; plane++) {
        epilogue(plane * params.outputs + o, acc_finalize(acc, params.length, plane));
    }
}

@compute @workgroup_size(64)
fn reduce(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let o = team_number(group, groups, local);
    let lane = local % TEAM;
    var acc = acc_start();
    if (o < params.outputs) {
        acc = accumulate(o, 0u, params.length, lane);
    }
    acc = merge_team(acc, local);
    if (lane == 0u && o < params.outputs) {
        write(acc, o);
    }
}

@compute @workgroup_size(64)
fn reduce_part(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let t = team_number(group, groups, local);
    let lane = local % TEAM;
    let inside = t < params.outputs * params.parts;
    var acc = acc_start();
    if (inside) {
        let first = (t / params.outputs) * params.chunk;
        acc = accumulate(t % params.outputs, first, min(first + params.chunk, params.length), lane);
    }
    acc = merge_team(acc, local);
    if (lane == 0u && inside) {
        parts_out[t] = acc;
    }
}

// Part p of result o is at p * outputs + o.
@compute @workgroup_size(64)
fn reduce_parts(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let o = team_number(group, groups, local);
    let lane = local % TEAM;
    var acc = acc_start();
    if (o < params.outputs) {
        for (var p = lane; p < params.parts; p += TEAM) {
            acc = acc_merge(acc, parts_in[p * params.outputs + o]);
        }
    }
    acc = merge_team(acc, local);
    if (lane == 0u && o < params.outputs) {
        write(acc, o);
    }
}
