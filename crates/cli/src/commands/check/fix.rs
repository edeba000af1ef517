//! `bpfc check --fix`: the edits of helps, applied to files.
//!
//! A file is checked and edited in turns until nothing is left to apply. Only what was given and the user's headers
//! that it includes are written, at the end, each at once.

use super::{Checker, Look, is_stdin};
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_err, print_out};
use bpfc_base::fix::{Checked, Texts, fix};
use bpfc_base::unified::unified;
use bpfc_base::{Diagnostic, SourceMap, codes};
use std::path::Path;

/// Looks at one file. The verifier tells one mistake of each program at a time.
const MAX_ROUNDS: usize = 64;
/// What standard input is called in messages.
const STDIN: &str = "<stdin>";

/// What was fixed so far.
#[derive(Default)]
struct Changes {
    /// The files as they were.
    originals: Texts,
    /// The files that changed, as they are now.
    texts: Texts,
    n_applied: usize,
}

/// Fixes what can be fixed in each file, and prints the rest.
pub fn run(checker: &mut Checker<'_>, terminal: &mut Terminal) -> Exit {
    let mut changes = Changes::default();
    let mut exit = Exit::Fine;
    for file in &checker.args.files {
        let ended = fix_file(checker, file, &mut changes, terminal);
        exit = exit.max(ended.unwrap_or_else(|exit| exit));
    }
    if let Some(text) = changes.texts.get(STDIN).filter(|_| !checker.args.dry_run) {
        print_out(text);
    }
    let mut n_files = 0;
    for (name, text) in &changes.texts {
        let original = &changes.originals[name];
        if checker.args.dry_run {
            print_out(&unified(name, original, text));
        } else if &**name != STDIN
            && let Err(error) = write(Path::new(&**name), original, text)
        {
            exit = exit.max(terminal.fail_with(error));
            continue;
        }
        n_files += 1;
    }
    if changes.n_applied > 0 {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let would = if checker.args.dry_run { "would fix" } else { "fixed" };
        let n = changes.n_applied;
        print_err(&format!(
            "{would} {n} problem{} in {n_files} file{}\n",
            plural(n),
            plural(n_files)
        ));
    }
    exit
}

/// Fixes what can be fixed in one file, and prints the rest.
fn fix_file(
    checker: &mut Checker<'_>,
    file: &Path,
    changes: &mut Changes,
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    let name = files::shown(file);
    let bytes = files::read(file).map_err(|error| terminal.fail_with(error))?;
    let mut first: Option<(SourceMap, Exit)> = None;
    let mut last: Option<Look> = None;
    let fixed = fix(
        MAX_ROUNDS,
        |_| true,
        |texts| {
            let mut all = changes.texts.clone();
            all.extend(texts.iter().map(|(name, text)| (name.clone(), text.clone())));
            let bytes = all.get(name.as_str()).map_or(bytes.as_slice(), |text| text.as_bytes());
            let look = checker.look(file, bytes, &all, terminal)?;
            let sources = look.session.sources.clone();
            first.get_or_insert_with(|| (sources.clone(), Exit::of(&look.diagnostics)));
            let diagnostics = look.diagnostics.clone();
            last = Some(look);
            Ok(Checked { sources, diagnostics })
        },
    )?;
    let (sources, exit_before) = first.expect("there is a first look");
    let look = last.expect("there is a last look");
    for (code, message) in &fixed.applied {
        let would = if checker.args.dry_run { "would fix" } else { "fixed" };
        print_err(&format!("{would} {name}: {code}: {message}\n"));
    }
    changes.n_applied += fixed.applied.len();
    for (_, file) in sources.files().filter(|(_, file)| fixed.texts.contains_key(&file.name)) {
        changes.originals.entry(file.name.clone()).or_insert_with(|| file.text.to_string());
    }
    changes.texts.extend(fixed.texts);
    // The text of standard input is printed in any case: something reads it.
    if is_stdin(file) && !checker.args.dry_run {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        changes.originals.entry(STDIN.into()).or_insert_with(|| text.clone());
        changes.texts.entry(STDIN.into()).or_insert(text);
    }
    terminal.print(&look.session, &look.diagnostics);
    let exit = match checker.args.dry_run {
        // The files are what they were.
        true => exit_before,
        false => Exit::of(&look.diagnostics),
    };
    checker.stats.extend(look.stats);
    Ok(exit)
}

/// Writes a file unless somebody else has since it was read.
fn write(path: &Path, original: &str, text: &str) -> Result<(), Diagnostic> {
    if files::read(path)? != original.as_bytes() {
        let message =
            format!("`{}` is not written: it is no UTF-8, or has changed", path.display());
        return Err(Diagnostic::without_span(codes::load::E0912, message));
    }
    files::replace(path, text.as_bytes())
}
