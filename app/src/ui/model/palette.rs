//! Adds a layer before the classifier, at the last index where it fits.

use super::blocks::focus;
use super::edit;
use crate::ui::store::Store;
use kindling::train::LayerSpec;
use kindling::train::model::{Branches, Kind, Sequence};
use leptos::prelude::*;

/// Available layers by purpose.
const GROUPS: &[(&str, &[&str])] = &[
    ("Parameters", &["Conv2d", "Linear", "ConvTranspose2d", "Conv1d", "Embedding"]),
    ("Normalization", &["BatchNorm2d", "BatchNorm1d", "GroupNorm", "InstanceNorm2d", "LayerNorm", "RMSNorm"]),
    ("Attention", &["MultiheadAttention", "TransformerEncoderLayer", "ClassToken", "PositionEmbedding"]),
    (
        "Activation",
        &[
            "ReLU",
            "GELU",
            "SiLU",
            "LeakyReLU",
            "PReLU",
            "ELU",
            "CELU",
            "ReLU6",
            "SELU",
            "Mish",
            "Hardswish",
            "Hardsigmoid",
            "Hardtanh",
            "LogSigmoid",
            "Tanh",
            "Sigmoid",
            "Softplus",
            "Softsign",
            "GLU",
            "Softmax",
            "LogSoftmax",
        ],
    ),
    ("Pooling and dropout", &["MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Upsample", "Dropout", "Dropout2d"]),
    ("Shape", &["Flatten", "Unflatten", "Transpose", "Select", "Identity"]),
    ("Containers", &["Residual", "Concat", "Sequential"]),
];

/// The menu under the list.
#[component]
pub fn Palette(store: Store) -> impl IntoView {
    let draft = store.draft;
    let add = move |event: web_sys::Event| {
        let name = event_target_value(&event);
        let Some(kind) = new_kind(&name) else { return };
        let mut path = None;
        draft.edit(|model| {
            let named = kind.layer().is_some_and(|layer| layer.parameters() > 0);
            let name = named.then(|| stem(kind.name()));
            path = edit::insert_fitting(model, LayerSpec { name, kind });
        });
        path.iter().for_each(focus);
    };
    let groups = GROUPS
        .iter()
        .map(|(group, names)| {
            let names = names.iter().map(|name| view! { <option value=*name>{*name}</option> }).collect_view();
            view! { <optgroup label=*group>{names}</optgroup> }
        })
        .collect_view();
    view! {
        <label class="add">
            <span class="hidden">"Add a layer"</span>
            <select class="input select" prop:value="" on:change=move |event| {
                add(event.clone());
                reset(&event);
            }>
                <option value="">"+ Add a layer"</option>
                {groups}
            </select>
        </label>
    }
}

/// Shows the label of the menu again.
fn reset(event: &web_sys::Event) {
    event_target::<web_sys::HtmlSelectElement>(event).set_value("");
}

fn stem(kind: &str) -> String {
    match kind {
        "Conv2d" | "Conv1d" => "conv1".into(),
        "Linear" => "fc1".into(),
        "BatchNorm1d" | "BatchNorm2d" => "bn1".into(),
        "ConvTranspose2d" => "up1".into(),
        "GroupNorm" | "InstanceNorm2d" | "LayerNorm" | "RMSNorm" => "norm1".into(),
        "TransformerEncoderLayer" => "encoder1".into(),
        other => format!("{}1", other.to_ascii_lowercase()),
    }
}

/// Creates a layer with typical arguments; those that follow from its input are fitted afterwards.
fn new_kind(name: &str) -> Option<Kind> {
    let arguments = match name {
        "Residual" => {
            let conv = new_kind("Conv2d")?;
            return Some(Kind::Residual(Branches { body: vec![LayerSpec::numbered(conv)], ..Branches::default() }));
        }
        "Concat" => {
            let layers = ["Identity", "Conv2d"].map(|name| new_kind(name).map(LayerSpec::numbered));
            return Some(Kind::Concat(Sequence { layers: layers.into_iter().collect::<Option<_>>()? }));
        }
        "Sequential" => {
            return Some(Kind::Sequential(Sequence { layers: vec![LayerSpec::numbered(new_kind("ReLU")?)] }));
        }
        "Conv2d" => r#"{"in_channels": 16, "out_channels": 16, "kernel_size": 3, "padding": 1}"#,
        "Conv1d" => r#"{"in_channels": 16, "out_channels": 16, "kernel_size": 3, "padding": 1}"#,
        "ConvTranspose2d" => r#"{"in_channels": 16, "out_channels": 16, "kernel_size": 2, "stride": 2}"#,
        "Linear" => r#"{"in_features": 64, "out_features": 10}"#,
        "BatchNorm1d" | "BatchNorm2d" | "InstanceNorm2d" => r#"{"num_features": 16}"#,
        "GroupNorm" => r#"{"num_groups": 4, "num_channels": 16}"#,
        "LayerNorm" | "RMSNorm" => r#"{"normalized_shape": [16]}"#,
        "TransformerEncoderLayer" => r#"{"d_model": 64, "nhead": 4, "dim_feedforward": 128}"#,
        "Upsample" => r#"{"scale_factor": 2}"#,
        "MultiheadAttention" => r#"{"embed_dim": 64, "num_heads": 4}"#,
        "Embedding" => r#"{"num_embeddings": 10, "embedding_dim": 16}"#,
        "MaxPool2d" | "AvgPool2d" => r#"{"kernel_size": 2}"#,
        "AdaptiveAvgPool2d" => r#"{"output_size": 1}"#,
        "Unflatten" => r#"{"dim": 1, "unflattened_size": [1, 28, 28]}"#,
        "Transpose" => r#"{"dim0": 1, "dim1": 2}"#,
        "Select" => r#"{"dim": 1, "index": 0}"#,
        "ClassToken" => r#"{"dim": 64}"#,
        "PositionEmbedding" => r#"{"length": 65, "dim": 64}"#,
        _ => "{}",
    };
    Kind::from_arguments(name, kindling::json::read(arguments).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_layer_can_be_created() {
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            assert_eq!(new_kind(name).map(|kind| kind.name().to_owned()).as_deref(), Some(*name));
        }
        let known = kindling::train::model::SIGNATURES.iter().map(|signature| signature.name);
        let offered: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        assert!(known.into_iter().all(|name| offered.contains(&name)));
    }
}
