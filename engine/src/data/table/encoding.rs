//! Decoding of a table's bytes: UTF-8, UTF-16, and Windows-1252, which most older programs write.
//! An array of 32 characters replaces a crate of all encodings, which the page would download.

use crate::{Error, Result};

/// Characters of the bytes 0x80 to 0x9F in Windows-1252; the other bytes are Latin-1's.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// Number of bytes to search for zeros, which UTF-16 has and other text has not.
const SAMPLE: usize = 4096;

/// Decodes a table by its byte order mark. Without one the bytes are UTF-8, UTF-16 if about every
/// second byte is zero, else Windows-1252. Returns the encoding's name unless it is UTF-8.
///
/// # Errors
/// The bytes are no text: an archive or a workbook, zeros, or truncated UTF-16.
pub fn decode(name: &str, bytes: &[u8]) -> Result<(String, Option<&'static str>)> {
    let refuse = |problem: &str| Err(Error::file(name, problem));
    if bytes.starts_with(b"PK\x03\x04") {
        return refuse("is a zip or a workbook, not a table of text: save it as CSV");
    }
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8_or_1252(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(name, rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(name, rest, u16::from_be_bytes);
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    match [zeros(0), zeros(1)] {
        [0, 0] => utf8_or_1252(bytes),
        [0, odd] if odd > sample.len() / 4 => utf16(name, bytes, u16::from_le_bytes),
        [even, 0] if even > sample.len() / 4 => utf16(name, bytes, u16::from_be_bytes),
        _ => refuse("is no text: it holds zero bytes"),
    }
}

fn utf8_or_1252(bytes: &[u8]) -> Result<(String, Option<&'static str>)> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), None));
    }
    let high: Vec<char> = WINDOWS_1252.chars().collect();
    let char_of = |byte: &u8| match byte {
        0x80..=0x9f => high.get(usize::from(byte - 0x80)).copied().unwrap_or(char::from(*byte)),
        byte => char::from(*byte),
    };
    Ok((bytes.iter().map(char_of).collect(), Some("Windows-1252")))
}

fn utf16(name: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<(String, Option<&'static str>)> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Option<String> = char::decode_utf16(units).map(std::result::Result::ok).collect();
    match text {
        Some(text) if bytes.len().is_multiple_of(2) => Ok((text, Some("UTF-16"))),
        _ => Err(Error::file(name, "is damaged: its UTF-16 has half a character")),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "größe,naïve “x”\n1,€\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let old: Vec<u8> = text
            .chars()
            .map(|c| match c {
                '“' => 0x93,
                '”' => 0x94,
                '€' => 0x80,
                c => u8::try_from(u32::from(c)).expect("Latin-1"),
            })
            .collect();
        let cases = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", le.as_slice()].concat(),
            [b"\xfe\xff", be.as_slice()].concat(),
            old,
        ];
        for bytes in cases {
            assert_eq!(decode("t.csv", &bytes).expect("text").0, text, "{bytes:?}");
        }
        // Without a byte order mark.
        assert_eq!(decode("t.csv", b"a\0,\0b\0\n\0").expect("text").0, "a,b\n");
        assert!(decode("t.csv", b"PK\x03\x04rest").is_err());
        assert!(decode("t.csv", b"a,b\0\0\0c").is_err());
        assert!(decode("t.csv", b"\xff\xfea").is_err());
    }
}
