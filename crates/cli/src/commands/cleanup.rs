//! `bpfc cleanup`: detaches what killed runs have left attached, and removes pins where it is told to.

use crate::args::Cleanup;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_out};
use bpfc_base::{Diagnostic, Session, codes};
use bpfc_loader::{Errno, LoadError, Removal, is_bpffs, leftovers};
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &Cleanup, terminal: &mut Terminal) -> Exit {
    let mut problems = Vec::new();
    let mut n_found = 0;
    match leftovers() {
        Ok(found) => {
            for leftover in found {
                let text = leftover.to_string();
                let outcome = match args.dry_run {
                    true => leftover.is_there(),
                    false => leftover.remove().map(|removal| removal == Removal::Removed),
                };
                match outcome {
                    Ok(is_there) => {
                        n_found += u32::from(is_there);
                        if is_there {
                            tell(args, &text);
                        }
                    }
                    Err(error) => problems.push(error.to_diagnostic()),
                }
            }
        }
        Err(error) => problems.push(error.to_diagnostic()),
    }
    if let Some(folder) = &args.pins {
        match pins(folder) {
            Ok(paths) => {
                for path in paths {
                    let removed = if args.dry_run { Ok(()) } else { std::fs::remove_file(&path) };
                    match removed {
                        Ok(()) => {
                            n_found += 1;
                            tell(args, &format!("pin {}", path.display()));
                        }
                        Err(error) => problems.push(failed(&path, &error)),
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    if n_found == 0 && problems.is_empty() {
        print_out("nothing was left behind\n");
    }
    if problems.is_empty() {
        return Exit::Fine;
    }
    terminal.print(&Session::default(), &problems);
    Exit::Environment
}

fn tell(args: &Cleanup, what: &str) {
    let verb = if args.dry_run { "would remove" } else { "removed" };
    print_out(&format!("{verb} {what}\n"));
}

fn failed(path: &Path, error: &std::io::Error) -> Diagnostic {
    LoadError::File { path: path.to_owned(), errno: Errno::from(error) }.to_diagnostic()
}

/// The files of a folder of a bpffs, sorted.
fn pins(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    if !is_bpffs(folder).map_err(|error| error.to_diagnostic())? {
        let message = format!("`{}` is not in a bpffs", folder.display());
        return Err(Diagnostic::without_span(codes::load::E0906, message));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    Ok(paths)
}
