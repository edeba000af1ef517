//! Takes off what loaders, terminals and web pages put around the lines of a log.

use std::borrow::Cow;

/// Beginnings that loaders and people put before each line, or before the first one.
const PREFIXES: &[&str] = &[
    "libbpf:",
    "> ",
    "| ",
    "\u{2502} ",
    "Verifier output:",
    "verifier output:",
    "Verifier error:",
    "verifier log:",
    "Kernel error log:",
    "Error log:",
    "BPF log:",
    "stderr:",
    "ERROR:",
    "error:",
];

/// The text with escapes of terminals, markup and string literals undone: lines as the kernel wrote them, apart from
/// what stands before them.
pub fn text(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains('\u{1b}') {
        text = Cow::Owned(without_escapes(&text));
    }
    if text.contains("&gt;") || text.contains("&lt;") || text.contains("&#39;") {
        let plain = text.replace("&gt;", ">").replace("&lt;", "<").replace("&#39;", "'");
        text = Cow::Owned(plain.replace("&quot;", "\"").replace("&amp;", "&"));
    }
    // A log inside a string, as structured loggers write it: no line of a verifier has a backslash and an `n`.
    let n_breaks = text.matches('\n').count();
    if text.matches("\\n").count() > n_breaks {
        let plain = text.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t");
        text = Cow::Owned(plain.replace("\\\"", "\""));
    }
    text
}

/// Without the sequences that colour a terminal.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next_if_eq(&'[').is_some() {
            // ECMA-48 5.4: parameters, then one final byte.
            while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
            chars.next();
        }
    }
    plain
}

/// One line without what stands around it.
pub fn line(line: &str) -> &str {
    let is_frame = |c: char| c.is_whitespace() || c == '\0' || c == '"' || c == '`';
    let mut line = line.trim_matches(is_frame);
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| line.strip_prefix(prefix)) {
        line = rest.trim_matches(is_frame);
    }
    // Time stamps and fields of loggers: what follows is an instruction all the same.
    match insn_inside(line) {
        Some(at) => &line[at..],
        None => line,
    }
}

/// Where in a line an instruction, `12: (85) `, or registers, `12: R0=`, begin, if not at its start.
fn insn_inside(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    for (at, _) in line.match_indices(": ") {
        let rest = &bytes[at + 2..];
        let is_insn = match rest {
            [b'(', a, b, b')', ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
            [b'R', number, ..] => number.is_ascii_digit(),
            _ => false,
        };
        let n_digits = bytes[..at].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if is_insn && n_digits > 0 {
            let start = at - n_digits;
            // `from 3 to 7: R0=` is whole as it is.
            let is_apart =
                start > 0 && matches!(bytes[start - 1], b' ' | b'\t' | b'"' | b'=' | b'>');
            return (is_apart && !line[..start].ends_with(" to ")).then_some(start);
        }
    }
    None
}
