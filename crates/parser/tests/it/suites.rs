//! The file tests of this crate.

use crate::support::{Disk, session};
use bpfc_base::warnings;
use bpfc_parser::{PpOptions, dump_ast, dump_tokens, parse_tokens, preprocess, preprocess_to_text};
use bpfc_testkit::{Failure, Found, Suite, Test};

/// Options of `//@ flags:`.
fn options(test: &Test) -> Result<PpOptions, Failure> {
    let mut options = PpOptions::default();
    for flag in test.flags() {
        match flag.split_at_checked(2) {
            Some(("-D", define)) => options.defines.push(define.to_owned()),
            Some(("-W", _)) => {}
            Some(("-U", name)) => options.undefines.push(name.to_owned()),
            Some(("-i", name)) => options.includes.push(name.trim_start_matches("nclude=").into()),
            _ => return Err(format!("unknown flag `{flag}`").into()),
        }
    }
    Ok(options)
}

/// `tests/lex`: diagnostics; snapshots `tokens` and `text` (of `-E`).
#[test]
fn lex() {
    let suite = Suite::in_workspace("tests/lex");
    let report = suite.keys(&["flags"]).run(|test| {
        let options = options(test)?;
        let path = test.path().to_string_lossy().into_owned();
        let mut disk = Disk::default();
        if let Some(directory) = test.path().parent() {
            disk.directories = vec![directory.join("include"), directory.join("include/next")];
        }
        let (mut session, file) = session(&path, test.text());
        warnings::configure(&mut session, test.flags().iter().map(String::as_str));
        let stream = preprocess(&mut session, file, &options, &mut disk);
        let found: Vec<Found> = session
            .diagnostics
            .iter()
            .map(|diagnostic| Found::new(&session, diagnostic, file))
            .collect();
        test.diagnostics(&found);
        if test.has_snapshot("tokens") {
            test.snapshot("tokens", &dump_tokens(&session, &stream));
        }
        if test.has_snapshot("text") {
            let (mut session, file) = self::session(&path, test.text());
            let text = preprocess_to_text(&mut session, file, &options, &mut disk);
            // Line markers name absolute paths.
            let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with("# "));
            test.snapshot("text", &lines.collect::<Vec<_>>().join("\n"));
        }
        Ok(())
    });
    report.finish();
}

/// `tests/parse`: diagnostics; snapshot `ast`. `//@ types:` lists types that the text does
/// not declare.
#[test]
fn parse() {
    let suite = Suite::in_workspace("tests/parse");
    let report = suite.keys(&["flags", "types"]).run(|test| {
        let options = options(test)?;
        let types = test.setting("types").unwrap_or_default().to_owned();
        let mut is_type = |name: &str| types.split_whitespace().any(|ty| ty == name);
        let path = test.path().to_string_lossy().into_owned();
        let (mut session, file) = session(&path, test.text());
        warnings::configure(&mut session, test.flags().iter().map(String::as_str));
        let mut disk = Disk::default();
        let stream = preprocess(&mut session, file, &options, &mut disk);
        let unit = parse_tokens(&mut session, &stream, &mut is_type);
        let found: Vec<Found> = session
            .diagnostics
            .iter()
            .map(|diagnostic| Found::new(&session, diagnostic, file))
            .collect();
        test.diagnostics(&found);
        if test.has_snapshot("ast") {
            test.snapshot("ast", &dump_ast(&session, &unit));
        }
        Ok(())
    });
    report.finish();
}
