//! Names of Python functions and classes in a pickle, which unpickling would call. Instructions are
//! parsed, none is executed.
//! [Instructions](https://github.com/python/cpython/blob/main/Lib/pickletools.py)

use std::collections::{BTreeMap, BTreeSet};

/// Names in state dicts and checkpoints that `torch.load` allows with `weights_only`, and those of
/// numbers saved with them, whose values are ignored.
const KNOWN: &[&str] = &[
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type_v2",
    "torch.nn.parameter.Parameter",
    "torch.Tensor",
    "torch.Size",
    "torch.device",
    "torch.storage.UntypedStorage",
    "torch.storage.TypedStorage",
    "torch.UntypedStorage",
    "torch.serialization._get_layout",
    "_codecs.encode",
    "argparse.Namespace",
    "builtins.set",
    "builtins.dict",
    "builtins.int",
    "builtins.bytearray",
    "__builtin__.set",
    "__builtin__.dict",
    "__builtin__.bytearray",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
];

/// Element types of PyTorch.
const DTYPES: &[&str] = &[
    "float", "float32", "double", "float64", "half", "float16", "bfloat16", "long", "int64", "int", "int32", "short",
    "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool",
];

/// Returns `true` for names that occur in state dicts and checkpoints.
pub fn is_of_state_dicts(global: &str) -> bool {
    let of_torch = |name: &str| {
        let storage = name.trim_start_matches("cuda.");
        DTYPES.contains(&name) || (storage.ends_with("Storage") && !storage.contains('.'))
    };
    KNOWN.contains(&global) || global.strip_prefix("torch.").is_some_and(of_torch)
}

/// Operands of an instruction.
enum Operands {
    /// Fixed number of bytes.
    Fixed(usize),
    /// Bytes after their length, an integer of this number of bytes.
    Counted(usize),
    /// Number of lines of text.
    Lines(usize),
}

fn operands(code: u8) -> Option<Operands> {
    use Operands::{Counted, Fixed, Lines};
    Some(match code {
        b'('
        | b'.'
        | b'0'
        | b'1'
        | b'2'
        | b'N'
        | b'R'
        | b'b'
        | b'd'
        | b'l'
        | b't'
        | b's'
        | b'a'
        | b')'
        | b']'
        | b'}'
        | b'e'
        | b'u'
        | b'Q'
        | b'o'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x94
        | 0x97
        | 0x98 => Fixed(0),
        b'K' | b'h' | b'q' | 0x80 | 0x82 => Fixed(1),
        b'M' | 0x83 => Fixed(2),
        b'J' | b'j' | b'r' | 0x84 => Fixed(4),
        b'G' | 0x95 => Fixed(8),
        b'U' | b'C' | 0x8a | 0x8c => Counted(1),
        b'T' | b'X' | b'B' | 0x8b => Counted(4),
        0x8d | 0x8e | 0x96 => Counted(8),
        b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'g' | b'p' => Lines(1),
        b'c' | b'i' => Lines(2),
        _ => return None,
    })
}

/// Returns the names in up to `pickles` consecutive pickles.
///
/// # Errors
/// An instruction is unknown or truncated; or a name is computed while unpickling.
pub fn globals(bytes: &[u8], mut pickles: usize) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    let mut scan = Scan { rest: bytes, strings: Vec::new(), memo: BTreeMap::new(), last: None };
    while pickles > 0 && !scan.rest.is_empty() {
        let at = bytes.len() - scan.rest.len();
        let cut = || format!("its pickle is damaged at byte {at}");
        let code = *scan.take(1).and_then(<[u8]>::first).ok_or_else(cut)?;
        let operand = scan.operand(code).ok_or_else(cut)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match code {
            b'.' => {
                pickles -= 1;
                (scan.strings, scan.memo, scan.last) = Default::default();
            }
            b'c' | b'i' => {
                let lines = text(operand);
                found.insert(lines.trim_end_matches('\n').replacen('\n', ".", 1));
                scan.last = None;
            }
            0x93 => match scan.strings.as_slice() {
                [.., module, name] => drop(found.insert(format!("{module}.{name}"))),
                _ => return Err("its pickle asks for a name that it puts together".into()),
            },
            b'X' | b'U' | b'T' | 0x8c | 0x8d => scan.push(text(operand)),
            b'V' | b'S' => scan.push(text(operand).trim_end_matches('\n').to_owned()),
            0x94 => scan.remember(scan.memo.len() as u64),
            b'q' | b'r' => scan.remember(number(operand)),
            b'h' | b'j' => {
                if let Some(Some(string)) = scan.memo.get(&number(operand)).cloned() {
                    scan.push(string);
                }
            }
            0x80 | 0x95 => {}
            _ => scan.last = None,
        }
    }
    Ok(found)
}

fn number(little_endian: &[u8]) -> u64 {
    little_endian.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

struct Scan<'a> {
    rest: &'a [u8],
    /// Last two strings on the stack.
    strings: Vec<String>,
    /// Strings in the memo.
    memo: BTreeMap<u64, Option<String>>,
    /// String that the last instruction pushed, if any.
    last: Option<String>,
}

impl<'a> Scan<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn operand(&mut self, code: u8) -> Option<&'a [u8]> {
        match operands(code)? {
            Operands::Fixed(count) => self.take(count),
            Operands::Counted(width) => {
                let count = number(self.take(width)?);
                self.take(usize::try_from(count).ok()?)
            }
            Operands::Lines(lines) => {
                let ends = self.rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                let (end, _) = ends.take(lines).nth(lines - 1)?;
                self.take(end + 1)
            }
        }
    }

    fn push(&mut self, string: String) {
        self.last = Some(string.clone());
        if self.strings.len() == 2 {
            self.strings.remove(0);
        }
        self.strings.push(string);
    }

    fn remember(&mut self, key: u64) {
        self.memo.insert(key, self.last.clone());
    }
}
