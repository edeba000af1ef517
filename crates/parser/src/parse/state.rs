//! What the grammar's actions work on: the tree under construction, scopes and messages.
//!
//! The tree is built bottom-up in tables. Later stages recurse over it, so every node's
//! height is kept, and a node that would be too high becomes an `Error` node.

use super::names::TypeNames;
use super::scopes::{NameKind, Scopes};
use super::specs::{Fixed, Qual, SpecItem, Specs, invalid};
use crate::ast::*;
use crate::pp::{Pragma, TokenStream};
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, Idx, Session, Span, Symbol, codes};
use std::cell::{RefCell, RefMut};

pub(crate) use super::scopes::ScopeMark;

/// Height of the tree that later stages can rely on.
pub const MAX_TREE_HEIGHT: u16 = 512;

/// Pointers, arrays and functions that one declarator may stack.
const MAX_DERIVED: usize = 256;

/// An item of an assembly statement's section.
#[derive(Debug)]
pub(crate) enum AsmItem {
    Operand(AsmOperand),
    Clobber(StrLit),
    Label(u32),
}

/// What stands in front of a labelled statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Label {
    /// The index of the name.
    Name(u32),
    Case(ExprId, Option<ExprId>),
    Default,
}

/// A function definition without its body.
#[derive(Debug)]
pub(crate) struct FunctionHead {
    specs: DeclSpecs,
    declarator: Declarator,
    attrs: Vec<Attribute>,
    /// The scope that the parameters are in.
    scope: ScopeMark,
}

/// Shared by the actions and the token source.
pub(crate) struct ParseState<'s> {
    inner: RefCell<Inner<'s>>,
}

pub(crate) struct Inner<'s> {
    pub session: &'s mut Session,
    pub types: &'s mut dyn TypeNames,
    pub stream: &'s TokenStream,
    /// The stream's tokens with keywords told apart, and what repairs add.
    pub tokens: Vec<Token>,
    pub scopes: Scopes,
    pub tree: TranslationUnit,
    heights: Heights,
    /// Reports of the item being parsed: dropped if it is parsed again.
    pub reports: Vec<Diagnostic>,
    /// Index behind the last token of the last finished item.
    pub finished: u32,
    /// Where everything stood at that moment.
    checkpoint: Checkpoint,
    /// In a parse on trial: where to go back to.
    trial: Option<(u32, Checkpoint)>,
    /// That something is missing at the end of the file has been reported.
    pub is_end_reported: bool,
    /// Positions of the file that the last span was in.
    file_range: (u32, u32),
}

/// Height of every node, by its id.
#[derive(Default)]
struct Heights {
    exprs: Vec<u16>,
    stmts: Vec<u16>,
    type_names: Vec<u16>,
    tag_specs: Vec<u16>,
}

/// Where everything stood before an item.
#[derive(Clone, Copy, Default)]
struct Checkpoint {
    n_items: usize,
    n_exprs: usize,
    n_stmts: usize,
    n_type_names: usize,
    n_tag_specs: usize,
    n_reports: usize,
    scope: ScopeMark,
}

impl<'s> ParseState<'s> {
    pub(crate) fn new(
        session: &'s mut Session,
        stream: &'s TokenStream,
        tokens: Vec<Token>,
        types: &'s mut dyn TypeNames,
    ) -> Self {
        Self {
            inner: RefCell::new(Inner {
                session,
                types,
                stream,
                tokens,
                scopes: Scopes::default(),
                tree: TranslationUnit::default(),
                heights: Heights::default(),
                reports: Vec::new(),
                finished: 0,
                checkpoint: Checkpoint::default(),
                trial: None,
                is_end_reported: false,
                file_range: (1, 0),
            }),
        }
    }

    pub(crate) fn inner(&self) -> RefMut<'_, Inner<'s>> {
        self.inner.borrow_mut()
    }

