//! A page with all files: lines, how often they were executed, and which ways of branches never.

use super::{Coverage, FileCoverage, percent};
use std::fmt::Write;

const STYLE: &str = "\
body{font:15px/1.4 system-ui,sans-serif;margin:2em;color:#222;background:#fff}\
table{border-collapse:collapse}td{padding:0 .8em;white-space:pre;font:13px/1.5 ui-monospace,monospace}\
.n{text-align:right;color:#666}.hit{background:#e6f6e6}.miss{background:#fbdcdc}.part{background:#fff3cf}\
summary{cursor:pointer;font-weight:600;margin:.6em 0}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}.n{color:#999}\
.hit{background:#183d1c}.miss{background:#5a1d1d}.part{background:#4d4010}}";

pub fn render(coverage: &Coverage, source: &dyn Fn(&str) -> String) -> String {
    let summary = coverage.summary();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{summary}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{summary}</h1>\n"
    );
    for (name, file) in &coverage.files {
        page(name, file, &source(name), &mut out);
    }
    out + "</body></html>\n"
}

fn page(name: &str, file: &FileCoverage, source: &str, out: &mut String) {
    let lines = file.lines();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<details open><summary>{}: {:.1} % of {} lines</summary>\n<table>",
        escaped(name),
        percent(lines),
        lines.1
    );
    for (line, text) in (1..).zip(source.lines()) {
        let ways: Vec<u64> = file.branches_of(line).into_iter().flatten().collect();
        let n_missed = ways.iter().filter(|&&hits| hits == 0).count();
        let (class, hits) = match file.lines.get(&line) {
            None => ("", String::new()),
            Some(0) => ("miss", "0".to_owned()),
            Some(hits) if n_missed > 0 => ("part", hits.to_string()),
            Some(hits) => ("hit", hits.to_string()),
        };
        let title = match (class, n_missed) {
            ("part", n) => format!(" title=\"{n} of {} ways were never taken\"", ways.len()),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"{title}><td class=\"n\">{line}</td><td class=\"n\">{hits}</td><td>{}</td></tr>",
            escaped(text)
        );
    }
    out.push_str("</table></details>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
