//! The state of a check, and the small operations that all of its parts share.

use crate::CheckOptions;
use crate::deferred::Demands;
use crate::expr::FloatTable;
use crate::hir::{self, Module, QualType, TypeId};
use crate::kernel::{Imports, KernelTypes};
use crate::scope::Scopes;
use crate::stmt::FuncState;
use crate::types::{Common, TypeDepths, show};
use crate::warn::WarnState;
use bpfc_base::{Code, Diagnostic, Session, Span, Symbol};
use bpfc_parser::ast;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Nested expressions, statements, initialisers and members that are followed. The parser
/// has a lower limit of its own; this one bounds the stack for trees that no parser made.
pub(crate) const MAX_DEPTH: u32 = 400;

/// Everything that is known while a translation unit is checked.
pub(crate) struct Checker<'a> {
    pub session: &'a mut Session,
    pub unit: &'a ast::TranslationUnit,
    pub options: &'a CheckOptions,
    pub kernel: Option<&'a mut (dyn KernelTypes + 'a)>,
    /// What has been built so far.
    pub module: Module,
    pub common: Common,
    pub depths: TypeDepths,
    pub scopes: Scopes,
    pub imports: Imports,
    /// What headers declare that was not checked yet.
    pub demands: Demands<'a>,
    /// The body of the function that is being checked; at file scope, a scratch table for
    /// constant expressions.
    pub body: hir::Body,
    /// The function that is being checked.
    pub func: Option<FuncState>,
    /// Values of floating constants in `body`.
    pub floats: FloatTable,
    /// Variables that only name a helper: `static long (*bpf_x)(…) = (void *)N`.
    pub helper_vars: FxHashMap<hir::GlobalId, u32>,
    /// Maps of types that are incomplete so far.
    pub waiting_maps: Vec<(hir::GlobalId, bpfc_base::Span)>,
    /// Calls of functions declared without a prototype.
    pub loose_calls: Vec<crate::expr::LooseCall>,
    /// Whether an expression is checked that must be constant.
    pub wants_constant: bool,
    /// Whether parameters are being declared.
    pub is_in_params: bool,
    /// Functions that do not return.
    pub noreturn: FxHashSet<hir::FuncId>,
    /// Values of `const` locals that have a constant initialiser.
    pub const_locals: FxHashMap<hir::LocalId, i128>,
    /// Objects that stay though nothing refers to them: `used`.
    pub used_globals: FxHashSet<hir::GlobalId>,
    /// Functions that stay though nothing refers to them: `used`.
    pub used_funcs: FxHashSet<hir::FuncId>,
    /// Functions of the kernel that something names.
    pub called_kfuncs: BTreeSet<hir::FuncId>,
    /// The text of each function definition.
    pub func_extents: FxHashMap<hir::FuncId, Span>,
    /// Tentative definitions without an initialiser so far (C11 6.9.2).
    pub tentative: Vec<hir::GlobalId>,
    /// Objects that have had their initialiser.
    pub initialised: FxHashSet<hir::GlobalId>,
    /// Functions that stand for packet loads, and their width in bits.
    pub packet_loads: FxHashMap<hir::FuncId, u32>,
    /// The name of compound literals outside functions.
    pub literal_symbol: Symbol,
    /// Alignments that typedefs ask for.
    pub typedef_aligns: FxHashMap<hir::TypedefId, u32>,
    /// Tags that were declared by a specifier already: a specifier shared by several
    /// declarators is processed once.
    pub tag_types: FxHashMap<ast::TagSpecId, TypeId>,
    /// Where enumerations' and records' braces are open right now.
    pub open_records: FxHashSet<hir::RecordId>,
    /// Inside `sizeof`, `typeof` and the like.
    pub n_unevaluated: u32,
    /// Inside `__builtin_preserve_access_index`.
    pub n_preserved: u32,
    /// Nesting of what is being checked.
    pub depth: u32,
    /// String literals made so far, for their names.
    pub n_strings: u32,
    /// What the warnings remember.
    pub warn: WarnState,
    /// Whether the limit of nesting was reported.
    is_depth_reported: bool,
}

impl<'a> Checker<'a> {
    pub fn new(
        session: &'a mut Session,
        unit: &'a ast::TranslationUnit,
        options: &'a CheckOptions,
        kernel: Option<&'a mut (dyn KernelTypes + 'a)>,
    ) -> Self {
        let mut module = Module { endian: options.endian, ..Module::default() };
        let mut depths = TypeDepths::default();
        let common = Common::new(&mut module.types, &mut depths);
        let warn = WarnState::new(session);
        let literal_symbol = session.intern(".compoundliteral");
        Self {
            session,
            unit,
            options,
            kernel,
            module,
            common,
            depths,
            scopes: Scopes::default(),
            imports: Imports::default(),
            demands: Demands::new(unit),
            body: hir::Body::default(),
            func: None,
            floats: FloatTable::default(),
            helper_vars: FxHashMap::default(),
            waiting_maps: Vec::new(),
            loose_calls: Vec::new(),
            wants_constant: false,
            is_in_params: false,
            noreturn: FxHashSet::default(),
            const_locals: FxHashMap::default(),
            used_globals: FxHashSet::default(),
            used_funcs: FxHashSet::default(),
            called_kfuncs: BTreeSet::new(),
            func_extents: FxHashMap::default(),
            tentative: Vec::new(),
            initialised: FxHashSet::default(),
            packet_loads: FxHashMap::default(),
            literal_symbol,
            typedef_aligns: FxHashMap::default(),
            tag_types: FxHashMap::default(),
            open_records: FxHashSet::default(),
            n_unevaluated: 0,
            n_preserved: 0,
            depth: 0,
            n_strings: 0,
            warn,
            is_depth_reported: false,
        }
    }

    /// Reports `diagnostic`.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.session.report(diagnostic);
    }

    /// Reports an error that needs no more than its message.
    pub fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(code, span, message));
    }

    /// The string of `symbol`.
    pub fn name(&self, symbol: Symbol) -> Arc<str> {
        self.session.names.resolve_shared(symbol)
    }

    /// `ty` as C spells it, typedefs kept.
    pub fn show(&self, ty: TypeId) -> String {
        self.show_qual(QualType::plain(ty))
    }

    /// `ty` as C spells it, typedefs kept.
    pub fn show_qual(&self, ty: QualType) -> String {
        show(&self.module.types, &self.session.names, ty)
    }

    /// Whether `span` is in a header that bpfc carries, and was not written by a macro of it
    /// that the program calls.
    pub fn is_builtin(&self, span: Span) -> bool {
        let sources = &self.session.sources;
        sources.file_at(sources.root(span).lo).is_some_and(|file| !sources.file(file).is_user)
    }

    /// Runs `inner` one level deeper; `None`, reported once, past [`MAX_DEPTH`].
    pub fn deeper<T>(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            if !self.is_depth_reported {
                self.is_depth_reported = true;
                self.error(
                    bpfc_base::codes::parse::E0202,
                    span,
                    format!("this nests deeper than {MAX_DEPTH} levels"),
                );
            }
            return None;
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        Some(result)
    }

    /// Runs `inner` on an operand that is not evaluated.
    pub fn unevaluated<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.n_unevaluated += 1;
        let result = inner(self);
        self.n_unevaluated -= 1;
        result
    }
}
