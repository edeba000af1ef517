//! Algebraic simplification, address folding and common subexpressions, in one walk.
//!
//! Blocks are visited in reverse postorder, so operands are simplified before their users
//! but for block parameters; the rules are in [`rules`](super::rules).

use super::cfg::Replacements;
use super::known_bits::ParamBits;
use super::rules::{self, Found};
use crate::analysis::{Dominators, count_uses};
use crate::ir::*;
use bpfc_base::{IndexVec, Span};
use rustc_hash::FxHashMap;

/// Simplifies every instruction; true if anything changed.
///
/// Ensures: equal pure instructions do not dominate each other; constants are right
/// operands; accesses have what is constant of their address in their offset.
pub fn simplify(module: &Module, body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let uses = count_uses(body);
    let replaced = Replacements::new(body);
    let param_bits = ParamBits::new(body, &dominators.order);
    let mut ctx = Simplifier {
        module,
        param_bits,
        body,
        uses,
        replaced,
        block: dominators.order[0],
        out: Vec::new(),
        span: Span::NONE,
        known: FxHashMap::default(),
        dominators: &dominators,
        changed: false,
    };
    for &block in &dominators.order {
        ctx.simplify_block(block);
    }
    let Simplifier { replaced, changed, .. } = ctx;
    replaced.apply(body) | changed
}

/// State of the walk, and what rules may ask and make.
pub(super) struct Simplifier<'a> {
    pub(super) module: &'a Module,
    pub(super) body: &'a mut Body,
    uses: IndexVec<Value, u32>,
    replaced: Replacements,
    param_bits: ParamBits,
    block: BlockId,
    /// The block's instructions so far.
    out: Vec<Value>,
    span: Span,
    /// Pure instructions and the blocks that they are in.
    known: FxHashMap<(Op, Type), Vec<(BlockId, Value)>>,
    dominators: &'a Dominators,
    changed: bool,
}

/// Rules that may apply to one instruction, one after the other.
const MAX_STEPS: usize = 16;

impl Simplifier<'_> {
    fn simplify_block(&mut self, id: BlockId) {
        self.block = id;
        let insts = std::mem::take(&mut self.body.blocks[id].insts);
        self.out = Vec::with_capacity(insts.len());
        for inst in insts {
            let Inst { mut op, ty, span } = self.body.values[inst];
            self.span = span;
            op.for_each_operand_mut(|value| *value = self.replaced.get(*value));
            match self.reduce(op, ty) {
                Found::Value(value) => {
                    self.changed = true;
                    self.add_uses(value, self.uses[inst]);
                    self.replaced.set(inst, value);
                }
                Found::Op(new) => {
                    self.changed |= new != self.body.values[inst].op;
                    self.body.values[inst].op = new;
                    self.remember(new, ty, inst);
                    self.out.push(inst);
                }
            }
        }
        self.simplify_term(id);
        self.body.blocks[id].insts = std::mem::take(&mut self.out);
    }

    fn simplify_term(&mut self, id: BlockId) {
        let mut term = std::mem::replace(&mut self.body.blocks[id].term, Term::Unreachable);
        self.span = self.body.blocks[id].term_span;
        term.for_each_operand_mut(|value| *value = self.replaced.get(*value));
        if let Term::Branch { cond, lhs, rhs, .. } = &mut term {
            for _ in 0..MAX_STEPS {
                let Some(new) = rules::simplify_condition(self, (*cond, *lhs, *rhs)) else {
                    break;
                };
                self.changed = true;
                (*cond, *lhs, *rhs) = new;
                self.add_uses(*lhs, 1);
                self.add_uses(*rhs, 1);
            }
        }
        self.body.blocks[id].term = term;
    }

    /// Counts are never too low, so that "single use" can be relied on.
    fn add_uses(&mut self, value: Value, n: u32) {
        if let Some(uses) = self.uses.get_mut(value) {
            *uses += n;
        }
    }

    /// What `op` can be replaced by; itself if by nothing.
    fn reduce(&mut self, mut op: Op, ty: Type) -> Found {
        for _ in 0..MAX_STEPS {
            match rules::simplify_op(self, op, ty) {
                None => break,
                Some(Found::Value(value)) => return Found::Value(value),
                Some(Found::Op(new)) => {
                    self.count_new_uses(op, new);
                    op = new;
                }
            }
        }
        match self.find_known(op, ty) {
            Some(value) => Found::Value(value),
            None => Found::Op(op),
        }
    }

    /// `new` stands for `old`: what only it uses has a user more, as `old` may stay.
    fn count_new_uses(&mut self, old: Op, new: Op) {
        new.for_each_operand(|value| {
            let mut was_used = false;
            old.for_each_operand(|used| was_used |= used == value);
            if !was_used {
                self.add_uses(value, 1);
            }
        });
    }

    fn find_known(&self, op: Op, ty: Type) -> Option<Value> {
        let known = self.known.get(&(op, ty))?;
        let dominates =
            |(block, _): &&(BlockId, Value)| self.dominators.dominates(*block, self.block);
        known.iter().find(dominates).map(|&(_, value)| value)
    }

    fn remember(&mut self, op: Op, ty: Type, value: Value) {
        if op.is_pure() {
            self.known.entry((op, ty)).or_default().push((self.block, value));
        }
    }

    /// A value computed here: an old one, or a new instruction.
    pub(super) fn make(&mut self, op: Op, ty: Type) -> Value {
        if op.is_leaf() {
            return self.body.leaf(op, ty);
        }
        op.for_each_operand(|value| self.add_uses(value, 1));
        match self.reduce(op, ty) {
            Found::Value(value) => value,
            Found::Op(op) => {
                let value = self.body.new_inst(op, ty, self.span);
                self.remember(op, ty, value);
                self.out.push(value);
                value
            }
        }
    }

    /// Bits of `value` that are surely zero; those above its type's width are.
    pub(super) fn known_zeros(&self, value: Value) -> u64 {
        self.param_bits.known_zeros(self.body, value)
    }

    /// Whether the function may be missing on the running kernel.
    pub(super) fn is_weak(&self, func: FuncId) -> bool {
        matches!(self.module.funcs[func].linkage, Linkage::Weak | Linkage::ExternWeak)
    }

    pub(super) fn constant(&mut self, ty: Type, n: i64) -> Value {
        self.body.constant(ty, n)
    }

    /// True if `value` has no use but the one that asks, as far as is known.
    pub(super) fn is_single_use(&self, value: Value) -> bool {
        self.uses.get(value).is_none_or(|&uses| uses <= 1)
    }

    /// Changes the type of a load with a single use. The load was visited already.
    pub(super) fn retype_load(&mut self, load: Value, ty: Type) {
        self.body.values[load].ty = ty;
        self.changed = true;
    }
}
