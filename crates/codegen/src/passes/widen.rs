//! Before v3 a condition on 32 bits needs its operands extended, and so does a 32-bit index. The
//! kernel's verifier takes two extensions of one value for two numbers, and forgets for the index
//! what the condition said: so both use one extension.

use super::cfg::Replacements;
use crate::ir::*;
use bpfc_base::{IndexVec, Span};
use bpfc_isa::Cpu;

/// What the upper half of an extension is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Unsigned,
    Signed,
}

impl Sign {
    const BOTH: [Sign; 2] = [Sign::Unsigned, Sign::Signed];

    fn extend(self, value: Value) -> Op {
        match self {
            Sign::Unsigned => Op::Zext(value),
            Sign::Signed => Op::Sext(value, Width::W32),
        }
    }

    fn constant(self, n: i64) -> i64 {
        match self {
            Sign::Unsigned => i64::from(n as u32),
            Sign::Signed => i64::from(n as i32),
        }
    }

    /// The value that an instruction extends in this way.
    fn extended(self, op: Op) -> Option<Value> {
        match (self, op) {
            (Sign::Unsigned, Op::Zext(value)) | (Sign::Signed, Op::Sext(value, Width::W32)) => {
                Some(value)
            }
            _ => None,
        }
    }
}

/// Widens conditions on values that are extended elsewhere; true if there were any.
///
/// Requires: nothing behind it makes conditions narrow again.
pub fn widen_conditions(module: &Module, _: FuncId, body: &mut Body) -> bool {
    if module.cpu >= Cpu::V3 {
        return false;
    }
    let order = body.reverse_postorder();
    let mut changed = false;
    for sign in Sign::BOTH {
        let chosen = choose(body, &order, sign);
        if chosen.iter().any(|is_chosen| *is_chosen) {
            Ctx::new(body, sign).run(&order, &chosen);
            changed = true;
        }
    }
    changed
}

/// The operands of a condition on 32 bits that extensions of this kind decide.
fn condition(body: &Body, cond: Cond, lhs: Value, rhs: Value, sign: Sign) -> Option<[Value; 2]> {
    let fits = match sign {
        Sign::Unsigned => !cond.is_signed(),
        Sign::Signed => cond.is_signed() || matches!(cond, Cond::Eq | Cond::Ne),
    };
    (fits && body.ty(lhs) == Type::I32).then_some([lhs, rhs])
}

/// Values that are extended and compared.
fn choose(body: &Body, order: &[BlockId], sign: Sign) -> IndexVec<Value, bool> {
    let n = body.values.len();
    let mut is_extended: IndexVec<Value, bool> = IndexVec::from_elem(false, n);
    let mut is_compared = is_extended.clone();
    for &id in order {
        let block = &body.blocks[id];
        let mut compare = |operands: Option<[Value; 2]>| {
            for value in operands.into_iter().flatten() {
                is_compared[value] = true;
            }
        };
        for &inst in &block.insts {
            let op = body.op(inst);
            if let Some(value) = sign.extended(op) {
                is_extended[value] = true;
            }
            if let Op::Compare(cond, a, b) = op {
                compare(condition(body, cond, a, b, sign));
            }
        }
        if let Term::Branch { cond, lhs, rhs, .. } = block.term {
            compare(condition(body, cond, lhs, rhs, sign));
        }
    }
    for value in is_extended.ids() {
        is_extended[value] &= is_compared[value] && !body.op(value).is_leaf();
    }
    is_extended
}

struct Ctx<'a> {
    body: &'a mut Body,
    sign: Sign,
    /// The extension of each value that is chosen.
    wide: IndexVec<Value, Option<Value>>,
    replaced: Replacements,
}

impl<'a> Ctx<'a> {
    fn new(body: &'a mut Body, sign: Sign) -> Self {
        let wide = IndexVec::from_elem(None, body.values.len());
        Self { replaced: Replacements::new(body), body, sign, wide }
    }

    fn run(mut self, order: &[BlockId], chosen: &IndexVec<Value, bool>) {
        for &id in order {
            let insts = std::mem::take(&mut self.body.blocks[id].insts);
            for param in self.body.blocks[id].params.clone() {
                if chosen[param] {
                    self.extend(id, param);
                }
            }
            for inst in insts {
                self.body.blocks[id].insts.push(inst);
                if chosen[inst] {
                    self.extend(id, inst);
                }
            }
        }
        for &id in order {
            self.rewrite(id);
        }
        self.replaced.apply(self.body);
        for (value, wide) in self.wide.iter_enumerated() {
            if let Some(wide) = *wide {
                self.body.values[wide].op = self.sign.extend(value);
            }
        }
    }

    /// Appends the extension of a value to a block. From then on the value is its lower half, so
    /// that what is computed from it has bounds too.
    fn extend(&mut self, id: BlockId, value: Value) {
        let span = self.body.values[value].span;
        let wide = self.body.push(id, self.sign.extend(value), Type::I64, span);
        let low = self.body.push(id, Op::Trunc(wide), Type::I32, span);
        self.wide[value] = Some(wide);
        self.replaced.set(value, low);
    }

    fn rewrite(&mut self, id: BlockId) {
        let insts = std::mem::take(&mut self.body.blocks[id].insts);
        for inst in insts {
            let Inst { op, span, .. } = self.body.values[inst];
            if let Some(value) = self.sign.extended(op)
                && let Some(wide) = self.wide.get(value).copied().flatten()
                && wide != inst
            {
                self.replaced.set(inst, wide);
                continue;
            }
            if let Op::Compare(cond, a, b) = op
                && let Some((a, b)) = self.widen(id, cond, a, b, span)
            {
                self.body.values[inst].op = Op::Compare(cond, a, b);
            }
            self.body.blocks[id].insts.push(inst);
        }
        let Term::Branch { cond, lhs, rhs, .. } = self.body.blocks[id].term else { return };
        let span = self.body.blocks[id].term_span;
        if let Some((a, b)) = self.widen(id, cond, lhs, rhs, span)
            && let Term::Branch { lhs, rhs, .. } = &mut self.body.blocks[id].term
        {
            (*lhs, *rhs) = (a, b);
        }
    }

    /// The operands of a condition, if one of them is chosen: 64 bits wide.
    fn widen(
        &mut self,
        id: BlockId,
        cond: Cond,
        lhs: Value,
        rhs: Value,
        span: Span,
    ) -> Option<(Value, Value)> {
        let operands = condition(self.body, cond, lhs, rhs, self.sign)?;
        let is_chosen = |value: &Value| self.wide.get(*value).copied().flatten().is_some();
        if !operands.iter().any(is_chosen) {
            return None;
        }
        let [a, b] = operands.map(|value| self.operand(id, value, span));
        Some((a, b))
    }

    fn operand(&mut self, id: BlockId, value: Value, span: Span) -> Value {
        if let Some(n) = self.body.as_const(value) {
            return self.body.constant(Type::I64, self.sign.constant(n));
        }
        match self.wide.get(value).copied().flatten() {
            Some(wide) => wide,
            None => self.body.push(id, self.sign.extend(value), Type::I64, span),
        }
    }
}
