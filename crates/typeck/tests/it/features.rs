//! `__has_builtin` and `__has_attribute` say what the type checker does, and so does the book.

#![allow(clippy::unwrap_used, reason = "a test")]

use crate::front;
use bpfc_parser::{ATTRIBUTES, BUILTINS};

/// Builtins of clang and GCC that are refused.
const REFUSED_BUILTINS: &[&str] = &[
    "__builtin_alloca_with_align",
    "__builtin_bswap128",
    "__builtin_frame_address",
    "__builtin_is_constant_evaluated",
    "__builtin_longjmp",
    "__builtin_printf",
    "__builtin_readcyclecounter",
    "__builtin_return_address",
    "__builtin_setjmp",
    "__builtin_shufflevector",
    "__builtin_strchr",
    "__builtin_strcpy",
    "__builtin_va_start",
    "__sync_fetch_and_max",
    "__atomic_fetch_max",
    "__c11_atomic_fetch_min",
];

const REFUSED_ATTRIBUTES: &[&str] = &["address_space", "ext_vector_type", "vector_size", "nosuch"];

/// What is said of `text`, and where.
fn messages(text: &str) -> Vec<(usize, String)> {
    let checked = front::check(text);
    let sources = &checked.session.sources;
    let line = |d: &bpfc_base::Diagnostic| sources.line_col(d.span()).map_or(0, |(_, at)| at.line);
    let all = checked.session.diagnostics.iter();
    all.map(|d| (line(d) as usize, format!("{}: {}", d.code, d.message))).collect()
}

/// Whether a call is of something that the checker knows: only its arguments are wrong.
fn is_known_builtin(message: &str) -> bool {
    !(message.contains("is not supported")
        || message.starts_with("E0321")
        || message.starts_with("E0322"))
}

#[test]
fn builtins_are_those_that_are_implemented() {
    // Those with types among their arguments are syntax.
    let is_call = |name: &&str| !name.ends_with("offsetof") && !name.ends_with("compatible_p");
    let names: Vec<&str> =
        BUILTINS.iter().chain(REFUSED_BUILTINS).copied().filter(is_call).collect();
    let calls = names.iter().map(|name| format!("void f_{name}(void) {{ {name}(); }}\n"));
    let found = messages(&calls.collect::<String>());
    for (idx, name) in names.iter().enumerate() {
        let mut about = found.iter().filter(|(line, _)| *line == idx + 1);
        let is_known = about.all(|(_, message)| is_known_builtin(message));
        assert_eq!(is_known, BUILTINS.contains(name), "{name}");
    }
}

#[test]
fn attributes_are_those_that_are_known() {
    for name in ATTRIBUTES.iter().chain(REFUSED_ATTRIBUTES) {
        let found = messages(&format!("extern int x __attribute__(({name}));\n"));
        let is_known = !found.iter().any(|(_, message)| {
            message.contains("is unknown")
                || message.contains("vector types")
                || message.contains("address_space")
        });
        assert_eq!(is_known, ATTRIBUTES.contains(name), "{name}: {found:?}");
    }
}

/// The names in the first column of the tables behind a heading of the book.
fn names_in_book(heading: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language.md");
    let book = std::fs::read_to_string(path).unwrap();
    let start = book.find(heading).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = &book[start + heading.len()..];
    let section = &section[..section.find("\n## ").unwrap_or(section.len())];
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`'));
    let mut names: Vec<String> = names.flat_map(expand).collect();
    names.sort();
    names
}

/// `clz{,l,ll}` is `clz`, `clzl`, `clzll`.
fn expand(name: &str) -> Vec<String> {
    let Some((before, rest)) = name.split_once('{') else {
        return vec![name.to_owned()];
    };
    let (choices, after) = rest.split_once('}').unwrap();
    let all = choices.split(',').map(|choice| format!("{before}{choice}{after}"));
    all.flat_map(|name| expand(&name)).collect()
}

#[test]
fn book_lists_builtins() {
    assert_eq!(names_in_book("\n## Builtins\n"), BUILTINS);
}

#[test]
fn book_lists_attributes() {
    assert_eq!(names_in_book("\n## Attributes\n"), ATTRIBUTES);
}
