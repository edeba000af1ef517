//! Which lines and branches of programs the tests went through.

mod cobertura;
mod html;
mod lcov;

use bpfc_isa::Insn;
use bpfc_object::{FuncId, Object};
use bpfc_vm::Counts;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Headers that the compiler brings are nobody's to test.
const BUILT_IN: &str = "<built-in>";

/// Coverage of all programs that were tested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By name.
    pub files: BTreeMap<String, FileCoverage>,
}

/// Coverage of one source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// How often each line with code was executed.
    pub lines: BTreeMap<u32, u64>,
    /// Conditional jumps: of a line and a function, in the order of its code, how often they jumped and how often not.
    pub branches: BTreeMap<(u32, String, u32), [u64; 2]>,
    /// Functions: their line, and how often they were called.
    pub functions: BTreeMap<String, (u32, u64)>,
}

/// A form of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageFormat {
    /// `lcov.info`.
    Lcov,
    /// A page.
    Html,
    /// Cobertura's XML, which servers read.
    Cobertura,
}

impl Coverage {
    /// Adds what runs of an object's code counted; of its functions, only those that `is_of_interest` names.
    pub fn add(&mut self, object: &Object, counts: &Counts, is_of_interest: &BTreeSet<String>) {
        for (id, function) in object.functions.iter_enumerated() {
            if is_of_interest.contains(&function.name) && !crate::is_of_test(&function.section) {
                self.add_function(object, id, counts);
            }
        }
    }

    fn add_function(&mut self, object: &Object, id: FuncId, counts: &Counts) {
        let function = &object.functions[id];
        let mut n_branches: BTreeMap<(&str, u32), u32> = BTreeMap::new();
        let mut lines: BTreeMap<(&str, u32), u64> = BTreeMap::new();
        let mut home = None;
        for (idx, insn) in (0..).zip(&function.insns) {
            let Some(line) = &insn.line else { continue };
            if line.line == 0 || line.file.starts_with(BUILT_IN) {
                continue;
            }
            let count = counts.get(&(id, idx)).copied().unwrap_or_default();
            home.get_or_insert((&*line.file, line.line, count.executed));
            let at = (&*line.file, line.line);
            let hits = lines.entry(at).or_default();
            *hits = (*hits).max(count.executed);
            if matches!(insn.insn, Insn::JumpIf { .. }) {
                let number = n_branches.entry(at).or_default();
                let key = (line.line, function.name.clone(), *number);
                *number += 1;
                let file = self.files.entry(line.file.to_string()).or_default();
                let branch = file.branches.entry(key).or_default();
                branch[0] += count.taken;
                branch[1] += count.executed - count.taken.min(count.executed);
            }
        }
        for ((file, line), hits) in lines {
            *self.files.entry(file.to_owned()).or_default().lines.entry(line).or_default() += hits;
        }
        if let Some((file, line, hits)) = home {
            let file = self.files.entry(file.to_owned()).or_default();
            let known = file.functions.entry(function.name.clone()).or_insert((line, 0));
            known.1 += hits;
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Coverage) {
        for (name, other) in other.files {
            let file = self.files.entry(name).or_default();
            for (line, hits) in other.lines {
                *file.lines.entry(line).or_default() += hits;
            }
            for (key, [taken, passed]) in other.branches {
                let branch = file.branches.entry(key).or_default();
                branch[0] += taken;
                branch[1] += passed;
            }
            for (name, (line, hits)) in other.functions {
                file.functions.entry(name).or_insert((line, 0)).1 += hits;
            }
        }
    }

    /// Lines that were executed, and lines with code.
    pub fn lines(&self) -> (usize, usize) {
        sum(self.files.values().map(FileCoverage::lines))
    }

    /// Ways of conditional jumps that were taken, and such ways.
    pub fn branches(&self) -> (usize, usize) {
        sum(self.files.values().map(FileCoverage::branches))
    }

    /// Percentage of lines that were executed; 100 if there are none.
    pub fn percent(&self) -> f64 {
        percent(self.lines())
    }

    /// The last line for people.
    pub fn summary(&self) -> String {
        let (lines, branches) = (self.lines(), self.branches());
        let mut text = format!("coverage: {:.1} % of {} lines", percent(lines), lines.1);
        if branches.1 > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, ", {:.1} % of {} branches", percent(branches), branches.1);
        }
        text
    }

    /// The report in a form; `source` has the text of a file.
    pub fn render(&self, format: CoverageFormat, source: &dyn Fn(&str) -> String) -> String {
        match format {
            CoverageFormat::Lcov => lcov::render(self),
            CoverageFormat::Html => html::render(self, source),
            CoverageFormat::Cobertura => cobertura::render(self),
        }
    }
}

impl FileCoverage {
    fn lines(&self) -> (usize, usize) {
        (self.lines.values().filter(|&&hits| hits > 0).count(), self.lines.len())
    }

    fn branches(&self) -> (usize, usize) {
        let ways = self.branches.values().flatten();
        (ways.clone().filter(|&&hits| hits > 0).count(), ways.count())
    }

    /// The branches of a line.
    fn branches_of(&self, line: u32) -> Vec<[u64; 2]> {
        let all = self.branches.iter();
        all.filter(|((of, _, _), _)| *of == line).map(|(_, ways)| *ways).collect()
    }
}

fn sum(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    parts.fold((0, 0), |(hit, all), (more_hit, more)| (hit + more_hit, all + more))
}

fn percent((hit, all): (usize, usize)) -> f64 {
    if all == 0 { 100.0 } else { hit as f64 * 100.0 / all as f64 }
}

/// A part of a whole, as Cobertura has it.
fn rate(counted: (usize, usize)) -> String {
    format!("{:.4}", percent(counted) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        let file = FileCoverage {
            lines: [(3, 7), (4, 0)].into(),
            branches: [((3, "main".to_owned(), 0), [0, 7])].into(),
            functions: [("main".to_owned(), (3, 7))].into(),
        };
        Coverage { files: [("a<b>.c".to_owned(), file)].into() }
    }

    #[test]
    fn people_get_percentages() {
        assert_eq!(coverage().summary(), "coverage: 50.0 % of 2 lines, 50.0 % of 2 branches");
        assert_eq!(Coverage::default().summary(), "coverage: 100.0 % of 0 lines");
        let mut twice = coverage();
        twice.merge(coverage());
        assert_eq!(twice.lines(), (1, 2));
        assert_eq!(twice.files["a<b>.c"].functions["main"], (3, 14));
    }

    #[test]
    fn tools_get_their_forms() {
        let source = |_: &str| "one\ntwo\nif (x < 3)\nfour & five".to_owned();
        let render = |format| coverage().render(format, &source);
        let lcov = "TN:\nSF:a<b>.c\nFN:3,main\nFNDA:7,main\nFNF:1\nFNH:1\n\
                    BRDA:3,0,0,0\nBRDA:3,0,1,7\nBRF:2\nBRH:1\nDA:3,7\nDA:4,0\nLF:2\nLH:1\nend_of_record\n";
        assert_eq!(render(CoverageFormat::Lcov), lcov);
        let xml = render(CoverageFormat::Cobertura);
        assert!(xml.contains("filename=\"a&lt;b&gt;.c\"") && xml.contains("line-rate=\"0.5000\""));
        assert!(xml.contains(
            "<line number=\"3\" hits=\"7\" branch=\"true\" condition-coverage=\"50% (1/2)\"/>"
        ));
        let html = render(CoverageFormat::Html);
        assert!(html.contains("if (x &lt; 3)") && html.contains("four &amp; five"), "{html}");
    }
}
