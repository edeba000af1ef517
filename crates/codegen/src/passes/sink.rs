//! What all ways into a block do last is done once, in front of it.
//!
//! Operands may differ where a parameter can stand for them: the value of a store, a number that a
//! helper only passes on. Addresses may not, and neither may sizes: the kernel's verifier wants one
//! kind of pointer per instruction, and constants where it wants them.

use crate::analysis::{Dominators, count_uses};
use crate::ir::*;
use bpfc_base::{Idx, IndexVec};
use bpfc_kabi::{ArgKind, helper_by_id};
use rustc_hash::FxHashMap;

/// Sinks what ways have in common; true if there was anything.
///
/// Ensures: no instruction runs more often than before.
pub fn sink_common(module: &Module, body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let mut ctx = Ctx { module, uses: count_uses(body), body };
    let mut changed = false;
    for &block in dominators.order.iter().skip(1) {
        let preds = &dominators.preds[block];
        // A loop's header is where it is tested.
        if preds.iter().any(|&pred| dominators.dominates(block, pred)) {
            continue;
        }
        let jumps = |&pred: &BlockId| matches!(ctx.body.blocks[pred].term, Term::Jump(_));
        let ways: Vec<BlockId> = preds.iter().copied().filter(jumps).collect();
        let is_all = ways.len() == preds.len();
        changed |= ctx.sink_from(&ways, Some(block), is_all);
    }
    let returns = |block: &BlockId| matches!(ctx.body.blocks[*block].term, Term::Return(_));
    let ways: Vec<BlockId> = dominators.order.iter().copied().filter(returns).collect();
    changed | ctx.sink_from(&ways, None, false)
}

/// Whether a function of the module is called in two places.
pub fn calls_one_twice(body: &Body) -> bool {
    let mut called = Vec::new();
    let order = body.reverse_postorder();
    order.iter().flat_map(|&block| &body.blocks[block].insts).any(|&inst| match body.op(inst) {
        Op::Call(Callee::Func(id), _) if called.contains(&id) => true,
        Op::Call(Callee::Func(id), _) => {
            called.push(id);
            false
        }
        _ => false,
    })
}

struct Ctx<'a> {
    module: &'a Module,
    /// Never too low.
    uses: IndexVec<Value, u32>,
    body: &'a mut Body,
}

/// An instruction that several blocks end with.
struct Common {
    op: Op,
    ty: Type,
    /// Operands that differ, by position.
    differing: Vec<usize>,
}

