//! What differs between two texts, as `diff -u` prints it.

use std::fmt::Write;
use std::ops::Range;

/// Lines shown around a change.
const CONTEXT: usize = 3;
/// Texts whose changed middles have more pairs of lines than this are not compared line by line.
const MAX_PAIRS: usize = 4_000_000;

/// The difference between two versions of the file `name` as a patch for `patch -p1`; empty if there is none.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let changes = changes(&old, &new);
    let mut out = String::new();
    if changes.is_empty() {
        return out;
    }
    let name = name.trim_start_matches("./").trim_start_matches('/');
    let mut write = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text).expect("a string takes all text");
    };
    write(format_args!("--- a/{name}\n+++ b/{name}\n"));
    for hunk in changes.chunk_by(|a, b| b.0.start - a.0.end <= 2 * CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let n_before = first.0.start.min(CONTEXT);
        let n_after = (old.len() - last.0.end).min(CONTEXT);
        let old_range = first.0.start - n_before..last.0.end + n_after;
        let new_range = first.1.start - n_before..last.1.end + n_after;
        write(format_args!("@@ -{} +{} @@\n", place(&old_range), place(&new_range)));
        let mut at = old_range.start;
        for (removed, added) in hunk {
            let lines = old[at..removed.start].iter().map(|line| (' ', line));
            let lines = lines.chain(old[removed.clone()].iter().map(|line| ('-', line)));
            for (sign, line) in lines.chain(new[added.clone()].iter().map(|line| ('+', line))) {
                write(format_args!("{sign}{}", ended(line)));
            }
            at = removed.end;
        }
        for line in &old[at..old_range.end] {
            write(format_args!(" {}", ended(line)));
        }
    }
    out
}

/// Start, from 1, and length; of an empty range, the line before it.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        n => format!("{},{n}", range.start + 1),
    }
}

fn ended(line: &str) -> String {
    match line.ends_with('\n') {
        true => line.to_owned(),
        false => format!("{line}\n\\ No newline at end of file\n"),
    }
}

/// Lines of the old text and the lines of the new one that stand in their place, in order.
type Change = (Range<usize>, Range<usize>);

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let same = |(a, b): &(&&str, &&str)| a == b;
    let n_head = old.iter().zip(new).take_while(same).count();
    let tails = old[n_head..].iter().rev().zip(new[n_head..].iter().rev());
    let n_tail = tails.take_while(same).count();
    let old_middle = &old[n_head..old.len() - n_tail];
    let new_middle = &new[n_head..new.len() - n_tail];
    if old_middle.is_empty() && new_middle.is_empty() {
        return Vec::new();
    }
    if old_middle.len().saturating_mul(new_middle.len()) > MAX_PAIRS {
        return vec![(n_head..old.len() - n_tail, n_head..new.len() - n_tail)];
    }
    let kept = common(old_middle, new_middle);
    let mut changes: Vec<Change> = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    let end = (old_middle.len(), new_middle.len());
    for (old_idx, new_idx) in kept.into_iter().chain([end]) {
        if at_old < old_idx || at_new < new_idx {
            let removed = n_head + at_old..n_head + old_idx;
            changes.push((removed, n_head + at_new..n_head + new_idx));
        }
        (at_old, at_new) = (old_idx + 1, new_idx + 1);
    }
    changes
}

/// A longest common subsequence, as pairs of positions.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    // Per pair of positions, the length of the longest one behind it.
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = match old[i] == new[j] {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks() {
        assert_eq!(unified("a.c", "x\n", "x\n"), "");
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\nend";
        let after = "1\n2\n3\n4\nnew\n5\n6\n7\n8\n9\n10\n11\n12\n";
        assert_eq!(
            unified("./a.c", before, after),
            "--- a/a.c\n+++ b/a.c\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n\
             @@ -10,4 +11,3 @@\n 10\n 11\n 12\n-end\n\\ No newline at end of file\n"
        );
        let middle = unified("a", "a\nb\nc\nd\n", "a\nB\nc\nD\n");
        assert_eq!(middle, "--- a/a\n+++ b/a\n@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n-d\n+D\n");
        assert_eq!(unified("a", "", "x\n"), "--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+x\n");
    }
}