    pub(crate) fn into_inner(self) -> Inner<'s> {
        self.inner.into_inner()
    }

    // ---- Scopes and names ----

    pub(crate) fn open_scope(&self) -> ScopeMark {
        self.inner().scopes.mark()
    }

    pub(crate) fn close_scope(&self, mark: ScopeMark) {
        self.inner().scopes.undo(mark);
    }

    pub(crate) fn symbol(&self, name: u32) -> Symbol {
        self.inner().symbol(name)
    }

    pub(crate) fn declare_variable(&self, name: u32) {
        let mut inner = self.inner();
        let symbol = inner.symbol(name);
        inner.scopes.declare(symbol, NameKind::Variable);
    }

    pub(crate) fn declare(&self, declarator: &Declarator, storage: Storage) {
        if let Some((name, _)) = declarator.name {
            let kind = match storage {
                Storage::Typedef => NameKind::Type,
                _ => NameKind::Variable,
            };
            self.inner().scopes.declare(name, kind);
        }
    }

    // ---- Expressions ----

    pub(crate) fn span(&self, l: u32, r: u32) -> Span {
        self.inner().span(l, r)
    }

    pub(crate) fn expr(&self, l: u32, r: u32, kind: ExprKind) -> ExprId {
        self.inner().expr(l, r, kind)
    }

    pub(crate) fn name_expr(&self, name: u32) -> ExprId {
        let mut inner = self.inner();
        let symbol = inner.symbol(name);
        inner.expr(name, name + 1, ExprKind::Name(symbol))
    }

    pub(crate) fn number_expr(&self, at: u32) -> ExprId {
        let mut inner = self.inner();
        let kind = inner.number(at);
        inner.expr(at, at + 1, kind)
    }

    pub(crate) fn char_expr(&self, at: u32) -> ExprId {
        let mut inner = self.inner();
        let kind = inner.char_constant(at);
        inner.expr(at, at + 1, kind)
    }

    pub(crate) fn string(&self, l: u32, r: u32) -> StrLit {
        self.inner().string(l, r)
    }

    pub(crate) fn member(&self, l: u32, r: u32, base: ExprId, name: u32) -> ExprId {
        let mut inner = self.inner();
        let (member, member_span) = inner.name(name);
        let kind = ExprKind::Member {
            base,
            member,
            member_span,
        };
        inner.expr(l, r, kind)
    }

    pub(crate) fn arrow(&self, l: u32, r: u32, base: ExprId, name: u32) -> ExprId {
        let mut inner = self.inner();
        let (member, member_span) = inner.name(name);
        let kind = ExprKind::Arrow {
            base,
            member,
            member_span,
        };
        inner.expr(l, r, kind)
    }

    pub(crate) fn member_designator(&self, name: u32) -> Designator {
        let (name, span) = self.inner().name(name);
        Designator::Member(name, span)
    }

    /// C11 6.5.2.2: a call; types as arguments are for built-in functions only.
    pub(crate) fn call(&self, l: u32, r: u32, callee: ExprId, args: Vec<AttrArg>) -> ExprId {
        let mut inner = self.inner();
        let values: Option<Vec<ExprId>> = args
            .iter()
            .map(|arg| match arg {
                AttrArg::Expr(value) => Some(*value),
                AttrArg::Type(_) => None,
            })
            .collect();
        let kind = match (values, &inner.tree.exprs[callee].kind) {
            (Some(values), _) => ExprKind::Call(callee, values),
            (None, &ExprKind::Name(name)) if inner.session.name(name).starts_with("__builtin_") => {
                ExprKind::BuiltinWithTypes(name, args)
            }
            _ => {
                let ty = args.iter().find_map(|arg| match arg {
                    AttrArg::Type(ty) => Some(*ty),
                    AttrArg::Expr(_) => None,
                });
                let span = ty.map_or(Span::NONE, |ty| inner.tree.type_names[ty].span);
                inner.syntax_error(span, "expected an expression, found a type");
                ExprKind::Error
            }
        };
        inner.expr(l, r, kind)
    }

    // ---- Declarations ----

    pub(crate) fn first_spec(&self, l: u32, r: u32, item: SpecItem) -> Box<Specs> {
        self.add_spec(Box::new(Specs::new(l)), l, r, item)
    }

    pub(crate) fn add_spec(
        &self,
        mut specs: Box<Specs>,
        l: u32,
        r: u32,
        item: SpecItem,
    ) -> Box<Specs> {
        specs.end = r;
        match item {
            SpecItem::Storage(storage) => {
                let mut inner = self.inner();
                let span = inner.span(l, r);
                if let Some((old, old_span)) = specs.storage {
                    let message = match old == storage {
                        true => "storage class is given twice",
                        false => "two storage classes in one declaration",
                    };
                    let report = invalid(span, message).with_secondary(old_span, "the first one");
                    inner.reports.push(report);
                }
                if specs.storage.is_none() || storage == Storage::Typedef {
                    specs.storage = Some((storage, span));
                }
            }
            SpecItem::Inline => specs.is_inline = true,
            SpecItem::Noreturn => specs.is_noreturn = true,
            SpecItem::ThreadLocal => specs.is_thread_local = true,
            SpecItem::Qual(qual) => qual.add_to(&mut specs.quals),
            SpecItem::Alignas(alignas) => specs.alignas.push(alignas),
            SpecItem::Word(word) => specs.add_word(word),
            SpecItem::Attributes(attrs) => match specs.tag_end {
                Some((tag, end)) if end == l => {
                    self.inner().tree.tag_specs[tag].attrs.extend(attrs);
                    specs.tag_end = Some((tag, r));
                }
                _ => specs.attrs.extend(attrs),
            },
            SpecItem::Type(fixed) => {
                if let Fixed::Tag(tag) = fixed
                    && self.inner().tree.tag_specs[tag].body.is_some()
                {
                    specs.tag_end = Some((tag, r));
                }
                specs.fixed = Some(fixed);
            }
        }
        specs
    }

    pub(crate) fn declaration(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarators: Vec<InitDeclarator>,
    ) -> Box<Declaration> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(Declaration::Names {
            specs,
            declarators,
            span,
        })
    }

    pub(crate) fn member_decl(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarators: Vec<MemberDeclarator>,
    ) -> Box<MemberDecl> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(MemberDecl::Members {
            specs,
            declarators,
            span,
        })
    }

    pub(crate) fn member_assert(&self, declaration: Declaration) -> Box<MemberDecl> {
        Box::new(match declaration {
            Declaration::StaticAssert {
                cond,
                message,
                span,
            } => MemberDecl::StaticAssert {
                cond,
                message,
                span,
            },
            Declaration::Names { .. } => unreachable!("the grammar passes assertions only"),
        })
    }

    pub(crate) fn attribute(&self, l: u32, r: u32, args: Vec<AttrArg>) -> Attribute {
        let mut inner = self.inner();
        let symbol = inner.tokens[l as usize].symbol;
        let text = inner.session.names.resolve_shared(symbol);
        let bare = text
            .strip_prefix("__")
            .and_then(|text| text.strip_suffix("__"));
        let name = match bare {
            Some(bare) => inner.session.intern(bare),
            None => symbol,
        };
        let span = inner.span(l, r);
        Attribute { name, args, span }
    }

    pub(crate) fn tag(
        &self,
        l: u32,
        r: u32,
        kind: TagKind,
        attrs: Vec<Attribute>,
        name: Option<u32>,
        body: Option<TagBody>,
    ) -> TagSpecId {
        let mut inner = self.inner();
        let name = name.map(|name| inner.name(name));
        let span = inner.span(l, r);
        let mut tag = TagSpec {
            kind,
            name,
            body,
            attrs,
            pack: None,
            span,
        };
        if tag.body.is_some() && !inner.stream.pragmas.is_empty() {
            inner.apply_pragmas(&mut tag, r - 1);
        }
        let height = inner.tag_height(&tag);
        let height = inner.limit_height(height, span);
        if height.is_none() {
            tag.body = None;
        }
        inner.heights.tag_specs.push(height.unwrap_or(1));
        inner.tree.tag_specs.push(tag)
    }

    pub(crate) fn enumerator(&self, name: u32, value: Option<ExprId>) -> Enumerator {
        let (name, span) = self.inner().name(name);
        Enumerator { name, value, span }
    }

    pub(crate) fn no_name(&self, at: u32) -> Box<Declarator> {
        let span = self.inner().span(at, at);
        Box::new(Declarator {
            name: None,
            derived: Vec::new(),
            attrs: Vec::new(),
            span,
        })
    }

    pub(crate) fn named(&self, name: u32) -> Box<Declarator> {
        let (symbol, span) = self.inner().name(name);
        Box::new(Declarator {
            name: Some((symbol, span)),
            derived: Vec::new(),
            attrs: Vec::new(),
            span,
        })
    }

    pub(crate) fn attributed(
        &self,
        attrs: Vec<Attribute>,
        mut declarator: Box<Declarator>,
    ) -> Box<Declarator> {
        declarator.attrs.extend(attrs);
        declarator
    }

    pub(crate) fn parenthesized(
        &self,
        l: u32,
        r: u32,
        mut inner: Box<Declarator>,
    ) -> Box<Declarator> {
        inner.span = self.span(l, r);
        inner
    }

    pub(crate) fn pointer(&self, items: Vec<SpecItem>) -> Derivation {
        let mut quals = Quals::default();
        let mut attrs = Vec::new();
        for item in items {
            match item {
                SpecItem::Qual(qual) => qual.add_to(&mut quals),
                SpecItem::Attributes(more) => attrs.extend(more),
                _ => unreachable!("the grammar passes qualifiers and attributes only"),
            }
        }
        Derivation::Pointer { quals, attrs }
    }

    /// The declarator with its pointers; in the source the outermost comes first.
    pub(crate) fn pointer_to(
        &self,
        l: u32,
        pointers: Vec<Derivation>,
        mut declarator: Box<Declarator>,
    ) -> Box<Declarator> {
        let mut inner = self.inner();
        inner.limit_derived(&mut declarator, pointers.len());
        declarator
            .derived
            .extend(pointers.into_iter().rev().take(MAX_DERIVED));
        let first = inner.span(l, l + 1);
        declarator.span = inner.session.sources.join(first, declarator.span);
        declarator
    }

    pub(crate) fn derive(
        &self,
        mut declarator: Box<Declarator>,
        derivation: Derivation,
        r: u32,
    ) -> Box<Declarator> {
        let mut inner = self.inner();
        inner.limit_derived(&mut declarator, 1);
        declarator.derived.push(derivation);
        let last = inner.span(r - 1, r);
        declarator.span = inner.session.sources.join(declarator.span, last);
        declarator
    }

    pub(crate) fn array(
        &self,
        l: u32,
        r: u32,
        items: Vec<SpecItem>,
        size: Option<ExprId>,
    ) -> Derivation {
        let mut quals = Quals::default();
        for item in &items {
            if let SpecItem::Qual(qual) = item {
                Qual::add_to(*qual, &mut quals);
            }
        }
        let span = self.span(l, r);
        Derivation::Array { size, quals, span }
    }

    pub(crate) fn function(
        &self,
        l: u32,
        r: u32,
        mut params: Vec<Param>,
        is_variadic: bool,
    ) -> Derivation {
        // C11 6.7.6.3p10: `(void)` means that there are no parameters.
        let is_void = |param: &Param| {
            matches!(param.specs.ty, TypeSpec::Void)
                && param.declarator.name.is_none()
                && param.declarator.derived.is_empty()
        };
        if !is_variadic && params.len() == 1 && is_void(&params[0]) {
            params.clear();
        }
        Derivation::Function {
            params,
            is_variadic,
            is_unprototyped: false,
            span: self.span(l, r),
        }
    }

    pub(crate) fn unprototyped(&self, l: u32, r: u32) -> Derivation {
        Derivation::Function {
            params: Vec::new(),
            is_variadic: false,
            is_unprototyped: true,
            span: self.span(l, r),
        }
    }

    pub(crate) fn param(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarator: Box<Declarator>,
        attrs: Vec<Attribute>,
    ) -> Box<Param> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(Param {
            specs,
            declarator: *declarator,
            attrs,
            span,
        })
    }

    pub(crate) fn type_name(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarator: Option<Box<Declarator>>,
    ) -> TypeNameId {
        let declarator = declarator.unwrap_or_else(|| self.no_name(r));
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        let mut name = TypeName {
            specs,
            declarator: *declarator,
            span,
        };
        let height = inner
            .specs_height(&name.specs)
            .max(inner.declarator_height(&name.declarator));
        let height = inner.limit_height(height, span);
        if height.is_none() {
            name.specs.ty = TypeSpec::Error;
            name.declarator.derived.clear();
        }
        inner.heights.type_names.push(height.unwrap_or(1));
        inner.tree.type_names.push(name)
    }

    // ---- Statements and items ----

    pub(crate) fn stmt(&self, l: u32, r: u32, kind: StmtKind) -> StmtId {
        self.inner().stmt(l, r, kind)
    }

    /// A declaration among statements. One of attributes only is an empty statement.
    pub(crate) fn decl_stmt(&self, l: u32, r: u32, declaration: Declaration) -> StmtId {
        let kind = match declaration {
            Declaration::Names {
                specs:
                    DeclSpecs {
                        ty: TypeSpec::Error,
                        storage: None,
                        ref attrs,
                        ..
                    },
                ref declarators,
                ..
            } if declarators.is_empty() && !attrs.is_empty() => StmtKind::Expr(None),
            declaration => StmtKind::Declaration(declaration),
        };
        self.stmt(l, r, kind)
    }

    pub(crate) fn labeled(&self, l: u32, r: u32, label: Label, body: StmtId) -> StmtId {
        let kind = match label {
            Label::Case(low, high) => StmtKind::Case { low, high, body },
            Label::Default => StmtKind::Default(body),
            Label::Name(name) => {
                let (name, name_span) = self.inner().name(name);
                StmtKind::Label {
                    name,
                    name_span,
                    body,
                }
            }
        };
        self.stmt(l, r, kind)
    }

    pub(crate) fn goto(&self, l: u32, r: u32, name: u32) -> StmtId {
        let (name, span) = self.inner().name(name);
        self.stmt(l, r, StmtKind::Goto(name, span))
    }

    /// What `#pragma unroll` in front of the loop keyword `at` asks for.
    pub(crate) fn unroll(&self, at: u32) -> Unroll {
        let inner = self.inner();
        let pragmas = &inner.stream.pragmas;
        let from = pragmas.partition_point(|pragma| pragma.index < at);
        let here = pragmas[from..].iter().take_while(|p| p.index == at);
        here.filter_map(|pragma| match pragma.pragma {
            Pragma::Unroll(unroll) => Some(unroll),
            _ => None,
        })
        .last()
        .unwrap_or_default()
    }

    pub(crate) fn asm_operand(
        &self,
        name: Option<u32>,
        constraint: StrLit,
        expr: ExprId,
    ) -> AsmItem {
        let name = name.map(|name| self.symbol(name));
        AsmItem::Operand(AsmOperand {
            name,
            constraint,
            expr,
        })
    }

    pub(crate) fn asm(
        &self,
        l: u32,
        r: u32,
        quals: Vec<TokenKind>,
        template: StrLit,
        sections: Vec<Vec<AsmItem>>,
    ) -> StmtId {
        let mut inner = self.inner();
        let mut asm = Asm {
            template,
            is_volatile: quals.contains(&TokenKind::KwVolatile),
            is_goto: quals.contains(&TokenKind::KwGoto),
            outputs: Vec::new(),
            inputs: Vec::new(),
            clobbers: Vec::new(),
            labels: Vec::new(),
        };
        let mut is_valid = sections.len() <= 4;
        for (section, items) in sections.into_iter().enumerate() {
            for item in items {
                match (section, item) {
                    (0, AsmItem::Operand(operand)) => asm.outputs.push(operand),
                    (1, AsmItem::Operand(operand)) => asm.inputs.push(operand),
                    (2, AsmItem::Clobber(clobber)) => asm.clobbers.push(clobber),
                    (3, AsmItem::Label(label)) => asm.labels.push(inner.name(label)),
                    _ => is_valid = false,
                }
            }
        }
        let kind = match is_valid {
            true => StmtKind::Asm(asm),
            false => {
                let span = inner.span(l, l + 1);
                let message = "invalid operands of inline assembly";
                let report = Diagnostic::new(codes::parse::E0201, span, message).with_note(
                    "the sections are: outputs, inputs, clobbered registers, labels to jump to",
                );
                inner.reports.push(report);
                StmtKind::Error
            }
        };
        inner.stmt(l, r, kind)
    }

    pub(crate) fn function_head(
        &self,
        specs: Box<Specs>,
        declarator: Box<Declarator>,
        attrs: Vec<Attribute>,
    ) -> Box<FunctionHead> {
        let mut inner = self.inner();
        let specs = inner.finish_specs(specs);
        let scope = inner.scopes.mark();
        let params = declarator.derived.iter().find_map(|derived| match derived {
            Derivation::Function { params, .. } => Some(params),
            _ => None,
        });
        for (name, _) in params
            .into_iter()
            .flatten()
            .filter_map(|p| p.declarator.name)
        {
            inner.scopes.declare(name, NameKind::Variable);
        }
        Box::new(FunctionHead {
            specs,
            declarator: *declarator,
            attrs,
            scope,
        })
    }

    pub(crate) fn function_definition(
        &self,
        l: u32,
        r: u32,
        head: Box<FunctionHead>,
        body: StmtId,
    ) {
        let mut inner = self.inner();
        inner.scopes.undo(head.scope);
        let span = inner.span(l, r);
        inner.tree.items.push(Item::Function(FunctionDef {
            specs: head.specs,
            declarator: head.declarator,
            attrs: head.attrs,
            body,
            span,
        }));
    }

    pub(crate) fn item(&self, item: Item) {
        self.inner().tree.items.push(item);
    }

    /// An external declaration ends in front of token `r`.
    pub(crate) fn finish_item(&self, r: u32) {
        let mut inner = self.inner();
        inner.finished = r;
        if !inner.is_trial() {
            inner.flush_reports();
        }
        inner.checkpoint = inner.here();
    }
}

