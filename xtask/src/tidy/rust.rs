//! Rules for Rust source: lengths, words that have no place in a product, `unsafe`.

use super::Tree;

const MAX_FILE_LINES: usize = 800;
const MAX_FUNCTION_LINES: usize = 70;
/// Longer arms make a `match` more than a table.
const MAX_FLAT_ARM_LINES: usize = 16;

/// Crates that may have `unsafe` code; see `ARCHITECTURE.md`.
const UNSAFE_CRATES: [&str; 4] = ["crates/capi", "crates/loader", "crates/python", "crates/vm"];
/// Crates that talk to a terminal.
const PRINTING: [&str; 2] = ["crates/cli/", "xtask/"];

/// Appends every breach.
pub fn check(tree: &Tree, problems: &mut Vec<String>) {
    for file in tree.files.iter().filter(|file| is_product(&file.path)) {
        let mut problem = |line: usize, text: &str| {
            problems.push(format!("{}:{line}: {text}", file.path));
        };
        let n_lines = product_lines(&file.text).count();
        if n_lines > MAX_FILE_LINES && !is_table(&file.path, &file.text) {
            problem(1, &format!("{n_lines} lines; at most {MAX_FILE_LINES}"));
        }
        for (line, name, n_lines) in functions(&file.text) {
            if n_lines > MAX_FUNCTION_LINES && !is_table(&file.path, &file.text) {
                let text = format!("`{name}` has {n_lines} lines; at most {MAX_FUNCTION_LINES}");
                problem(line, &text);
            }
        }
        let prints = PRINTING.iter().any(|p| file.path.starts_with(p));
        for (line, text) in product_lines(&file.text) {
            for word in forbidden(text, prints || file.path.ends_with("build.rs")) {
                problem(line, &format!("`{word}` outside tests"));
            }
        }
    }
    forbid_unsafe(tree, problems);
}

/// Every crate says `#![forbid(unsafe_code)]` or is one of the few that may not.
fn forbid_unsafe(tree: &Tree, problems: &mut Vec<String>) {
    for file in &tree.files {
        let folder = file.path.strip_suffix("/Cargo.toml").unwrap_or("");
        if folder.is_empty() || UNSAFE_CRATES.contains(&folder) {
            continue;
        }
        let roots = [format!("{folder}/src/lib.rs"), format!("{folder}/src/main.rs")];
        for root in roots {
            let text = tree.text(&root);
            if !text.is_empty() && !text.contains("#![forbid(unsafe_code)]") {
                problems.push(format!("{root}: no `#![forbid(unsafe_code)]`"));
            }
        }
    }
    let mut in_vm = tree.files.iter().filter(|file| {
        let is_unsafe = |line: &str| line.contains("unsafe {") || line.contains("unsafe fn");
        file.path.starts_with("crates/vm/src/")
            && product_lines(&file.text).any(|(_, line)| is_unsafe(line))
    });
    in_vm.next();
    for file in in_vm {
        problems.push(format!("{}: a second module of `vm` with `unsafe`", file.path));
    }
}

/// True for Rust files that are neither tests nor examples nor benchmarks.
pub fn is_product(path: &str) -> bool {
    let is_aside = |part: &str| matches!(part, "tests" | "benches" | "examples" | "fuzz");
    let is_ours = path.starts_with("crates/") || path.starts_with("xtask/");
    is_ours
        && path.ends_with(".rs")
        && !path.ends_with("/tests.rs")
        && !path.ends_with("_tests.rs")
        && !path.split('/').any(is_aside)
}

/// Numbered lines of a file that are neither comments nor its test module at the end.
pub fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines());
    let mut lines: Vec<(usize, &str)> = lines.collect();
    let is_tests = |pair: &[(usize, &str)]| {
        pair[0].1 == "#[cfg(test)]" && pair[1].1.starts_with("mod ") && pair[1].1.ends_with('{')
    };
    if let Some(at) = lines.windows(2).position(is_tests) {
        lines.truncate(at);
    }
    lines.into_iter().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// True for files that hold a table: long, and nobody reads them from top to bottom.
fn is_table(path: &str, text: &str) -> bool {
    let stem = path.rsplit('/').next().unwrap_or("");
    path.contains("/tables/")
        || stem.ends_with("table.rs")
        || stem.ends_with("tables.rs")
        || text.lines().any(|line| line == "//! tidy: table")
}

