//! Runs the front end on a text: preprocess, parse, check.

use bpfc_base::{FileId, Session, Severity};
use bpfc_btf::Btf;
use bpfc_parser::{FileProvider, IncludeRequest, LoadedFile, PpOptions, TypeNames};
use bpfc_testkit::Found;
use bpfc_typeck::hir::Module;
use bpfc_typeck::{BtfTypes, CheckOptions, KernelTypes};

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

/// Type names of a kernel, if there is one.
struct Names<'b>(Option<BtfTypes<'b>>);

impl TypeNames for Names<'_> {
    fn is_type(&mut self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|types| types.is_typedef(name))
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
        all.map(|d| Found::new(&self.session, d, self.file))
            .collect()
    }
}

/// Checks `text` with the types of `btf`.
pub fn check_with(text: &str, btf: Option<&Btf>) -> Checked {
    check_in(text, btf, Headers(Vec::new()))
}

/// Checks `text` with the types of `btf` and more headers.
pub fn check_in(text: &str, btf: Option<&Btf>, mut headers: Headers) -> Checked {
    let mut session = Session::default();
    let file = session
        .sources
        .add("test.c", text, true)
        .expect("room for one file");
    let mut names = Names(btf.map(BtfTypes::new));
    let unit = bpfc_parser::parse(
        &mut session,
        file,
        &PpOptions::default(),
        &mut headers,
        &mut names,
    );
    let mut kernel = btf.map(BtfTypes::new);
    let kernel = kernel.as_mut().map(|kernel| kernel as &mut dyn KernelTypes);
    let options = CheckOptions::default();
    let module = bpfc_typeck::check(&mut session, &unit, &options, kernel);
    if session
        .diagnostics
        .iter()
        .all(|d| d.severity != Severity::Error)
    {
        let valid = bpfc_typeck::validate(&session, module).expect("no error was reported");
        return Checked {
            session,
            file,
            module: valid.into_module(),
        };
    }
    Checked {
        session,
        file,
        module,
    }
}

/// Checks `text` without a kernel's types.
pub fn check(text: &str) -> Checked {
    check_with(text, None)
}
