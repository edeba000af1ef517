//! Pictures: flame graphs of stacks, and histograms. The same numbers give the same bytes.

mod flame;
mod histogram;

pub use flame::flame_graph;
pub use histogram::{Histogram, histograms};

/// Text as XML has it. Characters that XML has not, even escaped, are shown as U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // XML 1.0, production 2 (Char).
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `text` in so many characters, with `..` at the end if it is longer; nothing where not even that fits.
fn shortened(text: &str, n_chars: usize) -> String {
    if text.chars().count() <= n_chars {
        return text.to_owned();
    }
    match n_chars {
        0..3 => String::new(),
        n => text.chars().take(n - 2).chain("..".chars()).collect(),
    }
}

/// A number with commas: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Asserts that `text` is well-formed XML, as far as our pictures use it.
#[cfg(test)]
pub(crate) fn assert_well_formed(text: &str) {
    let mut rest =
        text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).expect("a head").1;
    let mut open: Vec<&str> = Vec::new();
    while let Some((before, tag)) = rest.split_once('<') {
        for entity in before.split('&').skip(1) {
            let name = entity.split_once(';').map(|(name, _)| name);
            assert!(matches!(name, Some("amp" | "lt" | "gt" | "quot" | "apos")), "&{entity}");
        }
        assert!(before.chars().all(|c| !c.is_control() || c == '\n'), "{before:?}");
        if let Some(data) = tag.strip_prefix("![CDATA[") {
            rest = data.split_once("]]>").expect("the end of CDATA").1;
            continue;
        }
        let (tag, behind) = tag.split_once('>').expect("the end of a tag");
        assert!(tag.matches('"').count().is_multiple_of(2), "<{tag}>");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().expect("a name")),
        }
        rest = behind;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_harmless() {
        assert_eq!(
            escape("<a href=\"x\">&'\u{1}\u{7f}\u{ffff}é"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&apos;\u{fffd}\u{fffd}\u{fffd}é"
        );
        assert_eq!(
            (shortened("main", 4), shortened("mains", 4), shortened("main", 2)),
            ("main".into(), "ma..".into(), String::new())
        );
        assert_eq!(
            (grouped(7), grouped(1234), grouped(1_000_000)),
            ("7".into(), "1,234".into(), "1,000,000".into())
        );
    }
}
