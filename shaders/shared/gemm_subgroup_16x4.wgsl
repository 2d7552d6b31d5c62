// A product with a tile of 16 × 4 elements per thread, held in registers, for adapters emulated on
// the CPU whose subgroups have 4 or 8 threads.
//
// A load costs these several multiply-adds, since it is checked for each thread. So each of the
// four threads of a quad, which share elements of A, loads a quarter of them, and all swap: a
// shuffle of one vector there. Thread j of a quad then has row i ^ j where another has row i. Two
// depths at a time, since a loop carries every sum through memory.
//
// Columns of neighboring threads are neighbors; `wide` is at least the size of a subgroup, so
// that its threads have the same rows.
// uses: shared/gemm_common
// checked with: matmul, shared/epilogue, shared/gemm_f32

override wide: u32 = 8u;
override high: u32 = 8u;

@compute @workgroup_size(wide, high)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, high * 16u, wide * 4u);
    if (!t.exists) {
        return;
    }
    let m = t.row + local.y * 16u;
    let n = t.col + local.x;
    // Rows and columns beyond the edge read the last one; nothing is stored for them.
    let mine = m + (local.x & 3u);
    let m_last = params.m - 1u;
    let n_last = params.n - 1u;
    let r0 = a_row(t.batch, min(mine, m_last));
    let r1 = a_row(t.batch, min(mine + 4u, m_last));
    let r2 = a_row(t.batch, min(mine + 8u, m_last));
    let r3 = a_row(t.batch, min(mine + 12u, m_last));
    let c0 = b_col(t.batch, min(n, n_last));
    let c1 = b_col(t.batch, min(n + 1u * wide, n_last));
    let c2 = b_col(t.batch, min(n + 2u * wide, n_last));
    let c3 = b_col(t.batch, min(n + 3u * wide, n_last));
    var s0 = vec4<Element>();
    var s1 = vec4<Element>();
    var s2 = vec4<Element>();
    var s3 = vec4<Element>();
    var s4 = vec4<Element>();
    var s5 = vec4<Element>();
    var s6 = vec4<Element>();
    var s7 = vec4<Element>();
    var s8 = vec4<Element>();
    var s9 = vec4<Element>();
    var s10 = vec4<Element>();
    var s11 = vec4<Element>();
    var s12 = vec4<Element>();
    var s13 = vec4<Element>();
    var s14 = vec4<Element>();
    var s15 = vec4<Element>();
    var next_a = a_depth(t.batch, t.first);
    var next_b = b_depth(t.batch, t.first);
    for (var k = t.first + 1u; k < t.end; k += 2u) {
        let at_a = next_a;
        let at_b = next_b;
        let then_a = a_next(at_a);
        let then_b = b_next(at_b);
        let b = vec4<Element>(b_load(at_b, c0), b_load(at_b, c1), b_load(at_b, c2), b_load(at_b, c3));
        let d = vec4<Element>(b_load(then_b, c0), b_load(then_b, c1), b_load(then_b, c2), b_load(then_b, c3));
        let a0 = a_load(r0, at_a);
        let e0 = a_load(r0, then_a);
        s0 = multiply_add(vec4<Element>(a0), b, s0);
        s0 = multiply_add(vec4<Element>(e0), d, s0);
        s1 = multiply_add(vec4<Element>(quadSwapX(a0)), b, s1);
        s1 = multiply_add(vec4<Element>(quadSwapX(e0)), d, s1);
        s2 = multiply_add(vec4<Element>(quadSwapY(a0)), b, s2);
        s2 = multiply_add(vec4<Element>(quadSwapY(e0)), d, s2);
        s3 = multiply_add(vec4<Element>(quadSwapDiagonal(a0)), b, s3);
        s3 = multiply_add(vec4<Element>(quadSwapDiagonal(e0)), d, s3);
        let a1 = a_load(r1, at_a);
        let e1 = a_load(r1, then_a);
        s4 = multiply_add(vec4<Element>(a1), b, s4);
        s4 = multiply_add(vec4<Element>(e1), d, s4);
        s5 = multiply_add(vec4<Element>(quadSwapX(a1)), b, s5);
        s5 = multiply_add(vec4<Element>(quadSwapX(e1)), d, s5);
        s6 = multiply_add(vec4<Element>(quadSwapY(a1)), b, s6);
        s6 = multiply_add(vec4<Element>(quadSwapY(e1)), d, s6);
        s7 = multiply_add(vec4<Element>(quadSwapDiagonal(a1)), b, s7);
        s7 = multiply_add(vec4<Element>(quadSwapDiagonal(e1)), d, s7);
        let a2 = a_load(r2, at_a);
        let e2 = a_load(r2, then_a);
        s8 = multiply_add(vec4<Element>(a2), b, s8);
        s8 = multiply_add(vec4<Element>(e2), d, s8);
        s9 = multiply_add(vec4<Element>(quadSwapX(a2)), b, s9);
        s9 = multiply_add(vec4<Element>(quadSwapX(e2)), d, s9);
        s10 = multiply_add(vec4<Element>(quadSwapY(a2)), b, s10);
        s10 = multiply_add(vec4<Element>(quadSwapY(e2)), d, s10);
        s11 = multiply_add(vec4<Element>(quadSwapDiagonal(a2)), b, s11);
        s11 = multiply_add(vec4<Element>(quadSwapDiagonal(e2)), d, s11);
        let a3 = a_load(r3, at_a);
        let e3 = a_load(r3, then_a);
        s12 = multiply_add(vec4<Element>(a3), b, s12);
        s12 = multiply_add(vec4<Element>(e3), d, s12);
        s13 = multiply_add(vec4<Element>(quadSwapX(a3)), b, s13);
        s13 = multiply_add(vec4<Element>(quadSwapX(e3)), d, s13);
        s14 = multiply_add(vec4<Element>(quadSwapY(a3)), b, s14);
        s14 = multiply_add(vec4<Element>(quadSwapY(e3)), d, s14);
        s15 = multiply_add(vec4<Element>(quadSwapDiagonal(a3)), b, s15);
        s15 = multiply_add(vec4<Element>(quadSwapDiagonal(e3)), d, s15);
        next_a = a_next(then_a);
        next_b = b_next(then_b);
    }
    if ((t.end - t.first) % 2u == 1u) {
        let b = vec4<Element>(b_load(next_b, c0), b_load(next_b, c1), b_load(next_b, c2), b_load(next_b, c3));
        let a0 = a_load(r0, next_a);
        s0 = multiply_add(vec4<Element>(a0), b, s0);
        s1 = multiply_add(vec4<Element>(quadSwapX(a0)), b, s1);
        s2 = multiply_add(vec4<Element>(quadSwapY(a0)), b, s2);
        s3 = multiply_add(vec4<Element>(quadSwapDiagonal(a0)), b, s3);
        let a1 = a_load(r1, next_a);
        s4 = multiply_add(vec4<Element>(a1), b, s4);
        s5 = multiply_add(vec4<Element>(quadSwapX(a1)), b, s5);
        s6 = multiply_add(vec4<Element>(quadSwapY(a1)), b, s6);
        s7 = multiply_add(vec4<Element>(quadSwapDiagonal(a1)), b, s7);
        let a2 = a_load(r2, next_a);
        s8 = multiply_add(vec4<Element>(a2), b, s8);
        s9 = multiply_add(vec4<Element>(quadSwapX(a2)), b, s9);
        s10 = multiply_add(vec4<Element>(quadSwapY(a2)), b, s10);
        s11 = multiply_add(vec4<Element>(quadSwapDiagonal(a2)), b, s11);
        let a3 = a_load(r3, next_a);
        s12 = multiply_add(vec4<Element>(a3), b, s12);
        s13 = multiply_add(vec4<Element>(quadSwapX(a3)), b, s13);
        s14 = multiply_add(vec4<Element>(quadSwapY(a3)), b, s14);
        s15 = multiply_add(vec4<Element>(quadSwapDiagonal(a3)), b, s15);
    }
    // Through memory, so that the epilogue is compiled here once: expanded for each element it
    // takes seconds.
    var tile = array<vec4<Element>, 16>(
        s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
    );
    for (var i = 0u; i < 64u; i++) {
        put(t, m + ((i >> 2u) ^ (local.x & 3u)), n + (i & 3u) * wide, tile[i >> 2u][i & 3u]);
    }
}
