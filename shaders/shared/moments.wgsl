// Count, mean and sum of squared deviations: Welford's update to add an element, Chan's to merge.
// Differences from the mean are small numbers even if the elements are large.

struct Acc {
    count: f32,
    mean: f32,
    squares: f32,
}

fn acc_start() -> Acc {
    return Acc(0.0, 0.0, 0.0);
}

fn acc_add(acc: Acc, x: f32, r: u32) -> Acc {
    let count = acc.count + 1.0;
    let delta = x - acc.mean;
    let mean = acc.mean + delta / count;
    return Acc(count, mean, acc.squares + delta * (x - mean));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    if (b.count == 0.0) {
        return a;
    }
    if (a.count == 0.0) {
        return b;
    }
    let count = a.count + b.count;
    let delta = b.mean - a.mean;
    let share = b.count / count;
    return Acc(count, a.mean + delta * share, a.squares + b.squares + delta * delta * a.count * share);
}
