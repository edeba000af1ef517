//! What selection knows of values before it starts.

use super::convention::Conventions;
use crate::ir::{BinaryOp, BlockId, Body, Cond, Op, Term, Type, Value, Width as MemoryWidth};
use bpfc_base::{Idx, IndexVec};
use bpfc_isa::Cpu;

/// Facts on the values of a function.
pub struct Facts {
    /// Uses in reachable code.
    pub n_uses: IndexVec<Value, u32>,
    /// The instruction that uses it, if that is the only use; `None` for terminators.
    pub sole_user: IndexVec<Value, Option<Value>>,
    /// Part of the terminator of its block, which is its only user.
    pub is_folded: IndexVec<Value, bool>,
    /// The upper half of its register is zero.
    pub is_clean: IndexVec<Value, bool>,
    /// A parameter, truncated value or result of a call whose upper half is cleared where it
    /// is made, as a `zext` needs it: so what the verifier learns of the `i32` by comparisons
    /// it knows of the `i64` too. It forgets how a number and its lower half hang together
    /// (`check_alu_op` in Linux 6.12 `kernel/bpf/verifier.c`, 32-bit moves).
    pub must_be_clean: IndexVec<Value, bool>,
    /// May point to the context: Linux before 6.3 rejects stores of immediates there.
    pub may_be_ctx: IndexVec<Value, bool>,
    /// Number of loops around each block.
    pub depth: IndexVec<BlockId, u32>,
}

impl Facts {
    /// Collects facts on `body`, whose reachable blocks are `order`.
    pub fn new(body: &Body, order: &[BlockId], cpu: Cpu, conventions: &Conventions) -> Self {
        let n = body.values.len();
        let mut facts = Self {
            n_uses: IndexVec::from_elem(0, n),
            sole_user: IndexVec::from_elem(None, n),
            is_folded: IndexVec::from_elem(false, n),
            is_clean: IndexVec::from_elem(true, n),
            must_be_clean: IndexVec::from_elem(false, n),
            may_be_ctx: IndexVec::from_elem(false, n),
            depth: loop_depth(body, order),
        };
        facts.count_uses(body, order, cpu, conventions);
        facts.fold_conditions(body, order);
        facts.find_clean(body, order, cpu, conventions);
        facts.find_ctx(body, order);
        facts
    }

    /// Backwards, so that what nobody uses does not count.
    fn count_uses(&mut self, body: &Body, order: &[BlockId], cpu: Cpu, conventions: &Conventions) {
        for &id in order.iter().rev() {
            let block = &body.blocks[id];
            block.term.for_each_operand(|value| {
                self.n_uses[value] += 1;
                self.sole_user[value] = None;
            });
            for &user in block.insts.iter().rev() {
                let op = body.op(user);
                if self.n_uses[user] == 0 && op.is_removable() {
                    continue;
                }
                let mut use_value = |value: Value| {
                    self.n_uses[value] += 1;
                    self.sole_user[value] = Some(user);
                    let is_raw = matches!(body.op(value), Op::Param | Op::Trunc(_) | Op::Call(..));
                    if cpu >= Cpu::V3 && is_raw && matches!(op, Op::Zext(_)) {
                        self.must_be_clean[value] = !conventions.is_clean_call(body.op(value));
                    }
                };
                match op {
                    Op::Call(callee, args) => {
                        for (nth, &arg) in args.as_slice().iter().enumerate() {
                            use_value(conventions.passed(body, callee, nth, arg));
                        }
                    }
                    _ => op.for_each_operand(use_value),
                }
            }
        }
        for value in self.n_uses.ids() {
            if self.n_uses[value] != 1 {
                self.sole_user[value] = None;
            }
        }
    }

    /// Comparisons and bit tests that the branch at the end of their block can do.
    fn fold_conditions(&mut self, body: &Body, order: &[BlockId]) {
        for &id in order {
            let Term::Branch { cond, lhs, rhs, .. } = body.blocks[id].term else {
                continue;
            };
            let is_test = matches!(cond, Cond::Eq | Cond::Ne) && body.as_const(rhs) == Some(0);
            if !is_test || self.n_uses[lhs] != 1 || !body.blocks[id].insts.contains(&lhs) {
                continue;
            }
            self.is_folded[lhs] =
                matches!(body.op(lhs), Op::Compare(..) | Op::Binary(BinaryOp::And, _, _));
        }
    }

