//! Formats of `bpf_snprintf`: `bpf_bprintf_prepare` (Linux 6.18 `kernel/bpf/helpers.c`).

/// Arguments of one call (`MAX_BPRINTF_VARARGS`).
const MAX_ARGS: usize = 12;

/// Whether the kernel takes the format with this number of arguments.
pub fn check(format: &[u8], n_args: usize) -> Result<(), &'static str> {
    if n_args > MAX_ARGS {
        return Err("there are more than 12 values");
    }
    // UTF-8 passes, control characters do not.
    let is_text = |byte: u8| {
        byte >= 0x80 || byte == 0x0b || byte.is_ascii_graphic() || byte.is_ascii_whitespace()
    };
    let (mut at, mut n_used) = (0, 0);
    let byte = |at: usize| format.get(at).copied().unwrap_or(0);
    while at < format.len() {
        if !is_text(byte(at)) {
            return Err("the format has a control character");
        }
        if byte(at) != b'%' {
            at += 1;
            continue;
        }
        at += 1;
        if byte(at) == b'%' {
            at += 1;
            continue;
        }
        if n_used >= n_args {
            return Err("the format asks for more values than there are");
        }
        // Flags and a width mean nothing to the check.
        while matches!(byte(at), b'0' | b'+' | b'-' | b' ') {
            at += 1;
        }
        if matches!(byte(at), b'1'..=b'9') {
            at += 1;
            while byte(at).is_ascii_digit() {
                at += 1;
            }
        }
        at = conversion(&byte, at)?;
        n_used += 1;
    }
    Ok(())
}

/// The offset behind the conversion that starts at `at`.
fn conversion(byte: &impl Fn(usize) -> u8, mut at: usize) -> Result<usize, &'static str> {
    let ends = |at: usize| {
        let next = byte(at);
        next == 0 || next.is_ascii_whitespace() || next == 0x0b || next.is_ascii_punctuation()
    };
    let odd = "the format has a conversion that BPF does not know";
    if byte(at) == b'p' {
        return match byte(at + 1) {
            b'k' | b'u' if byte(at + 2) == b's' && ends(at + 3) => Ok(at + 3),
            b'K' | b'x' | b's' | b'S' | b'B' => Ok(at + 2),
            b'i' | b'I' => match byte(at + 2) {
                b'4' | b'6' => Ok(at + 3),
                _ => Err(odd),
            },
            _ if ends(at + 1) => Ok(at + 1),
            _ => Err(odd),
        };
    }
    if byte(at) == b'c' || byte(at) == b's' && ends(at + 1) {
        return Ok(at + 1);
    }
    if byte(at) == b'l' {
        at += 1;
        if byte(at) == b'l' {
            at += 1;
        }
    }
    match byte(at) {
        b'i' | b'd' | b'u' | b'x' | b'X' => Ok(at + 1),
        _ => Err(odd),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn formats() {
        for (format, n_args) in [
            ("", 0),
            ("%d %s", 2),
            ("%-10llu|", 1),
            ("%pK", 1),
            ("%pI4", 1),
            ("%%", 0),
            ("%p", 1),
            ("%c", 1),
        ] {
            assert_eq!(check(format.as_bytes(), n_args), Ok(()), "{format}");
        }
        for (format, n_args) in [
            ("%", 1),
            ("%d", 0),
            ("%a", 1),
            ("%pI5", 1),
            ("%f", 1),
            ("\x01", 0),
            ("%l", 1),
            ("%pq", 1),
        ] {
            assert!(check(format.as_bytes(), n_args).is_err(), "{format}");
        }
    }
}
