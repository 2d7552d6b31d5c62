//! Origin of a non-finite number: repeats the steps since the last readback and inspects every
//! layer.

use super::Trainer;
use super::learner::Learner;
use super::loaders::Loaders;
use super::losses::NotFinite;
use crate::nn::{Module, observe};
use crate::train::{LossSpec, Position};
use crate::{Error, Result, Tensor};

impl Trainer {
    /// Returns the error for a loss that is not finite. Repeats the steps since the last readback
    /// up to that one, to find the layer where it originated. The run is reset to the state at that
    /// readback.
    pub(super) async fn trace(&mut self, NotFinite { step, loss }: NotFinite) -> Error {
        match self.find(step).await {
            Ok(origin) => {
                let advice = "try a smaller learning rate, or clip gradients";
                Error::value("train", format!("the loss is {loss} at step {step} {origin}; {advice}"))
            }
            Err(error) => error,
        }
    }

    /// Finds the first non-finite number in a step.
    async fn find(&mut self, step: u64) -> Result<String> {
        let last_valid = self.last_valid.take().ok_or_else(|| Error::internal("no state was saved to restore"))?;
        self.restore(&last_valid)?;
        while self.position.step + 1 < step {
            if !self.step()? {
                return Err(Error::internal("a step that failed did not come again"));
            }
        }
        let (position, loss) = (self.position, &self.settings.spec().loss);
        let began = match first_bad_tensor(&mut self.learner, &self.loaders, position, loss).await? {
            Some(place) => format!("it began in {place}"),
            None => "the numbers of all layers are finite".to_owned(),
        };
        self.restore(&last_valid)?;
        Ok(format!("(epoch {}, batch {}); {began}", position.epoch + 1, position.batch + 1))
    }
}

/// Returns the first non-finite tensor of the step at a position: parameters, inputs, or the
/// outputs of a layer.
async fn first_bad_tensor(
    learner: &mut Learner,
    loaders: &Loaders,
    position: Position,
    loss: &LossSpec,
) -> Result<Option<String>> {
    let named = learner.model().named_parameters();
    if let Some(name) = first_bad(named.iter().map(|(name, tensor)| (name.as_str(), tensor))).await? {
        return Ok(Some(format!("{name}, in the update of the step before")));
    }
    let Some((inputs, labels)) = loaders.batch_at(position.epoch, position.batch)? else { return Ok(None) };
    if let Some(name) = first_bad([("the inputs", &inputs)].into_iter()).await? {
        return Ok(Some(name));
    }
    let (result, layers) = observe(|| learner.forward(&inputs, &labels, loss));
    result?;
    let found = first_bad(layers.iter().map(|(name, tensor)| (name.as_str(), tensor))).await?;
    Ok(found.map(|name| format!("layer {name}")))
}

/// Returns the name of the first tensor with an element that is not finite.
async fn first_bad<'a>(tensors: impl Iterator<Item = (&'a str, &'a Tensor)>) -> Result<Option<String>> {
    for (name, tensor) in tensors {
        if !tensor.detach().to_array().await?.to_f64().iter().all(|x| x.is_finite()) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}
