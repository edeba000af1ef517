//! Actions of the grammar's rules for statements and external definitions (C11 6.8, 6.9).

use super::scopes::{NameKind, ScopeMark};
use super::specs::Specs;
use super::state::ParseState;
use crate::ast::*;
use crate::pp::Pragma;
use crate::token::TokenKind;
use bpfc_base::{Diagnostic, Span, Symbol, codes};

/// The text of inline assembly.
#[derive(Debug)]
pub(crate) struct AsmTemplate {
    template: StrLit,
    pieces: Vec<(Span, Symbol)>,
}

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

#[allow(clippy::boxed_local, reason = "big values stay off the parser's stack")]
impl ParseState<'_> {
    pub(crate) fn stmt(&self, l: u32, r: u32, kind: StmtKind) -> StmtId {
        self.inner().stmt(l, r, kind)
    }

    /// A declaration among statements. One of attributes only is an empty statement.
    pub(crate) fn decl_stmt(&self, l: u32, r: u32, declaration: Declaration) -> StmtId {
        let kind = match declaration {
            Declaration::Names {
                specs: DeclSpecs { ty: TypeSpec::Error, storage: None, ref attrs, .. },
                ref declarators,
                ..
            } if declarators.is_empty() && !attrs.is_empty() => StmtKind::Expr(None),
            declaration => StmtKind::Declaration(declaration),
        };
        self.stmt(l, r, kind)
    }

    pub(crate) fn attributed_stmt(
        &self,
        l: u32,
        r: u32,
        attrs: Vec<Attribute>,
        body: StmtId,
    ) -> StmtId {
        self.stmt(l, r, StmtKind::Attributed(attrs, body))
    }

    pub(crate) fn labeled(&self, l: u32, r: u32, label: Label, body: StmtId) -> StmtId {
        let kind = match label {
            Label::Case(low, high) => StmtKind::Case { low, high, body },
            Label::Default => StmtKind::Default(body),
            Label::Name(name) => {
                let (name, name_span) = self.inner().name(name);
                StmtKind::Label { name, name_span, body }
            }
        };
        self.stmt(l, r, kind)
    }

    pub(crate) fn goto(&self, l: u32, r: u32, name: u32) -> StmtId {
        let (name, span) = self.inner().name(name);
        self.stmt(l, r, StmtKind::Goto(name, span))
    }

    /// `__label__ a, b;`
    pub(crate) fn local_labels(&self, l: u32, r: u32, names: Vec<u32>) -> StmtId {
        let names = names.iter().map(|&name| self.inner().name(name)).collect();
        self.stmt(l, r, StmtKind::LocalLabels(names))
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

    /// The text of inline assembly, which the tokens `l..r` spell.
    pub(crate) fn asm_template(&self, l: u32, r: u32, template: StrLit) -> AsmTemplate {
        let inner = self.inner();
        let tokens = &inner.tokens[l as usize..r as usize];
        let pieces = tokens.iter().map(|token| (token.span, token.symbol)).collect();
        AsmTemplate { template, pieces }
    }

    pub(crate) fn asm_operand(
        &self,
        name: Option<u32>,
        constraint: StrLit,
        expr: ExprId,
    ) -> AsmItem {
        let name = name.map(|name| self.symbol(name));
        AsmItem::Operand(AsmOperand { name, constraint, expr })
    }

    pub(crate) fn asm(
        &self,
        l: u32,
        r: u32,
        quals: Vec<TokenKind>,
        template: AsmTemplate,
        sections: Vec<Vec<AsmItem>>,
    ) -> StmtId {
        let mut inner = self.inner();
        let AsmTemplate { template, pieces } = template;
        let mut asm = Asm {
            template,
            pieces,
            is_volatile: quals.contains(&TokenKind::KwVolatile),
            is_goto: quals.contains(&TokenKind::KwGoto),
            is_basic: sections.is_empty(),
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
        for (name, _) in params.into_iter().flatten().filter_map(|p| p.declarator.name) {
            inner.scopes.declare(name, NameKind::Variable);
        }
        Box::new(FunctionHead { specs, declarator: *declarator, attrs, scope })
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
        let is_unclosed = inner.unclosed.iter().any(|&at| l < at && at <= r);
        if is_unclosed {
            // What else the function should do is not there.
            let end = inner.stmt(r, r, StmtKind::Error);
            if let StmtKind::Compound(items) = &mut inner.tree.stmts[body].kind {
                items.push(end);
            }
        }
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
        self.inner().finish_item(r);
    }
}