impl Ctx<'_> {
    /// Sinks the ends of `ways`, which all go to `target` or all return, in groups that are
    /// alike. Groups that are not all of them cost a jump, so they must be worth it.
    fn sink_from(&mut self, ways: &[BlockId], target: Option<BlockId>, is_all: bool) -> bool {
        let mut groups: Vec<(Op, Vec<BlockId>)> = Vec::new();
        let mut known: FxHashMap<Op, usize> = FxHashMap::default();
        for &way in ways {
            let Some(&last) = self.body.blocks[way].insts.last() else {
                continue;
            };
            let shape = shape(self.body.op(last));
            let group = *known.entry(shape).or_insert_with(|| {
                groups.push((shape, Vec::new()));
                groups.len() - 1
            });
            groups[group].1.push(way);
        }
        let mut changed = false;
        for (_, group) in groups {
            let is_worth_it = is_all && group.len() == ways.len() || self.ends_in_call(&group);
            changed |= group.len() > 1 && is_worth_it && self.sink_group(&group, target);
        }
        changed
    }

    /// Whether there is a call in what all of the group end with.
    fn ends_in_call(&self, group: &[BlockId]) -> bool {
        let from_end = |way: BlockId, n: usize| {
            let insts = &self.body.blocks[way].insts;
            insts.len().checked_sub(n).map(|idx| self.body.op(insts[idx]))
        };
        for n in 1.. {
            let Some(op) = from_end(group[0], n).filter(|&op| can_move(op)) else {
                break;
            };
            let is_alike = |&way: &BlockId| from_end(way, n).map(shape) == Some(shape(op));
            if !group.iter().all(is_alike) {
                break;
            }
            if matches!(op, Op::Call(..)) {
                return true;
            }
        }
        false
    }

    fn sink_group(&mut self, group: &[BlockId], target: Option<BlockId>) -> bool {
        let ends = group.iter().map(|&way| self.body.blocks[way].term.clone());
        let args = |term: &Term| match term {
            Term::Jump(target) => target.args.clone(),
            Term::Return(value) => value.iter().copied().collect(),
            _ => Vec::new(),
        };
        let mut args: Vec<Vec<Value>> = ends.map(|term| args(&term)).collect();
        let Some(common) = self.common(group, &args) else {
            return false;
        };
        let join = self.body.blocks.push(Block::default());
        let span = self.body.blocks[group[0]].term_span;
        let params: Vec<Value> = args[0]
            .iter()
            .map(|&arg| {
                let ty = self.body.ty(arg);
                self.body.push_param(join, ty, span)
            })
            .collect();
        self.body.blocks[join].term_span = span;
        self.body.blocks[join].term = match target {
            Some(block) => Term::Jump(Target { block, args: params }),
            None => Term::Return(params.first().copied()),
        };
        let mut next = Some(common);
        while let Some(common) = next {
            self.sink(group, &mut args, join, &common);
            next = self.common(group, &args);
        }
        for (&way, args) in group.iter().zip(args) {
            self.body.blocks[way].term = Term::Jump(Target { block: join, args });
        }
        true
    }

    /// What all of the group end with, if it can be sunk.
    fn common(&self, group: &[BlockId], args: &[Vec<Value>]) -> Option<Common> {
        let lasts: Option<Vec<Value>> =
            group.iter().map(|&way| self.body.blocks[way].insts.last().copied()).collect();
        let lasts = lasts?;
        let (first, rest) = lasts.split_first()?;
        let (op, ty) = (self.body.op(*first), self.body.ty(*first));
        let is_alike =
            |&other: &Value| shape(self.body.op(other)) == shape(op) && self.body.ty(other) == ty;
        if !can_move(op) || !rest.iter().all(is_alike) {
            return None;
        }
        // Results go into the same parameters, and nowhere else.
        for (&last, args) in lasts.iter().zip(args) {
            let n = args.iter().filter(|&&arg| arg == last).count();
            if self.uses[last] as usize != n {
                return None;
            }
        }
        let places = |last: Value, args: &[Value]| -> Vec<bool> {
            args.iter().map(|&arg| arg == last).collect()
        };
        let expected = places(*first, &args[0]);
        if lasts.iter().zip(args).any(|(&last, args)| places(last, args) != expected) {
            return None;
        }
        let operands: Vec<Vec<Value>> =
            lasts.iter().map(|&last| operands(self.body.op(last))).collect();
        let mut differing = Vec::new();
        for position in 0..operands[0].len() {
            let values: Vec<Value> = operands.iter().map(|of| of[position]).collect();
            let is_one_type = values.iter().all(|&v| self.body.ty(v) == self.body.ty(values[0]));
            if values.iter().all(|&value| value == values[0]) {
                continue;
            }
            // What goes there anyway costs nothing.
            let is_passed = self.column(op, args, &values).is_some();
            if !(is_one_type || is_passed) || !self.may_differ(op, position, &values, is_passed) {
                return None;
            }
            differing.push(position);
        }
        let max = if matches!(op, Op::Call(..)) { 2 } else { 1 };
        (differing.len() <= max).then_some(Common { op, ty, differing })
    }

    /// The argument that has these values, one for each way.
    fn column(&self, op: Op, args: &[Vec<Value>], values: &[Value]) -> Option<usize> {
        // A store has room for constants of any type.
        let stored = match op {
            Op::Store(access, _) => access.width.mask(),
            _ => 0,
        };
        let low = |value: Value| self.body.as_const(value).map(|n| n as u64 & stored);
        let is_same =
            |a: Value, b: Value| a == b || stored != 0 && low(a).is_some() && low(a) == low(b);
        let n_args = args.first().map_or(0, Vec::len);
        (0..n_args).find(|&idx| args.iter().zip(values).all(|(args, &v)| is_same(args[idx], v)))
    }

    /// Whether a parameter may stand for the operand, and costs nothing.
    fn may_differ(&self, op: Op, position: usize, values: &[Value], is_passed: bool) -> bool {
        let is_address = |&value: &Value| {
            matches!(self.body.op(value), Op::SlotAddr(..) | Op::GlobalAddr(..) | Op::FuncAddr(_))
        };
        let has_leaves = !is_passed && values.iter().any(|&value| self.body.op(value).is_leaf());
        let is_pointer = self.body.ty(values[0]) == Type::Ptr;
        match op {
            Op::Call(Callee::Func(id), _) => {
                // It is verified once for every state that it is called in.
                let is_own = self.module.funcs[id].body.is_some();
                is_own && !values.iter().any(is_address)
            }
            Op::Call(Callee::Helper(number), _) => {
                let proto = helper_by_id(number).filter(|helper| helper.variants.is_empty());
                let arg = proto.and_then(|helper| helper.proto.args.get(position));
                arg.is_some_and(|arg| arg.kind == ArgKind::Anything) && !is_pointer
            }
            Op::Store(..) => position == 1 && !has_leaves && !is_pointer,
            Op::Binary(..) | Op::Compare(..) => !has_leaves && !is_pointer,
            Op::Zext(_) | Op::Sext(..) | Op::Trunc(_) | Op::Bswap(..) => !has_leaves,
            _ => false,
        }
    }

    /// Moves the last instruction of each of the group to the begin of `join`.
    fn sink(&mut self, group: &[BlockId], args: &mut [Vec<Value>], join: BlockId, common: &Common) {
        let lasts: Vec<Value> =
            group.iter().filter_map(|&way| self.body.blocks[way].insts.pop()).collect();
        let span = self.body.values[lasts[0]].span;
        let sunk = self.body.new_inst(common.op, common.ty, span);
        // Parameters that stood for the result.
        for position in (0..args[0].len()).rev() {
            if args[0][position] == lasts[0] {
                args.iter_mut().for_each(|args| _ = args.remove(position));
                let param = self.body.blocks[join].params.remove(position);
                self.rename(join, param, sunk);
            }
        }
        let mut op = common.op;
        let mut position = 0;
        op.for_each_operand_mut(|operand| {
            if common.differing.contains(&position) {
                let values: Vec<Value> =
                    lasts.iter().map(|&last| operands(self.body.op(last))[position]).collect();
                *operand = match self.column(common.op, args, &values) {
                    Some(idx) => self.body.blocks[join].params[idx],
                    None => {
                        let ty = self.body.ty(*operand);
                        args.iter_mut().zip(values).for_each(|(args, value)| args.push(value));
                        self.body.push_param(join, ty, span)
                    }
                };
            }
            position += 1;
        });
        self.body.values[sunk].op = op;
        self.body.blocks[join].insts.insert(0, sunk);
        self.uses.resize_with(self.body.values.len(), || u32::MAX);
    }

    /// Parameters of `join` are used in it only.
    fn rename(&mut self, join: BlockId, old: Value, new: Value) {
        let replace = |value: &mut Value| {
            if *value == old {
                *value = new;
            }
        };
        for &inst in &self.body.blocks[join].insts {
            self.body.values[inst].op.for_each_operand_mut(replace);
        }
        self.body.blocks[join].term.for_each_operand_mut(replace);
    }
}

/// What can run later in its block's place. Assembly and what hides values stay.
fn can_move(op: Op) -> bool {
    match op {
        Op::Load(_) | Op::Store(..) | Op::MemCopy { .. } | Op::MemSet { .. } => true,
        Op::Atomic { .. } => true,
        Op::Call(callee, _) => matches!(callee, Callee::Func(_) | Callee::Helper(_)),
        _ => op.is_pure(),
    }
}

/// The instruction without its operands.
fn shape(mut op: Op) -> Op {
    op.for_each_operand_mut(|value| *value = Value::new(0));
    op
}

fn operands(op: Op) -> Vec<Value> {
    let mut all = Vec::new();
    op.for_each_operand(|value| all.push(value));
    all
}