/// Words of `line` that only tests, or programs with a terminal, may use.
fn forbidden(line: &str, prints: bool) -> Vec<&'static str> {
    const NEVER: [&str; 4] = ["todo!(", "unimplemented!(", "dbg!(", ".unwrap()"];
    const PRINT: [&str; 4] = [" println!(", " print!(", " eprintln!(", " eprint!("];
    // A word inside a string is a word about code, not code.
    let is_code = |word: &&&str| match line.find(**word) {
        Some(at) => line[..at].matches('"').count().is_multiple_of(2),
        None => false,
    };
    let print: &[&str] = if prints { &[] } else { &PRINT };
    let found = NEVER.iter().chain(print).filter(is_code);
    found.map(|word| word.trim_start()).collect()
}

/// `(line, name, lines)` of every function of rustfmt-formatted source, without its test
/// module. Short arms of its outermost `match`es do not count: a flat match is a table.
fn functions(text: &str) -> Vec<(usize, &str, usize)> {
    let end = product_lines(text).last().map_or(0, |(line, _)| line);
    let lines: Vec<&str> = text.lines().take(end).collect();
    let mut all = Vec::new();
    for (idx, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", &line[..indent]);
        let body = &lines[idx..];
        let Some(len) = body.iter().position(|line| *line == closing) else {
            continue;
        };
        // A declaration without a body ends before the next function starts.
        let has_body = body[1..=len].iter().all(|line| {
            function_name(line).is_none() || line.len() - line.trim_start().len() > indent
        });
        if has_body {
            all.push((idx + 1, name, len + 1 - arm_lines(&body[..=len])));
        }
    }
    all
}

/// Lines of a function in arms, of a `match` that is not inside another, that are no longer
/// than [`MAX_FLAT_ARM_LINES`].
fn arm_lines(function: &[&str]) -> usize {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut n_lines = 0;
    let mut idx = 0;
    while idx < function.len() {
        let line = function[idx];
        idx += 1;
        let is_match = line.contains("match ") && line.ends_with('{');
        if !is_match || line.trim_start().starts_with("//") {
            continue;
        }
        let arm_indent = indent(line) + 4;
        let is_inside = |line: &&&str| line.is_empty() || indent(line) >= arm_indent;
        let n_inside = function[idx..].iter().take_while(is_inside).count();
        let arms = &function[idx..idx + n_inside];
        let starts: Vec<usize> = (0..arms.len())
            .filter(|&at| {
                indent(arms[at]) == arm_indent && !arms[at].trim_start().starts_with(['}', '|'])
            })
            .chain([arms.len()])
            .collect();
        let lengths = starts.windows(2).map(|pair| pair[1] - pair[0]);
        n_lines += lengths.filter(|&n| n <= MAX_FLAT_ARM_LINES).sum::<usize>();
        idx += n_inside;
    }
    n_lines
}

/// The name of the function that starts on `line`.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        if let Some(tail) = rest.strip_prefix("fn ") {
            return tail.split(['(', '<']).next();
        }
        let qualifiers = ["pub ", "const ", "async ", "unsafe ", "extern \"C\" "];
        let visibility = rest.strip_prefix("pub(").and_then(|tail| tail.split_once(") "));
        rest = match visibility {
            Some((_, tail)) => tail,
            None => qualifiers.iter().find_map(|word| rest.strip_prefix(word))?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_functions() {
        let body = "        x;\n".repeat(3);
        let text = format!(
            "trait T {{\n    fn a();\n    pub(crate) const fn b<T>() {{\n{body}    }}\n}}\n\
             fn c() {{\n    match x {{\n        1 => 2,\n        3 => 4,\n    }}\n}}\n\
             #[cfg(test)]\nmod tests {{\n    fn d() {{\n    }}\n}}\n"
        );
        assert_eq!(functions(&text), [(3, "b", 5), (9, "c", 4)]);
    }

    #[test]
    fn finds_words() {
        assert_eq!(forbidden("    x.unwrap();", false), [".unwrap()"]);
        assert_eq!(forbidden("    println!(\"x\");", false), ["println!("]);
        assert_eq!(forbidden("    println!(\"x\");", true), [""; 0]);
        assert_eq!(forbidden("    eprintln!(\"todo!()\");", true), [""; 0]);
        assert_eq!(forbidden("    x.unwrap_or(1)", false), [""; 0]);
    }

    #[test]
    fn knows_products() {
        assert!(is_product("crates/a/src/b.rs"));
        assert!(!is_product("crates/a/tests/it/main.rs"));
        assert!(!is_product("crates/a/src/b/tests.rs"));
        assert!(!is_product("tests/run/a.c"));
    }
}
