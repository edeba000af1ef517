//! The kernel's `printf` for programs: `bpf_bprintf_prepare` and `bstr_printf` (Linux 6.12
//! `kernel/bpf/helpers.c`, `lib/vsprintf.c`).

use crate::errno;
use crate::memory::Memory;
use bpfc_isa::Size;
use std::ops::Range;

/// `MAX_BPRINTF_BIN_ARGS`: bytes that arguments take together.
const MAX_ARG_BYTES: usize = 512;

/// A conversion specification.
struct Spec {
    flags: Vec<u8>,
    width: usize,
    kind: Kind,
}

enum Kind {
    /// 32 or 64 bits.
    Int {
        is_wide: bool,
        is_signed: bool,
        /// 10 or 16.
        base: u32,
        is_upper: bool,
    },
    Char,
    Str,
    /// `%p` and `%pK`: hashed by the kernel.
    HashedPointer,
    /// `%px`.
    Pointer,
    /// `%ps`, `%pS`, `%pB`.
    Symbol,
    /// `%pI4` and the like.
    Ip {
        is_v6: bool,
        is_upper: bool,
    },
}

/// Formats `format`, which ends at its first zero byte, with `args` for a buffer of `limit` bytes; an
/// error number if the kernel refuses it. The text may be longer than the buffer.
pub fn format(memory: &Memory, format: &[u8], args: &[u64], limit: usize) -> Result<Vec<u8>, i64> {
    let end = format.iter().position(|&byte| byte == 0);
    let format = &format[..end.ok_or(errno::EINVAL)?];
    let mut out = Vec::new();
    let mut arg_bytes = 0;
    let mut args = args.iter();
    let mut at = 0;
    while let Some(&byte) = format.get(at) {
        at += 1;
        if byte.is_ascii() && !(byte == b' ' || byte.is_ascii_graphic() || is_space(byte)) {
            return Err(errno::EINVAL);
        }
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        if format.get(at) == Some(&b'%') {
            at += 1;
            out.push(b'%');
            continue;
        }
        let value = *args.next().ok_or(errno::EINVAL)?;
        let spec = parse(format, &mut at).ok_or(errno::EINVAL)?;
        // `bstr_printf` does not count addresses past the end of the buffer.
        let is_past_end = out.len() >= limit;
        let length = out.len();
        print(&mut out, memory, &spec, value, &mut arg_bytes)?;
        if is_past_end && matches!(spec.kind, Kind::Ip { .. }) {
            out.truncate(length);
        }
    }
    Ok(out)
}

/// `isspace` of the kernel.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn parse(format: &[u8], at: &mut usize) -> Option<Spec> {
    let byte = |at: usize| format.get(at).copied().unwrap_or(0);
    let run = |at: &mut usize, wanted: fn(u8) -> bool| -> Range<usize> {
        let start = *at;
        while wanted(byte(*at)) {
            *at += 1;
        }
        start..*at
    };
    let flags = run(at, |byte| matches!(byte, b'0' | b'+' | b'-' | b' '));
    let width = run(at, |byte| byte.is_ascii_digit());
    let width = std::str::from_utf8(&format[width]).ok()?;
    let width = match width {
        "" => 0,
        digits => digits.parse().ok().filter(|&width: &usize| width < 1 << 16)?,
    };
    let letter = byte(*at);
    *at += 1;
    let kind = match letter {
        b'p' => pointer(&byte, at)?,
        b's' => {
            ends_word(byte(*at)).then_some(())?;
            Kind::Str
        }
        b'c' => Kind::Char,
        letter => {
            let mut letter = letter;
            let mut is_wide = false;
            for _ in 0..2 {
                if letter == b'l' {
                    is_wide = true;
                    letter = byte(*at);
                    *at += 1;
                }
            }
            let (is_signed, base) = match letter {
                b'd' | b'i' => (true, 10),
                b'u' => (false, 10),
                b'x' | b'X' => (false, 16),
                _ => return None,
            };
            Kind::Int { is_wide, is_signed, base, is_upper: letter == b'X' }
        }
    };
    Some(Spec { flags: format[flags].to_vec(), width, kind })
}

/// Whether a word ends before `byte`.
fn ends_word(byte: u8) -> bool {
    byte == 0 || is_space(byte) || byte.is_ascii_punctuation()
}

fn pointer(byte: &impl Fn(usize) -> u8, at: &mut usize) -> Option<Kind> {
    let (first, second) = (byte(*at), byte(*at + 1));
    let (kind, n_letters) = match first {
        first if ends_word(first) => (Kind::HashedPointer, 0),
        b'k' | b'u' if second == b's' => {
            ends_word(byte(*at + 2)).then_some(())?;
            (Kind::Str, 2)
        }
        b'K' => (Kind::HashedPointer, 1),
        b'x' => (Kind::Pointer, 1),
        b's' | b'S' | b'B' => (Kind::Symbol, 1),
        b'i' | b'I' if matches!(second, b'4' | b'6') => {
            let kind = Kind::Ip { is_v6: second == b'6', is_upper: first == b'I' };
            (kind, 2)
        }
        _ => return None,
    };
    *at += n_letters;
    Some(kind)
}

