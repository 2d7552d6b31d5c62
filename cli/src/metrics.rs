//! Metrics of an evaluation as text and as JSON: accuracy of classes, errors of quantities.

use kindling::train::Evaluation;
use serde_json::{Map, Value, json};

/// Returns an accuracy, such as `, accuracy 93.10 %`; empty for regression.
pub fn accuracy(accuracy: Option<f64>) -> String {
    accuracy.map_or_else(String::new, |accuracy| format!(", accuracy {:.2} %", 100.0 * accuracy))
}

/// Returns the metrics other than the loss: the accuracy, or `, MSE 201.4, MAE 12.31, R² 0.9130`.
pub fn text(test: &Evaluation) -> String {
    match test.regression {
        Some(errors) => {
            format!(", MSE {}, MAE {}, R² {:.4}", significant(errors.mse), significant(errors.mae), errors.r2)
        }
        None => accuracy(test.accuracy),
    }
}

/// Returns the loss and the metrics of a split by name, such as `test_loss`; nulls without an
/// evaluation.
pub fn json(split: &str, evaluation: Option<&Evaluation>) -> Map<String, Value> {
    let named = |figure: &str, value: Option<f64>| (format!("{split}_{figure}"), json!(value));
    let Some(evaluation) = evaluation else {
        return Map::from_iter([named("loss", None), named("accuracy", None)]);
    };
    let metrics = evaluation.metrics().into_iter().map(|(figure, value)| named(figure, Some(value)));
    [named("loss", Some(evaluation.loss))].into_iter().chain(metrics).collect()
}

/// Adds entries to an event.
pub fn extended(event: Value, more: Map<String, Value>) -> Value {
    match event {
        Value::Object(mut event) => {
            event.extend(more);
            Value::Object(event)
        }
        other => other,
    }
}

/// Formats a number with about six significant digits, in any unit.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let decimals = 5 - size.log10().floor() as i32;
    match decimals {
        0..=12 => {
            let text = format!("{value:.*}", decimals as usize);
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
        -9..0 => format!("{value:.0}"),
        _ => format!("{value:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn numbers_of_any_unit_are_short() {
        let cases = [(0.0, "0"), (213_439.59, "213440"), (12.0, "12"), (0.012_345_678, "0.0123457"), (-2.5, "-2.5")];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
        assert_eq!(significant(1234567.0), "1234567");
        assert_eq!(significant(1e-20), "1e-20");
    }
}
