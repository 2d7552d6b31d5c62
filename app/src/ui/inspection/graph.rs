//! The autograd graph of the last step, from the loss down to the parameters, each function in the
//! row of its distance.

use super::loading_placeholder;
use crate::ui::numbers;
use crate::ui::store::{Inspected, Store};
use kindling::train;
use leptos::prelude::*;

const WIDTH: f64 = 168.0;
const HEIGHT: f64 = 38.0;
const GAP_X: f64 = 18.0;
const GAP_Y: f64 = 26.0;

/// Position of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

/// The view.
#[component]
pub fn Graph(store: Store) -> impl IntoView {
    move || {
        let Some(Inspected { view, .. }) = store.inspection.answers.graph.get() else { return loading_placeholder() };
        let (points, width, height) = layout(&view);
        let edges = view.edges.iter().filter_map(|[from, to]| {
            let (from, to) = (points.get(*from)?, points.get(*to)?);
            let (x1, y1) = (from.x + WIDTH / 2.0, from.y + HEIGHT);
            let (x2, y2) = (to.x + WIDTH / 2.0, to.y);
            let middle = (y1 + y2) / 2.0;
            Some(view! { <path class="graph-edge" d=format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}") /> })
        });
        let edges = edges.collect_view();
        let nodes = view.nodes.iter().zip(&points).map(|(node, point)| {
            let corner = if node.parameter { "19" } else { "7" };
            view! {
                <g class="graph-node" class:parameter=node.parameter transform=format!("translate({} {})", point.x, point.y)>
                    <rect width=WIDTH height=HEIGHT rx=corner />
                    <text x={WIDTH / 2.0} y="16">{node.name.clone()}</text>
                    <text class="graph-shape" x={WIDTH / 2.0} y="30">{numbers::shape(&node.shape)}</text>
                </g>
            }
        });
        let nodes = nodes.collect_view();
        let text = format!("{} functions and parameters, {} edges", view.nodes.len(), view.edges.len());
        view! {
            <p class="quiet">
                "The functions that backward() calls, from the loss down. Rounded nodes are parameters, which receive gradients. "
                {text.clone()}
                "."
            </p>
            <div class="scroll graph-scroll" tabindex="0" role="region" aria-label="Autograd graph">
                <svg
                    class="graph"
                    role="img"
                    aria-label=text
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
fn layout(view: &train::Graph) -> (Vec<Point>, f64, f64) {
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
    let mut points = vec![Point::default(); count];
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
        for (i, node) in sorted.into_iter().map(|index| &here[index]).enumerate() {
            let x = i as f64 * (WIDTH + GAP_X) - width / 2.0;
            order[*node] = x;
            points[*node] = Point { x, y: row as f64 * (HEIGHT + GAP_Y) + 2.0 };
        }
        widest = widest.max(width);
    }
    points.iter_mut().for_each(|point| point.x += widest / 2.0 + 2.0);
    (points, widest + 4.0, rows as f64 * (HEIGHT + GAP_Y) - GAP_Y + 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kindling::train::GraphNode;

    #[test]
    fn a_node_is_below_all_its_sources() {
        let node = |name: &str| GraphNode { name: name.into(), shape: vec![2], parameter: false };
        let nodes = ["loss", "a", "b", "c"].map(node).to_vec();
        let (points, width, height) = layout(&train::Graph { nodes, edges: vec![[0, 1], [0, 3], [1, 2], [2, 3]] });
        let rows: Vec<f64> = points.iter().map(|point| point.y).collect();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
        assert!(points.iter().all(|point| point.x >= 0.0 && point.x + WIDTH <= width && point.y + HEIGHT <= height));
        assert!(layout(&train::Graph { nodes: Vec::new(), edges: Vec::new() }).0.is_empty());
    }
}
