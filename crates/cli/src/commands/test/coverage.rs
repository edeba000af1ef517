//! `bpfc test --coverage`

use crate::args::{CoverageChoice, MessageFormat, Test};
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_tester::{Coverage, CoverageFormat};
use std::path::{Path, PathBuf};

/// Writes what was covered, if that was asked for; whether it is enough.
pub fn report(coverage: &Coverage, args: &Test, terminal: &mut Terminal) -> Exit {
    let Some(form) = args.coverage.filter(|_| !args.list) else {
        return Exit::Fine;
    };
    let (format, default) = match form {
        CoverageChoice::Lcov => (CoverageFormat::Lcov, "lcov.info"),
        CoverageChoice::Html => (CoverageFormat::Html, "coverage.html"),
        CoverageChoice::Cobertura => (CoverageFormat::Cobertura, "coverage.xml"),
    };
    let path = args.coverage_output.clone().unwrap_or_else(|| PathBuf::from(default));
    let source = |name: &str| {
        let text = files::read(Path::new(name)).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    let text = coverage.render(format, &source);
    if let Err(error) = files::write(&path, text.as_bytes()) {
        return terminal.fail_with(error);
    }
    let summary = coverage.summary();
    let is_result = path != Path::new("-")
        && !matches!(terminal.format(), MessageFormat::Json | MessageFormat::Junit);
    match is_result {
        true => print_out(&format!("{summary}\n")),
        false => print_err(&format!("{summary}\n")),
    }
    match args.fail_under {
        Some(least) if coverage.percent() < least => {
            print_err(&format!("error: less than {least} % of the lines are covered\n"));
            Exit::Diagnostics
        }
        _ => Exit::Fine,
    }
}
