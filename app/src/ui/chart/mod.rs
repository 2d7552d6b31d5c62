//! Streaming charts: drawn at most once per frame, however often their values change; the values at
//! the pointer are displayed exactly.

mod draw;
mod scale;

use crate::ui::browser::context_2d;
use crate::ui::numbers;
use crate::ui::theme;
use draw::{Line, Plot, draw};
use leptos::html;
use leptos::prelude::*;
use scale::Scale;
use std::sync::Arc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlCanvasElement, KeyboardEvent, MouseEvent};

/// Description of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name in the legend.
    pub name: String,
    /// Custom property of its color.
    pub color: &'static str,
    /// True if it belongs to an earlier run.
    pub faint: bool,
    /// True if its points are few.
    pub dots: bool,
}

/// Callback that provides lines with descriptions. The points are borrowed for one drawing.
pub type LineSource = Arc<dyn Fn(&mut dyn FnMut(&[NamedLine<'_>])) + Send + Sync>;

/// A line: its description and its points.
pub type NamedLine<'a> = (Entry, &'a [(f64, f64)]);

/// A chart of lines over steps.
#[component]
pub fn Chart(
    /// Title of the chart.
    title: &'static str,
    /// Provides the lines, and is tracked: the chart is redrawn when its dependencies change.
    lines: LineSource,
    /// Weight of the past in a smoothed value.
    #[prop(into)]
    smoothing: Signal<f64>,
    /// True for a logarithmic axis of values.
    #[prop(into)]
    log: Signal<bool>,
    /// True if values are fractions of 1; the axis stays within and is labelled in percent.
    #[prop(optional)]
    is_fraction: bool,
    /// Format of a value.
    format: fn(f64) -> String,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let scale = RwSignal::new(None::<Scale>);
    let pointed = RwSignal::new(None::<f64>);
    let waiting = StoredValue::new(false);
    let size = RwSignal::new(0u32);
    observe_size(canvas, size);

    let paint = {
        let lines = lines.clone();
        move || {
            waiting.set_value(false);
            let Some(canvas) = canvas.get_untracked() else { return };
            let lines = lines.clone();
            untrack(|| {
                lines(&mut |lines| {
                    scale.set(paint(&canvas, lines, smoothing.get(), log.get(), is_fraction, pointed.get()));
                });
            });
        }
    };
    let track = lines.clone();
    Effect::new(move |_| {
        track(&mut |_| {});
        smoothing.track();
        log.track();
        pointed.track();
        size.track();
        theme::changed().track();
        if canvas.get().is_some() && !waiting.get_value() {
            waiting.set_value(true);
            request_animation_frame(paint.clone());
        }
    });

    let at_mouse = move |event: MouseEvent| {
        pointed.set(scale.get_untracked().map(|scale| within_scale(&scale, scale.value(f64::from(event.offset_x())))));
    };
    let keys = move |event: KeyboardEvent| {
        let Some(scale) = scale.get_untracked() else { return };
        let step = (scale.high - scale.low) / 50.0;
        let now = pointed.get_untracked();
        let to = match event.key().as_str() {
            "ArrowLeft" => now.unwrap_or(scale.high) - step,
            "ArrowRight" => now.unwrap_or(scale.low) + step,
            "Home" => scale.low,
            "End" => scale.high,
            "Escape" => return pointed.set(None),
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(within_scale(&scale, to)));
    };
    let readout = {
        let lines = lines.clone();
        Memo::new(move |_| {
            let mut rows = Vec::new();
            lines(&mut |lines| rows = read(lines, pointed.get(), format));
            rows
        })
    };
    let legend = move || {
        let rows = readout.get();
        rows.into_iter()
            .map(|row| {
                view! {
                    <li class="legend-entry" class:faint=row.faint>
                        <span class="legend-mark" data-color=row.color aria-hidden="true"></span>
                        <span>{row.name}</span>
                        <span class="legend-value">{row.value}</span>
                    </li>
                }
            })
            .collect_view()
    };
    let at = move || pointed.get().map(|step| format!("step {}", numbers::whole(step.round().max(0.0) as u128)));
    let announcement = move || {
        let rows = readout.get();
        let values: Vec<String> = rows.iter().map(|row| format!("{} {}", row.name, row.value)).collect();
        let values = if values.is_empty() { "nothing yet".to_owned() } else { values.join(", ") };
        format!("{title}{}: {values}", at().map_or(String::new(), |at| format!(" at {at}")))
    };
    view! {
        <figure class="chart">
            <figcaption class="chart-head">
                <span class="chart-title">{title}</span>
                <ul class="legend">{legend}</ul>
                <span class="chart-at">{at}</span>
            </figcaption>
            <div class="chart-frame"><canvas
                class="chart-canvas"
                node_ref=canvas
                tabindex="0"
                role="img"
                aria-label=announcement
                on:mousemove=at_mouse
                on:mouseleave=move |_| pointed.set(None)
                on:blur=move |_| pointed.set(None)
                on:keydown=keys
            ></canvas></div>
        </figure>
    }
}

/// Counts changes of the canvas's size, whatever their cause.
fn observe_size(canvas: NodeRef<html::Canvas>, size: RwSignal<u32>) {
    let changed = Closure::<dyn FnMut()>::new(move || {
        // The observer may report once more after the chart has gone.
        let _ = size.try_update(|n| *n = n.wrapping_add(1));
    });
    let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) else { return };
    let watched = observer.clone();
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            watched.observe(&canvas);
        }
    });
    let held = StoredValue::new_local((observer, changed));
    on_cleanup(move || held.with_value(|(observer, _)| observer.disconnect()));
}

fn within_scale(scale: &Scale, value: f64) -> f64 {
    value.clamp(scale.low, scale.high)
}

/// A line of the legend.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    name: String,
    color: &'static str,
    faint: bool,
    value: String,
}

/// Returns the values of the lines at a step; at their end without one.
fn read(lines: &[NamedLine<'_>], at: Option<f64>, format: fn(f64) -> String) -> Vec<Row> {
    let nearest = |points: &[(f64, f64)]| match at {
        None => points.last().copied(),
        Some(at) => {
            let after = points.partition_point(|point| point.0 < at);
            let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|i| points.get(i));
            near.min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs())).copied()
        }
    };
    let row = |(entry, points): &(Entry, &[(f64, f64)])| {
        let value = nearest(points).map(|point| format(point.1))?;
        Some(Row { name: entry.name.clone(), color: entry.color, faint: entry.faint, value })
    };
    // Earlier runs are drawn behind the others; in the legend they come last.
    let (faint, strong): (Vec<Row>, Vec<Row>) = lines.iter().filter_map(row).partition(|row| row.faint);
    strong.into_iter().chain(faint).collect()
}

fn paint(
    canvas: &HtmlCanvasElement,
    lines: &[NamedLine<'_>],
    smoothing: f64,
    log: bool,
    is_fraction: bool,
    pointed: Option<f64>,
) -> Option<Scale> {
    let style = window().get_computed_style(canvas).ok().flatten()?;
    let property = |name: &str| style.get_property_value(name).unwrap_or_default().trim().to_owned();
    let lines = lines.iter().map(|(entry, points)| Line {
        points,
        color: property(entry.color),
        alpha: if entry.faint { 0.35 } else { 1.0 },
        dots: entry.dots,
    });
    let plot = Plot {
        lines: lines.collect(),
        smoothing,
        log,
        is_fraction,
        ink: property("color"),
        grid: property("--chart-grid"),
        font: property("font-family"),
    };
    Some(draw(canvas, &context_2d(canvas)?, &plot, pointed))
}
