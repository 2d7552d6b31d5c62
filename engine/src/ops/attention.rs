//! `scaled_dot_product_attention`: every query mixes values, weighted by how well their keys fit.
//! Composed of products, a mask and a softmax.

use crate::device::DType;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

const OP: &str = "scaled_dot_product_attention";

/// Options of [`Tensor::scaled_dot_product_attention`]; the defaults are PyTorch's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttentionOptions {
    /// Probability that a weight is set to 0, 0 by default. It acts in training and evaluation
    /// alike.
    pub dropout_p: f64,
    /// `true` if query i sees the keys up to i alone, `false` by default.
    pub is_causal: bool,
    /// Factor of the scores, 1/√E by default.
    pub scale: Option<f64>,
    /// `true` if neighboring heads of the query share a head of key and value, `false` by default.
    pub enable_gqa: bool,
}

impl Tensor {
    /// Returns softmax(query·keyᵀ·scale + mask)·value, with `self` as the query.
    ///
    /// The query is (…, L, E), the key (…, S, E), the value (…, S, V), the result (…, L, V);
    /// leading dimensions are broadcast. The mask broadcasts to (…, L, S): bools say which keys a
    /// query sees, floats are added to the scores. A query that sees no key gets zeros.
    /// [torch.nn.functional.scaled_dot_product_attention](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html)
    ///
    /// ```
    /// use kindling::ops::AttentionOptions;
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 2.0, 4.0], [3, 1], &Device::cpu())?;
    /// let query = x.zeros_like()?;
    /// let options = AttentionOptions { is_causal: true, ..Default::default() };
    /// // With equal scores, each query gets the mean of the values up to its own.
    /// let y = query.scaled_dot_product_attention(&x, &x, None, &options)?;
    /// assert_eq!(block_on(y.round()?.to_vec::<f32>())?, [1.0, 2.0, 2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions; types that differ; a mask together with `is_causal`. A mask that
    /// is neither bool nor of the query's type. With `enable_gqa`, heads of the query that are no
    /// multiple of the key's. Shapes that do not fit; a probability outside of 0 to 1.
    pub fn scaled_dot_product_attention(
        &self,
        key: &Self,
        value: &Self,
        attn_mask: Option<&Self>,
        options: &AttentionOptions,
    ) -> Result<Self> {
        self.check_attention(key, value, attn_mask, options)?;
        let (key, value) = match options.enable_gqa {
            true => (key.shared_heads(self)?, value.shared_heads(self)?),
            false => (key.clone(), value.clone()),
        };
        let width = self.dims()[self.ndim() - 1];
        let scale = options.scale.unwrap_or(1.0 / (width as f64).sqrt());
        let scores = self.mul_scalar(scale)?.matmul(&key.transpose(-2, -1)?)?;
        let weights = scores.attention_weights(attn_mask, options.is_causal)?;
        weights.dropout(options.dropout_p, true)?.matmul(&value)
    }

    fn check_attention(
        &self,
        key: &Self,
        value: &Self,
        attn_mask: Option<&Self>,
        options: &AttentionOptions,
    ) -> Result<()> {
        self.float_only(OP)?;
        let shapes = || format!("got query {}, key {} and value {}", self.shape(), key.shape(), value.shape());
        let refuse = |rule: String| Err(Error::shape(OP, rule));
        if [self, key, value].iter().any(|t| t.ndim() < 2) {
            return refuse(format!("expected at least 2 dimensions, {}", shapes()));
        }
        if [key, value].iter().any(|t| t.dtype() != self.dtype()) {
            let types = format!("{}, {} and {}", self.dtype(), key.dtype(), value.dtype());
            return Err(Error::dtype(OP, format!("expected query, key and value of one type, got {types}")));
        }
        let last = |t: &Self, from_end: usize| t.dims()[t.ndim() - from_end];
        if last(self, 1) != last(key, 1) {
            return refuse(format!("expected keys as wide as the queries, {}", shapes()));
        }
        if last(key, 2) != last(value, 2) {
            return refuse(format!("expected as many keys as values, {}", shapes()));
        }
        let Some(mask) = attn_mask else { return Ok(()) };
        if options.is_causal {
            return refuse("attn_mask must not be given with is_causal=true".to_owned());
        }
        if mask.dtype() != DType::Bool && mask.dtype() != self.dtype() {
            let rule = format!("expected an attn_mask of bool or {}, got {}", self.dtype(), mask.dtype());
            return Err(Error::dtype(OP, rule));
        }
        Ok(())
    }

    /// Repeats the heads, dimension −3, so that there are as many as in `query`.
    fn shared_heads(&self, query: &Self) -> Result<Self> {
        let refuse = |rule: String| Err(Error::shape(OP, rule));
        let (&[.., queries, _, _], &[ref batch @ .., heads, length, width]) = (query.dims(), self.dims()) else {
            return refuse("enable_gqa needs heads: at least 3 dimensions".to_owned());
        };
        if heads == 0 || !queries.is_multiple_of(heads) {
            return refuse(format!(
                "expected heads of key and value that divide those of the query, got {heads} and {queries}"
            ));
        }
        let shape = |sizes: &[usize]| Shape::new(batch.iter().chain(sizes).copied());
        self.reshape_to(&shape(&[heads, 1, length, width]))?
            .expand_to(&shape(&[heads, queries / heads, length, width]))?
            .reshape_to(&shape(&[queries, length, width]))
    }

    /// Softmax over the keys of scores (…, L, S), of which a mask hides some.
    fn attention_weights(&self, mask: Option<&Self>, is_causal: bool) -> Result<Self> {
        let hidden = |mask: &Self| mask.where_(self, &self.full_like(f64::NEG_INFINITY)?);
        let sizes = [self.dims()[self.ndim() - 2], self.dims()[self.ndim() - 1]];
        let scores = match mask {
            // Query 0 sees key 0, so no query is without keys.
            None if is_causal => {
                return hidden(&Self::ones(sizes, (DType::Bool, &self.device()))?.tril(0)?)?.softmax(-1);
            }
            None => return self.softmax(-1),
            Some(_) if sizes[1] == 0 => return self.softmax(-1),
            Some(mask) if mask.dtype() == DType::Bool => hidden(mask)?,
            Some(mask) => self.add(mask)?,
        };
        if scores.shape() != self.shape() {
            let rule =
                format!("expected a mask that broadcasts to the scores {}, got {}", self.shape(), scores.shape());
            return Err(Error::shape(OP, rule));
        }
        let blind = scores.detach().amax(&[-1], true)?.eq_scalar(f64::NEG_INFINITY)?;
        scores.masked_fill(&blind, 0.0)?.softmax(-1)?.masked_fill(&blind, 0.0)
    }
}
