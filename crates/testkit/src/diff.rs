//! Unified diffs of short texts.

/// Longer texts are compared from their first difference on, without alignment.
const MAX_CELLS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// What turns `old` into `new`, in the unified format without file names; empty if the
/// lines are equal.
pub fn unified_diff(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let script = edit_script(&old, &new);
    let changed: Vec<usize> = (0..script.len()).filter(|&i| script[i].0 != ' ').collect();
    let mut out = String::new();
    let mut idx = 0;
    while idx < changed.len() {
        let first = changed[idx].saturating_sub(CONTEXT);
        while changed.get(idx + 1).is_some_and(|&next| next - changed[idx] <= 2 * CONTEXT) {
            idx += 1;
        }
        let last = (changed[idx] + CONTEXT + 1).min(script.len());
        hunk(&mut out, &script, first..last);
        idx += 1;
    }
    out
}

fn hunk(out: &mut String, script: &[(char, &str)], range: std::ops::Range<usize>) {
    let count = |lines: &[(char, &str)], other: char| {
        lines.iter().filter(|(sign, _)| *sign != other).count()
    };
    let (before, inside) = (&script[..range.start], &script[range]);
    let side = |other| {
        let (start, len) = (count(before, other), count(inside, other));
        format!("{},{len}", if len == 0 { start } else { start + 1 })
    };
    out.push_str(&format!("@@ -{} +{} @@\n", side('+'), side('-')));
    for (sign, line) in inside {
        out.push_str(&format!("{sign}{line}\n"));
    }
}

/// The lines of both texts: `' '` in both, `'-'` only in the old, `'+'` only in the new.
fn edit_script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let n_head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (tail_old, tail_new) = (&old[n_head..], &new[n_head..]);
    let n_tail =
        tail_old.iter().rev().zip(tail_new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (mid_old, kept) = tail_old.split_at(tail_old.len() - n_tail);
    let mid_new = &tail_new[..tail_new.len() - n_tail];
    let mut script: Vec<(char, &str)> = old[..n_head].iter().map(|line| (' ', *line)).collect();
    if mid_old.len().saturating_mul(mid_new.len()) > MAX_CELLS {
        script.extend(mid_old.iter().map(|line| ('-', *line)));
        script.extend(mid_new.iter().map(|line| ('+', *line)));
    } else {
        align(&mut script, mid_old, mid_new);
    }
    script.extend(kept.iter().map(|line| (' ', *line)));
    script
}

/// Appends the shortest script by the table of longest common subsequences.
fn align<'a>(script: &mut Vec<(char, &'a str)>, old: &[&'a str], new: &[&'a str]) {
    let width = new.len() + 1;
    let mut common = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            script.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            script.push(('-', old[i]));
            i += 1;
        } else {
            script.push(('+', new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_with_context() {
        assert_eq!(unified_diff("a\nb\n", "a\nb\n"), "");
        assert_eq!(unified_diff("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n";
        let expected = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -10,4 +10,3 @@\n 10\n 11\n 12\n-13\n";
        assert_eq!(unified_diff(old, new), expected);
    }
}
