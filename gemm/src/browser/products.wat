;; A matrix product in a browser, c = a·b or c += a·b, by all threads that look at this memory: each takes tasks, blocks of
;; the result, until there are no more. What Rust's own program cannot have on stable Rust is here: memory that workers
;; share, and multiply-adds that are one instruction ("relaxed SIMD"). `mod.rs` knows when it is used,
;; `products.js` who calls it. Each element is the sum over its depths in order, in the same blocks whatever the tasks are: the number of
;; threads changes no bit.
(module
  (import "kindling" "memory" (memory 4 8192 shared))

  ;; The job, as words from address 0 on; lengths of steps are in bytes.
  ;;   0 limit: number of the job · 2^16 + how many tasks it has    4 next: number of the job · 2^16 + next task
  ;;   8 done: tasks that are finished                             12 ready: helpers that wait for work
  ;;  16 m   20 k   24 n      28 a   32 its step a row   36 a column      40 b   44 its step a row   48 a column
  ;;  52 c   56 its step a row (a column's is 4)   60 keep: whether to add to c
  ;;  64 rows a task, a multiple of 6   68 columns a task, a multiple of 8, at most 128   72 tasks side by side

  ;; Six rows of c by eight columns: twelve vectors of sums, which with two of b and one of a are all registers that x86
  ;; has. `b` is packed: eight columns a depth. Of a only `rows` rows are read; the others repeat the last.
  (func $tile (param $a i32) (param $a_row i32) (param $a_col i32) (param $rows i32) (param $b i32) (param $k i32)
    (param $c i32) (param $c_row i32) (param $keep i32)
    (local $a1 i32) (local $a2 i32) (local $a3 i32) (local $a4 i32) (local $a5 i32) (local $at i32)
    (local $b0 v128) (local $b1 v128) (local $x v128)
    (local $s00 v128) (local $s01 v128) (local $s10 v128) (local $s11 v128) (local $s20 v128) (local $s21 v128)
    (local $s30 v128) (local $s31 v128) (local $s40 v128) (local $s41 v128) (local $s50 v128) (local $s51 v128)
    (local.set $a1 (select (i32.add (local.get $a) (local.get $a_row)) (local.get $a) (i32.gt_u (local.get $rows) (i32.const 1))))
    (local.set $a2 (select (i32.add (local.get $a1) (local.get $a_row)) (local.get $a1) (i32.gt_u (local.get $rows) (i32.const 2))))
    (local.set $a3 (select (i32.add (local.get $a2) (local.get $a_row)) (local.get $a2) (i32.gt_u (local.get $rows) (i32.const 3))))
    (local.set $a4 (select (i32.add (local.get $a3) (local.get $a_row)) (local.get $a3) (i32.gt_u (local.get $rows) (i32.const 4))))
    (local.set $a5 (select (i32.add (local.get $a4) (local.get $a_row)) (local.get $a4) (i32.gt_u (local.get $rows) (i32.const 5))))
    (if (local.get $keep)
      (then
        (local.set $s00 (v128.load (local.tee $at (local.get $c))))
        (local.set $s01 (v128.load offset=16 (local.get $at)))
        (local.set $s10 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $c_row)))))
        (local.set $s11 (v128.load offset=16 (local.get $at)))
        (local.set $s20 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $c_row)))))
        (local.set $s21 (v128.load offset=16 (local.get $at)))
        (local.set $s30 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $c_row)))))
        (local.set $s31 (v128.load offset=16 (local.get $at)))
        (local.set $s40 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $c_row)))))
        (local.set $s41 (v128.load offset=16 (local.get $at)))
        (local.set $s50 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $c_row)))))
        (local.set $s51 (v128.load offset=16 (local.get $at)))))
    (loop $depth
      (local.set $b0 (v128.load (local.get $b)))
      (local.set $b1 (v128.load offset=16 (local.get $b)))
      (local.set $x (v128.load32_splat (local.get $a)))
      (local.set $s00 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s00)))
      (local.set $s01 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s01)))
      (local.set $x (v128.load32_splat (local.get $a1)))
      (local.set $s10 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s10)))
      (local.set $s11 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s11)))
      (local.set $x (v128.load32_splat (local.get $a2)))
      (local.set $s20 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s20)))
      (local.set $s21 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s21)))
      (local.set $x (v128.load32_splat (local.get $a3)))
      (local.set $s30 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s30)))
      (local.set $s31 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s31)))
      (local.set $x (v128.load32_splat (local.get $a4)))
      (local.set $s40 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s40)))
      (local.set $s41 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s41)))
      (local.set $x (v128.load32_splat (local.get $a5)))
      (local.set $s50 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $s50)))
      (local.set $s51 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $s51)))
      (local.set $a (i32.add (local.get $a) (local.get $a_col)))
      (local.set $a1 (i32.add (local.get $a1) (local.get $a_col)))
      (local.set $a2 (i32.add (local.get $a2) (local.get $a_col)))
      (local.set $a3 (i32.add (local.get $a3) (local.get $a_col)))
      (local.set $a4 (i32.add (local.get $a4) (local.get $a_col)))
      (local.set $a5 (i32.add (local.get $a5) (local.get $a_col)))
      (local.set $b (i32.add (local.get $b) (i32.const 32)))
      (br_if $depth (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (v128.store (local.tee $at (local.get $c)) (local.get $s00))
    (v128.store offset=16 (local.get $at) (local.get $s01))
    (v128.store (local.tee $at (i32.add (local.get $at) (local.get $c_row))) (local.get $s10))
    (v128.store offset=16 (local.get $at) (local.get $s11))
    (v128.store (local.tee $at (i32.add (local.get $at) (local.get $c_row))) (local.get $s20))
    (v128.store offset=16 (local.get $at) (local.get $s21))
    (v128.store (local.tee $at (i32.add (local.get $at) (local.get $c_row))) (local.get $s30))
    (v128.store offset=16 (local.get $at) (local.get $s31))
    (v128.store (local.tee $at (i32.add (local.get $at) (local.get $c_row))) (local.get $s40))
    (v128.store offset=16 (local.get $at) (local.get $s41))
    (v128.store (local.tee $at (i32.add (local.get $at) (local.get $c_row))) (local.get $s50))
    (v128.store offset=16 (local.get $at) (local.get $s51)))

  ;; Copies `rows` × `columns` elements.
  (func $copy (param $from i32) (param $from_row i32) (param $to i32) (param $to_row i32) (param $rows i32) (param $columns i32)
    (local $at i32)
    (loop $row
      (local.set $at (i32.const 0))
      (loop $column
        (f32.store (i32.add (local.get $to) (local.get $at)) (f32.load (i32.add (local.get $from) (local.get $at))))
        (br_if $column (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.shl (local.get $columns) (i32.const 2)))))
      (local.set $from (i32.add (local.get $from) (local.get $from_row)))
      (local.set $to (i32.add (local.get $to) (local.get $to_row)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Packs `k` depths of b: eight columns one behind the other, of which those after `columns` are 0.
  (func $pack (param $b i32) (param $row i32) (param $col i32) (param $columns i32) (param $k i32) (param $to i32)
    (local $at i32) (local $column i32) (local $v v128) (local $w v128)
    (loop $depth
      (if (i32.lt_u (local.get $columns) (i32.const 8))
        (then
          (v128.store (local.get $to) (v128.const i32x4 0 0 0 0))
          (v128.store offset=16 (local.get $to) (v128.const i32x4 0 0 0 0))
          (local.set $at (local.get $b))
          (local.set $column (i32.const 0))
          (loop $next
            (f32.store (i32.add (local.get $to) (i32.shl (local.get $column) (i32.const 2))) (f32.load (local.get $at)))
            (local.set $at (i32.add (local.get $at) (local.get $col)))
            (br_if $next (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $columns)))))
        (else
          (if (i32.eq (local.get $col) (i32.const 4))
            (then
              (v128.store (local.get $to) (v128.load (local.get $b)))
              (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $b))))
            (else
              (local.set $v (v128.load32_zero (local.tee $at (local.get $b))))
              (local.set $v (v128.load32_lane 1 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $v)))
              (local.set $v (v128.load32_lane 2 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $v)))
              (local.set $v (v128.load32_lane 3 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $v)))
              (local.set $w (v128.load32_zero (local.tee $at (i32.add (local.get $at) (local.get $col)))))
              (local.set $w (v128.load32_lane 1 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $w)))
              (local.set $w (v128.load32_lane 2 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $w)))
              (local.set $w (v128.load32_lane 3 (local.tee $at (i32.add (local.get $at) (local.get $col))) (local.get $w)))
              (v128.store (local.get $to) (local.get $v))
              (v128.store offset=16 (local.get $to) (local.get $w))))))
      (local.set $b (i32.add (local.get $b) (local.get $row)))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (br_if $depth (local.tee $k (i32.sub (local.get $k) (i32.const 1))))))

  ;; Packs `k` depths of six rows of a that lie one behind the other, each depth in another page of memory perhaps. Where
  ;; there are fewer rows it reads on, and nobody reads what it found.
  (func $pack_rows (param $a i32) (param $a_col i32) (param $k i32) (param $to i32)
    (loop $depth
      (v128.store (local.get $to) (v128.load (local.get $a)))
      (i64.store offset=16 (local.get $to) (i64.load offset=16 (local.get $a)))
      (local.set $a (i32.add (local.get $a) (local.get $a_col)))
      (local.set $to (i32.add (local.get $to) (i32.const 24)))
      (br_if $depth (local.tee $k (i32.sub (local.get $k) (i32.const 1))))))

  ;; The least of two.
  (func $min (param $x i32) (param $y i32) (result i32)
    (select (local.get $x) (local.get $y) (i32.lt_u (local.get $x) (local.get $y))))

  ;; Rows from `i0` and columns from `j0` up to `i1` and `j1`, 256 depths at a time. `space` is this thread's own: 128 KiB
  ;; for packed columns, 6 KiB for packed rows, then a tile for what lies at the edge of c.
  (func $block (param $i0 i32) (param $i1 i32) (param $j0 i32) (param $j1 i32) (param $space i32)
    (local $p i32) (local $depths i32) (local $keep i32) (local $i i32) (local $j i32) (local $rows i32) (local $columns i32)
    (local $a i32) (local $a_row i32) (local $a_col i32) (local $b_row i32) (local $b_col i32) (local $c i32) (local $c_row i32)
    (local $panel i32) (local $edge i32) (local $scattered i32)
    (local.set $a_row (i32.load (i32.const 32)))
    (local.set $a_col (i32.load (i32.const 36)))
    (local.set $b_row (i32.load (i32.const 44)))
    (local.set $b_col (i32.load (i32.const 48)))
    (local.set $c_row (i32.load (i32.const 56)))
    (local.set $keep (i32.load (i32.const 60)))
    (local.set $scattered (i32.and (i32.eq (local.get $a_row) (i32.const 4)) (i32.gt_u (local.get $a_col) (i32.const 24))))
    (if (local.get $scattered) (then (local.set $a_col (i32.const 24))))
    (local.set $edge (i32.add (local.get $space) (i32.const 0x21800)))
    (loop $depth
      (local.set $depths (call $min (i32.const 256) (i32.sub (i32.load (i32.const 20)) (local.get $p))))
      (local.set $j (local.get $j0))
      (local.set $panel (local.get $space))
      (loop $packing
        (call $pack
          (i32.add (i32.load (i32.const 40))
            (i32.add (i32.mul (local.get $p) (local.get $b_row)) (i32.mul (local.get $j) (local.get $b_col))))
          (local.get $b_row) (local.get $b_col)
          (call $min (i32.const 8) (i32.sub (local.get $j1) (local.get $j))) (local.get $depths) (local.get $panel))
        (local.set $panel (i32.add (local.get $panel) (i32.shl (local.get $depths) (i32.const 5))))
        (br_if $packing (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (local.get $j1))))
      (local.set $i (local.get $i0))
      (loop $row
        (local.set $rows (call $min (i32.const 6) (i32.sub (local.get $i1) (local.get $i))))
        (local.set $a (i32.add (i32.load (i32.const 28))
          (i32.add (i32.mul (local.get $i) (local.get $a_row)) (i32.mul (local.get $p) (i32.load (i32.const 36))))))
        (if (local.get $scattered)
          (then
            (call $pack_rows (local.get $a) (i32.load (i32.const 36)) (local.get $depths) (i32.add (local.get $space) (i32.const 0x20000)))
            (local.set $a (i32.add (local.get $space) (i32.const 0x20000)))))
        (local.set $c (i32.add (i32.load (i32.const 52))
          (i32.add (i32.mul (local.get $i) (local.get $c_row)) (i32.shl (local.get $j0) (i32.const 2)))))
        (local.set $panel (local.get $space))
        (local.set $j (local.get $j0))
        (loop $column
          (local.set $columns (call $min (i32.const 8) (i32.sub (local.get $j1) (local.get $j))))
          (if (i32.eq (i32.add (local.get $rows) (local.get $columns)) (i32.const 14))
            (then
              (call $tile (local.get $a) (local.get $a_row) (local.get $a_col) (local.get $rows) (local.get $panel) (local.get $depths)
                (local.get $c) (local.get $c_row) (local.get $keep)))
            (else
              (if (local.get $keep)
                (then (call $copy (local.get $c) (local.get $c_row) (local.get $edge) (i32.const 32) (local.get $rows) (local.get $columns))))
              (call $tile (local.get $a) (local.get $a_row) (local.get $a_col) (local.get $rows) (local.get $panel) (local.get $depths)
                (local.get $edge) (i32.const 32) (local.get $keep))
              (call $copy (local.get $edge) (i32.const 32) (local.get $c) (local.get $c_row) (local.get $rows) (local.get $columns))))
          (local.set $panel (i32.add (local.get $panel) (i32.shl (local.get $depths) (i32.const 5))))
          (local.set $c (i32.add (local.get $c) (i32.const 32)))
          (br_if $column (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (local.get $j1))))
        (br_if $row (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 6))) (local.get $i1))))
      (local.set $keep (i32.const 1))
      (br_if $depth (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 256))) (i32.load (i32.const 20))))))

  ;; Takes tasks until there are none. A ticket is of the job whose number it has; the limit is read after it, so a thread
  ;; that comes late, with a ticket of a job that is done, finds another number there, and its loss is no task's.
  (func $work (param $space i32)
    (local $ticket i32) (local $limit i32) (local $task i32) (local $i i32) (local $j i32)
    (loop $next
      (local.set $ticket (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (local.set $limit (i32.atomic.load (i32.const 0)))
      (if (i32.shr_u (i32.xor (local.get $ticket) (local.get $limit)) (i32.const 16)) (then (return)))
      (if (i32.ge_u (local.get $ticket) (local.get $limit)) (then (return)))
      (local.set $task (i32.and (local.get $ticket) (i32.const 0xffff)))
      (local.set $i (i32.mul (i32.div_u (local.get $task) (i32.load (i32.const 72))) (i32.load (i32.const 64))))
      (local.set $j (i32.mul (i32.rem_u (local.get $task) (i32.load (i32.const 72))) (i32.load (i32.const 68))))
      (call $block
        (local.get $i) (call $min (i32.load (i32.const 16)) (i32.add (local.get $i) (i32.load (i32.const 64))))
        (local.get $j) (call $min (i32.load (i32.const 24)) (i32.add (local.get $j) (i32.load (i32.const 68))))
        (local.get $space))
      (if (i32.eq (i32.add (i32.atomic.rmw.add (i32.const 8) (i32.const 1)) (i32.const 1)) (i32.and (local.get $limit) (i32.const 0xffff)))
        (then (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))))
      (br $next)))

  ;; A helper's life. It ends with its worker.
  (func (export "help") (param $space i32)
    (local $seen i32)
    (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1)))
    (loop $forever
      (local.set $seen (i32.atomic.load (i32.const 0)))
      (call $work (local.get $space))
      (drop (memory.atomic.wait32 (i32.const 0) (local.get $seen) (i64.const -1)))
      (br $forever)))

  ;; Does the job that lies at address 16 and is called `limit`, and returns when all of its tasks are done: the others'
  ;; last ones are awaited awake for some microseconds, then asleep.
  (func (export "product") (param $limit i32) (param $space i32)
    (local $done i32) (local $turns i32)
    (i32.atomic.store (i32.const 8) (i32.const 0))
    (i32.atomic.store (i32.const 0) (local.get $limit))
    (i32.atomic.store (i32.const 4) (i32.and (local.get $limit) (i32.const 0xffff0000)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
    (call $work (local.get $space))
    (block $finished
      (loop $waiting
        (br_if $finished
          (i32.eq (local.tee $done (i32.atomic.load (i32.const 8))) (i32.and (local.get $limit) (i32.const 0xffff))))
        (if (i32.gt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 1000))
          (then (drop (memory.atomic.wait32 (i32.const 8) (local.get $done) (i64.const -1)))))
        (br $waiting)))))
