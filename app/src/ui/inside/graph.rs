//! The autograd graph of the last step, from the loss down to the parameters, each function in the
//! row of its distance.

use super::looking;
use crate::ui::numbers;
use crate::ui::store::Store;
use kindling::train;
use leptos::prelude::*;

const WIDTH: f64 = 168.0;
const HEIGHT: f64 = 38.0;
const GAP_X: f64 = 18.0;
const GAP_Y: f64 = 26.0;

/// Position of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spot {
    x: f64,
    y: f64,
}

/// The view.
#[component]
pub fn Graph(store: Store) -> impl IntoView {
    move || {
        let Some(view) = store.inside.graph.get() else { return looking() };
        let (spots, width, height) = place(&view);
        let edges = view.edges.iter().filter_map(|[from, to]| {
            let (from, to) = (spots.get(*from)?, spots.get(*to)?);
            let (x1, y1) = (from.x + WIDTH / 2.0, from.y + HEIGHT);
            let (x2, y2) = (to.x + WIDTH / 2.0, to.y);
            let middle = (y1 + y2) / 2.0;
            Some(view! { <path class="graph-edge" d=format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}") /> })
        });
        let edges = edges.collect_view();
        let nodes = view.nodes.iter().zip(&spots).map(|(node, spot)| {
            let corner = if node.parameter { "19" } else { "7" };
            view! {
                <g class="graph-node" class:parameter=node.parameter transform=format!("translate({} {})", spot.x, spot.y)>
                    <rect width=WIDTH height=HEIGHT rx=corner />
                    <text x={WIDTH / 2.0} y="16">{node.name.clone()}</text>
                    <text class="graph-shape" x={WIDTH / 2.0} y="30">{numbers::shape(&node.shape)}</text>
                </g>
            }
        });
        let nodes = nodes.collect_view();
        let words = format!("{} functions and parameters, {} edges", view.nodes.len(), view.edges.len());
        view! {
            <p class="quiet">
                "What backward() walks, from the loss down: rounded are the parameters, which end up with a gradient. "
                {words.clone()}
                "."
            </p>
            <div class="scroll graph-scroll" tabindex="0" role="region" aria-label="Autograd graph">
                <svg
                    class="graph"
                    role="img"
                    aria-label=words
                    width=width
                    height=height
                    viewBox=format!("0 0 {width} {height}")
                >
                    {edges}
                    {nodes}
                </svg>
            </div>
        }
        .into_any()
    }
}

/// Places nodes in rows by the longest path from the loss; within a row near their sources.
fn place(view: &train::Graph) -> (Vec<Spot>, f64, f64) {
    let count = view.nodes.len();
    let mut depth = vec![0usize; count];
    // The graph has no cycles; as many rounds as it has nodes are sufficient, and end early.
    for _ in 0..count {
        let mut changed = false;
        for [from, to] in &view.edges {
            if *from < count && *to < count && depth[*to] < depth[*from] + 1 && depth[*from] < count {
                depth[*to] = depth[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let rows = depth.iter().max().map_or(0, |deepest| deepest + 1);
    let mut order = vec![0.0f64; count];
    let mut spots = vec![Spot::default(); count];
    let mut widest: f64 = 0.0;
    for row in 0..rows {
        let here: Vec<usize> = (0..count).filter(|node| depth[*node] == row).collect();
        for node in &here {
            let above: Vec<f64> = view
                .edges
                .iter()
                .filter(|[_, to]| to == node)
                .filter_map(|[from, _]| order.get(*from).copied())
                .collect();
            order[*node] = above.iter().sum::<f64>() / above.len().max(1) as f64;
        }
        let sorted = kindling::argsort(here.len(), &mut |a, b| order[here[a]].total_cmp(&order[here[b]]));
        let width = here.len() as f64 * (WIDTH + GAP_X) - GAP_X;
        for (i, node) in sorted.into_iter().map(|place| &here[place]).enumerate() {
            let x = i as f64 * (WIDTH + GAP_X) - width / 2.0;
            order[*node] = x;
            spots[*node] = Spot { x, y: row as f64 * (HEIGHT + GAP_Y) + 2.0 };
        }
        widest = widest.max(width);
    }
    spots.iter_mut().for_each(|spot| spot.x += widest / 2.0 + 2.0);
    (spots, widest + 4.0, rows as f64 * (HEIGHT + GAP_Y) - GAP_Y + 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kindling::train::GraphNode;

    #[test]
    fn what_comes_from_two_stands_below_both() {
        let node = |name: &str| GraphNode { name: name.into(), shape: vec![2], parameter: false };
        let nodes = ["loss", "a", "b", "c"].map(node).to_vec();
        let (spots, width, height) = place(&train::Graph { nodes, edges: vec![[0, 1], [0, 3], [1, 2], [2, 3]] });
        let rows: Vec<f64> = spots.iter().map(|spot| spot.y).collect();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
        assert!(spots.iter().all(|spot| spot.x >= 0.0 && spot.x + WIDTH <= width && spot.y + HEIGHT <= height));
        assert!(place(&train::Graph { nodes: Vec::new(), edges: Vec::new() }).0.is_empty());
    }
}
