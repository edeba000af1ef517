//! `bpfc cleanup`: detaches what killed runs have left attached, and removes pins where it is told to.

use crate::args::Cleanup;
use crate::exit::Exit;
use crate::terminal::{Terminal, print_out};
use bpfc_base::{Diagnostic, Session, codes};
use bpfc_loader::{Errno, LoadError, Removal, is_bpffs, leftovers};
use std::path::{Path, PathBuf};

/// How deep folders of pins are looked into.
const MAX_DEPTH: usize = 8;

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
                    let is_folder = path.is_dir();
                    let removed = match (args.dry_run, is_folder) {
                        (true, _) => Ok(()),
                        (false, true) => std::fs::remove_dir(&path),
                        (false, false) => std::fs::remove_file(&path),
                    };
                    match removed {
                        Ok(()) => {
                            n_found += 1;
                            let what = if is_folder { "folder" } else { "pin" };
                            tell(args, &format!("{what} {}", path.display()));
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

/// The files below a folder of a bpffs, sorted; behind the content of a folder that can be removed then, the folder.
fn pins(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    if !is_bpffs(folder).map_err(|error| error.to_diagnostic())? {
        let message = format!("`{}` is not in a bpffs", folder.display());
        return Err(Diagnostic::without_span(codes::load::E0906, message));
    }
    below(folder, MAX_DEPTH).map_err(|error| failed(folder, &error))
}

fn below(folder: &Path, depth: usize) -> std::io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut paths = Vec::new();
    for path in entries {
        if path.is_file() {
            paths.push(path);
        } else if depth > 0 && path.is_dir() && !path.is_symlink() {
            paths.extend(below(&path, depth - 1)?);
            paths.push(path);
        }
    }
    Ok(paths)
}