    /// Optimistic: everything is clean until shown otherwise.
    fn find_clean(&mut self, body: &Body, order: &[BlockId], cpu: Cpu, conventions: &Conventions) {
        for &param in &body.blocks[body.entry].params {
            self.is_clean[param] = self.must_be_clean[param];
        }
        for (value, inst) in body.values.iter_enumerated() {
            if inst.op.is_leaf() {
                self.is_clean[value] = is_clean_leaf(inst.op, inst.ty);
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &id in order {
                for &value in &body.blocks[id].insts {
                    let is_clean = conventions.is_clean_call(body.op(value))
                        || self.computes_clean(body, value, cpu);
                    if self.is_clean[value] && !is_clean {
                        self.is_clean[value] = false;
                        changed = true;
                    }
                }
                for target in body.blocks[id].term.targets() {
                    let params = &body.blocks[target.block].params;
                    for (&param, &arg) in params.iter().zip(&target.args) {
                        let is_unclean = !self.is_clean[arg] && !self.must_be_clean[param];
                        if self.is_clean[param] && is_unclean {
                            self.is_clean[param] = false;
                            changed = true;
                        }
                    }
                }
            }
        }
    }

    fn computes_clean(&self, body: &Body, value: Value, cpu: Cpu) -> bool {
        let ty = body.ty(value);
        let clean = |value: Value| self.is_clean[value];
        let alu32 = cpu >= Cpu::V3;
        let small = |value: Value, from: i64| {
            body.as_const(value).is_some_and(|n| (from..=i64::from(u32::MAX)).contains(&n))
        };
        match body.op(value) {
            Op::Binary(..) if ty == Type::I32 && alu32 => true,
            Op::Binary(op, a, b) => match op {
                BinaryOp::And => {
                    let is_mask = |v: Value| body.as_const(v).is_none() && clean(v) || small(v, 0);
                    is_mask(a) || is_mask(b)
                }
                BinaryOp::Or | BinaryOp::Xor => {
                    let is_clean = |v: Value| clean(v) && body.as_const(v).is_none() || small(v, 0);
                    is_clean(a) && is_clean(b)
                }
                BinaryOp::LShr if ty == Type::I32 => true,
                BinaryOp::LShr => clean(a) || body.as_const(b).is_some_and(|n| n & 63 >= 32),
                BinaryOp::UDiv | BinaryOp::URem if ty == Type::I32 => true,
                BinaryOp::UDiv => clean(a),
                BinaryOp::URem => clean(a) || clean(b) && small(b, 1),
                _ => false,
            },
            Op::Compare(..) | Op::Zext(_) => true,
            Op::Sext(..) => ty == Type::I32 && alu32,
            Op::Trunc(a) => clean(a) || self.is_pointer(body, a) || self.must_be_clean[value],
            Op::Call(..) => self.must_be_clean[value],
            // Of a packet pointer the source says 32 bits, but the kernel makes it 64.
            Op::PtrToInt(_) => false,
            Op::IntToPtr(a) | Op::Opaque(a) => clean(a),
            Op::Bswap(_, width) => width != MemoryWidth::W64,
            Op::Load(access) => access.width != MemoryWidth::W64,
            Op::Atomic { access, .. } => access.width == MemoryWidth::W32,
            Op::LoadPacket(_, _, width) => width != MemoryWidth::W64,
            _ => false,
        }
    }

    /// True if the verifier may know the integer as a pointer.
    pub fn is_pointer(&self, body: &Body, value: Value) -> bool {
        matches!(body.op(value), Op::PtrToInt(_))
    }

    /// Everything computed from the parameters of the function without a load or a call.
    fn find_ctx(&mut self, body: &Body, order: &[BlockId]) {
        for &param in &body.blocks[body.entry].params {
            self.may_be_ctx[param] = true;
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &id in order {
                for &value in &body.blocks[id].insts {
                    let is_ctx = match body.op(value) {
                        Op::PtrAdd(a, b) => self.may_be_ctx[a] || self.may_be_ctx[b],
                        Op::PtrToInt(a) | Op::IntToPtr(a) | Op::Opaque(a) => self.may_be_ctx[a],
                        Op::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
                            self.may_be_ctx[a] || self.may_be_ctx[b]
                        }
                        _ => false,
                    };
                    changed |= is_ctx && !std::mem::replace(&mut self.may_be_ctx[value], true);
                }
                for target in body.blocks[id].term.targets() {
                    let params = &body.blocks[target.block].params;
                    for (&param, &arg) in params.iter().zip(&target.args) {
                        let is_ctx = self.may_be_ctx[arg];
                        changed |= is_ctx && !std::mem::replace(&mut self.may_be_ctx[param], true);
                    }
                }
            }
        }
    }
}

fn is_clean_leaf(op: Op, ty: Type) -> bool {
    match op {
        // `i32` constants are made by a 32-bit move.
        Op::Const(_) if ty == Type::I32 => true,
        Op::Const(n) => u32::try_from(n).is_ok(),
        Op::Undef => true,
        _ => false,
    }
}

/// Counts the natural loops around each block; irreducible ones are counted roughly.
fn loop_depth(body: &Body, order: &[BlockId]) -> IndexVec<BlockId, u32> {
    let mut position = IndexVec::from_elem(usize::MAX, body.blocks.len());
    let mut preds: IndexVec<BlockId, Vec<BlockId>> =
        IndexVec::from_elem(Vec::new(), body.blocks.len());
    for (at, &block) in order.iter().enumerate() {
        position[block] = at;
        for next in body.successors(block) {
            preds[next].push(block);
        }
    }
    let mut depth = IndexVec::from_elem(0, body.blocks.len());
    for &header in order {
        let is_back = |&&tail: &&BlockId| position[tail] >= position[header];
        let mut todo: Vec<BlockId> = preds[header].iter().filter(is_back).copied().collect();
        if todo.is_empty() {
            continue;
        }
        let mut inside = vec![false; body.blocks.len()];
        inside[header.index()] = true;
        depth[header] += 1;
        while let Some(block) = todo.pop() {
            if std::mem::replace(&mut inside[block.index()], true) {
                continue;
            }
            depth[block] += 1;
            let is_after = |&pred: &BlockId| position[pred] > position[header];
            todo.extend(preds[block].iter().copied().filter(is_after));
        }
    }
    depth
}
