//! JSON of plain data, by a single path: text. `serde` compiles a type anew for each source and
//! sink. A second path would double the code of all models, optimizers and settings, and a page is
//! downloaded.

pub mod float;
mod maps;

use maps::Maps;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parses a text.
///
/// # Errors
/// The text is not JSON, or not of this type; with the position.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut text = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Maps(&mut text)).and_then(|value| text.end().map(|()| value));
    value.map_err(|error| {
        let error = error.to_string();
        // serde_json's word for it is that of its author.
        error.replace("recursion limit exceeded", "it is nested more than 127 levels deep")
    })
}

/// Formats data as text.
///
/// # Errors
/// A map with keys that are not strings.
pub fn write<T: Serialize + ?Sized>(data: &T) -> Result<String, String> {
    serde_json::to_string(data).map_err(|error| error.to_string())
}

/// Parses a number as in JSON or as tables and people write it: with a leading `+`, `0` or `.` or a
/// trailing `.`. Returns `None` for anything else, and for numbers that are not finite.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let significant = digits.trim_start_matches('0');
    let zero = if significant.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    // A trailing point, and one before an exponent, gets its digit.
    let (whole, exponent) = significant.split_at(significant.find(['e', 'E']).unwrap_or(significant.len()));
    let point = if whole.ends_with('.') { "0" } else { "" };
    if digits.is_empty() || (whole == "." || whole.is_empty()) && digits.len() == significant.len() {
        return None;
    }
    read(&format!("{sign}{zero}{whole}{point}{exponent}")).ok()
}

/// Converts a value.
///
/// # Errors
/// The value is not of this type.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    // A position in a text that the caller never saw would only confuse.
    read(&write(value)?).map_err(|error| error.rsplit_once(" at line ").map_or(error.as_str(), |(rule, _)| rule).into())
}

/// Converts data to a value, for access by field.
///
/// # Errors
/// A map with keys that are not strings.
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, String> {
    read(&write(data)?)
}

#[cfg(test)]
mod tests {
    use super::{from_value, number, read, to_value, write};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        one: Option<u8>,
        other: Vec<Kind>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Unit,
        Newtype(f64),
        Struct { size: [usize; 2] },
    }

    #[test]
    fn what_is_written_is_read() {
        let pair = Pair { one: Some(3), other: vec![Kind::Unit, Kind::Newtype(0.1), Kind::Struct { size: [4, 5] }] };
        let text = r#"{"one":3,"other":["Unit",{"Newtype":0.1},{"Struct":{"size":[4,5]}}]}"#;
        assert_eq!(write(&pair).as_deref(), Ok(text));
        assert_eq!(from_value::<Pair>(&to_value(&pair).unwrap()).as_ref(), Ok(&pair));
        assert_eq!(read::<Pair>(text), Ok(pair));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |text: &str| read::<Pair>(text).unwrap_err();
        assert_eq!(refused(r#"[3, []]"#), "invalid type: sequence, expected struct Pair at line 1 column 0");
        assert_eq!(refused(r#"{"one":3,"other":[]} x"#), "trailing characters at line 1 column 22");
        assert!(refused(r#"{"one":3,"other":[],"more":1}"#).starts_with("unknown field `more`, expected"));
        assert!(refused(r#"{"other":[{"Struct":[[4, 5]]}]}"#).contains("expected struct variant Kind::Struct"));
        let unplaced = from_value::<Pair>(&read(r#"{"one":300,"other":[]}"#).unwrap()).unwrap_err();
        assert_eq!(unplaced, "invalid value: integer `300`, expected u8");
    }

    #[test]
    fn numbers_as_people_write_them() {
        for (text, value) in [
            ("3", 3.0),
            (" -0.25 ", -0.25),
            ("+1e-3", 1e-3),
            (".5", 0.5),
            ("-.5e1", -5.0),
            ("5.", 5.0),
            ("5.e2", 500.0),
            ("007", 7.0),
            ("0", 0.0),
            ("-0", 0.0),
            ("00.5", 0.5),
            ("0.1", 0.1),
            ("0e5", 0.0),
            ("1.7976931348623157e308", f64::MAX),
            ("0.", 0.0),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "-", ".", "e5", ".e5", "x", "1x", "1 2", "nan", "inf", "1e999", "1,5", "--1", "0x10", "1_000"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