impl Inner<'_> {
    fn here(&self) -> Checkpoint {
        Checkpoint {
            n_items: self.tree.items.len(),
            n_exprs: self.tree.exprs.len(),
            n_stmts: self.tree.stmts.len(),
            n_type_names: self.tree.type_names.len(),
            n_tag_specs: self.tree.tag_specs.len(),
            n_reports: self.reports.len(),
            scope: self.scopes.mark(),
        }
    }

    pub(crate) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Begins a parse that leaves no traces.
    pub(crate) fn begin_trial(&mut self) {
        self.trial = Some((self.finished, self.checkpoint));
    }

    pub(crate) fn end_trial(&mut self) {
        if let Some((finished, checkpoint)) = self.trial.take() {
            self.finished = finished;
            self.checkpoint = checkpoint;
            self.roll_back(checkpoint);
        }
    }

    /// Forgets the item that could not be finished.
    pub(crate) fn roll_back_item(&mut self) {
        self.roll_back(self.checkpoint);
    }

    /// Forgets everything since `checkpoint`.
    fn roll_back(&mut self, checkpoint: Checkpoint) {
        self.tree.items.truncate(checkpoint.n_items);
        self.tree.exprs.truncate(checkpoint.n_exprs);
        self.tree.stmts.truncate(checkpoint.n_stmts);
        self.tree.type_names.truncate(checkpoint.n_type_names);
        self.tree.tag_specs.truncate(checkpoint.n_tag_specs);
        self.heights.exprs.truncate(checkpoint.n_exprs);
        self.heights.stmts.truncate(checkpoint.n_stmts);
        self.heights.type_names.truncate(checkpoint.n_type_names);
        self.heights.tag_specs.truncate(checkpoint.n_tag_specs);
        self.reports.truncate(checkpoint.n_reports);
        self.scopes.undo(checkpoint.scope);
    }

    pub(crate) fn flush_reports(&mut self) {
        for report in self.reports.drain(..) {
            self.session.report(report);
        }
    }

    pub(crate) fn syntax_error(&mut self, span: Span, message: impl Into<String>) {
        let report = Diagnostic::new(codes::parse::E0201, span, message);
        self.reports.push(report);
    }

    pub(crate) fn symbol(&self, token: u32) -> Symbol {
        self.tokens[token as usize].symbol
    }

    pub(crate) fn name(&self, token: u32) -> (Symbol, Span) {
        let token = self.tokens[token as usize];
        (token.symbol, token.span)
    }

    /// The span of tokens `l..r`; an empty one at token `l` if there are none.
    pub(crate) fn span(&mut self, l: u32, r: u32) -> Span {
        let end = self.stream.end;
        let Some(first) = self.tokens.get(l as usize).map(|token| token.span) else {
            return end;
        };
        if r <= l {
            return first.start();
        }
        let last = self.tokens[r as usize - 1].span;
        let (lo, hi) = self.file_range;
        let is_near = |span: Span| span.lo >= lo && span.hi <= hi;
        if first.expn == last.expn && is_near(first) && is_near(last) {
            return Span {
                lo: first.lo.min(last.lo),
                hi: first.hi.max(last.hi),
                expn: first.expn,
            };
        }
        if let Some(file) = self.session.sources.file_at(first.lo) {
            let file = self.session.sources.file(file);
            self.file_range = (file.start, file.start + file.text.len() as u32);
        }
        self.session.sources.join(first, last)
    }

    fn expr(&mut self, l: u32, r: u32, kind: ExprKind) -> ExprId {
        let span = self.span(l, r);
        let height = self.expr_height(&kind);
        let height = self.limit_height(height, span);
        let kind = match height {
            Some(_) => kind,
            None => ExprKind::Error,
        };
        self.heights.exprs.push(height.unwrap_or(1));
        self.tree.exprs.push(Expr { kind, span })
    }

    fn stmt(&mut self, l: u32, r: u32, kind: StmtKind) -> StmtId {
        let span = self.span(l, r);
        let height = self.stmt_height(&kind);
        let height = self.limit_height(height, span);
        let kind = match height {
            Some(_) => kind,
            None => StmtKind::Error,
        };
        self.heights.stmts.push(height.unwrap_or(1));
        self.tree.stmts.push(Stmt { kind, span })
    }

    /// One more than `below`; `None` and a report past the limit.
    fn limit_height(&mut self, below: u16, span: Span) -> Option<u16> {
        if below < MAX_TREE_HEIGHT {
            return Some(below + 1);
        }
        let message = format!("code is nested more than {MAX_TREE_HEIGHT} levels deep");
        let report = Diagnostic::new(codes::parse::E0202, span, message)
            .with_help("split it into several functions, statements or variables");
        // The nodes around it are too high as well.
        if !self.reports.iter().any(|old| old.code == report.code) {
            self.reports.push(report);
        }
        None
    }

    /// Reports a type with more than [`MAX_DERIVED`] derivations, and begins it anew.
    fn limit_derived(&mut self, declarator: &mut Declarator, n_more: usize) {
        if declarator.derived.len() + n_more > MAX_DERIVED {
            declarator.derived.clear();
            let message = format!("the type is derived more than {MAX_DERIVED} times");
            let report = Diagnostic::new(codes::parse::E0202, declarator.span, message);
            if !self.reports.iter().any(|old| old.code == report.code) {
                self.reports.push(report);
            }
        }
    }

    fn finish_specs(&mut self, mut specs: Box<Specs>) -> DeclSpecs {
        let span = self.span(specs.start, specs.end);
        let ty = match specs.fixed {
            None if specs.is_only_attributes() => TypeSpec::Error,
            None if specs.has_no_type() => {
                let report = invalid(span, "the declaration has no type")
                    .with_help("name a type, such as `int`");
                self.reports.push(report);
                TypeSpec::Error
            }
            None => match specs.words_type(span) {
                Ok(ty) => ty,
                Err(report) => {
                    self.reports.push(report);
                    TypeSpec::Error
                }
            },
            Some(Fixed::Void) => TypeSpec::Void,
            Some(Fixed::Bool) => TypeSpec::Bool,
            Some(Fixed::Auto) => TypeSpec::AutoType,
            Some(Fixed::VaList) => TypeSpec::VaList,
            Some(Fixed::Int128) => TypeSpec::Int128,
            Some(Fixed::UInt128) => TypeSpec::UInt128,
            Some(Fixed::Tag(tag)) => TypeSpec::Tag(tag),
            Some(Fixed::TypeofExpr(value)) => TypeSpec::TypeofExpr(value),
            Some(Fixed::TypeofType(ty)) => TypeSpec::TypeofType(ty),
            Some(Fixed::Atomic(ty)) => {
                specs.quals.is_atomic = true;
                TypeSpec::TypeofType(ty)
            }
            Some(Fixed::Typedef(name)) => {
                let (symbol, span) = self.name(name);
                match self.scopes.get(symbol) {
                    NameKind::UnknownType => TypeSpec::Error,
                    _ => TypeSpec::Typedef(symbol, span),
                }
            }
        };
        specs.finish(ty, span)
    }

    /// Puts in what `#pragma pack` and `#pragma clang attribute` say of a record whose
    /// closing brace is token `at`.
    fn apply_pragmas(&mut self, tag: &mut TagSpec, at: u32) {
        let stream = self.stream;
        let n_before = stream.pragmas.partition_point(|pragma| pragma.index <= at);
        let mut is_pack_known = false;
        let mut are_attributes_known = tag.kind == TagKind::Enum;
        for pragma in stream.pragmas[..n_before].iter().rev() {
            match &pragma.pragma {
                Pragma::Pack(pack) if !is_pack_known => {
                    is_pack_known = true;
                    tag.pack = *pack;
                }
                Pragma::RecordAttributes(names) if !are_attributes_known => {
                    are_attributes_known = true;
                    tag.attrs.extend(names.iter().map(|&name| Attribute {
                        name,
                        args: Vec::new(),
                        span: pragma.span,
                    }));
                }
                _ => {}
            }
            if is_pack_known && are_attributes_known {
                break;
            }
        }
    }
}

