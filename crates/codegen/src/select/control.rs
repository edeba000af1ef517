//! Comparisons, branches, block parameters, returns.

use super::Ctx;
use super::parallel::{Copy, sequentialize};
use crate::ir::{self, BinaryOp, BlockId as IrBlock, Cond, Op as IrOp, Target, Type, Value};
use crate::mach::{BlockId, Source, Term, VReg};
use bpfc_isa::{AluOp, Cpu, JmpOp, Reg, Width};

/// A condition that an instruction can test.
struct Test {
    op: JmpOp,
    width: Width,
    lhs: VReg,
    rhs: Source<VReg>,
    /// It holds where the wanted condition does not.
    is_negated: bool,
}

impl Ctx<'_> {
    pub fn select_term(&mut self, id: IrBlock, term: &ir::Term) {
        match term {
            ir::Term::Unreachable if self.func.is_naked => self.end(Term::Nowhere),
            ir::Term::Unreachable => {
                // The verifier follows all paths: let this one end.
                self.emit_imm(AluOp::Mov, Self::machine(Reg::R0), 0);
                self.end(Term::Exit { has_value: true });
            }
            ir::Term::Jump(target) => {
                self.pass_args(target);
                let target = self.start(target.block);
                self.end(Term::Jump(target));
            }
            ir::Term::Branch { cond, lhs, rhs, then, otherwise } => {
                let test = self.branch_test(*cond, *lhs, *rhs);
                let from = self.block;
                let (made, globals) = (self.made.clone(), self.made_globals.clone());
                let then = self.edge(id, then);
                (self.made, self.made_globals) = (made, globals);
                let otherwise = self.edge(id, otherwise);
                self.block = from;
                self.end(branch(test, then, otherwise));
            }
            ir::Term::Return(value) => self.select_return(*value),
        }
    }

    fn end(&mut self, term: Term<VReg>) {
        self.out.blocks[self.block].term = term;
    }

    fn select_return(&mut self, value: Option<Value>) {
        let r0 = Self::machine(Reg::R0);
        match value {
            Some(value) => self.put(r0, value),
            // The kernel reads what a program returns.
            None if self.func.section.is_some() => self.emit_imm(AluOp::Mov, r0, 0),
            None => return self.end(Term::Exit { has_value: false }),
        }
        self.end(Term::Exit { has_value: true });
    }

    /// Where an edge of a branch leads: the target, or a block that passes its arguments.
    pub fn edge(&mut self, from: IrBlock, target: &Target) -> BlockId {
        let start = self.start(target.block);
        let params = &self.body.blocks[target.block].params;
        if params.iter().all(|&param| self.facts.n_uses[param] == 0) {
            return start;
        }
        self.depth = self.facts.depth[from].min(self.facts.depth[target.block]);
        let block = self.new_block();
        self.out.blocks[block].term_span = self.span;
        self.out.layout.push(block);
        self.block = block;
        self.pass_args(target);
        self.end(Term::Jump(start));
        block
    }

    /// Copies arguments to the parameters of `target`.
    fn pass_args(&mut self, target: &Target) {
        let params = &self.body.blocks[target.block].params;
        let mut copies = Vec::new();
        let mut leaves = Vec::new();
        for (&param, &arg) in params.iter().zip(&target.args) {
            if self.facts.n_uses[param] == 0 {
                continue;
            }
            let dst = self.define(param);
            if self.body.op(arg).is_leaf() {
                leaves.push((dst, arg));
                continue;
            }
            let is_zext = self.facts.must_be_clean[param] && !self.facts.is_clean[arg];
            let src = self.reg(arg);
            copies.push(Copy { dst, src, is_zext });
        }
        for copy in sequentialize(copies, || self.new_register()) {
            match copy.is_zext {
                true => {
                    let src = Source::Reg(copy.src);
                    self.emit_alu(Width::W32, AluOp::Mov, copy.dst, src);
                }
                false => self.emit_copy(copy.dst, copy.src),
            }
        }
        for (dst, leaf) in leaves {
            self.put(dst, leaf);
        }
    }

    /// The test of a branch, with a comparison or bit test folded into it.
    fn branch_test(&mut self, cond: Cond, lhs: Value, rhs: Value) -> Test {
        if !self.facts.is_folded[lhs] {
            return self.test(cond, lhs, rhs);
        }
        match self.body.op(lhs) {
            IrOp::Compare(inner, a, b) => {
                let inner = match cond {
                    Cond::Eq => inner.negate(),
                    _ => inner,
                };
                self.test(inner, a, b)
            }
            IrOp::Binary(BinaryOp::And, a, b) => self.bit_test(cond, lhs, a, b),
            op => unreachable!("only comparisons and bit tests are folded, not {op:?}"),
        }
    }

    /// Is `a & b` zero?
    fn bit_test(&mut self, cond: Cond, and: Value, a: Value, b: Value) -> Test {
        let (a, b) = match self.body.op(a).is_leaf() {
            true => (b, a),
            false => (a, b),
        };
        let is_narrow = self.body.ty(and) == Type::I32;
        let (width, rhs) = if !is_narrow {
            (Width::W64, self.source(Width::W64, b))
        } else if self.has_alu32() {
            (Width::W32, self.source(Width::W32, b))
        } else {
            // One operand without upper half is enough.
            (Width::W64, self.unsigned_source(b))
        };
        Test { op: JmpOp::Set, width, lhs: self.reg(a), rhs, is_negated: cond == Cond::Eq }
    }

    fn test(&mut self, cond: Cond, lhs: Value, rhs: Value) -> Test {
        let swaps = self.body.op(lhs).is_leaf() && !self.body.op(rhs).is_leaf();
        let (cond, lhs, rhs) = match swaps {
            true => (cond.swap(), rhs, lhs),
            false => (cond, lhs, rhs),
        };
        let is_zero = cond == Cond::Eq && self.is_number_and_zero(lhs, rhs);
        let is_nonzero = cond == Cond::Ne && self.is_number_and_zero(lhs, rhs);
        let cond = if is_zero || is_nonzero { Cond::UGt } else { cond };
        let (width, lhs, rhs) = self.test_operands(cond, lhs, rhs);
        let needs_v2 = matches!(cond, Cond::ULt | Cond::ULe | Cond::SLt | Cond::SLe);
        let is_negated = needs_v2 && self.cpu < Cpu::V2;
        let cond = match is_negated {
            true => cond.negate(),
            false => cond,
        };
        let op = match cond {
            Cond::Eq => JmpOp::Eq,
            Cond::Ne => JmpOp::Ne,
            Cond::ULt => JmpOp::Lt,
            Cond::ULe => JmpOp::Le,
            Cond::UGt => JmpOp::Gt,
            Cond::UGe => JmpOp::Ge,
            Cond::SLt => JmpOp::SLt,
            Cond::SLe => JmpOp::SLe,
            Cond::SGt => JmpOp::SGt,
            Cond::SGe => JmpOp::SGe,
        };
        Test { op, width, lhs, rhs, is_negated: is_negated != is_zero }
    }

    /// Whether a number is compared with zero, which is then done by size: that a number is not zero is nothing that kernels
    /// before 6.8 remember of it, that it is greater is. Of what may be a pointer to the verifier, only equality tells it
    /// whether it is null.
    fn is_number_and_zero(&self, lhs: Value, rhs: Value) -> bool {
        let is_number = match self.body.op(lhs) {
            // Contexts hold pointers that C takes for numbers.
            IrOp::Load(access) => !matches!(self.body.op(access.address.base), IrOp::Param),
            IrOp::Binary(..) | IrOp::Zext(_) | IrOp::Bswap(..) => true,
            _ => false,
        };
        is_number && self.body.ty(lhs) != Type::Ptr && self.body.as_const(rhs) == Some(0)
    }

    fn test_operands(&mut self, cond: Cond, lhs: Value, rhs: Value) -> (Width, VReg, Source<VReg>) {
        if self.body.ty(lhs) != Type::I32 {
            let rhs = self.source(Width::W64, rhs);
            return (Width::W64, self.reg(lhs), rhs);
        }
        if self.has_alu32() && !self.is_better_wide(cond, lhs, rhs) {
            let rhs = self.source(Width::W32, rhs);
            return (Width::W32, self.reg(lhs), rhs);
        }
        let (lhs, rhs) = match cond.is_signed() {
            true => (self.signed_source(lhs), self.signed_source(rhs)),
            false => (self.unsigned_source(lhs), self.unsigned_source(rhs)),
        };
        (Width::W64, self.source_register(lhs), rhs)
    }

    /// Where upper halves are zero, the 64-bit comparison says the same, and more to the
    /// verifier: it learns the range of the whole register (before Linux 5.7 only so).
    fn is_better_wide(&self, cond: Cond, lhs: Value, rhs: Value) -> bool {
        let fits = match self.body.as_const(rhs) {
            Some(n) => n >= 0,
            None => self.facts.is_clean[rhs],
        };
        !cond.is_signed() && fits && self.facts.is_clean[lhs] && !self.body.op(lhs).is_leaf()
    }

    /// A comparison as a number: by a branch around `dst = 0`.
    pub fn select_compare(&mut self, value: Value, cond: Cond, lhs: Value, rhs: Value) {
        let dst = self.define(value);
        let test = self.test(cond, lhs, rhs);
        let zero = self.new_block();
        let next = self.new_block();
        self.emit_imm(AluOp::Mov, dst, 1);
        self.go_on(branch(test, next, zero), zero);
        self.emit_imm(AluOp::Mov, dst, 0);
        self.go_on(Term::Jump(next), next);
    }
}

fn branch(test: Test, then: BlockId, otherwise: BlockId) -> Term<VReg> {
    let (then, otherwise) = match test.is_negated {
        true => (otherwise, then),
        false => (then, otherwise),
    };
    if then == otherwise {
        return Term::Jump(then);
    }
    Term::Branch { op: test.op, width: test.width, lhs: test.lhs, rhs: test.rhs, then, otherwise }
}
