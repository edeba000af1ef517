//! The tracefile of `lcov` (`geninfo(1)`).

use super::{Coverage, FileCoverage};
use std::fmt::Write;

pub fn render(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (name, file) in &coverage.files {
        // Writing to a string does not fail.
        let _ = write!(out, "TN:\nSF:{name}\n");
        functions(file, &mut out);
        branches(file, &mut out);
        for (line, hits) in &file.lines {
            let _ = writeln!(out, "DA:{line},{hits}");
        }
        let (hit, all) = file.lines();
        let _ = write!(out, "LF:{all}\nLH:{hit}\nend_of_record\n");
    }
    out
}

fn functions(file: &FileCoverage, out: &mut String) {
    for (name, (line, _)) in &file.functions {
        let _ = writeln!(out, "FN:{line},{name}");
    }
    for (name, (_, hits)) in &file.functions {
        let _ = writeln!(out, "FNDA:{hits},{name}");
    }
    let n_hit = file.functions.values().filter(|(_, hits)| *hits > 0).count();
    let _ = write!(out, "FNF:{}\nFNH:{n_hit}\n", file.functions.len());
}

fn branches(file: &FileCoverage, out: &mut String) {
    let mut last = None;
    let mut block = 0;
    for ((line, _, _), ways) in &file.branches {
        block = if last == Some(*line) { block + 1 } else { 0 };
        last = Some(*line);
        let was_reached = ways.iter().any(|&hits| hits > 0);
        for (way, hits) in ways.iter().enumerate() {
            let hits = if was_reached { hits.to_string() } else { "-".to_owned() };
            let _ = writeln!(out, "BRDA:{line},{block},{way},{hits}");
        }
    }
    let (hit, all) = file.branches();
    let _ = write!(out, "BRF:{all}\nBRH:{hit}\n");
}
