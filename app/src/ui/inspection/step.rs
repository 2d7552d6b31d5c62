//! An inspected step: the batch, the loss, and the norms of each layer.

use super::predictions::class_name;
use crate::protocol::LayerNorms;
use crate::ui::numbers;
use crate::ui::pieces::ImageGrid;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Step(store: Store) -> impl IntoView {
    move || {
        let Some((step, pixels)) = store.run.step.get() else {
            return view! { <p class="empty">"Press Step to train on one batch and inspect the step here."</p> }
                .into_any();
        };
        let facts = [
            ("step", Some(numbers::whole(step.step))),
            ("loss", Some(numbers::figure(step.loss))),
            ("accuracy", step.accuracy.map(numbers::percent)),
            ("learning rate", Some(step.lr.to_string())),
        ];
        let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let facts = facts.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view();
        let images = (0..step.labels.len().min(pixels.count())).map(|i| {
            let (label, predicted) = (step.labels[i], step.predictions.get(i).copied().unwrap_or(step.labels[i]));
            let text = if label == predicted {
                format!("{}, correct", class_name(store, label))
            } else {
                format!("{}, predicted {}", class_name(store, label), class_name(store, predicted))
            };
            view! {
                <li class="batch-image" class:wrong={label != predicted} title=text.clone()>
                    <ImageGrid pixels=pixels.clone() which=vec![i] label=text.clone() />
                </li>
            }
        });
        let norms = step.layers.iter().map(row);
        view! {
            <dl class="pace">{facts}</dl>
            <div class="step">
                <ul class="batch" aria-label="Images of the batch">{images.collect_view()}</ul>
                <div class="scroll" tabindex="0" role="region" aria-label="Norms of the layers">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"layer"</th>
                                <th scope="col" title="Euclidean norm of the output">"activation"</th>
                                <th scope="col" title="Euclidean norm of the parameters">"weight"</th>
                                <th scope="col" title="Euclidean norm of the gradient">"gradient"</th>
                                <th scope="col" title="Euclidean norm of the optimizer's update">"update"</th>
                                <th scope="col" title="Norm of the update divided by that of the weights">"update / weight"</th>
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
    let fraction =
        layer.update.zip(layer.weight).filter(|(_, weight)| *weight > 0.0).map(|(update, weight)| update / weight);
    view! {
        <tr>
            <th scope="row">{layer.name.clone()}</th>
            <td>{numbers::amount(layer.activation)}</td>
            <td>{number(layer.weight)}</td>
            <td>{number(layer.gradient)}</td>
            <td>{number(layer.update)}</td>
            <td>{number(fraction)}</td>
        </tr>
    }
}
