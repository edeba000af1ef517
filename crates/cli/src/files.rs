//! Files on disk: sources, included headers, outputs. Every read is bounded.

use crate::args::SearchPath;
use crate::terminal;
use bpfc::{FileProvider, IncludeForm, IncludeRequest, LoadedFile};
use bpfc_base::fix::Texts;
use bpfc_base::{Diagnostic, codes};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest file that is read, in bytes: a dumped `vmlinux.h` has 3 MB, a kernel's BTF 6 MB.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// `path` as messages call it.
pub fn shown(path: &Path) -> String {
    match path == Path::new("-") {
        true => "<stdin>".to_owned(),
        false => path.display().to_string(),
    }
}

/// Reads all of `path`, or standard input for `-`.
///
/// # Errors
/// A diagnostic that says why it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let fail = |why: &dyn std::fmt::Display| {
        let message = format!("cannot read `{}`: {why}", shown(path));
        Diagnostic::without_span(codes::load::E0901, message)
    };
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| {
            let n_bytes = file.metadata().map_or(0, |metadata| metadata.len());
            bytes.reserve_exact(n_bytes.min(MAX_FILE_BYTES) as usize);
            file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
        })
    };
    result.map_err(|error| fail(&plain(&error)))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(fail(&format_args!("it is longer than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    Ok(bytes)
}

/// Writes all of `path`, or standard output for `-`.
///
/// # Errors
/// A diagnostic that says why it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let result = if path == Path::new("-") {
        terminal::write_out(bytes)
    } else {
        std::fs::write(path, bytes)
    };
    result.map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), plain(&error));
        Diagnostic::without_span(codes::load::E0912, message)
    })
}

/// Replaces the content of the file at `path` at once: whoever reads it sees the old text or the new one. Its
/// permissions stay, and a link stays a link.
///
/// # Errors
/// A diagnostic that says why it cannot be written; then nothing has changed.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let fail = |error: std::io::Error| {
        let message = format!("cannot write `{}`: {}", path.display(), plain(&error));
        Diagnostic::without_span(codes::load::E0912, message)
    };
    let target = path.canonicalize().map_err(fail)?;
    let permissions = target.metadata().map_err(fail)?.permissions();
    if permissions.readonly() {
        return Err(fail(std::io::ErrorKind::PermissionDenied.into()));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.bpfc-{}", std::process::id()));
    let written = std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|error| {
        std::fs::remove_file(&beside).ok();
        fail(error)
    })
}

/// The system's words without the number behind them.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let mut words = text[..end].to_string();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    words
}

/// Where Linux has the headers of the system: as for other compilers, they get no warnings.
const SYSTEM_FOLDERS: &[&str] = &["/usr/include", "/usr/local/include"];

/// Included files: beside the including file, then in the folders of `-I` and its relatives.
///
/// A file's `directory` is 0 beside the including file and the position of its folder,
/// from 1, otherwise.
pub struct DiskFiles {
    /// In the order in which they are searched.
    folders: Vec<Folder>,
    /// Contents that are not on the disk yet, by names.
    changed: Texts,
}

struct Folder {
    path: PathBuf,
    is_system: bool,
    /// For `#include "…"` only.
    is_quoted_only: bool,
}

/// Files in one folder that are compared with a name that was not found.
const MAX_CANDIDATES: usize = 10_000;

impl DiskFiles {
    /// Looks into the folders of `search`.
    pub fn new(search: &SearchPath) -> Self {
        let folder = |path: &PathBuf, is_system: bool, is_quoted_only: bool| Folder {
            path: path.clone(),
            is_system: is_system || SYSTEM_FOLDERS.iter().any(|system| path.starts_with(system)),
            is_quoted_only,
        };
        let quoted = search.iquote.iter().map(|path| folder(path, false, true));
        let plain = search.include_dirs.iter().map(|path| folder(path, false, false));
        let system = search.isystem.iter().chain(&search.idirafter);
        let system = system.map(|path| folder(path, true, false));
        let folders = quoted.chain(plain).chain(system).collect();
        Self { folders, changed: Texts::new() }
    }

    /// From now on files named in `texts` have these contents.
    pub fn change(&mut self, texts: &Texts) {
        self.changed.clone_from(texts);
    }

    /// Whether the headers of `directory` are the system's.
    pub fn is_system(&self, directory: u32) -> bool {
        let at = (directory as usize).checked_sub(1);
        at.and_then(|at| self.folders.get(at)).is_some_and(|folder| folder.is_system)
    }

    fn places<'a>(
        &'a self,
        request: &'a IncludeRequest<'_>,
    ) -> impl Iterator<Item = (u32, PathBuf)> + 'a {
        let is_quoted = matches!(request.form, IncludeForm::Quoted | IncludeForm::Import);
        let beside = match is_quoted {
            // `-include` has no including file: it counts from where the command runs.
            true => Path::new(request.includer).parent().or(Some(Path::new(""))),
            false => None,
        };
        let beside = beside.map(|folder| (0, folder.join(request.name)));
        let first = match request.form {
            IncludeForm::Next => request.directory as usize,
            _ => 0,
        };
        let folders = self.folders.iter().enumerate().skip(first);
        let folders = folders.filter(move |(_, folder)| is_quoted || !folder.is_quoted_only);
        let folders = folders.map(|(at, folder)| (at as u32 + 1, folder.path.join(request.name)));
        beside.into_iter().chain(folders)
    }
}

impl FileProvider for DiskFiles {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let (directory, path) = self.places(request).find(|(_, path)| path.is_file())?;
        let name: Arc<str> = path.display().to_string().into();
        let text: Arc<str> = match self.changed.get(&name) {
            Some(text) => text.as_str().into(),
            None => {
                let text = String::from_utf8(read(&path).ok()?)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                text.into()
            }
        };
        Some(LoadedFile { name, text, is_user: true, directory })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.places(request).any(|(_, path)| path.is_file())
    }

    /// The files beside those that were looked for.
    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        let inner = Path::new(request.name).parent().unwrap_or(Path::new(""));
        let mut names = Vec::new();
        for (_, path) in self.places(request) {
            let Some(entries) = path.parent().and_then(|folder| std::fs::read_dir(folder).ok())
            else {
                continue;
            };
            let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let headers = files.filter(|name| name.ends_with(".h")).take(MAX_CANDIDATES);
            names.extend(headers.map(|name| inner.join(name).to_string_lossy().into_owned()));
        }
        names.sort();
        names
    }
}
