//! Lines on a canvas: axes, ticks, thinned lines. The module knows no signals.

use super::scale::{Column, Scale, columns, label, smooth};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Points in order of x.
    pub points: &'a [(f64, f64)],
    /// Color, in CSS.
    pub color: String,
    /// Opacity.
    pub alpha: f64,
    /// True if its points are few and marked, and it is never smoothed.
    pub dots: bool,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// Lines, the last on top.
    pub lines: Vec<Line<'a>>,
    /// Weight of the past in a smoothed value, 0 … 1.
    pub smoothing: f64,
    /// True for a logarithmic axis of values.
    pub log: bool,
    /// True if values are fractions of 1; the axis stays within and is labelled in percent.
    pub is_fraction: bool,
    /// Color of text.
    pub ink: String,
    /// Color of grid lines.
    pub grid: String,
    /// Font families.
    pub font: String,
}

const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;

/// Draws, and returns the scale of steps for the pointer.
pub fn draw(
    canvas: &HtmlCanvasElement,
    context: &CanvasRenderingContext2d,
    plot: &Plot,
    pointed: Option<f64>,
) -> Scale {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    let pixels = [(width * ratio).round() as u32, (height * ratio).round() as u32];
    if [canvas.width(), canvas.height()] != pixels {
        canvas.set_width(pixels[0]);
        canvas.set_height(pixels[1]);
    }
    // A canvas's own context can always be transformed.
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);

    let steps = plot.lines.iter().filter_map(|line| line.points.last()).map(|point| point.0).fold(1.0, f64::max);
    let x = Scale::new(0.0, steps, [LEFT, (width - RIGHT).max(LEFT + 1.0)], false);
    let shown: Vec<(Vec<Column>, Vec<Column>)> = plot.lines.iter().map(|line| thinned(line, plot, &x)).collect();
    let [low, high] = range(&shown, plot);
    let y = Scale::new(low, high, [(height - BOTTOM).max(TOP + 1.0), TOP], plot.log);

    axes(context, plot, &x, &y, [width, height]);
    context.save();
    context.begin_path();
    context.rect(LEFT, 0.0, width - LEFT, height - BOTTOM + 1.0);
    context.clip();
    context.set_line_join("round");
    for (line, (raw, smoothed)) in plot.lines.iter().zip(&shown) {
        context.set_stroke_style_str(&line.color);
        context.set_fill_style_str(&line.color);
        if !raw.is_empty() {
            context.set_global_alpha(line.alpha * 0.22);
            stroke(context, raw, &y, 1.0);
        }
        context.set_global_alpha(line.alpha);
        stroke(context, smoothed, &y, 1.75);
        if line.dots {
            smoothed.iter().for_each(|column| dot(context, column.x, y.pixel(column.last), 2.5));
        }
    }
    if let Some(at) = pointed {
        context.set_global_alpha(1.0);
        context.set_stroke_style_str(&plot.ink);
        context.set_line_width(1.0);
        context.begin_path();
        let pixel = x.pixel(at).round() + 0.5;
        context.move_to(pixel, TOP);
        context.line_to(pixel, height - BOTTOM);
        context.stroke();
    }
    context.restore();
    context.set_global_alpha(1.0);
    x
}

/// Returns a line as measured, if it is smoothed, and as displayed.
fn thinned(line: &Line, plot: &Plot, x: &Scale) -> (Vec<Column>, Vec<Column>) {
    let points = || line.points.iter().copied();
    if line.dots || plot.smoothing <= 0.0 {
        return (Vec::new(), columns(points(), x));
    }
    let smoothed = smooth(points().map(|point| point.1), plot.smoothing);
    (columns(points(), x), columns(points().map(|point| point.0).zip(smoothed), x))
}

/// Returns the range of values of the displayed lines, not of the noise behind them.
fn range(shown: &[(Vec<Column>, Vec<Column>)], plot: &Plot) -> [f64; 2] {
    let all = || shown.iter().flat_map(|(_, columns)| columns);
    let positive = |value: &f64| !plot.log || *value > 0.0;
    let low = all().map(|c| c.low).filter(positive).fold(f64::INFINITY, f64::min);
    let high = all().map(|c| c.high).filter(positive).fold(f64::NEG_INFINITY, f64::max);
    let [min, max] = if plot.is_fraction { [0.0, 1.0] } else { [f64::NEG_INFINITY, f64::INFINITY] };
    if low > high {
        return if plot.log { [0.1, 1.0] } else { [0.0, 1.0] };
    }
    if plot.log {
        return [low * 0.9, (high * 1.1).min(max)];
    }
    let margin = (high - low) * 0.06;
    [(low - margin).max(min), (high + margin).min(max)]
}

fn axes(context: &CanvasRenderingContext2d, plot: &Plot, x: &Scale, y: &Scale, [width, height]: [f64; 2]) {
    context.set_font(&format!("11px {}", plot.font));
    context.set_fill_style_str(&plot.ink);
    context.set_stroke_style_str(&plot.grid);
    context.set_line_width(1.0);
    context.set_text_align("right");
    context.set_text_baseline("middle");
    for tick in y.ticks((height / 45.0) as usize) {
        let pixel = y.pixel(tick).round() + 0.5;
        context.begin_path();
        context.move_to(LEFT, pixel);
        context.line_to(width - RIGHT, pixel);
        context.stroke();
        // Labels that do not fit are clipped by the canvas itself.
        let text = if plot.is_fraction { format!("{} %", label(tick * 100.0)) } else { label(tick) };
        let _ = context.fill_text(&text, LEFT - 8.0, pixel);
    }
    context.set_text_align("center");
    context.set_text_baseline("alphabetic");
    let mut free = LEFT - 10.0;
    for tick in x.ticks((width / 90.0) as usize) {
        let (pixel, text) = (x.pixel(tick), label(tick));
        let half_width = text.len() as f64 * 3.5;
        if pixel - half_width > free && pixel + half_width < width {
            let _ = context.fill_text(&text, pixel, height - 4.0);
            free = pixel + half_width + 8.0;
        }
    }
}

/// Draws one stroke per column: from its first value to its extremes and on to its last.
fn stroke(context: &CanvasRenderingContext2d, columns: &[Column], y: &Scale, width: f64) {
    context.set_line_width(width);
    context.begin_path();
    for (i, column) in columns.iter().enumerate() {
        let first = y.pixel(column.first);
        if i == 0 {
            context.move_to(column.x, first);
        } else {
            context.line_to(column.x, first);
        }
        if column.low != column.high {
            context.line_to(column.x, y.pixel(column.low));
            context.line_to(column.x, y.pixel(column.high));
            context.line_to(column.x, y.pixel(column.last));
        }
    }
    context.stroke();
    if let [only] = columns {
        dot(context, only.x, y.pixel(only.last), 2.0);
    }
}

fn dot(context: &CanvasRenderingContext2d, x: f64, y: f64, radius: f64) {
    context.begin_path();
    // A radius above zero is always accepted.
    let _ = context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
    context.fill();
}
