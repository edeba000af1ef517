//! Included files: those that the caller has in memory, beside the including file, in the folders of the search path.

use bpfc::{FileProvider, IncludeForm, IncludeRequest, LoadedFile};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest file that is read.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Where Linux has the headers of the system, which get no warnings.
const SYSTEM_FOLDERS: &[&str] = &["/usr/include", "/usr/local/include"];
/// Files in one folder that are compared with a name that was not found.
const MAX_CANDIDATES: usize = 10_000;

/// Reads all of a file.
pub(crate) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_FILE_BYTES {
        true => Err(std::io::Error::from_raw_os_error(libc::EFBIG)),
        false => Ok(bytes),
    }
}

/// Where headers are. A file's `directory` is 0 beside the including file, and otherwise the position of its folder, from 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub folders: Vec<PathBuf>,
    /// By the name as it is included.
    pub headers: BTreeMap<String, Arc<str>>,
}

impl Files {
    fn places(&self, request: &IncludeRequest<'_>) -> Vec<(u32, PathBuf)> {
        let is_quoted = matches!(request.form, IncludeForm::Quoted | IncludeForm::Import);
        let beside = Path::new(request.includer).parent().unwrap_or(Path::new(""));
        let beside = is_quoted.then(|| (0, beside.join(request.name)));
        let first = match request.form {
            IncludeForm::Next => request.directory as usize,
            _ => 0,
        };
        let folders = self.folders.iter().enumerate().skip(first);
        let folders = folders.map(|(at, folder)| (at as u32 + 1, folder.join(request.name)));
        beside.into_iter().chain(folders).collect()
    }
}

impl FileProvider for Files {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        if let Some(text) = self.headers.get(request.name) {
            let (name, text) = (Arc::from(request.name), Arc::clone(text));
            return Some(LoadedFile { name, text, is_user: true, directory: 0 });
        }
        let places = self.places(request);
        let (directory, path) = places.into_iter().find(|(_, path)| path.is_file())?;
        let text = String::from_utf8_lossy(&read(&path).ok()?).into_owned();
        let name = path.display().to_string();
        Some(LoadedFile { name: name.into(), text: text.into(), is_user: true, directory })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.headers.contains_key(request.name)
            || self.places(request).iter().any(|(_, path)| path.is_file())
    }

    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        let inner = Path::new(request.name).parent().unwrap_or(Path::new(""));
        let mut names: Vec<String> = self.headers.keys().cloned().collect();
        for (_, path) in self.places(request) {
            let entries = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
            let entries = entries.into_iter().flatten();
            let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let headers = files.filter(|name| name.ends_with(".h")).take(MAX_CANDIDATES);
            names.extend(headers.map(|name| inner.join(name).to_string_lossy().into_owned()));
        }
        names.sort();
        names
    }

    fn is_system(&self, directory: u32) -> bool {
        let folder = (directory as usize).checked_sub(1).and_then(|at| self.folders.get(at));
        folder.is_some_and(|folder| SYSTEM_FOLDERS.iter().any(|system| folder.starts_with(system)))
    }
}
