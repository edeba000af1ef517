//! The wording of diagnostics, as far as their text stands in the source: lower case, no
//! full stop.

use super::{Tree, rust};

/// What a message is the first string of.
const MAKERS: [&str; 5] =
    ["Diagnostic::new(", "Diagnostic::without_span(", ".with_note(", ".with_help(", ".with_label("];

/// Appends every message that is worded otherwise.
pub fn check(tree: &Tree, problems: &mut Vec<String>) {
    for file in tree.files.iter().filter(|file| rust::is_product(&file.path)) {
        let lines: Vec<(usize, &str)> = rust::product_lines(&file.text).collect();
        for (idx, (number, line)) in lines.iter().enumerate() {
            for maker in MAKERS.iter().filter(|maker| line.contains(**maker)) {
                let rest = lines[idx..].iter().take(6).map(|(_, line)| *line);
                let rest: Vec<&str> = rest.collect();
                let rest = rest.join("\n");
                let rest = rest.split_once(maker).map_or("", |(_, rest)| rest);
                if let Some(problem) = first_string(rest).and_then(breach) {
                    problems.push(format!("{}:{number}: {problem}", file.path));
                }
            }
        }
    }
}

/// The first string literal of a call's arguments, if the call has one.
fn first_string(arguments: &str) -> Option<&str> {
    let arguments = &arguments[..arguments.find(';').unwrap_or(arguments.len())];
    let (before, rest) = arguments.split_once('"')?;
    let mut depth = 0;
    for c in before.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        // The call ended without a string.
        if depth < 0 {
            return None;
        }
    }
    let is_end = |(at, _): &(usize, &str)| !rest[..*at].ends_with('\\');
    let (end, _) = rest.match_indices('"').find(is_end)?;
    Some(&rest[..end])
}

/// What is wrong with a message.
fn breach(message: &str) -> Option<String> {
    let mut chars = message.chars();
    let is_sentence = chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let is_name = message.split(' ').next().is_some_and(|word| word == "Linux");
    if is_sentence && !is_name {
        return Some(format!("the message `{message}` starts with a capital"));
    }
    let has_stop = message.ends_with('.') && !message.ends_with("..");
    has_stop.then(|| format!("the message `{message}` ends with a full stop"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_messages() {
        assert_eq!(first_string("E0301, span, format!(\"a \\\" b\"))"), Some("a \\\" b"));
        assert_eq!(first_string("E0301, span, text).with_note(\"X\")"), None);
        assert!(breach("Bad thing").is_some());
        assert!(breach("bad thing.").is_some());
        assert!(breach("BTF is bad").is_none());
        assert!(breach("too few arguments to `...`, ...").is_none());
    }
}
