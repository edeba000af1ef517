//! The XML of Cobertura (`coverage-04.dtd`), as GitLab and others read it.

use super::{Coverage, FileCoverage, percent, rate};
use crate::report::escaped;
use std::fmt::Write;

pub fn render(coverage: &Coverage) -> String {
    let (lines, branches) = (coverage.lines(), coverage.branches());
    let rates = format!("line-rate=\"{}\" branch-rate=\"{}\"", rate(lines), rate(branches));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n\
         <coverage {rates} lines-covered=\"{}\" lines-valid=\"{}\" branches-covered=\"{}\" branches-valid=\"{}\" \
         complexity=\"0\" version=\"bpfc\" timestamp=\"0\">\n\
         \x20 <sources><source>.</source></sources>\n\
         \x20 <packages>\n    <package name=\"\" {rates} complexity=\"0\">\n      <classes>\n",
        lines.0, lines.1, branches.0, branches.1,
    );
    for (name, file) in &coverage.files {
        class(name, file, &mut out);
    }
    out + "      </classes>\n    </package>\n  </packages>\n</coverage>\n"
}

fn class(name: &str, file: &FileCoverage, out: &mut String) {
    let name = escaped(name);
    let rates = (rate(file.lines()), rate(file.branches()));
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "        <class name=\"{name}\" filename=\"{name}\" line-rate=\"{}\" branch-rate=\"{}\" complexity=\"0\">\n\
         \x20         <methods/>\n          <lines>",
        rates.0, rates.1
    );
    for (line, hits) in &file.lines {
        let ways: Vec<u64> = file.branches_of(*line).into_iter().flatten().collect();
        let n_hit = ways.iter().filter(|&&hits| hits > 0).count();
        let branch = match ways.len() {
            0 => " branch=\"false\"".to_owned(),
            n => {
                let percent = percent((n_hit, n)).round();
                format!(" branch=\"true\" condition-coverage=\"{percent}% ({n_hit}/{n})\"")
            }
        };
        let _ = writeln!(out, "            <line number=\"{line}\" hits=\"{hits}\"{branch}/>");
    }
    out.push_str("          </lines>\n        </class>\n");
}
