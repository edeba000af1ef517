//! Tables as text: lines by ascending first word. They need no unpacking and no relocation.

use std::cmp::Ordering;

/// What is behind the word `wanted` and a blank in its line; empty if nothing is, `None` if no line begins with it.
pub(crate) fn find<'t>(text: &'t [u8], wanted: &str) -> Option<&'t [u8]> {
    let mut lines = text;
    while !lines.is_empty() {
        let before = &lines[..lines.len() / 2];
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = lines[start..].split(|&byte| byte == b'\n').next().unwrap_or_default();
        let word = line.split(|&byte| byte == b' ').next().unwrap_or_default();
        match word.cmp(wanted.as_bytes()) {
            Ordering::Less => lines = lines.get(start + line.len() + 1..).unwrap_or_default(),
            Ordering::Greater => lines = &lines[..start],
            Ordering::Equal => return Some(line.get(word.len() + 1..).unwrap_or_default()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_every_line_and_no_other() {
        let text = b"a 1\nab 2 3\nb\nbcd 4\nz 5\n";
        for (word, behind) in [("a", "1"), ("ab", "2 3"), ("b", ""), ("bcd", "4"), ("z", "5")] {
            assert_eq!(find(text, word), Some(behind.as_bytes()));
            assert_eq!(find(text.trim_ascii_end(), word), Some(behind.as_bytes()));
        }
        for word in ["", "A", "aa", "bc", "bcde", "zz", "1"] {
            assert_eq!(find(text, word), None);
        }
        assert_eq!(find(b"", "a"), None);
    }
}
