//! Inspection of a run: the table of its views, and their requests and answers.

use kindling::device::KernelTime;
use kindling::train::{Evaluation, Graph};
use serde::{Deserialize, Serialize};

/// Calls a macro with the views of "Inspect", a row each: name, function in the session, request
/// (if the view has settings) and answer. The answer's signal on the page has the function's name.
macro_rules! for_each_inspection {
    ($then:ident) => {
        $then! {
            /// Samples with the model's predictions.
            Predictions predictions(request: PredictionsRequest) -> PredictionsView,
            /// Confusion matrix of the test split.
            Confusion confusion() -> ConfusionView,
            /// Weights of a convolution as images.
            Filters filters(request: FiltersRequest) -> FiltersView,
            /// Results of every layer for an image.
            Activations activations(request: ActivationsRequest) -> ActivationsView,
            /// Histograms of weights and gradients.
            Histograms histograms() -> HistogramsView,
            /// Autograd graph of a training step.
            Graph graph() -> Graph,
            /// Kernels of a training step, with their times.
            Profile profile() -> ProfileView,
        }
    };
}
pub(crate) use for_each_inspection;

macro_rules! messages {
    ($($(#[$doc:meta])+ $name:ident $function:ident($($argument:ident: $request:ty)?) -> $answer:ty,)+) => {
        /// Request to inspect the run. Each is answered by the [`Answer`] of the same name, or by
        /// `Failed`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Inspection {
            $($(#[$doc])+ $name$(($request))?,)+
        }

        /// Answer to an [`Inspection`].
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Answer {
            $($(#[$doc])+ $name($answer),)+
        }
    };
}
for_each_inspection!(messages);

/// Settings of the predictions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionsRequest {
    /// Split of the samples.
    pub split: SplitName,
    /// Index in the order of the first prediction.
    pub first: usize,
    /// Maximum number of predictions, 28 by default.
    pub count: usize,
    /// Order of the predictions.
    pub order: Order,
    /// Label and predicted class, to select a cell of the confusion matrix; `None` selects all.
    pub cell: Option<(usize, usize)>,
}

impl Default for PredictionsRequest {
    fn default() -> Self {
        Self { split: SplitName::default(), first: 0, count: 28, order: Order::default(), cell: None }
    }
}

/// Settings of the filters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersRequest {
    /// Name of the layer; the first convolution if `None`.
    pub layer: Option<String>,
}

/// Settings of the activations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationsRequest {
    /// Input of the model.
    pub image: ImageSource,
}

/// A split of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitName {
    /// Training split.
    Train,
    /// Test split.
    #[default]
    Test,
}

/// Order of predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// By index in the split.
    #[default]
    ByIndex,
    /// By confidence, highest first.
    MostConfident,
    /// By confidence, lowest first.
    LeastConfident,
    /// Errors only, by confidence, highest first.
    MostConfidentErrors,
}

/// Source of an image to inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// A sample of the data set.
    Sample {
        /// Split of the sample.
        split: SplitName,
        /// Index in the split.
        index: usize,
    },
    /// The user's image that was classified last.
    User,
}

impl Default for ImageSource {
    fn default() -> Self {
        Self::Sample { split: SplitName::default(), index: 0 }
    }
}

/// Predictions. Attached: the images, RGBA, one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionsView {
    /// Split of the samples.
    pub split: SplitName,
    /// Index in the order of the first prediction.
    pub first: usize,
    /// Number of predictions in this order.
    pub of: usize,
    /// Number of samples searched, from the start of the split.
    pub searched: usize,
    /// Width and height of an image.
    pub size: [usize; 2],
    /// The predictions.
    pub items: Vec<Prediction>,
}

/// The model's prediction for a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Index of the sample in its split.
    pub index: usize,
    /// Class of the sample.
    pub label: usize,
    /// Predicted class.
    pub predicted: usize,
    /// Probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
}

/// Confusion matrix of the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionView {
    /// Loss, accuracy and matrix.
    pub evaluation: Evaluation,
    /// Names of the classes.
    pub classes: Vec<String>,
}

