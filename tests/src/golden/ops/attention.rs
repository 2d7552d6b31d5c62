//! The family `attention`.

use kindling::ops::AttentionOptions;

use super::super::{Call, Outcome};
use super::one;

/// Calls it, if it is this one.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "scaled_dot_product_attention").then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let options = AttentionOptions {
        dropout_p: 0.0,
        is_causal: call.flag("is_causal")?,
        scale: call.optional_number("scale")?,
        enable_gqa: call.flag("enable_gqa")?,
    };
    let (query, key, value) = (call.input("query")?, call.input("key")?, call.input("value")?);
    one(query.scaled_dot_product_attention(key, value, call.optional("attn_mask"), &options))
}
