//! Inspection of numbers: confusion matrix, histograms of weights and gradients, graph of a step,
//! kernel times of a step.

use super::Session;
use crate::protocol::{ConfusionView, FromWorker, Histogram, HistogramsView, KernelView, ParameterView, ProfileView};
use kindling::device::{Array, KernelTime};
use kindling::nn::Module as _;
use kindling::{Error, Result, Tensor, plan};

/// Number of buckets of a histogram.
const BUCKETS: usize = 50;

fn no_run() -> Error {
    Error::value("inspect", "begin a run first: there is no model to inspect")
}

impl Session {
    pub(super) async fn confusion(&mut self) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let id = run.id;
        let send = |done, of| self.say(FromWorker::Testing { run: id, done, of });
        let mut evaluation = run.trainer.evaluate(send).await?;
        evaluation.loss = if evaluation.loss.is_finite() { evaluation.loss } else { f64::MAX };
        let classes = run.trainer.test_loader().dataset().classes().to_vec();
        let step = run.trainer.position().step;
        self.say(FromWorker::Confusion(ConfusionView { step, evaluation, classes }));
        Ok(())
    }

    pub(super) async fn histograms(&mut self) -> Result<()> {
        let run = self.run.as_ref().ok_or_else(no_run)?;
        let named = run.trainer.model().named_parameters();
        let mut wanted: Vec<Tensor> = Vec::new();
        for (_, parameter) in &named {
            wanted.push(parameter.detach());
            wanted.extend(parameter.grad());
        }
        let arrays = plan::read_many(&wanted.iter().collect::<Vec<_>>()).await?;
        let mut arrays = arrays.iter().map(Array::to_f64);
        let mut parameters = Vec::with_capacity(named.len());
        for (name, parameter) in &named {
            let weight = histogram(&arrays.next().unwrap_or_default());
            let gradient = parameter.grad().map(|_| histogram(&arrays.next().unwrap_or_default()));
            parameters.push(ParameterView { name: name.clone(), shape: parameter.dims().to_vec(), weight, gradient });
        }
        let step = run.trainer.position().step;
        self.say(FromWorker::Histograms(HistogramsView { step, parameters }));
        Ok(())
    }

    pub(super) async fn graph(&mut self) -> Result<()> {
        let run = self.run.as_mut().ok_or_else(no_run)?;
        let graph = match &run.graph {
            Some(graph) => graph.clone(),
            None => run.trainer.graph().await?,
        };
        run.graph = Some(graph.clone());
        self.send_results(0.0);
        self.say(FromWorker::Graph(graph));
        Ok(())
    }

    /// Profiles the kernels of a step.
    pub(super) async fn profile(&mut self) -> Result<()> {
        let run = self.run.as_mut().ok_or_else(no_run)?;
        run.trainer.settle().await?;
        let times = run.trainer.device().profile();
        let note = times.is_none().then(|| {
            if run.trainer.position().step == 0 {
                "Press Step or Train: kernels are timed in a step.".to_owned()
            } else {
                "No step has been timed yet, or this device has no timestamps.".to_owned()
            }
        });
        let kernel = |time: &KernelTime| KernelView { name: time.name.clone(), count: time.count, ms: time.ms };
        let kernels = times.iter().flat_map(|times| times.iter()).map(kernel).collect();
        let (ms_per_step, _) = run.speed();
        self.send_results(0.0);
        self.say(FromWorker::Profile(ProfileView { ms_per_step, kernels, note }));
        Ok(())
    }
}

/// Computes the histogram of the finite values.
fn histogram(values: &[f64]) -> Histogram {
    let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    if finite.is_empty() {
        return Histogram::default();
    }
    let (min, max) = finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let variance = finite.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / finite.len() as f64;
    let mut counts = vec![0u32; BUCKETS];
    let scale = if max > min { BUCKETS as f64 / (max - min) } else { 0.0 };
    for x in &finite {
        counts[(((x - min) * scale) as usize).min(BUCKETS - 1)] += 1;
    }
    Histogram { min: min as f32, max: max as f32, mean: mean as f32, std: variance.sqrt() as f32, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_buckets() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let histogram = histogram(&values);
        assert_eq!((histogram.min, histogram.max, histogram.mean), (0.0, 99.0, 49.5));
        assert_eq!(histogram.counts.iter().sum::<u32>(), 100);
        assert!(histogram.counts.iter().all(|count| (1..=3).contains(count)));
        assert_eq!(super::histogram(&[f64::NAN]), Histogram::default());
        assert_eq!(super::histogram(&[2.0, 2.0]).counts[0], 2);
    }
}
