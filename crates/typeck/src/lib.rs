//! Syntax tree to typed HIR: names, C11 types and conversions, layout, constant evaluation,
//! kernel types imported from BTF when first used, and what BPF forbids of C.
//!
//! It reports every mistake once and goes on; it generates no code.
//!
//! - [`check`] makes a [`hir::Module`] of a syntax tree.
//! - [`KernelTypes`] is where kernel types come from; [`BtfTypes`] takes them from BTF.
//! - [`validate`] turns a module without errors into [`hir::Valid`], which is what code
//!   generation accepts.
//! - [`print`] shows a module as C-like text.

#![forbid(unsafe_code)]

mod address;
mod asm;
mod attrs;
mod bcc;
mod bpf;
mod build;
mod builtins;
mod bytes;
mod c_text;
mod checker;
mod cleanup;
mod convert;
mod decl;
mod deferred;
mod expr;
mod flow;
mod fold;
mod func;
mod globals;
mod helpers;
pub mod hir;
mod init;
mod kernel;
mod layout;
mod lint;
mod maps;
pub mod print;
mod prune;
mod records;
mod scope;
mod specs;
mod stmt;
mod switch;
mod tags;
mod types;
mod validate;
pub mod walk;
mod warn;

pub use c_text::c_text;
pub use kernel::{BtfTypes, KernelMember, KernelRecordBody, KernelType, KernelTypes};
pub use validate::validate;

pub(crate) use types::types_union;

pub use bpfc_btf::Endian;

use bpfc_base::{Diagnostic, Edit, ExpnId, Session, Span};
use bpfc_parser::ast::{self, Item};
use checker::Checker;
use hir::Module;

/// What to check for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Which language the source is in.
    pub dialect: Dialect,
    /// The byte order of the target.
    pub endian: Endian,
    /// What `bpf_num_cpus()` is in BCC's dialect.
    pub n_cpus: Option<u32>,
    /// Tables of other programs that BCC's dialect may name, and their types as its macros call
    /// them (`hash`).
    pub tables: Vec<(String, String)>,
}

/// The language of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// C as libbpf programs are written in.
    #[default]
    C,
    /// BCC's dialect of it.
    Bcc,
}

/// Checks `unit`. Types that the source does not declare come from `kernel`.
///
/// Mistakes are reported to `session`; where one was, the module holds `Error` nodes.
pub fn check<'a>(
    session: &'a mut Session,
    unit: &'a ast::TranslationUnit,
    options: &'a CheckOptions,
    kernel: Option<&'a mut (dyn KernelTypes + 'a)>,
) -> Module {
    let mut checker = Checker::new(session, unit, options, kernel);
    for item in &unit.items {
        checker.fresh_scratch();
        checker.item(item);
    }
    checker.finish()
}

impl<'a> Checker<'a> {
    fn item(&mut self, item: &'a Item) {
        match item {
            Item::Function(def) => self.function_def(def),
            Item::Declaration(declaration) => {
                let mut stmts = Vec::new();
                self.declaration(declaration, &mut stmts);
                debug_assert!(stmts.is_empty(), "file scope has no statements");
            }
            Item::Asm(span) => {
                let message = "assembly outside functions has no place in a BPF object";
                let report = Diagnostic::new(bpfc_base::codes::bpf::E0416, *span, message)
                    .with_help("write a function with the attribute `naked` around it");
                self.report(report);
            }
            Item::Deferred(items) => self.demands.show(items.end),
            Item::Error(_) => {}
        }
    }

    fn finish(mut self) -> Module {
        self.fresh_scratch();
        self.finish_maps();
        self.finish_tentative();
        self.complete_signatures();
        self.check_loose_calls();
        self.finish_unit_usage();
        if self.is_bcc() {
            self.desugar();
        }
        let roots = prune::Roots {
            globals: std::mem::take(&mut self.used_globals),
            funcs: std::mem::take(&mut self.used_funcs),
            extents: std::mem::take(&mut self.func_extents),
        };
        maps::describe(self.session, &mut self.module);
        let used = prune::Used::of(&self.module, &roots);
        bpf::constrain(self.session, &mut self.module, &used);
        prune::prune(self.session, &mut self.module, &used, &roots);
        self.module
    }
}

/// Adds "did you mean `similar`?" to `diagnostic`, as an edit where `span` is plain text.
pub(crate) fn suggest(diagnostic: Diagnostic, span: Span, similar: &str) -> Diagnostic {
    let text = format!("did you mean `{similar}`?");
    if span.expn != ExpnId::ROOT {
        return diagnostic.with_help(text);
    }
    diagnostic.with_edit(text, vec![Edit { span, replacement: similar.to_owned() }])
}