fn print(
    out: &mut Vec<u8>,
    memory: &Memory,
    spec: &Spec,
    value: u64,
    arg_bytes: &mut usize,
) -> Result<(), i64> {
    let left = MAX_ARG_BYTES.saturating_sub(*arg_bytes);
    let mut number = |n_bytes: usize| {
        *arg_bytes = arg_bytes.next_multiple_of(4) + n_bytes;
        (*arg_bytes <= MAX_ARG_BYTES).then_some(()).ok_or(errno::ENOSPC)
    };
    match spec.kind {
        Kind::Int { is_wide, is_signed, base, is_upper } => {
            number(if is_wide { 8 } else { 4 })?;
            let (magnitude, is_negative) = match (is_signed, is_wide) {
                (true, true) => ((value as i64).unsigned_abs(), (value as i64) < 0),
                (true, false) => {
                    let value = value as i32;
                    (u64::from(value.unsigned_abs()), value < 0)
                }
                (false, true) => (value, false),
                (false, false) => (u64::from(value as u32), false),
            };
            let digits = match (base, is_upper) {
                (16, true) => format!("{magnitude:X}"),
                (16, false) => format!("{magnitude:x}"),
                _ => magnitude.to_string(),
            };
            let sign = match is_signed {
                true if is_negative => "-",
                true if spec.flags.contains(&b'+') => "+",
                true if spec.flags.contains(&b' ') => " ",
                _ => "",
            };
            pad(out, spec, sign, digits.as_bytes(), Fill::Zeros);
        }
        Kind::Char => {
            if left == 0 {
                return Err(errno::ENOSPC);
            }
            *arg_bytes += 1;
            pad(out, spec, "", &[value as u8], Fill::Spaces);
        }
        Kind::Str => {
            if left == 0 {
                return Err(errno::ENOSPC);
            }
            let text = string(memory, value, left);
            *arg_bytes += text.len() + 1;
            pad(out, spec, "", &text, Fill::Spaces);
        }
        Kind::HashedPointer | Kind::Pointer => {
            number(8)?;
            let is_hashed = matches!(spec.kind, Kind::HashedPointer) && value != 0;
            // What the kernel prints before it can hash; addresses must not be seen.
            let text = match (is_hashed, spec.width) {
                (true, _) => "(____ptrval____)".to_owned(),
                (false, 0) => format!("{value:016x}"),
                (false, _) => format!("{value:x}"),
            };
            pad(out, spec, "", text.as_bytes(), Fill::Zeros);
        }
        Kind::Symbol => {
            number(8)?;
            let text = format!("0x{value:x}");
            pad(out, spec, "", text.as_bytes(), Fill::Spaces);
        }
        Kind::Ip { is_v6, is_upper } => {
            let n_bytes = if is_v6 { 16 } else { 4 };
            if left < n_bytes {
                return Err(errno::ENOSPC);
            }
            let bytes = memory.read(value, n_bytes as u32);
            let bytes = bytes.map_or(vec![0; n_bytes], <[u8]>::to_vec);
            let text = ip(&bytes, is_upper);
            *arg_bytes += text.len() + 1;
            out.extend_from_slice(text.as_bytes());
        }
    }
    Ok(())
}

fn ip(bytes: &[u8], is_upper: bool) -> String {
    if let [a, b, c, d] = bytes {
        return if is_upper {
            format!("{a}.{b}.{c}.{d}")
        } else {
            format!("{a:03}.{b:03}.{c:03}.{d:03}")
        };
    }
    let groups = bytes.chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
    let groups: Vec<String> = groups.collect();
    groups.join(if is_upper { ":" } else { "" })
}

/// The string at `address`, of which at most `limit` bytes with the final zero are kept; empty if it
/// cannot be read.
fn string(memory: &Memory, address: u64, limit: usize) -> Vec<u8> {
    match memory.read_string(address, limit as u32) {
        Ok((text, true)) => text.to_vec(),
        Ok((text, false)) if text.len() == limit => text[..limit - 1].to_vec(),
        _ => Vec::new(),
    }
}

/// What may fill a field from the left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Spaces,
    /// Zeros if the flag `0` asks for them.
    Zeros,
}

fn pad(out: &mut Vec<u8>, spec: &Spec, sign: &str, text: &[u8], fill: Fill) {
    let missing = spec.width.saturating_sub(sign.len() + text.len());
    let is_left = spec.flags.contains(&b'-');
    let with_zeros = fill == Fill::Zeros && spec.flags.contains(&b'0') && !is_left;
    let padding = |byte: u8| std::iter::repeat_n(byte, missing);
    if !is_left && !with_zeros {
        out.extend(padding(b' '));
    }
    out.extend_from_slice(sign.as_bytes());
    if with_zeros {
        out.extend(padding(b'0'));
    }
    out.extend_from_slice(text);
    if is_left {
        out.extend(padding(b' '));
    }
}

/// The 8-byte arguments in an array.
pub fn array(memory: &Memory, address: u64, n_args: u32) -> Result<Vec<u64>, crate::fault::Trap> {
    let args = (0..u64::from(n_args)).map(|idx| memory.load(address + 8 * idx, Size::DW));
    args.collect()
}
