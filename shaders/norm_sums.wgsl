// The sums of g·(x - mean)·rstd and of g, for the gradient of a normalization, as planes 0 and 1.
// uses: reduce
// checked with: shared/epilogue

alias Output = f32;
alias Element = vec2<f32>;

struct Acc {
    sum: f32,
    product: f32,
}

@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// Operands are contiguous from offset 0, so that one offset applies to x and g, and o to the
// statistics. Only rstd, which follows the mean, begins elsewhere: at `scalar`.
fn load(o: u32, offset: u32) -> Element {
    return vec2<f32>(grad[offset], (input[offset] - mean[o]) * rstd[params.scalar + o]);
}

fn acc_start() -> Acc {
    return Acc(0.0, 0.0);
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return Acc(acc.sum + x.x, acc.product + x.x * x.y);
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.sum + b.sum, a.product + b.product);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return select(acc.product, acc.sum, plane == 1u);
}
