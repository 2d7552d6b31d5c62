//! What a model makes of pictures: predictions, activations layer by layer, the user's own picture; and its filters.

use super::run::Run;
use super::{Session, pixels};
use crate::protocol::{
    ActivationsView, ClassifiedView, FiltersView, FromWorker, LayerView, Order, PictureOf, Prediction, PredictionsView,
    SplitName,
};
use kindling::data::{Dataset, Images, Samples, Subset, Task, preprocess};
use kindling::nn::{Module as _, observe};
use kindling::{Error, Result, Tensor, no_grad, plan};
use std::sync::Arc;

/// Samples that are looked at to put predictions in order.
const CONSIDERED: usize = 2000;

/// Channels, and pictures of a filter, that are shown.
const MOST_SHOWN: usize = 64;

/// The user's own picture, in the shape that the data has.
pub struct Own(Arc<Images>);

fn no_run() -> Error {
    Error::value("look", "begin a run first: there is no model to look into")
}

impl Run {
    fn data(&self, split: SplitName) -> &Arc<dyn Dataset> {
        match split {
            SplitName::Train => self.trainer.train_loader().dataset(),
            SplitName::Test => self.trainer.test_loader().dataset(),
        }
    }

    /// Samples as the model sees them, normalized and not augmented.
    fn inputs(&self, data: Arc<dyn Dataset>) -> Result<Vec<Tensor>> {
        let trainer = &self.trainer;
        let loader = trainer.spec().test_loader(&data, trainer.normalization(), trainer.device())?;
        loader.epoch(0)?.map(|batch| batch.map(|(inputs, _)| inputs)).collect()
    }

    /// The probabilities that the model gives samples.
    async fn probabilities(&self, data: Arc<dyn Dataset>) -> Result<Vec<Vec<f32>>> {
        let model = self.trainer.model();
        model.eval();
        let mut all = Vec::with_capacity(data.len());
        for inputs in self.inputs(data)? {
            let output = no_grad(|| model.forward(&inputs)?.softmax(1))?;
            let classes = output.size(1)?;
            let values = output.to_vec::<f32>().await?;
            all.extend(values.chunks_exact(classes.max(1)).map(<[f32]>::to_vec));
        }
        Ok(all)
    }
}

/// Pixels of samples; nothing for samples that are no pictures.
fn rgba(data: &dyn Dataset, indices: &[usize]) -> Result<([usize; 2], Vec<u8>)> {
    match (data.shape(), data.read(indices)?) {
        (&[channels, height, width], Samples::Bytes(bytes)) => {
            Ok(([width, height], pixels::of_bytes(&bytes, [channels, height, width])))
        }
        _ => Ok(([0, 0], Vec::new())),
    }
}

