//! Any stage of the pipeline as text: what `bpfc build --emit` prints.

use crate::compile::{check, dialect_of, parse};
use crate::host::SharedHost;
use crate::options::Deferral;
use crate::{Host, ListingOptions, Options, compile, list_object};
use bpfc_base::codes::bcc::E0505;
use bpfc_base::{Diagnostic, FileId, Session};
use bpfc_codegen::ir::{Body, FuncId, Module};
use bpfc_codegen::optimize_observed;
use std::fmt::Write;

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// The preprocessed source, as C.
    Preprocessed,
    /// Preprocessed tokens, one a line.
    Tokens,
    /// The syntax tree.
    Ast,
    /// The typed form.
    Hir,
    /// The typed form as C in libbpf's style, without BCC's dialect.
    C,
    /// The intermediate representation.
    Ir(IrStage),
    /// Assembly with source lines.
    Asm,
    /// The object's BTF.
    Btf,
}

/// How far the optimiser has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrStage {
    /// Not yet begun.
    Lowered,
    /// A function each time that this pass changed it: one of [`PASS_NAMES`](bpfc_codegen::PASS_NAMES).
    After(&'static str),
    /// A function each time that any pass changed it.
    Each,
    /// Done.
    Optimized,
}

/// `file` at the stage `what`. `None` if the source's errors leave nothing to show; early
/// stages show what they could make of it.
pub fn emit(
    session: &mut Session,
    file: FileId,
    options: &Options,
    host: &mut dyn Host,
    what: Emit,
) -> Option<String> {
    let all = Options { deferral: Deferral::None, ..options.clone() };
    match what {
        Emit::Preprocessed | Emit::Tokens => Some(tokens(session, file, &all, host, what)),
        Emit::Ast => {
            let unit = parse(session, file, &all, &SharedHost::new(host, &all));
            Some(bpfc_parser::dump_ast(session, &unit))
        }
        Emit::Hir => {
            let module = check(session, file, options, host);
            Some(bpfc_typeck::print::print(&module, &session.names))
        }
        Emit::C => {
            let module = check(session, file, options, host);
            bpfc_typeck::validate(session, module.clone())?;
            match bpfc_typeck::c_text(&module, &session.names) {
                Ok(text) => Some(text),
                Err(what) => {
                    let message = format!("{what} has no form in plain C here");
                    session.report(Diagnostic::without_span(E0505, message));
                    None
                }
            }
        }
        Emit::Ir(stage) => {
            let module = check(session, file, options, host);
            let module = bpfc_typeck::validate(session, module)?;
            let mut ir = bpfc_codegen::lower::lower(session, &module);
            ir.cpu = options.cpu;
            Some(ir_text(ir, options, stage))
        }
        Emit::Asm => {
            let object = compile(session, file, options, host)?;
            Some(list_object(&object, ListingOptions { with_source: true, with_bytes: false }))
        }
        Emit::Btf => {
            let object = compile(session, file, options, host)?;
            object.open_btf().ok().map(|btf| bpfc_btf::dump_raw(&btf))
        }
    }
}

/// The module, or what passes made of its functions one after the other.
fn ir_text(mut ir: Module, options: &Options, stage: IrStage) -> String {
    let mut log = String::new();
    if stage != IrStage::Lowered {
        optimize_observed(
            &mut ir,
            options.opt_level,
            &mut |pass: &'static str, module: &Module, func: FuncId, body: &Body| {
                let is_wanted = match stage {
                    IrStage::After(name) => name == pass,
                    IrStage::Each => true,
                    IrStage::Lowered | IrStage::Optimized => false,
                };
                if is_wanted {
                    let name = &module.funcs[func].name;
                    let _ = write!(log, "; {pass}: {func} {name:?}\n{body}");
                }
            },
        );
    }
    match stage {
        IrStage::Lowered | IrStage::Optimized => ir.to_string(),
        IrStage::After(_) | IrStage::Each => log,
    }
}

fn tokens(
    session: &mut Session,
    file: FileId,
    options: &Options,
    host: &mut dyn Host,
    what: Emit,
) -> String {
    let host = SharedHost::new(host, options);
    let preprocessor = options.preprocessor(dialect_of(session, file, options));
    if what == Emit::Preprocessed {
        return bpfc_parser::preprocess_to_text(session, file, &preprocessor, &mut &host);
    }
    let stream = bpfc_parser::preprocess(session, file, &preprocessor, &mut &host);
    bpfc_parser::dump_tokens(session, &stream)
}
