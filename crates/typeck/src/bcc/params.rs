//! Parameters behind the context: the arguments of the probed function, read from the
//! registers at its entry. Only those that are used.

use super::programs::Program;
use crate::checker::Checker;
use crate::hir::{
    Body, ExprId, FuncId, FuncType, Init, InitItem, InitValue, LocalId, PlaceId, PlaceKind,
    QualType, StmtId, StmtKind, Type, TypeId,
};
use crate::walk::{Node, walk};
use bpfc_base::codes::bcc::E0503;
use bpfc_base::{Diagnostic, Idx, Span};
use rustc_hash::FxHashSet;

/// Arguments in registers (System V AMD64 ABI §3.2.3); system calls have the fourth in `r10`.
const REGISTERS: [&str; 6] = ["di", "si", "dx", "cx", "r8", "r9"];
const SYSCALL_REGISTERS: [&str; 6] = ["di", "si", "dx", "r10", "r8", "r9"];

impl Checker<'_> {
    /// Gives each of `programs` one parameter; the others become locals.
    pub(super) fn read_params(&mut self, programs: &mut [Program]) {
        for program in programs {
            let Some(mut body) = self.module.funcs[program.func].body.take() else {
                continue;
            };
            let is_fine = body.n_params == 0 || self.check_params(program, &body);
            if body.n_params > 1 && program.is_probe {
                if is_fine {
                    std::mem::swap(&mut self.body, &mut body);
                    self.load_params(program);
                    std::mem::swap(&mut self.body, &mut body);
                }
                body.n_params = 1;
                self.keep_first_param(program.func);
            }
            self.module.funcs[program.func].body = Some(body);
        }
    }

    fn check_params(&mut self, program: &Program, body: &Body) -> bool {
        let locals = &body.locals;
        let param = |index: usize| &locals[LocalId::new(index)];
        let first = param(0);
        if self.is_error(first.ty.ty) {
            return false;
        }
        if !self.is_pointer(first.ty.ty) {
            let shown = self.show_qual(first.ty);
            let message =
                format!("the first parameter of a program is its context, found `{shown}`");
            self.report(
                Diagnostic::new(E0503, first.span, message)
                    .with_help("a probe's is `struct pt_regs *ctx`"),
            );
            return false;
        }
        if body.n_params > 1 && !program.is_probe {
            let message = "this program has its context as the only parameter";
            let diagnostic = Diagnostic::new(E0503, param(1).span, message);
            self.report(diagnostic.with_note("only probes have the arguments of a function"));
            return false;
        }
        if body.n_params > 1 + REGISTERS.len() {
            let message = format!(
                "a probe takes at most {} arguments behind its context, found {}",
                REGISTERS.len(),
                body.n_params - 1
            );
            let diagnostic = Diagnostic::new(E0503, param(1 + REGISTERS.len()).span, message);
            self.report(diagnostic.with_note("only these are in registers"));
            return false;
        }
        for index in 1..body.n_params {
            let ty = param(index).ty;
            if !self.is_scalar(ty.ty) && !self.is_error(ty.ty) {
                let shown = self.show_qual(ty);
                let message = format!("an argument in a register is no `{shown}`");
                self.report(
                    Diagnostic::new(E0503, param(index).span, message)
                        .with_help("take a number or a pointer"),
                );
                return false;
            }
        }
        true
    }

    /// In `self.body`: gives the parameters that are used their values.
    fn load_params(&mut self, program: &mut Program) {
        let used = used_locals(&self.body);
        let n_params = std::mem::replace(&mut self.body.n_params, 1);
        let span = self.body.locals[LocalId::new(0)].span;
        let Some(mut regs) = self.registers(span) else {
            return;
        };
        let mut stmts = Vec::new();
        let names = if program.is_wrapped {
            let is_used = (1..n_params).any(|index| used.contains(&LocalId::new(index)));
            if is_used && let Some(inner) = self.wrapped_registers(regs, span) {
                let (local, init) = self.fill_temporary(inner);
                stmts.push(init);
                let ptr = self.local(local, span);
                regs = self.deref(ptr, span);
            }
            SYSCALL_REGISTERS
        } else {
            REGISTERS
        };
        for (index, name) in (1..n_params).zip(names) {
            let local = LocalId::new(index);
            program.params.push(local);
            if used.contains(&local) {
                stmts.extend(self.load_param(program, regs, local, name));
            }
        }
        stmts.append(&mut self.body.root);
        self.body.root = stmts;
    }

    fn load_param(
        &mut self,
        program: &Program,
        regs: PlaceId,
        local: LocalId,
        register: &str,
    ) -> Option<StmtId> {
        let (ty, span) = {
            let local = &self.body.locals[local];
            (local.ty, local.span)
        };
        let place = self.register(regs, register, span)?;
        let value = if program.is_wrapped {
            self.kernel_read(place, "bpf_probe_read_kernel", span)
        } else {
            self.load(place)
        };
        let value = self.cast(value, ty.ty, span);
        let init = Init {
            zero_rest: false,
            items: vec![InitItem { offset_bits: 0, bits: None, value: InitValue::Expr(value) }],
        };
        Some(self.statement(StmtKind::Init(local, init), span))
    }

    /// `*(struct pt_regs *)ctx`
    fn registers(&mut self, span: Span) -> Option<PlaceId> {
        let ptr = self.registers_pointer(span)?;
        let ctx = self.local(LocalId::new(0), span);
        let ctx = self.cast(ctx, ptr, span);
        Some(self.deref(ctx, span))
    }

    fn registers_pointer(&mut self, span: Span) -> Option<TypeId> {
        let name = self.session.intern("pt_regs");
        let ty = self.struct_by_name(name);
        self.complete(ty).then(|| self.ptr_to(QualType::plain(ty), span))
    }

    /// `(struct pt_regs *)regs->di`
    fn wrapped_registers(&mut self, regs: PlaceId, span: Span) -> Option<ExprId> {
        let ptr = self.registers_pointer(span)?;
        let place = self.register(regs, REGISTERS[0], span)?;
        let value = self.load(place);
        Some(self.cast(value, ptr, span))
    }

    /// The register `name` of `regs`; on arm64 the one that is passed in its stead.
    fn register(&mut self, regs: PlaceId, name: &str, span: Span) -> Option<PlaceId> {
        let record = self.record_of(self.body.places[regs].ty.ty)?;
        let symbol = self.session.intern(name);
        if self.find_member(record, symbol).is_some() {
            return Some(self.member_place(regs, symbol, span, span));
        }
        let number = REGISTERS.iter().position(|known| *known == name);
        let number = number.unwrap_or(3);
        let symbol = self.session.intern("regs");
        self.find_member(record, symbol)?;
        let base = self.member_place(regs, symbol, span, span);
        let (elem, _) = self.as_array(self.body.places[base].ty.ty)?;
        let index = self.int(number as i128, self.common.ulong, span);
        Some(self.place(PlaceKind::Index { base, index }, elem, span))
    }

    fn keep_first_param(&mut self, func: FuncId) {
        let Some(ty) = self.as_func(self.module.funcs[func].ty) else {
            return;
        };
        let ty = FuncType { params: ty.params.iter().take(1).copied().collect(), ..ty.clone() };
        let span = self.module.funcs[func].span;
        self.module.funcs[func].ty = self.derive(Type::Func(ty), span);
    }
}

fn used_locals(body: &Body) -> FxHashSet<LocalId> {
    let mut used = FxHashSet::default();
    walk(body, |node| {
        if let Node::Place(id) = node
            && let PlaceKind::Local(local) = body.places[id].kind
        {
            used.insert(local);
        }
    });
    used
}
