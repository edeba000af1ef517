//! The pipeline.

use crate::host::{LazyTypes, SharedHost};
use crate::{Arch, Dialect, Endian, Host, Object, Options};
use bpfc_base::{FileId, Session};
use bpfc_codegen::MemoryOrder;
use bpfc_parser::ast::TranslationUnit;
use bpfc_typeck::{CheckOptions, hir};

/// Compiles `file` to an object. `None` if it has errors; they are in `session`.
pub fn compile(
    session: &mut Session,
    file: FileId,
    options: &Options,
    host: &mut dyn Host,
) -> Option<Object> {
    let mut module = check(session, file, options, host);
    if options.counts_lost {
        crate::lost::add_counter(session, &mut module);
    }
    let module = bpfc_typeck::validate(session, module)?;
    let codegen = codegen_options(options);
    bpfc_codegen::compile_with_remarks(session, &module, &codegen, &options.remarks)
}

/// Preprocesses, parses and checks `file`. Where the source is wrong, the result has
/// `Error` nodes and `session` has the reasons.
pub(crate) fn check(
    session: &mut Session,
    file: FileId,
    options: &Options,
    host: &mut dyn Host,
) -> hir::Module {
    let host = SharedHost::new(host, options);
    let dialect = dialect_of(session, file, options);
    let unit = parse(session, file, options, &host);
    let mut types = LazyTypes::new(&host);
    let endian = match options.endian {
        Endian::Little => bpfc_btf::Endian::Little,
        Endian::Big => bpfc_btf::Endian::Big,
    };
    let (n_cpus, tables) = (options.n_cpus, options.tables.clone());
    let checked = CheckOptions { dialect, endian, n_cpus, tables };
    bpfc_typeck::check(session, &unit, &checked, Some(&mut types))
}

/// Warnings that BCC switches off for every program: `src/cc/frontends/clang/kbuild_helper.cc`
/// of BCC 0.31.
const OFF_FOR_BCC: &[&str] =
    &["pointer-sign", "address-of-packed-member", "unused-value", "deprecated-declarations"];

/// Preprocesses and parses `file`.
pub(crate) fn parse(
    session: &mut Session,
    file: FileId,
    options: &Options,
    mut host: &SharedHost<'_>,
) -> TranslationUnit {
    let dialect = dialect_of(session, file, options);
    if dialect == Dialect::Bcc {
        session.warnings.relax(OFF_FOR_BCC);
    }
    let mut preprocessor = options.preprocessor(dialect);
    if dialect == Dialect::Bcc {
        // In front of the user's own.
        let text = &session.sources.file(file).text;
        preprocessor.defines.splice(0..0, host.config_defines(text));
    }
    let mut types = host;
    bpfc_parser::parse(session, file, &preprocessor, &mut host, &mut types)
}

/// The dialect that `options` ask for, or that the source is written in.
pub(crate) fn dialect_of(session: &Session, file: FileId, options: &Options) -> Dialect {
    let file = session.sources.file(file);
    match options.dialect {
        Some(dialect) => dialect,
        // A header is no program.
        None if file.name.ends_with(".h") => Dialect::C,
        None => crate::dialect::detect(&file.text),
    }
}

pub(crate) fn codegen_options(options: &Options) -> bpfc_codegen::Options {
    bpfc_codegen::Options {
        cpu: options.cpu,
        opt_level: options.opt_level,
        frame_bytes: options.frame_bytes,
        memory_order: match options.target_arch() {
            Arch::X86_64 | Arch::S390x => MemoryOrder::Total,
            _ => MemoryOrder::Weak,
        },
    }
}
