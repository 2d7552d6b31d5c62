//! An image drawn by hand, classified after every stroke.

use crate::protocol::ToWorker;
use crate::ui::browser::context_2d;
use crate::ui::store::Store;
use js_sys::Uint8Array;
use leptos::html;
use leptos::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};

/// Side of the canvas in pixels; the model scales it down.
const SIDE: u32 = 192;

/// The canvas and its tools.
#[component]
pub fn Draw(store: Store) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let (ink, background) = (RwSignal::new("#f4d35e".to_owned()), RwSignal::new("#274c77".to_owned()));
    let width = RwSignal::new(16.0);
    let drawing = RwSignal::new(false);
    let on = move |act: &dyn Fn(&HtmlCanvasElement, &CanvasRenderingContext2d)| {
        if let Some(canvas) = canvas.get_untracked()
            && let Some(context) = context_2d(&canvas)
        {
            act(&canvas, &context);
        }
    };
    let clear = move |color: &str| {
        on(&|_, context| {
            context.set_fill_style_str(color);
            context.fill_rect(0.0, 0.0, SIDE.into(), SIDE.into());
        });
    };
    Effect::new(move |_| {
        let color = background.get();
        if canvas.get().is_some() {
            clear(&color);
        }
    });
    let down = move |event: PointerEvent| {
        event.prevent_default();
        drawing.set(true);
        on(&|canvas, context| {
            // Without capture a line would end at the edge of the canvas.
            let _ = canvas.set_pointer_capture(event.pointer_id());
            let [x, y] = canvas_position(canvas, &event);
            context.set_stroke_style_str(&ink.get_untracked());
            context.set_line_width(width.get_untracked());
            context.set_line_cap("round");
            context.set_line_join("round");
            context.begin_path();
            context.move_to(x, y);
            context.line_to(x, y);
            context.stroke();
        });
    };
    let draw = move |event: PointerEvent| {
        if drawing.get_untracked() {
            on(&|canvas, context| {
                let [x, y] = canvas_position(canvas, &event);
                context.line_to(x, y);
                context.stroke();
            });
        }
    };
    let up = move |_: PointerEvent| {
        if drawing.get_untracked() {
            drawing.set(false);
            on(&|_, context| classify(store, context));
        }
    };
    view! {
        <div class="draw">
            <canvas
                class="draw-canvas"
                node_ref=canvas
                width=SIDE
                height=SIDE
                role="img"
                aria-label="Draw here; the drawing is classified after every stroke"
                on:pointerdown=down
                on:pointermove=draw
                on:pointerup=up
                on:pointercancel=up
            ></canvas>
            <div class="draw-tools">
                <Color label="Pen" color=ink />
                <Color label="Background" color=background />
                <label class="field slider">
                    <span class="field-label">"Width"</span>
                    <input
                        type="range"
                        min="4"
                        max="48"
                        prop:value=move || width.get().to_string()
                        on:input=move |event| width.set(kindling::json::number(&event_target_value(&event)).unwrap_or(16.0))
                    />
                </label>
                <button class="button small" type="button" on:click=move |_| clear(&background.get_untracked())>
                    "Clear"
                </button>
            </div>
        </div>
    }
}

#[component]
fn Color(label: &'static str, color: RwSignal<String>) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field-label">{label}</span>
            <input
                type="color"
                prop:value=move || color.get()
                on:input=move |event| color.set(event_target_value(&event))
            />
        </label>
    }
}

/// Returns an event's position on the canvas, in its own pixels.
fn canvas_position(canvas: &HtmlCanvasElement, event: &PointerEvent) -> [f64; 2] {
    let shown = f64::from(canvas.client_width().max(1));
    [event.offset_x(), event.offset_y()].map(|at| f64::from(at) * f64::from(SIDE) / shown)
}

/// Requests the classification of the drawing.
fn classify(store: Store, context: &CanvasRenderingContext2d) {
    match context.get_image_data(0.0, 0.0, SIDE.into(), SIDE.into()) {
        Ok(image) => {
            let bytes = Uint8Array::from(image.data().0.as_slice());
            store.send_with(ToWorker::Classify { width: SIDE, height: SIDE }, vec![bytes.into()]);
        }
        Err(_) => {
            store.notify(true, "The browser does not let this page read its drawing; drop an image instead.".into())
        }
    }
}
