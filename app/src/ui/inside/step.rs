//! A single step, seen closely: the batch, the loss, and how large everything was.

use super::predictions::class_name;
use crate::protocol::LayerNorms;
use crate::ui::numbers;
use crate::ui::pieces::Picture;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Step(store: Store) -> impl IntoView {
    move || {
        let Some((step, pixels)) = store.run.step.get() else {
            return view! { <p class="empty">"Press Step: one batch is learned from, and what it did is shown here."</p> }
                .into_any();
        };
        let facts = [
            ("step", Some(numbers::whole(step.step))),
            ("loss", Some(numbers::figure(step.loss))),
            ("correct", step.accuracy.map(numbers::percent)),
            ("learning rate", Some(step.lr.to_string())),
        ];
        let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let facts = facts.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view();
        let pictures = (0..step.labels.len().min(pixels.count())).map(|i| {
            let (is, guess) = (step.labels[i], step.guesses.get(i).copied().unwrap_or(step.labels[i]));
            let words = if is == guess {
                format!("{}, right", class_name(store, is))
            } else {
                format!("{}, taken for {}", class_name(store, is), class_name(store, guess))
            };
            view! {
                <li class="batch-picture" class:wrong={is != guess} title=words.clone()>
                    <Picture pixels=pixels.clone() which=vec![i] label=words.clone() />
                </li>
            }
        });
        let norms = step.layers.iter().map(row);
        view! {
            <dl class="pace">{facts}</dl>
            <div class="step">
                <ul class="batch" aria-label="The batch, as it was learned from">{pictures.collect_view()}</ul>
                <div class="scroll" tabindex="0" role="region" aria-label="Norms of the layers">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"layer"</th>
                                <th scope="col" title="Euclidean norm of its results">"activation"</th>
                                <th scope="col" title="Euclidean norm of its parameters">"weight"</th>
                                <th scope="col" title="Euclidean norm of the gradient">"gradient"</th>
                                <th scope="col" title="Euclidean norm of what the optimizer added">"update"</th>
                                <th scope="col" title="How far the weights moved, as a part of them">"update / weight"</th>
                            </tr>
                        </thead>
                        <tbody>{norms.collect_view()}</tbody>
                    </table>
                </div>
            </div>
        }
        .into_any()
    }
}

fn row(layer: &LayerNorms) -> impl IntoView + use<> {
    let number = |value: Option<f64>| value.map_or("–".into(), numbers::amount);
    let part =
        layer.update.zip(layer.weight).filter(|(_, weight)| *weight > 0.0).map(|(update, weight)| update / weight);
    view! {
        <tr>
            <th scope="row">{layer.name.clone()}</th>
            <td>{numbers::amount(layer.activation)}</td>
            <td>{number(layer.weight)}</td>
            <td>{number(layer.gradient)}</td>
            <td>{number(layer.update)}</td>
            <td>{number(part)}</td>
        </tr>
    }
}
