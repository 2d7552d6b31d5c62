//! The view of a single step: the batch, the loss, and the norms of each layer.

use super::pixels;
use crate::protocol::{LayerNorms, StepView};
use kindling::data::Task;
use kindling::train::{StepDetails, Trainer};

/// Maximum number of images.
const MAX_IMAGES: usize = 64;

/// Returns the view of a step, and the images of its batch.
pub fn step_view(trainer: &Trainer, details: StepDetails) -> (StepView, Vec<u8>) {
    let pairs = details.labels.iter().zip(&details.predictions);
    let correct = pairs.filter(|(label, predicted)| label == predicted).count();
    let accuracy = (trainer.train_loader().dataset().task() == Task::Classification)
        .then(|| correct as f64 / details.labels.len().max(1) as f64);
    let (values, dims) = details.inputs;
    let (size, rgba) = match *dims.as_slice() {
        [n, channels, height, width] => {
            let part = values.iter().take(n.min(MAX_IMAGES) * channels * height * width);
            let part: Vec<f64> = part.map(|x| f64::from(*x)).collect();
            ([width, height], pixels::of_batch(&part, [channels, height, width], trainer.normalization()))
        }
        _ => ([0, 0], Vec::new()),
    };
    let first = |of: Vec<usize>| of.into_iter().take(MAX_IMAGES).collect();
    let layers = details.layers.into_iter().map(|layer| LayerNorms {
        name: layer.name,
        activation: layer.activation,
        weight: layer.parameters.map(|[weight, ..]| weight),
        gradient: layer.parameters.map(|[_, gradient, _]| gradient),
        update: layer.parameters.map(|[.., update]| update),
    });
    let view = StepView {
        step: details.step,
        loss: details.loss,
        accuracy,
        lr: details.lr,
        size,
        labels: first(details.labels),
        predictions: first(details.predictions),
        layers: layers.collect(),
    };
    (view, rgba)
}