// Heights of nodes that are about to be added, not counting the nodes themselves.
impl Inner<'_> {
    fn eh(&self, expr: ExprId) -> u16 {
        self.heights.exprs[expr.index()]
    }

    fn sh(&self, stmt: StmtId) -> u16 {
        self.heights.stmts[stmt.index()]
    }

    fn th(&self, name: TypeNameId) -> u16 {
        self.heights.type_names[name.index()]
    }

    fn arg_height(&self, arg: &AttrArg) -> u16 {
        match *arg {
            AttrArg::Expr(expr) => self.eh(expr),
            AttrArg::Type(ty) => self.th(ty),
        }
    }

    fn expr_height(&self, kind: &ExprKind) -> u16 {
        use ExprKind::*;
        match kind {
            Name(_) | Int(_) | Float(_) | Char { .. } | Str(_) | LabelAddr(_) | Error => 0,
            Paren(e) | PostInc(e) | PostDec(e) | Unary(_, e) | SizeofExpr(e) | AlignofExpr(e) => {
                self.eh(*e)
            }
            Member { base, .. } | Arrow { base, .. } => self.eh(*base),
            Index(a, b) | Binary(_, a, b) | Assign(_, a, b) | Comma(a, b) => {
                self.eh(*a).max(self.eh(*b))
            }
            Conditional(a, b, c) => {
                let middle = b.map_or(0, |b| self.eh(b));
                self.eh(*a).max(middle).max(self.eh(*c))
            }
            Call(callee, args) => {
                let args = args.iter().map(|&arg| self.eh(arg)).max();
                self.eh(*callee).max(args.unwrap_or(0))
            }
            Generic { control, assocs } => {
                let assocs = assocs.iter().map(|(ty, value)| {
                    let ty = ty.map_or(0, |ty| self.th(ty));
                    ty.max(self.eh(*value))
                });
                self.eh(*control).max(assocs.max().unwrap_or(0))
            }
            StmtExpr(body) => self.sh(*body),
            CompoundLiteral(ty, list) => self.th(*ty).max(self.list_height(list)),
            SizeofType(ty) | AlignofType(ty) => self.th(*ty),
            Cast(ty, e) | VaArg(e, ty) => self.th(*ty).max(self.eh(*e)),
            Offsetof(ty, path) => self.th(*ty).max(self.designators_height(path)),
            TypesCompatible(a, b) => self.th(*a).max(self.th(*b)),
            BuiltinWithTypes(_, args) => {
                let args = args.iter().map(|arg| self.arg_height(arg));
                args.max().unwrap_or(0)
            }
        }
    }

    fn designators_height(&self, path: &[Designator]) -> u16 {
        let heights = path.iter().map(|designator| match *designator {
            Designator::Member(..) => 0,
            Designator::Index(index) => self.eh(index),
            Designator::Range(first, last) => self.eh(first).max(self.eh(last)),
        });
        heights.max().unwrap_or(0)
    }

    /// Brackets limit how deep lists nest: this recursion is short.
    fn list_height(&self, list: &InitList) -> u16 {
        let items = list.items.iter().map(|item| {
            self.designators_height(&item.designators)
                .max(self.initializer_height(&item.init))
        });
        items.max().unwrap_or(0) + 1
    }

    fn initializer_height(&self, init: &Initializer) -> u16 {
        match init {
            Initializer::Expr(value) => self.eh(*value),
            Initializer::List(list) => self.list_height(list),
        }
    }

    fn attrs_height(&self, attrs: &[Attribute]) -> u16 {
        let args = attrs.iter().flat_map(|attr| &attr.args);
        args.map(|arg| self.arg_height(arg)).max().unwrap_or(0)
    }

    fn specs_height(&self, specs: &DeclSpecs) -> u16 {
        let ty = match specs.ty {
            TypeSpec::Tag(tag) => self.heights.tag_specs[tag.index()],
            TypeSpec::TypeofExpr(value) => self.eh(value),
            TypeSpec::TypeofType(ty) => self.th(ty),
            _ => 0,
        };
        let alignas = specs.alignas.iter().map(|alignas| match *alignas {
            Alignas::Type(ty) => self.th(ty),
            Alignas::Expr(value) => self.eh(value),
        });
        ty.max(alignas.max().unwrap_or(0))
            .max(self.attrs_height(&specs.attrs))
    }

    /// Brackets limit how deep parameters nest: this recursion is short.
    fn declarator_height(&self, declarator: &Declarator) -> u16 {
        let derived = declarator.derived.iter().map(|derived| match derived {
            Derivation::Pointer { attrs, .. } => self.attrs_height(attrs),
            Derivation::Array { size, .. } => size.map_or(0, |size| self.eh(size)),
            Derivation::Function { params, .. } => {
                let params = params.iter().map(|param| {
                    self.specs_height(&param.specs)
                        .max(self.declarator_height(&param.declarator))
                });
                params.max().unwrap_or(0) + 1
            }
        });
        derived.max().unwrap_or(0)
    }

    fn tag_height(&self, tag: &TagSpec) -> u16 {
        let body = match &tag.body {
            None => 0,
            Some(TagBody::Enumerators(list)) => {
                let values = list.iter().filter_map(|item| item.value);
                values.map(|value| self.eh(value)).max().unwrap_or(0)
            }
            Some(TagBody::Members(list)) => {
                let members = list.iter().map(|member| match member {
                    MemberDecl::StaticAssert { cond, .. } => self.eh(*cond),
                    MemberDecl::Members {
                        specs, declarators, ..
                    } => {
                        let declarators = declarators.iter().map(|member| {
                            self.declarator_height(&member.declarator)
                                .max(member.bits.map_or(0, |bits| self.eh(bits)))
                        });
                        self.specs_height(specs).max(declarators.max().unwrap_or(0))
                    }
                });
                members.max().unwrap_or(0)
            }
        };
        body.max(self.attrs_height(&tag.attrs))
    }

    fn declaration_height(&self, declaration: &Declaration) -> u16 {
        match declaration {
            Declaration::StaticAssert { cond, .. } => self.eh(*cond),
            Declaration::Names {
                specs, declarators, ..
            } => {
                let declarators = declarators.iter().map(|item| {
                    let init = item.init.as_ref();
                    self.declarator_height(&item.declarator)
                        .max(init.map_or(0, |init| self.initializer_height(init)))
                });
                self.specs_height(specs).max(declarators.max().unwrap_or(0))
            }
        }
    }

    fn stmt_height(&self, kind: &StmtKind) -> u16 {
        let opt = |expr: &Option<ExprId>| expr.map_or(0, |expr| self.eh(expr));
        match kind {
            StmtKind::Compound(items) => {
                let items = items.iter().map(|&item| self.sh(item));
                items.max().unwrap_or(0)
            }
            StmtKind::Declaration(declaration) => self.declaration_height(declaration),
            StmtKind::Expr(value) | StmtKind::Return(value) => opt(value),
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                let otherwise = otherwise.map_or(0, |stmt| self.sh(stmt));
                self.eh(*cond).max(self.sh(*then)).max(otherwise)
            }
            StmtKind::While { cond, body, .. } | StmtKind::DoWhile { cond, body, .. } => {
                self.eh(*cond).max(self.sh(*body))
            }
            StmtKind::For {
                init,
                cond,
                step,
                body,
                ..
            } => {
                let init = init.map_or(0, |init| self.sh(init));
                init.max(opt(cond)).max(opt(step)).max(self.sh(*body))
            }
            StmtKind::Switch { value, body } => self.eh(*value).max(self.sh(*body)),
            StmtKind::Case { low, high, body } => self.eh(*low).max(opt(high)).max(self.sh(*body)),
            StmtKind::Default(body) | StmtKind::Label { body, .. } => self.sh(*body),
            StmtKind::GotoIndirect(target) => self.eh(*target),
            StmtKind::Asm(asm) => {
                let operands = asm.outputs.iter().chain(&asm.inputs);
                operands.map(|item| self.eh(item.expr)).max().unwrap_or(0)
            }
            StmtKind::Goto(..) | StmtKind::Continue | StmtKind::Break | StmtKind::Error => 0,
        }
    }
}
