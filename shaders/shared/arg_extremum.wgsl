// Index of the maximum or minimum: the first for ties; the first NaN if there is one.
// checked with: amax, shared/element_f32

alias Output = i32;

const NOWHERE: u32 = 0xffffffffu;

struct Acc {
    value: Element,
    index: u32,
}

fn acc_start() -> Acc {
    return Acc(worst(), NOWHERE);
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return acc_merge(acc, Acc(x, r));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    var take = better(b.value, a.value);
    let ties = !take && !better(a.value, b.value);
    if (unordered(a.value) || unordered(b.value)) {
        take = unordered(b.value) && (!unordered(a.value) || b.index < a.index);
    } else if (ties) {
        take = b.index < a.index;
    }
    if (a.index == NOWHERE || (take && b.index != NOWHERE)) {
        return b;
    }
    return a;
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return i32(acc.index);
}
