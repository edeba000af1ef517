//! Text: messages and numbers.

use super::format::{array, format, is_space};
use super::{Args, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::outcome::Effect;
use bpfc_isa::Size;

/// `MAX_BPRINTF_BUF`: longest message with its end (Linux 6.2 `include/linux/bpf.h`).
const MAX_MESSAGE_BYTES: usize = 1024;
/// `MAX_BPRINTF_VARARGS`.
const MAX_ARGS: u64 = 12;

/// `bpf_trace_printk(fmt, fmt_size, arg1, arg2, arg3)`.
pub fn trace_printk(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [address, n_bytes, values @ ..] = args;
    let template = machine.memory.read(address, size(n_bytes))?;
    let text = format(&machine.memory, template, &values, MAX_MESSAGE_BYTES);
    print(machine, text)
}

/// `bpf_trace_vprintk(fmt, fmt_size, args, args_size)`.
pub fn trace_vprintk(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [address, n_bytes, values, values_bytes, _] = args;
    let Some(values) = values_of(machine, values, values_bytes)? else {
        return Ok(errno::EINVAL as u64);
    };
    let template = machine.memory.read(address, size(n_bytes))?;
    let text = format(&machine.memory, template, &values, MAX_MESSAGE_BYTES);
    print(machine, text)
}

/// The values in an array of arguments; none if the helper refuses its size.
fn values_of(machine: &Machine, address: u64, n_bytes: u64) -> Result<Option<Vec<u64>>, Trap> {
    let n_bytes = u64::from(n_bytes as u32);
    if !n_bytes.is_multiple_of(8) || n_bytes > MAX_ARGS * 8 || (n_bytes > 0 && address == 0) {
        return Ok(None);
    }
    array(&machine.memory, address, n_bytes as u32 / 8).map(Some)
}

/// Records a message; its full length or the error.
fn print(machine: &mut Machine, text: Result<Vec<u8>, i64>) -> Result<u64, Trap> {
    let text = match text {
        Ok(text) => text,
        Err(error) => return Ok(error as u64),
    };
    let kept = &text[..text.len().min(MAX_MESSAGE_BYTES - 1)];
    let line = kept.strip_suffix(b"\n").unwrap_or(kept);
    let line = String::from_utf8_lossy(line).into_owned();
    machine.effect(Effect::Printk(line))?;
    Ok(text.len() as u64)
}

/// `bpf_snprintf(str, str_size, fmt, data, data_len)`.
pub fn snprintf(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [out, out_bytes, template, values, values_bytes] = args;
    let Some(values) = values_of(machine, values, values_bytes)? else {
        return Ok(errno::EINVAL as u64);
    };
    let (template, _) = machine.memory.read_string(template, u32::MAX)?;
    let template = [template, &[0]].concat();
    let out_bytes = size(out_bytes) as usize;
    let text = match format(&machine.memory, &template, &values, out_bytes) {
        Ok(text) => text,
        Err(error) => return Ok(error as u64),
    };
    if out_bytes > 0 {
        let mut kept = text[..text.len().min(out_bytes - 1)].to_vec();
        kept.push(0);
        machine.memory.write(out, &kept)?;
    }
    Ok(text.len() as u64 + 1)
}

/// `bpf_strncmp(s1, s1_size, s2)`: the difference of the first bytes that differ.
pub fn strncmp(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let n_bytes = size(args[1]);
    let left = machine.memory.read(args[0], n_bytes)?;
    let (right, _) = machine.memory.read_string(args[2], n_bytes)?;
    for (idx, &left) in left.iter().enumerate() {
        let right = right.get(idx).copied().unwrap_or(0);
        if left != right {
            // `strncmp` of Linux 6.12 `lib/string.c` answers -1, 0 or 1.
            return Ok(if left < right { u64::MAX } else { 1 });
        }
        if left == 0 {
            break;
        }
    }
    Ok(0)
}

/// `bpf_strtol(buf, buf_len, flags, res)`.
pub fn strtol(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let parsed = parse(machine, args)?.and_then(|number| {
        let signed = if number.is_negative {
            number.magnitude.wrapping_neg() as i64
        } else {
            number.magnitude as i64
        };
        let is_wrong = if number.is_negative { signed > 0 } else { signed < 0 };
        if is_wrong {
            return Err(errno::ERANGE);
        }
        Ok((signed as u64, number.n_bytes))
    });
    finish(machine, args[3], parsed)
}

/// `bpf_strtoul(buf, buf_len, flags, res)`.
pub fn strtoul(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let parsed = parse(machine, args)?.and_then(|number| {
        if number.is_negative {
            return Err(errno::EINVAL);
        }
        Ok((number.magnitude, number.n_bytes))
    });
    finish(machine, args[3], parsed)
}

fn finish(machine: &mut Machine, out: u64, parsed: Result<(u64, u64), i64>) -> Result<u64, Trap> {
    let (value, answer) = match parsed {
        Ok((value, n_bytes)) => (value, n_bytes),
        Err(error) => (0, error as u64),
    };
    machine.memory.store(out, Size::DW, value)?;
    Ok(answer)
}

/// A number at the start of a text.
struct Number {
    magnitude: u64,
    is_negative: bool,
    /// Bytes up to its end, blanks in front included.
    n_bytes: u64,
}

/// `__bpf_strtoull` (Linux 6.12 `kernel/bpf/helpers.c`).
fn parse(machine: &Machine, args: Args) -> Result<Result<Number, i64>, Trap> {
    let text = machine.memory.read(args[0], size(args[1]))?;
    Ok(parse_number(text, args[2]))
}

fn parse_number(text: &[u8], flags: u64) -> Result<Number, i64> {
    /// Longest number looked at.
    const MAX_DIGITS: usize = 63;
    let base = flags & 0x1f;
    if text.is_empty() || !matches!(base, 0 | 8 | 10 | 16) || flags != base {
        return Err(errno::EINVAL);
    }
    let blanks = text.iter().take_while(|&&byte| is_space(byte)).count();
    let is_negative = text.get(blanks) == Some(&b'-');
    let start = blanks + usize::from(is_negative);
    let rest = &text[start..];
    let rest = &rest[..rest.len().min(MAX_DIGITS)];
    let lower = |idx: usize| rest.get(idx).map(u8::to_ascii_lowercase);
    // `_parse_integer_fixup_radix`, Linux 6.12 `lib/kstrtox.c`.
    let has_prefix = lower(0) == Some(b'0') && lower(1) == Some(b'x');
    let base = match base {
        0 if has_prefix && lower(2).is_some_and(|byte| byte.is_ascii_hexdigit()) => 16,
        0 if lower(0) == Some(b'0') => 8,
        0 => 10,
        base => base,
    };
    let skipped = if base == 16 && has_prefix { 2 } else { 0 };
    let mut magnitude: u64 = 0;
    let mut n_digits = 0;
    for &byte in &rest[skipped..] {
        let Some(digit) = char::from(byte).to_digit(base as u32) else {
            break;
        };
        let larger = magnitude.checked_mul(base);
        let larger = larger.and_then(|sum| sum.checked_add(u64::from(digit)));
        magnitude = larger.ok_or(errno::ERANGE)?;
        n_digits += 1;
    }
    if n_digits == 0 {
        return Err(errno::EINVAL);
    }
    Ok(Number { magnitude, is_negative, n_bytes: (start + skipped + n_digits) as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, flags: u64) -> Result<(u64, bool, u64), i64> {
        let number = parse_number(text.as_bytes(), flags)?;
        Ok((number.magnitude, number.is_negative, number.n_bytes))
    }

    #[test]
    fn numbers_are_read_as_the_kernel_reads_them() {
        assert_eq!(number("42", 0), Ok((42, false, 2)));
        assert_eq!(number("  -0x1fz", 0), Ok((31, true, 7)));
        assert_eq!(number("077", 0), Ok((63, false, 3)));
        assert_eq!(number("077", 10), Ok((77, false, 3)));
        assert_eq!(number("0xff", 16), Ok((255, false, 4)));
        assert_eq!(number("18446744073709551615", 10), Ok((u64::MAX, false, 20)));
        assert_eq!(number("18446744073709551616", 10), Err(errno::ERANGE));
        assert_eq!(number("", 0), Err(errno::EINVAL));
        assert_eq!(number("x", 0), Err(errno::EINVAL));
        assert_eq!(number("1", 2), Err(errno::EINVAL));
    }
}
