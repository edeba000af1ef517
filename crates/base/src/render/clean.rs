//! Makes text safe for a terminal: source files and names may hold escape sequences or
//! characters that reorder what is shown.

use std::borrow::Cow;
use std::sync::Arc;

/// `text` with every control and reordering character replaced by a visible one of the
/// same length in bytes, so that offsets stay true. Tabs and line feeds stay.
pub(super) fn source(text: &Arc<str>) -> Arc<str> {
    match replace(text, true) {
        Cow::Borrowed(_) => text.clone(),
        Cow::Owned(clean) => clean.into(),
    }
}

/// As [`source`], for a message that may have several lines.
pub(super) fn message(text: &str) -> Cow<'_, str> {
    replace(text, true)
}

/// As [`message`], for what must stay on one line.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    replace(text, false)
}

fn replace(text: &str, keep_lines: bool) -> Cow<'_, str> {
    // Nearly all text is plain, and this test is fast.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t') || (byte == b'\n' && keep_lines);
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    if text.chars().all(|c| stays(c, keep_lines)) {
        return Cow::Borrowed(text);
    }
    let replaced = text.chars().map(|c| match c {
        _ if stays(c, keep_lines) => c,
        '\r' | '\n' => ' ',
        _ => match c.len_utf8() {
            1 => '?',
            2 => '\u{bf}',
            _ => char::REPLACEMENT_CHARACTER,
        },
    });
    Cow::Owned(replaced.collect())
}

fn stays(c: char, keep_lines: bool) -> bool {
    match c {
        '\t' => true,
        '\n' => keep_lines,
        // Marks, embeddings, overrides and isolates of Unicode's UAX #9, all in its §2.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => false,
        '\u{2066}'..='\u{2069}' => false,
        _ => !c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_lengths_and_removes_escapes() {
        let text: Arc<str> = "a\u{1b}[31m\tb\r\n\u{85}\u{202e}x\u{61c}".into();
        let clean = source(&text);
        assert_eq!(&*clean, "a?[31m\tb \n\u{bf}\u{fffd}x\u{bf}");
        assert_eq!(clean.len(), text.len());
        assert_eq!(line("a\nb"), "a b");
        assert!(Arc::ptr_eq(&source(&clean.clone()), &source(&clean.clone())));
    }
}