/// Filters of a convolution. Attached: their images, RGBA, filter by filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiltersView {
    /// Names of all convolutions.
    pub layers: Vec<String>,
    /// Name of the convolution shown.
    pub layer: String,
    /// Shape of its weight: out channels, in channels, height, width.
    pub shape: Vec<usize>,
    /// Number of filters shown.
    pub filters: usize,
    /// Images per filter: one in color for three input channels, else one in gray per channel, at
    /// most 64.
    pub planes: usize,
    /// Width and height of an image.
    pub size: [usize; 2],
    /// Weights shown as black and as white.
    #[serde(with = "super::float")]
    pub range: [f32; 2],
}

/// Results of all layers for an image. Attached: the image, RGBA, then for each layer its channels
/// in gray, RGBA, one after another; the layer's minimum is black, its maximum white.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationsView {
    /// Width and height of the image.
    pub size: [usize; 2],
    /// Class of the image, if it is known.
    pub label: Option<usize>,
    /// Layers in order.
    pub layers: Vec<LayerView>,
    /// Probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
}

/// Result of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerView {
    /// Full name of the layer.
    pub name: String,
    /// Shape of the result, without the batch dimension.
    pub shape: Vec<usize>,
    /// Number of channels shown, at most 64; a result without height and width is one row of
    /// pixels.
    pub channels: usize,
    /// Width and height of a channel.
    pub size: [usize; 2],
    /// Minimum and maximum.
    #[serde(with = "super::float")]
    pub range: [f32; 2],
    /// Fraction of the elements that are zero.
    #[serde(with = "super::float")]
    pub zeros: f32,
}

/// Histograms of all parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistogramsView {
    /// Parameters in order.
    pub parameters: Vec<ParameterView>,
}

/// Histograms of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterView {
    /// Full name of the parameter.
    pub name: String,
    /// Shape of the parameter.
    pub shape: Vec<usize>,
    /// Histogram of its elements.
    pub weight: Histogram,
    /// Histogram of its gradient in the last step; `None` before the first.
    pub gradient: Option<Histogram>,
}

/// A histogram with buckets of equal width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Minimum: start of the first bucket.
    #[serde(with = "super::float")]
    pub min: f32,
    /// Maximum: end of the last bucket.
    #[serde(with = "super::float")]
    pub max: f32,
    /// Mean.
    #[serde(with = "super::float")]
    pub mean: f32,
    /// Standard deviation.
    #[serde(with = "super::float")]
    pub std: f32,
    /// Number of values in each bucket.
    pub counts: Vec<u32>,
}

/// Kernels of a training step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileView {
    /// Recent time per step, in milliseconds.
    pub ms_per_step: f64,
    /// Kernels of the last profiled step, the slowest first.
    pub kernels: Vec<KernelTime>,
    /// Reason why there are no kernels, if there are none.
    pub note: Option<String>,
}

/// An inspected step. Attached: the images of the batch as augmented, RGBA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// Number of the step, from 1.
    pub step: u64,
    /// Mean loss of the batch.
    #[serde(with = "super::float")]
    pub loss: f64,
    /// Accuracy on the batch; `None` for regression.
    #[serde(with = "super::float")]
    pub accuracy: Option<f64>,
    /// Learning rate of the step.
    pub lr: f64,
    /// Width and height of an image; zeros for samples that are not images.
    pub size: [usize; 2],
    /// Labels of the batch, at most 64.
    pub labels: Vec<usize>,
    /// Predicted classes of the same samples.
    pub predictions: Vec<usize>,
    /// Layers in order.
    pub layers: Vec<LayerNorms>,
}

/// Euclidean norms of a layer in a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerNorms {
    /// Full name of the layer.
    pub name: String,
    /// Norm of the result.
    #[serde(with = "super::float")]
    pub activation: f64,
    /// Norm of the parameters; `None` for a layer without parameters.
    #[serde(with = "super::float")]
    pub weight: Option<f64>,
    /// Norm of the gradients.
    #[serde(with = "super::float")]
    pub gradient: Option<f64>,
    /// Norm of the optimizer's update.
    #[serde(with = "super::float")]
    pub update: Option<f64>,
}

/// Prediction for the user's image. Attached: the image as the model's input, RGBA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifiedView {
    /// Width and height.
    pub size: [usize; 2],
    /// Probability of each class.
    #[serde(with = "super::float")]
    pub probabilities: Vec<f32>,
    /// Names of the classes.
    pub classes: Vec<String>,
}
