//! `memcmp` of a constant size, in place: BPF has no such function to call.

use super::dispatch::split_block;
use crate::ir::*;
use bpfc_base::Span;
use bpfc_isa::Endian;

/// Longest `memcmp` that is expanded, in bytes.
pub const MAX_COMPARE: i64 = 256;

/// Expands calls of `memcmp` whose size is known; true if there were any.
///
/// Requires: `body` is valid. Ensures: the same.
pub fn expand_compares(_: &Module, _: FuncId, body: &mut Body) -> bool {
    let mut changed = false;
    for block in body.reverse_postorder() {
        for idx in (0..body.blocks[block].insts.len()).rev() {
            let inst = body.blocks[block].insts[idx];
            let Op::Call(Callee::Memory(MemoryOp::Compare), args) = body.op(inst) else {
                continue;
            };
            let &[left, right, size, align] = args.as_slice() else {
                continue;
            };
            let (Some(n_bytes @ 0..=MAX_COMPARE), Some(align)) =
                (body.as_const(size), body.as_const(align))
            else {
                continue;
            };
            let span = body.values[inst].span;
            let rest = split_block(body, block, idx);
            let mut expansion = Expansion { body, at: block, rest, span };
            expansion.compare(left, right, n_bytes as u32, align.clamp(1, 8) as u32);
            changed = true;
        }
    }
    changed
}

/// Where the code goes.
struct Expansion<'a> {
    body: &'a mut Body,
    at: BlockId,
    /// What follows; its parameter is the result.
    rest: BlockId,
    span: Span,
}

impl Expansion<'_> {
    /// Compares word by word; the first different one, in big-endian order, decides.
    fn compare(&mut self, left: Value, right: Value, n_bytes: u32, align: u32) {
        let mut offset = 0;
        while offset < n_bytes {
            let fits = |width: &Width| width.bytes() <= n_bytes - offset;
            let width = Width::ALL.into_iter().rev().find(fits).unwrap_or(Width::W8);
            let mut load = |base: Value| {
                let access = Access {
                    align: align.min(width.bytes()),
                    ..Access::new(Address::new(base, offset as i32), width)
                };
                self.body.push(self.at, Op::Load(access), Type::I64, self.span)
            };
            let (a, b) = (load(left), load(right));
            let (differ, next) = (self.new_block(), self.new_block());
            self.branch((Cond::Ne, a, b), differ, next);
            self.at = differ;
            self.decide(a, b, width);
            self.at = next;
            offset += width.bytes();
        }
        self.leave(0);
    }

    fn decide(&mut self, a: Value, b: Value, width: Width) {
        let is_plain = width == Width::W8 || self.body.endian == Endian::Big;
        let [a, b] = [a, b].map(|value| match is_plain {
            true => value,
            false => self.body.push(self.at, Op::Bswap(value, width), Type::I64, self.span),
        });
        let (less, greater) = (self.new_block(), self.new_block());
        self.branch((Cond::ULt, a, b), less, greater);
        for (block, n) in [(less, -1), (greater, 1)] {
            self.at = block;
            self.leave(n);
        }
    }

    fn new_block(&mut self) -> BlockId {
        self.body.blocks.push(Block::default())
    }

    fn branch(&mut self, (cond, lhs, rhs): (Cond, Value, Value), then: BlockId, other: BlockId) {
        let (then, otherwise) = (Target::new(then), Target::new(other));
        self.end(Term::Branch { cond, lhs, rhs, then, otherwise });
    }

    /// Goes on with the result `n`.
    fn leave(&mut self, n: i64) {
        let mut target = Target::new(self.rest);
        if !self.body.blocks[self.rest].params.is_empty() {
            target.args.push(self.body.constant(Type::I32, n));
        }
        self.end(Term::Jump(target));
    }

    fn end(&mut self, term: Term) {
        self.body.blocks[self.at].term = term;
        self.body.blocks[self.at].term_span = self.span;
    }
}
