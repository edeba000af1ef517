//! Runs the front end on a text: preprocess, parse, check.

use bpfc_base::{FileId, Session, Severity, warnings};
use bpfc_parser::{FileProvider, IncludeRequest, LoadedFile, NoTypeNames, PpOptions, TypeNames};
use bpfc_testkit::Found;
use bpfc_typeck::hir::Module;
use bpfc_typeck::{CheckOptions, Dialect, KernelTypes};

/// The headers that bpfc carries, behind those in some folders.
pub struct Headers(pub Vec<std::path::PathBuf>);

impl FileProvider for Headers {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        for dir in &self.0 {
            let path = dir.join(request.name);
            if let Ok(text) = std::fs::read(&path) {
                return Some(LoadedFile {
                    name: path.to_string_lossy().into(),
                    text: String::from_utf8_lossy(&text).into(),
                    is_user: true,
                    directory: 0,
                });
            }
        }
        let header = bpfc_kabi::header(request.name)?;
        Some(LoadedFile {
            name: format!("<built-in>/{}", header.path).into(),
            text: header.text.into(),
            is_user: false,
            directory: 0,
        })
    }
}

/// What came out of a text.
pub struct Checked {
    pub session: Session,
    pub file: FileId,
    pub module: Module,
}

impl Checked {
    /// The text form of the module.
    pub fn hir(&self) -> String {
        bpfc_typeck::print::print(&self.module, &self.session.names)
    }

    /// `E0301: message`, a line each.
    #[allow(dead_code, reason = "not every includer asks")]
    pub fn messages(&self) -> Vec<String> {
        let all = self.session.diagnostics.iter();
        all.map(|d| format!("{}: {}", d.code, d.message)).collect()
    }

    /// The diagnostics as the test runner wants them.
    pub fn found(&self) -> Vec<Found> {
        let all = self.session.diagnostics.iter();
        all.map(|d| Found::new(&self.session, d, self.file)).collect()
    }
}

/// Checks `text` without a kernel's types.
#[allow(dead_code, reason = "not every includer asks")]
pub fn check(text: &str) -> Checked {
    check_in(text, &mut NoTypeNames, None, Headers(Vec::new()), Dialect::C)
}

/// Checks `text` with the kernel types of `names` and `kernel`, which are of one kernel.
pub fn check_in(
    text: &str,
    names: &mut dyn TypeNames,
    kernel: Option<&mut dyn KernelTypes>,
    headers: Headers,
    dialect: Dialect,
) -> Checked {
    check_with(text, &[], names, kernel, headers, dialect)
}

/// [`check_in`] with warning options such as `-Wall`.
pub fn check_with(
    text: &str,
    flags: &[String],
    names: &mut dyn TypeNames,
    kernel: Option<&mut dyn KernelTypes>,
    mut headers: Headers,
    dialect: Dialect,
) -> Checked {
    let mut session = Session::default();
    warnings::configure(&mut session, flags.iter().map(String::as_str));
    let file = session.sources.add("test.c", text, true).expect("room for one file");
    let mut preprocessor = PpOptions::default();
    if dialect == Dialect::Bcc {
        preprocessor.includes.push("bpfc/bcc.h".to_owned());
    }
    let unit = bpfc_parser::parse(&mut session, file, &preprocessor, &mut headers, names);
    let options = CheckOptions { dialect, ..CheckOptions::default() };
    let module = match kernel {
        Some(mut kernel) => bpfc_typeck::check(&mut session, &unit, &options, Some(&mut kernel)),
        None => bpfc_typeck::check(&mut session, &unit, &options, None),
    };
    if session.diagnostics.iter().all(|d| d.severity != Severity::Error) {
        let valid = bpfc_typeck::validate(&session, module).expect("no error was reported");
        return Checked { session, file, module: valid.into_module() };
    }
    Checked { session, file, module }
}
