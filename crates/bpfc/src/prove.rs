//! The compiler proves itself: what the verifier refuses in optimised code although it takes the same source unoptimised is
//! our mistake, not the user's.
//!
//! Passes must keep what the kernel accepts acceptable. So code that is refused is compiled again without
//! optimisation; if that is taken, the diagnostic says that bpfc is wrong ([`E0790`](codes::verifier::E0790)) and the
//! preprocessed source goes with it. What the verifier says of uninitialised memory is left alone: variables have a
//! place on the stack without optimisation, and kernels from 6.3 let privileged programs read it.

use crate::verify::{Verified, verify_relocated};
use crate::{Emit, Host, Object, OptLevel, Options, compile, emit};
use bpfc_base::{Diagnostic, FileId, Session, Severity, codes, warnings};
use bpfc_object::link;
use bpfc_verifier::{Verdict, VerifyOptions};

/// Instructions that are looked at in `bpfc build`: what needs more is not judged there.
const MAX_BUILD_INSNS: u32 = 200_000;

/// A bug of bpfc.
#[derive(Clone, Debug)]
pub struct Bug {
    /// The program.
    pub program: String,
    /// What to tell, in place of the verifier's diagnostic.
    pub diagnostic: Diagnostic,
    /// What reproduces it: the source after the preprocessor.
    pub source: String,
}

/// Verifies the programs of `object`, which was compiled from `file` in this session, and tells which of the refusals are
/// bugs of bpfc. Nothing is reported to `session`.
pub fn prove(
    session: &Session,
    file: FileId,
    object: &Object,
    options: &Options,
    host: &mut dyn Host,
) -> Vec<Bug> {
    let verify = VerifyOptions { max_insns: Some(MAX_BUILD_INSNS), ..VerifyOptions::default() };
    let mut refused = Vec::new();
    for (id, function) in object.programs() {
        let Ok(linked) = link(object, id) else { continue };
        let report = bpfc_verifier::verify(object, &linked, &verify, &session.sources);
        let diagnostics = report.diagnostics.into_iter();
        refused.extend(diagnostics.map(|diagnostic| (function.name.clone(), diagnostic)));
    }
    blame(session, file, &refused, options, &verify, host).into_iter().flatten().collect()
}

/// Which of the refusals, each with its program's name, are bugs of bpfc.
pub fn blame(
    session: &Session,
    file: FileId,
    refused: &[(String, Diagnostic)],
    options: &Options,
    verify: &VerifyOptions,
    host: &mut dyn Host,
) -> Vec<Option<Bug>> {
    let is_suspect = |diagnostic: &Diagnostic| {
        let code = diagnostic.code;
        code.name().starts_with("E07")
            && ![codes::verifier::E0701, codes::verifier::E0713].contains(&code)
            // A limit that was asked for says nothing about the code.
            && !(code == codes::verifier::E0711 && verify.max_insns.is_some())
    };
    let mut bugs = vec![None; refused.len()];
    let is_any_suspect = refused.iter().any(|(_, diagnostic)| is_suspect(diagnostic));
    if options.opt_level == OptLevel::O0 || !is_any_suspect {
        return bugs;
    }
    let plain = Options { opt_level: OptLevel::O0, remarks: Vec::new(), ..options.clone() };
    let Some((mut again, file)) = copy(session, file) else { return bugs };
    let Some(object) = compile(&mut again, file, &plain, host) else { return bugs };
    let mut source = None;
    for (bug, (name, diagnostic)) in bugs.iter_mut().zip(refused) {
        if !is_suspect(diagnostic) || !is_taken(&again, &object, name, verify) {
            continue;
        }
        let source = source.get_or_insert_with(|| {
            let (mut again, file) = copy(session, file)?;
            emit(&mut again, file, options, host, Emit::Preprocessed)
        });
        let source = source.clone().unwrap_or_default();
        let diagnostic = report(name, diagnostic);
        *bug = Some(Bug { program: name.clone(), diagnostic, source });
    }
    bugs
}

/// A new session with this source.
fn copy(session: &Session, file: FileId) -> Option<(Session, FileId)> {
    let mut copy = Session::default();
    warnings::configure(&mut copy, std::iter::once("-w"));
    let source = session.sources.file(file);
    let file = copy.sources.add(&source.name, source.text.clone(), true).ok()?;
    Some((copy, file))
}

fn is_taken(session: &Session, object: &Object, name: &str, options: &VerifyOptions) -> bool {
    let found = object.programs().find(|(_, function)| function.name == name);
    let linked = found.and_then(|(id, _)| link(object, id).ok());
    linked.is_some_and(|linked| {
        let nobody = &mut |_: &Session, _: &Verified<'_>| {};
        let report = verify_relocated(session, object, &linked, options, nobody);
        report.verdict == Verdict::Accepted
    })
}

fn report(name: &str, refused: &Diagnostic) -> Diagnostic {
    let message = format!("bpfc's optimised code for `{name}` is refused, but the source is right");
    let (code, said) = (refused.code, &refused.message);
    Diagnostic::new(codes::verifier::E0790, refused.span(), message)
        .with_note(format!("of the optimised code the verifier says {code}: {said}"))
        .with_note("it takes the same source without optimisation: this is a bug of bpfc")
        .with_help("compile with `-O0` until it is fixed, and please report it")
}

impl Bug {
    /// It does not end the compilation.
    pub fn as_warning(mut self) -> Bug {
        self.diagnostic.severity = Severity::Warning;
        self
    }
}
