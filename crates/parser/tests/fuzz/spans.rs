//! Every span of a tree and of a report.

use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast::*;

#[derive(Default)]
pub struct Spans {
    pub all: Vec<Span>,
}

impl Spans {
    fn add(&mut self, span: Span) {
        self.all.push(span);
    }

    pub fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let labels = diagnostic.primary.iter().chain(&diagnostic.secondary);
        self.all.extend(labels.map(|label| label.span));
        self.all.extend(diagnostic.notes.iter().filter_map(|note| note.span));
        let edits = diagnostic.helps.iter().flat_map(|help| &help.edits);
        self.all.extend(edits.map(|edit| edit.span));
    }

    pub fn unit(&mut self, unit: &TranslationUnit) {
        for item in &unit.items {
            match item {
                Item::Function(function) => {
                    self.add(function.span);
                    self.specs(&function.specs);
                    self.declarator(&function.declarator);
                    self.attrs(&function.attrs);
                }
                Item::Declaration(declaration) => self.declaration(declaration),
                Item::Asm(span) | Item::Error(span) => self.add(*span),
                Item::Deferred(_) => {}
            }
        }
        for expr in unit.exprs.iter() {
            self.add(expr.span);
            match &expr.kind {
                ExprKind::Member { member_span, .. } | ExprKind::Arrow { member_span, .. } => {
                    self.add(*member_span);
                }
                ExprKind::Str(string) => self.add(string.span),
                ExprKind::CompoundLiteral(_, list) => self.list(list),
                ExprKind::Offsetof(_, path) => self.designators(path),
                _ => {}
            }
        }
        for stmt in unit.stmts.iter() {
            self.add(stmt.span);
            match &stmt.kind {
                StmtKind::Declaration(declaration) => self.declaration(declaration),
                StmtKind::Label { name_span, .. } => self.add(*name_span),
                StmtKind::Goto(_, span) => self.add(*span),
                StmtKind::Asm(asm) => {
                    self.add(asm.template.span);
                    let operands = asm.outputs.iter().chain(&asm.inputs);
                    self.all.extend(operands.map(|operand| operand.constraint.span));
                    self.all.extend(asm.clobbers.iter().map(|clobber| clobber.span));
                    self.all.extend(asm.labels.iter().map(|(_, span)| *span));
                }
                _ => {}
            }
        }
        for name in unit.type_names.iter() {
            self.add(name.span);
            self.specs(&name.specs);
            self.declarator(&name.declarator);
        }
        for tag in unit.tag_specs.iter() {
            self.tag(tag);
        }
    }

    fn tag(&mut self, tag: &TagSpec) {
        self.add(tag.span);
        self.all.extend(tag.name.map(|(_, span)| span));
        self.attrs(&tag.attrs);
        match &tag.body {
            None => {}
            Some(TagBody::Enumerators(list)) => self.all.extend(list.iter().map(|item| item.span)),
            Some(TagBody::Members(list)) => {
                for member in list {
                    match member {
                        MemberDecl::Members { specs, declarators, span } => {
                            self.add(*span);
                            self.specs(specs);
                            for member in declarators {
                                self.declarator(&member.declarator);
                                self.attrs(&member.attrs);
                            }
                        }
                        MemberDecl::StaticAssert { message, span, .. } => {
                            self.add(*span);
                            self.all.extend(message.as_ref().map(|message| message.span));
                        }
                    }
                }
            }
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        match declaration {
            Declaration::StaticAssert { message, span, .. } => {
                self.add(*span);
                self.all.extend(message.as_ref().map(|message| message.span));
            }
            Declaration::Names { specs, declarators, span } => {
                self.add(*span);
                self.specs(specs);
                for item in declarators {
                    self.declarator(&item.declarator);
                    self.all.extend(item.asm_label.as_ref().map(|label| label.span));
                    self.attrs(&item.attrs);
                    if let Some(Initializer::List(list)) = &item.init {
                        self.list(list);
                    }
                }
            }
        }
    }

    fn specs(&mut self, specs: &DeclSpecs) {
        self.add(specs.span);
        self.all.extend(specs.storage.map(|(_, span)| span));
        self.attrs(&specs.attrs);
        if let TypeSpec::Typedef(_, span) = specs.ty {
            self.add(span);
        }
    }

    fn attrs(&mut self, attrs: &[Attribute]) {
        self.all.extend(attrs.iter().map(|attr| attr.span));
    }

    fn declarator(&mut self, declarator: &Declarator) {
        self.add(declarator.span);
        self.all.extend(declarator.name.map(|(_, span)| span));
        self.attrs(&declarator.attrs);
        for derived in &declarator.derived {
            match derived {
                Derivation::Pointer { attrs, .. } => self.attrs(attrs),
                Derivation::Array { span, .. } => self.add(*span),
                Derivation::Function { params, span, .. } => {
                    self.add(*span);
                    for param in params {
                        self.add(param.span);
                        self.specs(&param.specs);
                        self.declarator(&param.declarator);
                        self.attrs(&param.attrs);
                    }
                }
            }
        }
    }

    fn list(&mut self, list: &InitList) {
        self.add(list.span);
        for item in &list.items {
            self.add(item.span);
            self.designators(&item.designators);
            if let Initializer::List(inner) = &item.init {
                self.list(inner);
            }
        }
    }

    fn designators(&mut self, designators: &[Designator]) {
        for designator in designators {
            if let Designator::Member(_, span) = designator {
                self.add(*span);
            }
        }
    }
}
