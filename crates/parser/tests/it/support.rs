//! Files and type names for tests.

use bpfc_base::{FileId, Session};
use bpfc_parser::ast::TranslationUnit;
use bpfc_parser::{
    FileProvider, IncludeForm, IncludeRequest, LoadedFile, NoTypeNames, PpOptions, parse,
};
use std::path::{Path, PathBuf};

/// Reads included files from directories.
#[derive(Default)]
pub struct Disk {
    pub directories: Vec<PathBuf>,
}

impl FileProvider for Disk {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let mut places: Vec<(u32, PathBuf)> = Vec::new();
        if request.form == IncludeForm::Quoted {
            let directory = Path::new(request.includer).parent().unwrap_or(Path::new(""));
            places.push((0, directory.join(request.name)));
        }
        for (at, directory) in (1..).zip(&self.directories) {
            if request.form != IncludeForm::Next || at > request.directory {
                places.push((at, directory.join(request.name)));
            }
        }
        places.into_iter().find_map(|(directory, path)| {
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

/// A session with one file.
pub fn session(name: &str, text: &str) -> (Session, FileId) {
    let mut session = Session::default();
    let file = session.sources.add(name, text, true).expect("tests are smaller than 4 GiB");
    (session, file)
}

/// Parses `text` without headers and without foreign types.
pub fn parse_text(text: &str) -> (Session, TranslationUnit) {
    let (mut session, file) = session("test.c", text);
    let options = PpOptions::default();
    let mut disk = Disk::default();
    let unit = parse(&mut session, file, &options, &mut disk, &mut NoTypeNames);
    (session, unit)
}

/// `line:column: code: message` of everything reported.
pub fn reports(session: &Session) -> Vec<String> {
    let diagnostics = session.diagnostics.iter();
    diagnostics
        .map(|diagnostic| {
            let span = session.sources.root(diagnostic.span());
            let place = session.sources.line_col(span).map_or(String::new(), |(file, at)| {
                let name = &session.sources.file(file).name;
                format!("{name}:{}:{}: ", at.line, at.col)
            });
            format!("{place}{}: {}", diagnostic.code, diagnostic.message)
        })
        .collect()
}
