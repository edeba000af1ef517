//! `bpfc explain-log FILE`: what a kernel's verifier printed, as diagnostics.

use super::link;
use crate::args::ExplainLog;
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_err};
use bpfc::Object;
use bpfc_base::{Session, Span};
use bpfc_isa::SlotMap;
use bpfc_kernel_log::{Log, SourceLine, diagnostic, place, read};
use std::path::{Path, PathBuf};

/// Source files that are searched, and how deep folders are.
const MAX_FILES: usize = 2_000;
const MAX_DEPTH: usize = 8;
/// Longest source file that is searched, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Explains each log of the file.
pub fn run(args: &ExplainLog, terminal: &mut Terminal) -> Exit {
    let exit = explain(args, terminal).unwrap_or_else(|exit| exit);
    terminal.print_summary();
    exit
}

fn explain(args: &ExplainLog, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let bytes = files::read(&args.file).map_err(|error| terminal.fail_with(error))?;
    let object = match &args.object {
        Some(file) => Some(link::read(file).map_err(|error| terminal.fail_with(error))?),
        None => None,
    };
    let logs = read(&String::from_utf8_lossy(&bytes));
    if logs.is_empty() {
        let name = files::shown(&args.file);
        print_err(&format!("error: there is no log of the kernel's verifier in `{name}`\n"));
        return Err(Exit::Usage);
    }
    let rejections: Vec<&Log> =
        logs.iter().filter(|log| log.is_rejection() || !log.is_complete).collect();
    if rejections.is_empty() {
        print_err("nothing is wrong: the kernel took the program\n");
        return Ok(Exit::Fine);
    }
    let mut searched = None;
    for log in rejections {
        let mut log = log.clone();
        if let Some(object) = &object {
            locate(&mut log, object);
        }
        let mut session = Session::default();
        let span = place(&log).and_then(|line| {
            let sources = searched.get_or_insert_with(|| Sources::find(&args.source));
            sources.span(&mut session, line)
        });
        let diagnostic = diagnostic(&log, span.unwrap_or(Span::NONE));
        terminal.print(&session, &[diagnostic]);
    }
    Ok(Exit::Diagnostics)
}

/// Finds the program and the source line of the failing instruction in the object that was loaded.
fn locate(log: &mut Log, object: &Object) {
    let Some(slot) = log.slot else { return };
    let named = |name: &str| log.program.as_deref().is_none_or(|program| is_named(name, program));
    for (id, function) in object.programs().filter(|(_, function)| named(&function.name)) {
        let Ok(linked) = bpfc_object::link(object, id) else { continue };
        let slots = SlotMap::new(&linked.plain_insns());
        let Some(insn_idx) = slots.insn_idx(slot) else { continue };
        let before = linked.insns[..=insn_idx as usize].iter().rev();
        let Some(line) = before.into_iter().find_map(|insn| insn.line.clone()) else { continue };
        // Another program of the object has another line there.
        if let Some(shown) = &log.source
            && shown.text.trim() != line.text.trim()
        {
            continue;
        }
        log.program.get_or_insert_with(|| function.name.clone());
        log.source = Some(SourceLine {
            text: line.text.trim().to_owned(),
            file: Some(line.file.to_string()),
            line: Some(line.line),
            column: (line.column > 0).then_some(line.column),
        });
        return;
    }
}

/// Whether the program `name` is meant: the kernel keeps 15 characters of a name (`BPF_OBJ_NAME_LEN`, Linux 4.15).
fn is_named(name: &str, program: &str) -> bool {
    name == program || program.len() == 15 && name.starts_with(program)
}

/// Source files, read when they are needed.
struct Sources {
    files: Vec<PathBuf>,
}

impl Sources {
    /// The C files at or below `path`, in alphabetical order.
    fn find(path: &Path) -> Sources {
        let mut files = Vec::new();
        match path.is_file() {
            true => files.push(path.to_owned()),
            false => collect(path, MAX_DEPTH, &mut files),
        }
        Sources { files }
    }

    /// The place of `line`, whose file is added to `session`.
    fn span(&self, session: &mut Session, line: &SourceLine) -> Option<Span> {
        let (path, text, number) = match &line.file {
            Some(file) => self.of_file(Path::new(file), line)?,
            None => self.of_text(&line.text)?,
        };
        let name = path.strip_prefix("./").unwrap_or(&path).display().to_string();
        let id = session.sources.add(&name, text, true).ok()?;
        let file = session.sources.file(id);
        let start = file.start + *file.line_starts().get(number as usize - 1)?;
        let text = file.line_text(number);
        let indent = text.len() - text.trim_start().len();
        let from = match line.column {
            Some(column) if text.is_char_boundary(column as usize - 1) => column as usize - 1,
            _ => indent,
        };
        Some(Span::new(start + from as u32, start + text.trim_end().len() as u32))
    }

    /// The line of the file that the log names: that file itself, or the one with the longest common end of the path.
    fn of_file(&self, file: &Path, line: &SourceLine) -> Option<(PathBuf, String, u32)> {
        let n_common = |path: &PathBuf| {
            let pairs = path.components().rev().zip(file.components().rev());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let mut candidates: Vec<&PathBuf> =
            self.files.iter().filter(|path| n_common(path) > 0).collect();
        candidates.sort_by_key(|path| std::cmp::Reverse(n_common(path)));
        let number = line.line?;
        let itself = file.to_owned();
        std::iter::once(&itself).chain(candidates).find_map(|path| {
            let text = read_source(path)?;
            // A file that has changed since then would show the wrong line.
            let shown = text.lines().nth(number as usize - 1)?;
            (line.text.is_empty() || shown.trim() == line.text.trim())
                .then(|| (path.clone(), text, number))
        })
    }

    /// The only line with this text.
    fn of_text(&self, text: &str) -> Option<(PathBuf, String, u32)> {
        let mut found = None;
        for path in self.files.iter().filter(|_| !text.is_empty()) {
            let Some(content) = read_source(path) else { continue };
            let lines = (1..).zip(content.lines());
            let numbers: Vec<u32> =
                lines.filter(|(_, line)| line.trim() == text).map(|(number, _)| number).collect();
            match (numbers.as_slice(), &found) {
                ([], _) => {}
                ([number], None) => found = Some((path.clone(), content, *number)),
                _ => return None,
            }
        }
        found
    }
}

fn read_source(path: &Path) -> Option<String> {
    let is_short = path.metadata().ok()?.len() <= MAX_BYTES;
    is_short.then(|| std::fs::read_to_string(path).ok()).flatten()
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_source =
            path.extension().is_some_and(|extension| extension == "c" || extension == "h");
        if files.len() >= MAX_FILES {
            return;
        } else if is_source && path.is_file() {
            files.push(path);
        } else if depth > 0 && path.is_dir() && !path.is_symlink() {
            collect(&path, depth - 1, files);
        }
    }
}
