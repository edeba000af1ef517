//! Statements (C11 6.8) and initialisation (C11 6.7.9).

use super::Ctx;
use super::record::Passing;
use crate::ir::*;
use bpfc_typeck::hir::{self, InitValue, StmtId, StmtKind};

/// Longest chain of comparisons for a `switch`; longer ones are halved first. A chain is
/// the shortest code, halving the shortest way.
const MAX_CHAIN: usize = 16;

impl Ctx<'_> {
    pub(super) fn lower_stmts(&mut self, stmts: &[StmtId]) {
        stmts.iter().for_each(|&stmt| self.lower_stmt(stmt));
    }

    pub(super) fn lower_stmt(&mut self, id: StmtId) {
        let hir = self.hir;
        let stmt = &hir.stmts[id];
        self.span = stmt.span;
        match &stmt.kind {
            StmtKind::Expr(expr) => self.lower_effect(*expr),
            StmtKind::Declare(_) => {}
            StmtKind::Init(local, init) => self.lower_init(*local, init),
            StmtKind::Block(stmts) => self.lower_stmts(stmts),
            StmtKind::If { cond, then, otherwise } => {
                let (yes, join) = (self.new_block(), self.new_block());
                let no = otherwise.map_or(join, |_| self.new_block());
                self.lower_cond(*cond, yes, no);
                self.start_block(yes);
                self.lower_stmt(*then);
                self.jump(join);
                if let Some(otherwise) = otherwise {
                    self.start_block(no);
                    self.lower_stmt(*otherwise);
                    self.jump(join);
                }
                self.start_block(join);
            }
            StmtKind::Loop { .. } => self.lower_loop(&stmt.kind),
            StmtKind::Switch { value, cases, default, body } => {
                self.lower_switch(*value, cases, *default, *body);
            }
            StmtKind::Label(label) => {
                let block = self.labels[*label];
                self.jump(block);
                self.start_block(block);
            }
            StmtKind::Goto(label) => {
                let block = self.labels[*label];
                self.jump(block);
            }
            StmtKind::Break => {
                let block = *self.breaks.last().expect("checked: inside a loop or `switch`");
                self.jump(block);
            }
            StmtKind::Continue => {
                let block = *self.continues.last().expect("checked: inside a loop");
                self.jump(block);
            }
            StmtKind::Return(value) => self.lower_return(*value),
            StmtKind::Asm(asm) => self.lower_asm(asm),
        }
    }

    fn lower_return(&mut self, value: Option<hir::ExprId>) {
        let span = self.span;
        let Some(value) = value else {
            return self.return_nothing();
        };
        match self.ret {
            Passing::Void => {
                self.lower_effect(value);
                self.end_block(Term::Return(None));
            }
            Passing::Scalar(_) => {
                let value = self.lower_expr(value);
                self.span = span;
                let value = self.register_value(value);
                self.end_block(Term::Return(Some(value)));
            }
            Passing::Packed(_) | Passing::Pair(_) | Passing::Memory => self.return_record(value),
        }
    }

    fn lower_loop(&mut self, kind: &StmtKind) {
        let StmtKind::Loop { init, cond, step, body, is_condition_first, unroll } = kind else {
            return;
        };
        if let Some(init) = init {
            self.lower_stmt(*init);
        }
        let header = self.new_block();
        self.out.blocks[header].unroll = *unroll;
        let (next, exit) = (self.new_block(), self.new_block());
        self.jump(header);
        self.start_block(header);
        if *is_condition_first {
            self.lower_loop_cond(*cond, exit);
        }
        self.breaks.push(exit);
        self.continues.push(next);
        self.lower_stmt(*body);
        self.breaks.pop();
        self.continues.pop();
        self.jump(next);
        self.start_block(next);
        if let Some(step) = step {
            self.lower_effect(*step);
        }
        if !*is_condition_first {
            self.lower_loop_cond(*cond, exit);
        }
        self.jump(header);
        self.start_block(exit);
    }

    /// Leaves the loop if the condition is false.
    fn lower_loop_cond(&mut self, cond: Option<hir::ExprId>, exit: BlockId) {
        if let Some(cond) = cond {
            let inside = self.new_block();
            self.lower_cond(cond, inside, exit);
            self.start_block(inside);
        }
    }

    fn lower_switch(
        &mut self,
        value: hir::ExprId,
        cases: &[hir::Case],
        default: Option<hir::LabelId>,
        body: StmtId,
    ) {
        let span = self.span;
        let exit = self.new_block();
        let default = default.map_or(exit, |label| self.labels[label]);
        if self.is_wide(value) {
            self.lower_wide_cases(value, cases, default);
        } else {
            let is_signed = {
                let expr = &self.hir.exprs[value];
                self.scalar(expr.ty, expr.span).is_signed()
            };
            let value = self.lower_expr(value);
            self.span = span;
            let mut sorted = cases.to_vec();
            sorted.sort_by_key(|case| case.low);
            let order = if is_signed { Cond::SLt } else { Cond::ULt };
            self.lower_cases(value, order, &sorted, default);
        }
        self.breaks.push(exit);
        self.lower_stmt(body);
        self.breaks.pop();
        self.jump(exit);
        self.start_block(exit);
    }

    fn lower_cases(&mut self, value: Value, less: Cond, cases: &[hir::Case], default: BlockId) {
        if cases.len() > MAX_CHAIN {
            let (low, high) = cases.split_at(cases.len() / 2);
            let ty = self.out.ty(value);
            let pivot = self.int(ty, high[0].low as i64);
            let (below, above) = (self.new_block(), self.new_block());
            self.branch((less, value, pivot), below, above);
            self.start_block(below);
            self.lower_cases(value, less, low, default);
            self.start_block(above);
            return self.lower_cases(value, less, high, default);
        }
        let ty = self.out.ty(value);
        for case in cases {
            let next = self.new_block();
            let target = self.labels[case.label];
            let low = self.int(ty, case.low as i64);
            if case.low == case.high {
                self.branch((Cond::Eq, value, low), target, next);
            } else {
                let distance = self.binary(BinaryOp::Sub, value, low);
                let length = self.int(ty, (case.high - case.low) as i64);
                self.branch((Cond::ULe, distance, length), target, next);
            }
            self.start_block(next);
        }
        self.jump(default);
    }

    fn lower_init(&mut self, local: hir::LocalId, init: &hir::Init) {
        let hir = self.hir;
        let ty = hir.locals[local].ty;
        let slot = self.slots[local];
        let base = Address::new(self.out.slot_addr(slot, 0), 0);
        let size = self.types.size_of(ty.ty).unwrap_or(0);
        let align = self.out.slots[slot].align;
        let has_bits = init.items.iter().any(|item| item.bits.is_some());
        if (init.zero_rest && !self.covers_all(size, init)) || has_bits {
            let byte = self.zero(Type::I32);
            let n_bytes = self.out.slots[slot].size;
            self.emit(Op::MemSet { dst: base, byte, n_bytes, align }, Type::Void);
        }
        for item in &init.items {
            let offset = (item.offset_bits / 8) as i32;
            let at = Address::new(base.base, offset);
            match &item.value {
                InitValue::Bytes(bytes) => self.store_bytes(base.base, offset, align, bytes),
                InitValue::Expr(expr) => {
                    let ty = hir::QualType { ty: hir.exprs[*expr].ty, quals: ty.quals };
                    if self.types.record_of(ty.ty).is_some() {
                        let src = self.lower_record(*expr);
                        self.copy_record(at, src, ty.ty);
                        continue;
                    }
                    if self.is_wide(*expr) {
                        let value = self.lower_wide(*expr);
                        let place = self.init_place(base.base, align, item);
                        self.write_wide(&place, ty, value);
                        continue;
                    }
                    let value = self.lower_expr(*expr);
                    let place = self.init_place(base.base, align, item);
                    self.write(&place, ty, value);
                }
            }
        }
    }

    /// True if the items fill the object, so that nothing is left to be zeroed.
    fn covers_all(&self, size: u64, init: &hir::Init) -> bool {
        let mut covered: Vec<(u64, u64)> = Vec::new();
        for item in &init.items {
            let start = item.offset_bits / 8;
            let n_bytes = match &item.value {
                InitValue::Bytes(bytes) => bytes.len() as u64,
                // A record's copy includes its padding.
                InitValue::Expr(expr) => self.types.size_of(self.hir.exprs[*expr].ty).unwrap_or(0),
            };
            if item.bits.is_none() {
                covered.push((start, start + n_bytes));
            }
        }
        covered.sort_unstable();
        let mut end = 0;
        for (start, stop) in covered {
            if start > end {
                return false;
            }
            end = end.max(stop);
        }
        end >= size
    }

    /// Stores constant bytes, as few and wide as alignment allows.
    fn store_bytes(&mut self, base: Value, offset: i32, align: u32, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as i32;
            let fits = |width: &Width| {
                let n = width.bytes() as usize;
                n <= bytes.len() - done && at % n as i32 == 0 && n as u32 <= align.max(8)
            };
            let width = Width::ALL.into_iter().rev().find(fits).unwrap_or(Width::W8);
            let n = width.bytes() as usize;
            let number = self.out.number_of_bytes(&bytes[done..done + n]);
            let value = self.int(Type::I64, number);
            let access = Access {
                align: width.bytes().min(align),
                ..Access::new(Address::new(base, at), width)
            };
            self.emit(Op::Store(access, value), Type::Void);
            done += n;
        }
    }
}
