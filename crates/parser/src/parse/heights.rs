//! Heights of nodes that are about to be added, not counting the nodes themselves.

use super::state::Inner;
use crate::ast::*;
use bpfc_base::Idx;

/// Height of every node, by its id.
#[derive(Default)]
pub(crate) struct Heights {
    pub(super) exprs: Vec<u16>,
    pub(super) stmts: Vec<u16>,
    pub(super) type_names: Vec<u16>,
    pub(super) tag_specs: Vec<u16>,
}

impl Inner<'_> {
    fn eh(&self, expr: ExprId) -> u16 {
        self.heights.exprs[expr.index()]
    }

    fn sh(&self, stmt: StmtId) -> u16 {
        self.heights.stmts[stmt.index()]
    }

    pub(super) fn th(&self, name: TypeNameId) -> u16 {
        self.heights.type_names[name.index()]
    }

    fn arg_height(&self, arg: &AttrArg) -> u16 {
        match *arg {
            AttrArg::Expr(expr) => self.eh(expr),
            AttrArg::Type(ty) => self.th(ty),
        }
    }

    pub(super) fn expr_height(&self, kind: &ExprKind) -> u16 {
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
            self.designators_height(&item.designators).max(self.initializer_height(&item.init))
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

    pub(super) fn specs_height(&self, specs: &DeclSpecs) -> u16 {
        let ty = match specs.ty {
            TypeSpec::Tag(tag) => self.heights.tag_specs[tag.index()],
            TypeSpec::TypeofExpr(value) | TypeSpec::TypeofUnqualExpr(value) => self.eh(value),
            TypeSpec::TypeofType(ty) | TypeSpec::TypeofUnqualType(ty) => self.th(ty),
            _ => 0,
        };
        let alignas = specs.alignas.iter().map(|alignas| match *alignas {
            Alignas::Type(ty) => self.th(ty),
            Alignas::Expr(value) => self.eh(value),
        });
        ty.max(alignas.max().unwrap_or(0)).max(self.attrs_height(&specs.attrs))
    }

    /// Brackets limit how deep parameters nest: this recursion is short.
    pub(super) fn declarator_height(&self, declarator: &Declarator) -> u16 {
        let derived = declarator.derived.iter().map(|derived| match derived {
            Derivation::Pointer { attrs, .. } => self.attrs_height(attrs),
            Derivation::Array { size, .. } => size.map_or(0, |size| self.eh(size)),
            Derivation::Function { params, .. } => {
                let params = params.iter().map(|param| {
                    self.specs_height(&param.specs).max(self.declarator_height(&param.declarator))
                });
                params.max().unwrap_or(0) + 1
            }
        });
        derived.max().unwrap_or(0)
    }

    pub(super) fn tag_height(&self, tag: &TagSpec) -> u16 {
        let body = match &tag.body {
            None => 0,
            Some(TagBody::Enumerators(list)) => {
                let values = list.iter().filter_map(|item| item.value);
                values.map(|value| self.eh(value)).max().unwrap_or(0)
            }
            Some(TagBody::Members(list)) => {
                let members = list.iter().map(|member| match member {
                    MemberDecl::StaticAssert { cond, .. } => self.eh(*cond),
                    MemberDecl::Members { specs, declarators, .. } => {
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
            Declaration::Names { specs, declarators, .. } => {
                let declarators = declarators.iter().map(|item| {
                    let init = item.init.as_ref();
                    self.declarator_height(&item.declarator)
                        .max(init.map_or(0, |init| self.initializer_height(init)))
                });
                self.specs_height(specs).max(declarators.max().unwrap_or(0))
            }
        }
    }

    pub(super) fn stmt_height(&self, kind: &StmtKind) -> u16 {
        let opt = |expr: &Option<ExprId>| expr.map_or(0, |expr| self.eh(expr));
        match kind {
            StmtKind::Compound(items) => {
                let items = items.iter().map(|&item| self.sh(item));
                items.max().unwrap_or(0)
            }
            StmtKind::Declaration(declaration) => self.declaration_height(declaration),
            StmtKind::Expr(value) | StmtKind::Return(value) => opt(value),
            StmtKind::If { cond, then, otherwise } => {
                let otherwise = otherwise.map_or(0, |stmt| self.sh(stmt));
                self.eh(*cond).max(self.sh(*then)).max(otherwise)
            }
            StmtKind::While { cond, body, .. } | StmtKind::DoWhile { cond, body, .. } => {
                self.eh(*cond).max(self.sh(*body))
            }
            StmtKind::For { init, cond, step, body, .. } => {
                let init = init.map_or(0, |init| self.sh(init));
                init.max(opt(cond)).max(opt(step)).max(self.sh(*body))
            }
            StmtKind::Switch { value, body } => self.eh(*value).max(self.sh(*body)),
            StmtKind::Case { low, high, body } => self.eh(*low).max(opt(high)).max(self.sh(*body)),
            StmtKind::Default(body) | StmtKind::Label { body, .. } => self.sh(*body),
            StmtKind::Attributed(attrs, body) => self.attrs_height(attrs).max(self.sh(*body)),
            StmtKind::GotoIndirect(target) => self.eh(*target),
            StmtKind::Asm(asm) => {
                let operands = asm.outputs.iter().chain(&asm.inputs);
                operands.map(|item| self.eh(item.expr)).max().unwrap_or(0)
            }
            StmtKind::LocalLabels(_)
            | StmtKind::Goto(..)
            | StmtKind::Continue
            | StmtKind::Break
            | StmtKind::Error => 0,
        }
    }
}
