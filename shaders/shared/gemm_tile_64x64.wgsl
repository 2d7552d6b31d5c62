// A product in tiles of 64 × 64 elements per workgroup, 4 × 4 per thread: A and B pass through
// workgroup memory, 16 deep at a time, so that each element is read once per tile. A thread's rows
// and columns are 16 apart, so that neighboring threads load and store neighboring elements. Rows
// of the tiles are padded against bank conflicts.
// uses: shared/gemm_common
// checked with: matmul, shared/epilogue, shared/gemm_f32

// True if neighbors in memory of A (of B) differ in depth, not in row (column).
override a_deep: bool = true;
override b_deep: bool = false;

var<workgroup> a_tile0: array<vec4<Element>, 272>;
var<workgroup> b_tile0: array<vec4<Element>, 272>;

fn put_row(t: Task, m: u32, n: u32, u: vec4<Element>) {
    put(t, m, n + 0u, u.x);
    put(t, m, n + 16u, u.y);
    put(t, m, n + 32u, u.z);
    put(t, m, n + 48u, u.w);
}

@compute @workgroup_size(16, 16)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, 64u, 64u);
    if (!t.exists) {
        return;
    }
    // Loads of this thread: at one depth, the rows and the columns of its slot in the tile.
    let a_slot = select(local.x, local.y, a_deep);
    let a_k = select(local.y, local.x, a_deep);
    let b_slot = select(local.x, local.y, b_deep);
    let b_k = select(local.y, local.x, b_deep);
    // Rows and columns beyond the edge read the last one; nothing is stored for them.
    let m_last = params.m - 1u;
    let n_last = params.n - 1u;
    let r0 = a_row(t.batch, min(t.row + a_slot + 0u, m_last));
    let r1 = a_row(t.batch, min(t.row + a_slot + 16u, m_last));
    let r2 = a_row(t.batch, min(t.row + a_slot + 32u, m_last));
    let r3 = a_row(t.batch, min(t.row + a_slot + 48u, m_last));
    let c0 = b_col(t.batch, min(t.col + b_slot + 0u, n_last));
    let c1 = b_col(t.batch, min(t.col + b_slot + 16u, n_last));
    let c2 = b_col(t.batch, min(t.col + b_slot + 32u, n_last));
    let c3 = b_col(t.batch, min(t.col + b_slot + 48u, n_last));
    var u0 = vec4<Element>();
    var u1 = vec4<Element>();
    var u2 = vec4<Element>();
    var u3 = vec4<Element>();
    for (var k = t.first; k < t.end; k += 16u) {
        var a0 = vec4<Element>();
        var b0 = vec4<Element>();
        if (k + a_k < t.end) {
            let at = a_depth(t.batch, k + a_k);
            a0 = vec4<Element>(a_load(r0, at), a_load(r1, at), a_load(r2, at), a_load(r3, at));
        }
        if (k + b_k < t.end) {
            let at = b_depth(t.batch, k + b_k);
            b0 = vec4<Element>(b_load(at, c0), b_load(at, c1), b_load(at, c2), b_load(at, c3));
        }
        workgroupBarrier();
        a_tile0[a_k * 17u + a_slot] = a0;
        b_tile0[b_k * 17u + b_slot] = b0;
        workgroupBarrier();
        for (var d = 0u; d < 16u; d++) {
            let x0 = a_tile0[d * 17u + local.y];
            let y0 = b_tile0[d * 17u + local.x];
            u0 = multiply_add(vec4<Element>(x0.x), y0, u0);
            u1 = multiply_add(vec4<Element>(x0.y), y0, u1);
            u2 = multiply_add(vec4<Element>(x0.z), y0, u2);
            u3 = multiply_add(vec4<Element>(x0.w), y0, u3);
        }
    }
    put_row(t, t.row + local.y + 0u, t.col + local.x, u0);
    put_row(t, t.row + local.y + 16u, t.col + local.x, u1);
    put_row(t, t.row + local.y + 32u, t.col + local.x, u2);
    put_row(t, t.row + local.y + 48u, t.col + local.x, u3);
}
