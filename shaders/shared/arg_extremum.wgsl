// Where the greatest or the least element stands: the first of those tied; the first NaN if there is one.
// joined with: amax, shared/element_f32, reduce, shared/reduce_input, shared/team, shared/finish

alias Output = i32;

const NOWHERE: u32 = 0xffffffffu;

struct Acc {
    value: Element,
    place: u32,
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
        take = unordered(b.value) && (!unordered(a.value) || b.place < a.place);
    } else if (ties) {
        take = b.place < a.place;
    }
    if (a.place == NOWHERE || (take && b.place != NOWHERE)) {
        return b;
    }
    return a;
}

fn acc_finish(acc: Acc, n: u32, plane: u32) -> Output {
    return i32(acc.place);
}
