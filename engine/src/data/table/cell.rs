//! Single cells: numbers in the table's format, booleans, and missing values.

use crate::json;

/// Cells that `pandas.read_csv` reads as missing values.
const MISSING: &[&str] = &[
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// Powers of ten that an f64 holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Returns `true` for a cell that means a missing value.
pub fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell)
}

/// Format of a table's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberFormat {
    /// `true` for a decimal comma: `1,5`.
    pub decimal_comma: bool,
    /// `true` for points between thousands: `1.234,5`.
    pub thousands: bool,
}

impl NumberFormat {
    /// Parses a cell as a number, possibly infinite, as `pandas.read_csv` does.
    pub fn number(self, cell: &str) -> Option<f64> {
        if let Some(number) = plain_number(cell, if self.decimal_comma { b',' } else { b'.' }) {
            return Some(number);
        }
        if !self.decimal_comma {
            return json::number(cell).or_else(|| infinity(cell));
        }
        let bare = if self.thousands && is_grouped(cell) { cell.replace('.', "") } else { cell.to_owned() };
        // A cell with a remaining point is no number in this table.
        let number = if bare.contains('.') { None } else { json::number(&bare.replace(',', ".")) };
        number.or_else(|| infinity(cell))
    }
}

/// Parses digits with at most one decimal sign if the result is exact: the fast path for almost all
/// cells.
fn plain_number(cell: &str, decimal: u8) -> Option<f64> {
    let (negative, digits) = match cell.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut value, mut count, mut places) = (0u64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + u64::from(byte - b'0');
                count += 1;
                places = places.map(|places: usize| places + 1);
            }
            byte if *byte == decimal && places.is_none() => places = Some(0),
            _ => return None,
        }
        // Fifteen digits are exact in an f64.
        if count > 15 {
            return None;
        }
    }
    let number = value as f64 / EXACT_POWERS.get(places.unwrap_or(0))?;
    (count > 0).then_some(if negative { -number } else { number })
}

fn infinity(cell: &str) -> Option<f64> {
    let (sign, word) = match cell.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, cell.strip_prefix('+').unwrap_or(cell)),
    };
    let is_infinite = word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity");
    is_infinite.then_some(sign * f64::INFINITY)
}

/// Returns `true` for digits in groups of three with points between, and an optional decimal comma:
/// `1.234.567,8`.
pub fn is_grouped(cell: &str) -> bool {
    let cell = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let whole = cell.split_once(',').map_or(cell, |(whole, _)| whole);
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default();
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let mut count = 0;
    let rest = groups.all(|group| {
        count += 1;
        group.len() == 3 && is_digits(group)
    });
    rest && count > 0 && (1..=3).contains(&first.len()) && is_digits(first)
}

/// Parses `True`, `TRUE`, `true` and their opposites, the booleans of `pandas.read_csv`.
pub fn truth(cell: &str) -> Option<bool> {
    match cell {
        "True" | "TRUE" | "true" => Some(true),
        "False" | "FALSE" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberFormat, is_grouped, is_missing};

    #[test]
    fn numbers_are_those_of_pandas() {
        let plain = NumberFormat::default();
        let numbers =
            ["1", "-2.5", "+3", ".5", "1.", "1e3", "-1E-2", "007", "0.1", "123456789.123456789", "9007199254740993"];
        for cell in numbers {
            assert_eq!(plain.number(cell), cell.trim_start_matches('+').parse().ok(), "{cell}");
        }
        assert_eq!(plain.number("-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(plain.number("Infinity"), Some(f64::INFINITY));
        for cell in ["", "-", ".", "1,5", "1 2", "0x10", "1_000", "abc", "1.2.3", "--1", "e5"] {
            assert_eq!(plain.number(cell), None, "{cell}");
        }
    }

    #[test]
    fn a_decimal_comma_may_stand_with_points_between_thousands() {
        let comma = NumberFormat { decimal_comma: true, thousands: false };
        assert_eq!(
            (comma.number("1,5"), comma.number("-0,25"), comma.number("3")),
            (Some(1.5), Some(-0.25), Some(3.0))
        );
        assert_eq!((comma.number("1,5e3"), comma.number("1.5"), comma.number("1,2,3")), (Some(1500.0), None, None));
        let grouped = NumberFormat { decimal_comma: true, thousands: true };
        assert_eq!((grouped.number("1.234,5"), grouped.number("1.234")), (Some(1234.5), Some(1234.0)));
        assert!(is_grouped("1.234") && is_grouped("-12.345.678,9") && !is_grouped("1.23") && !is_grouped("1234"));
    }

    #[test]
    fn missing_values_are_those_of_pandas() {
        assert!(["", "NA", "nan", "NaN", "null", "None", "#N/A", "<NA>"].into_iter().all(is_missing));
        assert!(!["?", "-", "none", "NAN", "0"].into_iter().any(is_missing));
    }
}
