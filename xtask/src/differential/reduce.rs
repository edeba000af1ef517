//! Makes a program that shows a problem smaller.
//!
//! It knows no C: lines go, in runs whose braces balance, then parenthesised parts become one of
//! their own parts or a number. Whether what is left still is a program that shows the problem,
//! the caller says.

/// How many candidates are asked about at most.
const MAX_QUESTIONS: usize = 3000;

/// A smaller text for which `shows` still holds, as it does for `text`.
pub fn reduce(text: &str, shows: impl Fn(&str) -> bool) -> String {
    let mut reduction = Reduction { text: text.to_owned(), n_questions: 0, shows: &shows };
    loop {
        let before = reduction.text.len();
        reduction.drop_lines();
        reduction.simplify_groups();
        reduction.drop_lines();
        if reduction.text.len() == before || reduction.n_questions >= MAX_QUESTIONS {
            return reduction.text;
        }
    }
}

struct Reduction<'a> {
    text: String,
    n_questions: usize,
    shows: &'a dyn Fn(&str) -> bool,
}

impl Reduction<'_> {
    /// Takes a candidate if it shows the problem.
    fn try_text(&mut self, candidate: String) -> bool {
        if self.n_questions >= MAX_QUESTIONS || candidate == self.text {
            return false;
        }
        self.n_questions += 1;
        let shows = (self.shows)(&candidate);
        if shows {
            self.text = candidate;
        }
        shows
    }

    /// Drops runs of lines, long ones first.
    fn drop_lines(&mut self) {
        let n_lines = self.text.lines().count();
        let mut length = n_lines.next_power_of_two() / 2;
        while length > 0 {
            let mut start = 0;
            loop {
                let lines: Vec<&str> = self.text.lines().collect();
                if start >= lines.len() {
                    break;
                }
                let end = balanced_end(&lines, start, (start + length).min(lines.len()));
                let rest = end.map(|end| {
                    let kept = lines[..start].iter().chain(&lines[end..]);
                    kept.flat_map(|line| [line, "\n"]).collect::<String>()
                });
                let dropped = rest.is_some_and(|rest| self.try_text(rest));
                if !dropped {
                    start += length.div_ceil(2);
                }
            }
            length /= 2;
        }
    }

    /// Replaces parenthesised parts, outer ones first.
    fn simplify_groups(&mut self) {
        let mut at = 0;
        while let Some(open) = self.text[at..].find('(').map(|idx| at + idx) {
            at = open + 1;
            let Some(close) = closing(&self.text, open) else {
                continue;
            };
            let inner = self.text[open + 1..close].to_owned();
            if matches!(inner.as_str(), "" | "0" | "1") {
                continue;
            }
            // Arguments of a call keep their parentheses.
            let is_call = self.text[..open].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let numbers = if is_call { ["(0)", "(1)"] } else { ["0", "1"] };
            let mut candidates = numbers.map(str::to_owned).to_vec();
            candidates.extend(groups(&inner).map(|part| format!("({part})")));
            for candidate in candidates {
                let text = format!("{}{candidate}{}", &self.text[..open], &self.text[close + 1..]);
                if self.try_text(text) {
                    at = open;
                    break;
                }
            }
        }
    }
}

/// The end of a run of lines from `start` to `end` or beyond, whose braces balance.
fn balanced_end(lines: &[&str], start: usize, end: usize) -> Option<usize> {
    let mut depth = 0_i64;
    for (idx, line) in lines.iter().enumerate().skip(start) {
        for byte in line.bytes() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return None;
            }
        }
        if depth == 0 && idx + 1 >= end {
            return Some(idx + 1);
        }
    }
    None
}

/// The index of the parenthesis that closes the one at `open`.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (idx, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(idx);
        }
    }
    None
}

/// The parenthesised parts directly inside a text.
fn groups(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let open = at + text[at..].find('(')?;
        let close = closing(text, open)?;
        at = close + 1;
        Some(&text[open + 1..close])
    })
}

#[cfg(test)]
mod tests {
    use super::reduce;

    #[test]
    fn what_matters_stays() {
        let text = "int a;\nint f(void)\n{\n\tint b = 1;\n\treturn g((a + (b * 2)), (bad(a)));\n}\nint c;\n";
        let reduced = reduce(text, |text| text.contains("bad") && text.contains("int f(void)\n{"));
        assert_eq!(reduced, "int f(void)\n{\n\treturn g(bad(0));\n}\n");
    }
}
