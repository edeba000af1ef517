//! "Did you mean": the most similar of a set of names.

/// The candidate nearest to `name`, if one is near enough to be a misspelling: at most a
/// third of the letters differ, or only their case does. Ties go to the first candidate.
pub fn most_similar<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name {
            continue;
        }
        let distance = match candidate.eq_ignore_ascii_case(name) {
            true => Some(0),
            false => distance(name, candidate, limit),
        };
        let Some(distance) = distance else { continue };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; `None` past `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(previous[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous.last().copied().filter(|&n| n <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_misspellings_and_nothing_else() {
        let names = ["bpf_map_lookup_elem", "bpf_map_update_elem", "bpf_ktime_get_ns", "pid"];
        assert_eq!(most_similar("bpf_map_lokup_elem", names), Some("bpf_map_lookup_elem"));
        assert_eq!(most_similar("bpf_map_loookup_elm", names), Some("bpf_map_lookup_elem"));
        assert_eq!(most_similar("PID", names), Some("pid"));
        assert_eq!(most_similar("pdi", names), Some("pid"));
        assert_eq!(most_similar("tgid", names), None);
        assert_eq!(most_similar("", names), None);
    }
}
