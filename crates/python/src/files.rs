//! Files that programs include: beside the program, and in folders that `-I` names.

use bpfc::{FileProvider, IncludeForm, IncludeRequest, LoadedFile};
use std::path::{Path, PathBuf};

/// Where included files are looked for; headers of bpfc's own are behind all of these.
#[derive(Clone, Debug, Default)]
pub struct Files {
    pub folders: Vec<PathBuf>,
}

/// `directory` of files that were found beside the one that includes them.
const BESIDE: u32 = u32::MAX - 1;

impl FileProvider for Files {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let beside = Path::new(request.includer).parent().map(|folder| (BESIDE, folder));
        let beside = beside.filter(|_| request.form == IncludeForm::Quoted);
        let first = match (request.form, request.directory) {
            (IncludeForm::Next, BESIDE) => 0,
            (IncludeForm::Next, directory) => directory as usize + 1,
            _ => 0,
        };
        let folders = self.folders.iter().enumerate().skip(first);
        let folders = folders.map(|(at, folder)| (at as u32, folder.as_path()));
        beside.into_iter().chain(folders).find_map(|(directory, folder)| {
            let path = folder.join(request.name);
            let bytes = std::fs::read(&path).ok()?;
            Some(LoadedFile {
                name: path.to_string_lossy().into(),
                text: String::from_utf8_lossy(&bytes).into(),
                is_user: true,
                directory,
            })
        })
    }
}
