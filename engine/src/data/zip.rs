//! Zips in memory. Names are UTF-8 by their flag, else code page 437, in which every byte is a
//! character, so that distinct names stay distinct (APPNOTE 4.4.4 and appendix D).

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive, ZipVerification};

use super::codecs::{Codecs, Packing};
use super::files::{MAX_FILE_BYTES, too_large};
use crate::{Error, Result};

/// An opened zip.
pub struct Zip {
    name: String,
    archive: ZipSliceArchive<Vec<u8>>,
    entries: Vec<Entry>,
}

struct Entry {
    path: String,
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    encrypted: bool,
}

impl Zip {
    /// Reads a zip's directory.
    ///
    /// # Errors
    /// The zip is damaged.
    pub fn open(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let refuse = |e: rawzip::Error| refused(name, &e);
        let archive = ZipArchive::from_slice(bytes).map_err(refuse)?;
        let mut entries = Vec::new();
        let mut directory = archive.entries();
        while let Some(entry) = directory.next_entry().map_err(refuse)? {
            if entry.is_dir() {
                continue;
            }
            let raw = entry.file_path();
            let path = match std::str::from_utf8(raw.as_bytes()) {
                Ok(text) if entry.flags().is_utf8() || text.is_ascii() => text.to_owned(),
                _ => raw.as_bytes().iter().map(|byte| code_page_437(*byte)).collect(),
            };
            let (wayfinder, method) = (entry.wayfinder(), entry.compression_method());
            entries.push(Entry { path, wayfinder, method, encrypted: entry.flags().is_encrypted() });
        }
        Ok(Self { name: name.to_owned(), archive, entries })
    }

    /// Returns the paths of the files, in the directory's order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    /// Returns the content of a file.
    ///
    /// # Errors
    /// The index is out of range; the file is damaged, encrypted, too large, or compressed by
    /// another method than Deflate.
    pub async fn read(&self, index: usize, codecs: &dyn Codecs) -> Result<Vec<u8>> {
        let Some(entry) = self.entries.get(index) else {
            return Err(Error::file(&self.name, format!("has no file {index}")));
        };
        let refuse = |problem: String| Error::file(&self.name, format!("{}: {problem}", entry.path));
        if entry.encrypted {
            return Err(refuse("is encrypted: unpack the zip with its password, and open the folder".into()));
        }
        let packed = self.archive.get_entry(entry.wayfinder).map_err(|e| refused(&self.name, &e))?;
        let expected = packed.claim_verifier();
        if expected.uncompressed_size > MAX_FILE_BYTES {
            return Err(refuse(too_large(expected.uncompressed_size)));
        }
        let content = match entry.method {
            CompressionMethod::STORE => Ok(packed.data().to_vec()),
            CompressionMethod::DEFLATE => {
                codecs.inflate(Packing::Deflate, packed.data(), expected.uncompressed_size).await
            }
            method => {
                let name = method.name().map_or_else(|| format!("method {}", method.as_u16()), str::to_owned);
                return Err(refuse(format!(
                    "is packed by {name}; only Deflate is read: unpack it, and open the folder"
                )));
            }
        };
        let content = content.map_err(|problem| refuse(format!("cannot be unpacked: {problem}")))?;
        let found = ZipVerification { crc: crc32(&content), uncompressed_size: content.len() as u64 };
        expected.valid(found).map_err(|e| refuse(format!("cannot be unpacked: {e}")))?;
        Ok(content)
    }
}

/// Returns the CRC-32 of zips.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}

fn refused(name: &str, error: &rawzip::Error) -> Error {
    Error::file(name, format!("is no zip that can be read: {error}"))
}

/// Returns the character of a byte in [code page
/// 437](https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT).
fn code_page_437(byte: u8) -> char {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    match byte.checked_sub(128) {
        Some(upper) => UPPER.chars().nth(usize::from(upper)).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}
