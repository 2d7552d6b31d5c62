//! Inspection of numbers: confusion matrix, histograms of weights and gradients, graph of a step,
//! kernel times of a step.

use super::{Answered, Subject};
use crate::protocol::{ConfusionView, Histogram, HistogramsView, ParameterView, ProfileView};
use kindling::device::Array;
use kindling::nn::Module as _;
use kindling::train::Graph;
use kindling::{Result, Tensor, read_many};

/// Number of buckets of a histogram.
const BUCKETS: usize = 50;

/// Evaluates the test split.
pub async fn confusion(Subject { run, .. }: Subject<'_>) -> Result<Answered<ConfusionView>> {
    let mut evaluation = run.evaluate().await?;
    evaluation.loss = if evaluation.loss.is_finite() { evaluation.loss } else { f64::MAX };
    let classes = run.trainer().test_loader().dataset().classes().to_vec();
    Ok((ConfusionView { evaluation, classes }, Vec::new()))
}

/// Computes the histograms of weights and gradients.
pub async fn histograms(Subject { run, .. }: Subject<'_>) -> Result<Answered<HistogramsView>> {
    let named = run.trainer().model().named_parameters();
    let mut wanted: Vec<Tensor> = Vec::new();
    for (_, parameter) in &named {
        wanted.push(parameter.detach());
        wanted.extend(parameter.grad());
    }
    let arrays = read_many(&wanted.iter().collect::<Vec<_>>()).await?;
    let mut arrays = arrays.iter().map(Array::to_f64);
    let mut parameters = Vec::with_capacity(named.len());
    for (name, parameter) in &named {
        let weight = histogram(&arrays.next().unwrap_or_default());
        let gradient = parameter.grad().map(|_| histogram(&arrays.next().unwrap_or_default()));
        parameters.push(ParameterView { name: name.clone(), shape: parameter.dims().to_vec(), weight, gradient });
    }
    Ok((HistogramsView { parameters }, Vec::new()))
}

/// Returns the autograd graph of a step.
pub async fn graph(Subject { run, .. }: Subject<'_>) -> Result<Answered<Graph>> {
    Ok((run.graph().await?, Vec::new()))
}

/// Returns the kernel times of the last profiled step.
pub async fn profile(Subject { run, .. }: Subject<'_>) -> Result<Answered<ProfileView>> {
    run.settle().await?;
    let trainer = run.trainer();
    let times = trainer.device().profile();
    let note = times.is_none().then(|| {
        if trainer.position().step == 0 {
            "Press Step or Train: kernels are timed in a step.".to_owned()
        } else {
            "No step has been timed yet, or this device has no timestamps.".to_owned()
        }
    });
    let kernels = times.map_or_else(Vec::new, |times| times.to_vec());
    run.send_results(0.0);
    Ok((ProfileView { ms_per_step: run.ms_per_step(), kernels, note }, Vec::new()))
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
