//! Inspection of images: predictions, activations of every layer, the user's image, filters.

use super::{Answered, Subject, pixels};
use crate::protocol::{
    ActivationsRequest, ActivationsView, ClassifiedView, FiltersRequest, FiltersView, ImageSource, LayerView, Order,
    Prediction, PredictionsRequest, PredictionsView, SplitName,
};
use crate::session::run::Run;
use kindling::data::{Dataset, Images, Samples, Subset, Task, preprocess};
use kindling::nn::{Module as _, observe};
use kindling::{Error, Result, Tensor, no_grad, read_many};
use std::sync::Arc;

/// Maximum number of samples that are sorted by confidence.
const MAX_SEARCHED: usize = 2000;

/// Maximum number of channels, and of images per filter.
const MAX_CHANNELS: usize = 64;

/// The user's image, resized to the shape of the data's samples.
pub struct UserImage(Arc<Images>);

fn samples_of(run: &Run, split: SplitName) -> &Arc<dyn Dataset> {
    match split {
        SplitName::Train => run.trainer().train_loader().dataset(),
        SplitName::Test => run.trainer().test_loader().dataset(),
    }
}

/// Returns samples as inputs of the model: normalized, not augmented.
fn inputs(run: &Run, data: Arc<dyn Dataset>) -> Result<Vec<Tensor>> {
    let trainer = run.trainer();
    let loader = trainer.spec().test_loader(&data, trainer.normalization(), trainer.device())?;
    loader.epoch(0)?.map(|batch| batch.map(|(inputs, _)| inputs)).collect()
}

/// Returns the predicted probabilities of samples.
async fn probabilities(run: &Run, data: Arc<dyn Dataset>) -> Result<Vec<Vec<f32>>> {
    let model = run.trainer().model();
    model.eval();
    let mut all = Vec::with_capacity(data.len());
    for inputs in inputs(run, data)? {
        let output = no_grad(|| model.forward(&inputs)?.softmax(1))?;
        let classes = output.size(1)?;
        let values = output.to_vec::<f32>().await?;
        all.extend(values.chunks_exact(classes.max(1)).map(<[f32]>::to_vec));
    }
    Ok(all)
}

/// Returns the pixels of samples; none for samples that are not images.
fn rgba(data: &dyn Dataset, indices: &[usize]) -> Result<([usize; 2], Vec<u8>)> {
    match (data.shape(), data.read(indices)?) {
        (&[channels, height, width], Samples::Bytes(bytes)) => {
            Ok(([width, height], pixels::of_bytes(&bytes, [channels, height, width])))
        }
        _ => Ok(([0, 0], Vec::new())),
    }
}

/// Predicts samples in an order.
pub async fn predictions(
    Subject { run, .. }: Subject<'_>,
    request: PredictionsRequest,
) -> Result<Answered<PredictionsView>> {
    let PredictionsRequest { split, first, count, order, cell } = request;
    let data = samples_of(run, split).clone();
    if data.task() == Task::Regression {
        return Err(Error::value("predictions", "a regression has no classes to show"));
    }
    let is_unfiltered = order == Order::ByIndex && cell.is_none();
    let from = if is_unfiltered { first.min(data.len()) } else { 0 };
    let to = if is_unfiltered { (first + count).min(data.len()) } else { MAX_SEARCHED.min(data.len()) };
    let part: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), (from..to).collect())?);
    let mut predictions = Vec::with_capacity(part.len());
    for (i, probabilities) in probabilities(run, part).await?.into_iter().enumerate() {
        let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let predicted = best.map_or(0, |(class, _)| class);
        predictions.push(Prediction { index: from + i, label: data.label(from + i)?, predicted, probabilities });
    }
    let confidence = |p: &Prediction| p.probabilities.get(p.predicted).copied().unwrap_or(0.0);
    if let Some((label, predicted)) = cell {
        predictions.retain(|p| (p.label, p.predicted) == (label, predicted));
    }
    if order == Order::MostConfidentErrors {
        predictions.retain(|p| p.label != p.predicted);
    }
    let mut sorted = match order {
        Order::ByIndex => (0..predictions.len()).collect(),
        _ => kindling::argsort(predictions.len(), &mut |a, b| {
            confidence(&predictions[b]).total_cmp(&confidence(&predictions[a]))
        }),
    };
    if order == Order::LeastConfident {
        sorted.reverse();
    }
    let of = if is_unfiltered { data.len() } else { predictions.len() };
    let shown = sorted.into_iter().skip(if is_unfiltered { 0 } else { first }).take(count);
    let items: Vec<Prediction> = shown.map(|index| predictions[index].clone()).collect();
    let indices: Vec<usize> = items.iter().map(|item| item.index).collect();
    let (size, pixels) = rgba(data.as_ref(), &indices)?;
    let view = PredictionsView { split, first, of, searched: to, size, items };
    Ok((view, vec![pixels]))
}

