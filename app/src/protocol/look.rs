//! Looks inside of a run: predictions, filters, activations, distributions, the graph, times.

use kindling::train::Evaluation;
use serde::{Deserialize, Serialize};

/// What the page wants to see. Each is answered by the event of the same name, or by `Failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Pictures with what the model takes them for.
    Predictions {
        /// Of which half.
        split: SplitName,
        /// From which place in the order on.
        first: usize,
        /// How many.
        count: usize,
        /// In which order.
        order: Order,
        /// Only those of a class (first) that are taken for a class (second): a cell of the confusion matrix.
        cell: Option<(usize, usize)>,
    },
    /// How often each class is taken for each.
    Confusion,
    /// The weights of a convolution as pictures; of the first one if no name is given.
    Filters {
        /// The layer's name.
        layer: Option<String>,
    },
    /// What every layer makes of a picture.
    Activations {
        /// Which.
        picture: PictureOf,
    },
    /// How weights and gradients are distributed.
    Histograms,
    /// The autograd graph of a training step.
    Graph,
    /// Which kernels a training step runs, and what they take.
    Profile,
}

/// A half of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitName {
    /// What the network learns from.
    Train,
    /// What it is judged by.
    #[default]
    Test,
}

/// The order of predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As the data has them.
    #[default]
    AsTheyCome,
    /// The surest first.
    MostConfident,
    /// The least sure first.
    LeastConfident,
    /// Wrong ones only, the surest first.
    WorstMistakes,
}

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureOf {
    /// One of the data set.
    Sample {
        /// Its half.
        split: SplitName,
        /// Its number.
        index: usize,
    },
    /// The user's own, classified last.
    Own,
}

/// Predictions; the pictures stand beside the message, RGBA, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionsView {
    /// The step whose model this is.
    pub step: u64,
    /// The half.
    pub split: SplitName,
    /// The place in the order of the first.
    pub first: usize,
    /// How many there are in this order.
    pub of: usize,
    /// How many samples were looked at to find them: the first so many of the half.
    pub considered: usize,
    /// Width and height of a picture.
    pub size: [usize; 2],
    /// The predictions.
    pub items: Vec<Prediction>,
}

/// What the model takes a sample for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The sample's number in its half.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The class that the model gives it.
    pub guess: usize,
    /// The probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
}

/// The confusion matrix of the test half.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionView {
    /// The step whose model this is.
    pub step: u64,
    /// Loss, accuracy and matrix.
    pub evaluation: Evaluation,
    /// The names of the classes.
    pub classes: Vec<String>,
}

/// Filters of a convolution; their pictures stand beside the message, RGBA, filter by filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiltersView {
    /// The names of all convolutions.
    pub layers: Vec<String>,
    /// The one shown.
    pub layer: String,
    /// The shape of its weight: out, in, height, width.
    pub shape: Vec<usize>,
    /// Filters shown.
    pub filters: usize,
    /// Pictures a filter has: one in colour if it looks at three channels, else a grey one a channel, up to 64.
    pub planes: usize,
    /// Width and height of a picture.
    pub size: [usize; 2],
    /// The weight shown as black and the one shown as white.
    #[serde(with = "super::float")]
    pub range: [f32; 2],
}

/// What the layers make of a picture. Beside the message: the picture, RGBA, then for each layer its channels, RGBA, one
/// after the other, grey, the layer's least value black and its greatest white.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationsView {
    /// The step whose model this is.
    pub step: u64,
    /// Width and height of the picture.
    pub size: [usize; 2],
    /// Its class, if it has one.
    pub label: Option<usize>,
    /// The layers in order.
    pub layers: Vec<LayerView>,
    /// What the model makes of it: the probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
}

/// A layer's results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerView {
    /// The layer's full name.
    pub name: String,
    /// Its result's shape, without the batch.
    pub shape: Vec<usize>,
    /// Channels shown, at most 64; those of a layer without height and width are one row of pixels.
    pub channels: usize,
    /// Width and height of a channel.
    pub size: [usize; 2],
    /// The least and the greatest value.
    #[serde(with = "super::float")]
    pub range: [f32; 2],
    /// The part of the values that are zero: how sparse it is.
    #[serde(with = "super::float")]
    pub zeros: f32,
}

/// Distributions of all parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistogramsView {
    /// The step.
    pub step: u64,
    /// The parameters in order.
    pub parameters: Vec<ParameterView>,
}

/// How a parameter's values are distributed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterView {
    /// Its full name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Of its elements.
    pub weight: Spread,
    /// Of its gradient in the last step; nothing before the first.
    pub gradient: Option<Spread>,
}

/// A distribution, in buckets of one width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The least value: where the first bucket begins.
    #[serde(with = "super::float")]
    pub min: f32,
    /// The greatest value: where the last one ends.
    #[serde(with = "super::float")]
    pub max: f32,
    /// The mean.
    #[serde(with = "super::float")]
    pub mean: f32,
    /// The standard deviation.
    #[serde(with = "super::float")]
    pub std: f32,
    /// How many values lie in each bucket.
    pub counts: Vec<u32>,
}

/// The kernels of a training step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileView {
    /// What a step takes, in milliseconds, on the average of late.
    pub ms_per_step: f64,
    /// The kernels of the last step that was timed, the most expensive first.
    pub kernels: Vec<KernelView>,
    /// Why there are none.
    pub note: Option<String>,
}

/// A kernel in a training step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelView {
    /// Its name.
    pub name: String,
    /// How often it runs in a step.
    pub count: usize,
    /// Milliseconds that these took together.
    pub ms: f64,
}

/// A step, seen closely. The batch's pictures stand beside the message, RGBA, as they were learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// The step's number, from 1.
    pub step: u64,
    /// The mean loss of the batch.
    #[serde(with = "super::float")]
    pub loss: f64,
    /// The part classified correctly; `None` for regression.
    #[serde(with = "super::float")]
    pub accuracy: Option<f64>,
    /// The learning rate it was made with.
    pub lr: f64,
    /// Width and height of a picture; zeros where samples are no pictures.
    pub size: [usize; 2],
    /// The class of each sample of the batch, the first 64.
    pub labels: Vec<usize>,
    /// What the model took each for.
    pub guesses: Vec<usize>,
    /// The layers in order.
    pub layers: Vec<LayerNorms>,
}

/// How large a layer's numbers were in a step: Euclidean norms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerNorms {
    /// The layer's full name.
    pub name: String,
    /// Of its results.
    #[serde(with = "super::float")]
    pub activation: f64,
    /// Of its parameters; nothing for a layer that has none.
    #[serde(with = "super::float")]
    pub weight: Option<f64>,
    /// Of its parameters' gradient.
    #[serde(with = "super::float")]
    pub gradient: Option<f64>,
    /// Of what the optimizer added to its parameters.
    #[serde(with = "super::float")]
    pub update: Option<f64>,
}

/// What the model makes of the user's own picture. The picture as the model saw it stands beside the message, RGBA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifiedView {
    /// Width and height.
    pub size: [usize; 2],
    /// The probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
    /// The names of the classes.
    pub classes: Vec<String>,
}
