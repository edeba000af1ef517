//! Rules for texts: paths they name exist, and none belongs to one machine.

use super::Tree;

/// Appends every breach.
pub fn check(tree: &Tree, problems: &mut Vec<String>) {
    // Spelled in two parts: this file is checked too.
    let private = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    for file in &tree.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            for path in private {
                if has_path(line, path) {
                    problems
                        .push(format!("{}:{number}: names the private path `{path}`", file.path));
                }
            }
        }
        if file.path.ends_with(".md") {
            for (number, path) in named_paths(&file.text) {
                if !tree.root.join(path).exists() {
                    problems.push(format!("{}:{number}: there is no `{path}`", file.path));
                }
            }
        }
    }
}

/// True if `line` has `path` as the start of an absolute path.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '>'))
    })
}

/// Paths of the repository in backticks, with their lines; patterns and placeholders are
/// not paths.
fn named_paths(text: &str) -> Vec<(usize, &str)> {
    const FOLDERS: [&str; 8] =
        ["crates/", "tests/", "docs/", "xtask/", "examples/", "fuzz/", ".ci/", "python/"];
    let mut all = Vec::new();
    let mut in_block = false;
    for (number, line) in (1..).zip(text.lines()) {
        in_block ^= line.starts_with("```");
        if in_block {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            let is_plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
            let is_ours = FOLDERS.iter().any(|folder| word.starts_with(folder));
            if is_ours && word.chars().all(is_plain) && word != "crates/x" {
                all.push((number, word));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_paths() {
        let text = "See `crates/base/src` and `docs/codes/*.md`, `tests/Ex`.\n```\n`docs/x`\n```\n`.ci/run`";
        assert_eq!(named_paths(text), [(1, "crates/base/src"), (5, ".ci/run")]);
        assert!(has_path("in /tmp/x", "/tmp/"));
        assert!(!has_path("target/tmp/x", "/tmp/"));
    }
}