/// Computes the activations of every layer for an image.
pub async fn activations(
    Subject { run, user_image }: Subject<'_>,
    request: ActivationsRequest,
) -> Result<Answered<ActivationsView>> {
    let (data, index, has_label): (Arc<dyn Dataset>, usize, bool) = match (request.image, user_image) {
        (ImageSource::Sample { split, index }, _) => (samples_of(run, split).clone(), index, true),
        (ImageSource::User, Some(UserImage(user_image))) => (user_image.clone(), 0, false),
        (ImageSource::User, None) => return Err(Error::value("inspect", "drop an image first")),
    };
    let part: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), vec![index])?);
    let model = run.trainer().model();
    model.eval();
    let inputs = inputs(run, part)?.into_iter().next().ok_or_else(|| Error::value("inspect", "no such sample"))?;
    let (output, layers) = observe(|| no_grad(|| model.forward(&inputs)?.softmax(1)));
    let output = output?;
    let mut selected: Vec<&Tensor> = layers.iter().map(|(_, result)| result).collect();
    selected.push(&output);
    let mut arrays = read_many(&selected).await?;
    let floats = |array: kindling::device::Array| array.to_f64().into_iter().map(|x| x as f32).collect::<Vec<f32>>();
    let probabilities = arrays.pop().map(floats).unwrap_or_default();
    let (size, input) = rgba(data.as_ref(), &[index])?;
    let mut bulk = vec![input];
    let mut views = Vec::with_capacity(layers.len());
    for ((name, result), array) in layers.iter().zip(arrays) {
        let values = floats(array);
        let shape = result.dims().get(1..).unwrap_or_default().to_vec();
        let (channels, size) = match *shape.as_slice() {
            [channels, height, width] => (channels, [width, height]),
            [rows, columns] => (1, [columns, rows]),
            _ => (1, [values.len(), 1]),
        };
        let channels = channels.min(MAX_CHANNELS);
        let range = pixels::range(&values);
        let zeros = values.iter().filter(|x| **x == 0.0).count() as f32 / values.len().max(1) as f32;
        let shown = values.get(..channels * size[0] * size[1]).unwrap_or(&values);
        bulk.push(pixels::gray(shown, range));
        views.push(LayerView { name: name.clone(), shape, channels, size, range, zeros });
    }
    let label = if has_label { Some(data.label(index)?) } else { None };
    let view = ActivationsView { size, label, layers: views, probabilities };
    Ok((view, bulk))
}

/// Returns the weights of a convolution as images.
pub async fn filters(Subject { run, .. }: Subject<'_>, request: FiltersRequest) -> Result<Answered<FiltersView>> {
    let FiltersRequest { layer } = request;
    let weights: Vec<(String, Tensor)> = run.trainer().model().named_parameters();
    let convolution = |(name, weight): &(String, Tensor)| {
        let shape: [usize; 4] = weight.dims().try_into().ok()?;
        Some((name.strip_suffix(".weight")?.to_owned(), weight.detach(), shape))
    };
    let convolutions: Vec<(String, Tensor, [usize; 4])> = weights.iter().filter_map(convolution).collect();
    let layers: Vec<String> = convolutions.iter().map(|(name, ..)| name.clone()).collect();
    let selected = |(name, ..): &(String, Tensor, [usize; 4])| layer.as_ref().is_none_or(|layer| layer == name);
    let Some((layer, weight, shape)) = convolutions.into_iter().find(selected) else {
        let problem = match layer {
            Some(layer) => format!("there is no convolution named {layer}"),
            None => "the model has no convolutions, so no filters to show".to_owned(),
        };
        return Err(Error::value("inspect", problem));
    };
    let values = weight.to_vec::<f32>().await?;
    let [filters, channels, height, width] = shape;
    let (range, is_color) = (pixels::range(&values), channels == 3);
    let planes = if is_color { 1 } else { channels.min(MAX_CHANNELS) };
    let filters = filters.min(4 * MAX_CHANNELS);
    let mut rgba = Vec::new();
    for filter in values.chunks_exact((channels * height * width).max(1)).take(filters) {
        if is_color {
            let scale = 255.0 / (range[1] - range[0]).max(f32::MIN_POSITIVE);
            let bytes: Vec<u8> = filter.iter().map(|x| ((x - range[0]) * scale).clamp(0.0, 255.0) as u8).collect();
            rgba.extend(pixels::of_bytes(&bytes, [channels, height, width]));
        } else {
            rgba.extend(pixels::gray(&filter[..planes * height * width], range));
        }
    }
    let view = FiltersView { layers, layer, shape: shape.to_vec(), filters, planes, size: [width, height], range };
    Ok((view, vec![rgba]))
}

/// Classifies the user's image; returns it resized.
pub async fn classify(
    run: &Run,
    [width, height]: [u32; 2],
    bytes: &[u8],
) -> Result<(Answered<ClassifiedView>, UserImage)> {
    let data = samples_of(run, SplitName::Train);
    let &[channels, high, wide] = data.shape() else {
        return Err(Error::value("classify", "the model is trained on rows of a table, not on images"));
    };
    let image = preprocess::from_rgba(width, height, bytes)?;
    let mut images = Images::new([channels, high, wide], data.classes().to_vec());
    images.push(&preprocess::to_chw(&image, [channels, high, wide])?, 0)?;
    let user_image = Arc::new(images);
    let probabilities = probabilities(run, user_image.clone()).await?.into_iter().next().unwrap_or_default();
    let (size, pixels) = rgba(user_image.as_ref(), &[0])?;
    let view = ClassifiedView { size, probabilities, classes: data.classes().to_vec() };
    Ok(((view, vec![pixels]), UserImage(user_image)))
}