impl Session {
    pub(super) async fn predictions(
        &mut self,
        split: SplitName,
        [first, count]: [usize; 2],
        order: Order,
        cell: Option<(usize, usize)>,
    ) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let data = run.data(split).clone();
        if data.task() == Task::Regression {
            return Err(Error::value("predictions", "the label is a quantity: there are no classes to show"));
        }
        let plain = order == Order::AsTheyCome && cell.is_none();
        let from = if plain { first.min(data.len()) } else { 0 };
        let to = if plain { (first + count).min(data.len()) } else { CONSIDERED.min(data.len()) };
        let part: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), (from..to).collect())?);
        let mut found = Vec::with_capacity(part.len());
        for (i, probabilities) in run.probabilities(part).await?.into_iter().enumerate() {
            let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let guess = best.map_or(0, |(class, _)| class);
            found.push(Prediction { index: from + i, label: data.label(from + i)?, guess, probabilities });
        }
        let sure = |p: &Prediction| p.probabilities.get(p.guess).copied().unwrap_or(0.0);
        if let Some((label, guess)) = cell {
            found.retain(|p| (p.label, p.guess) == (label, guess));
        }
        if order == Order::WorstMistakes {
            found.retain(|p| p.label != p.guess);
        }
        let mut places = match order {
            Order::AsTheyCome => (0..found.len()).collect(),
            _ => kindling::argsort(found.len(), &mut |a, b| sure(&found[b]).total_cmp(&sure(&found[a]))),
        };
        if order == Order::LeastConfident {
            places.reverse();
        }
        let of = if plain { data.len() } else { found.len() };
        let shown = places.into_iter().skip(if plain { 0 } else { first }).take(count);
        let items: Vec<Prediction> = shown.map(|place| found[place].clone()).collect();
        let indices: Vec<usize> = items.iter().map(|item| item.index).collect();
        let (size, pixels) = rgba(data.as_ref(), &indices)?;
        let step = run.trainer.position().step;
        let view = PredictionsView { step, split, first, of, considered: to, size, items };
        self.say_with(FromWorker::Predictions(view), vec![pixels]);
        Ok(())
    }

    pub(super) async fn activations(&mut self, picture: PictureOf) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let (data, index, label): (Arc<dyn Dataset>, usize, bool) = match (picture, &self.own) {
            (PictureOf::Sample { split, index }, _) => (run.data(split).clone(), index, true),
            (PictureOf::Own, Some(Own(own))) => (own.clone(), 0, false),
            (PictureOf::Own, None) => return Err(Error::value("look", "drop a picture of your own first")),
        };
        let part: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), vec![index])?);
        let model = run.trainer.model();
        model.eval();
        let inputs = run.inputs(part)?.into_iter().next().ok_or_else(|| Error::value("look", "no such sample"))?;
        let (output, layers) = observe(|| no_grad(|| model.forward(&inputs)?.softmax(1)));
        let output = output?;
        let mut wanted: Vec<&Tensor> = layers.iter().map(|(_, result)| result).collect();
        wanted.push(&output);
        let mut arrays = plan::read_many(&wanted).await?;
        let floats =
            |array: kindling::device::Array| array.to_f64().into_iter().map(|x| x as f32).collect::<Vec<f32>>();
        let probabilities = arrays.pop().map(floats).unwrap_or_default();
        let (size, own) = rgba(data.as_ref(), &[index])?;
        let mut bulk = vec![own];
        let mut views = Vec::with_capacity(layers.len());
        for ((name, result), array) in layers.iter().zip(arrays) {
            let values = floats(array);
            let shape = result.dims().get(1..).unwrap_or_default().to_vec();
            let (channels, size) = match *shape.as_slice() {
                [channels, height, width] => (channels, [width, height]),
                [rows, columns] => (1, [columns, rows]),
                _ => (1, [values.len(), 1]),
            };
            let channels = channels.min(MOST_SHOWN);
            let range = pixels::range(&values);
            let zeros = values.iter().filter(|x| **x == 0.0).count() as f32 / values.len().max(1) as f32;
            let shown = values.get(..channels * size[0] * size[1]).unwrap_or(&values);
            bulk.push(pixels::grey(shown, range));
            views.push(LayerView { name: name.clone(), shape, channels, size, range, zeros });
        }
        let label = if label { Some(data.label(index)?) } else { None };
        let step = run.trainer.position().step;
        let view = ActivationsView { step, size, label, layers: views, probabilities };
        self.say_with(FromWorker::Activations(view), bulk);
        Ok(())
    }

    pub(super) async fn filters(&mut self, layer: Option<String>) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let weights: Vec<(String, Tensor)> = run.trainer.model().named_parameters();
        let convolutions: Vec<(&str, &Tensor)> = weights
            .iter()
            .filter(|(_, weight)| weight.ndim() == 4)
            .filter_map(|(name, weight)| Some((name.strip_suffix(".weight")?, weight)))
            .collect();
        let layers: Vec<String> = convolutions.iter().map(|(name, _)| (*name).to_owned()).collect();
        let wanted = |(name, _): &&(&str, &Tensor)| layer.as_deref().is_none_or(|layer| layer == *name);
        let Some((name, weight)) = convolutions.iter().find(wanted) else {
            let problem = match layer {
                Some(layer) => format!("there is no convolution named {layer}"),
                None => "the model has no convolutions, so no filters to show".to_owned(),
            };
            return Err(Error::value("look", problem));
        };
        let values = weight.detach().to_vec::<f32>().await?;
        let shape = weight.dims().to_vec();
        let [_, channels, height, width] = *shape.as_slice() else { return Ok(()) };
        let (range, colour) = (pixels::range(&values), channels == 3);
        let planes = if colour { 1 } else { channels.min(MOST_SHOWN) };
        let filters = shape.first().copied().unwrap_or(0).min(4 * MOST_SHOWN);
        let mut rgba = Vec::new();
        for filter in values.chunks_exact((channels * height * width).max(1)).take(filters) {
            if colour {
                let scale = 255.0 / (range[1] - range[0]).max(f32::MIN_POSITIVE);
                let bytes: Vec<u8> = filter.iter().map(|x| ((x - range[0]) * scale).clamp(0.0, 255.0) as u8).collect();
                rgba.extend(pixels::of_bytes(&bytes, [channels, height, width]));
            } else {
                rgba.extend(pixels::grey(&filter[..planes * height * width], range));
            }
        }
        let layer = (*name).to_owned();
        let view = FiltersView { layers, layer, shape, filters, planes, size: [width, height], range };
        self.say_with(FromWorker::Filters(view), vec![rgba]);
        Ok(())
    }

    /// Classifies a picture of the user's own.
    pub(super) async fn classify(&mut self, width: u32, height: u32, bytes: &[u8]) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let data = run.data(SplitName::Train);
        let &[channels, high, wide] = data.shape() else {
            return Err(Error::value("classify", "the model learns from rows of a table, not from pictures"));
        };
        let picture = preprocess::from_rgba(width, height, bytes)?;
        let mut own = Images::new([channels, high, wide], data.classes().to_vec());
        own.push(&preprocess::to_chw(&picture, [channels, high, wide])?, 0)?;
        let own = Arc::new(own);
        let probabilities = run.probabilities(own.clone()).await?.into_iter().next().unwrap_or_default();
        let (size, seen) = rgba(own.as_ref(), &[0])?;
        let view = ClassifiedView { size, probabilities, classes: data.classes().to_vec() };
        self.say_with(FromWorker::Classified(view), vec![seen]);
        self.own = Some(Own(own));
        Ok(())
    }
}
