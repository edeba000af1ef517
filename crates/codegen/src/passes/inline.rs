//! Inlining: callees before callers, so that what is copied is simplified already.

use super::calls::unresolved_calls;
use super::clone::copy_body;
use crate::ir::*;
use bpfc_base::{Idx, IndexVec, Span};
use std::fmt;

/// Which calls are inlined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlinePolicy {
    /// `always_inline`, and what BPF cannot call.
    Required,
    /// Small functions and those with one call, too.
    Profitable,
    /// Functions with one call, and those that are no longer than a call.
    Short,
}

impl InlinePolicy {
    /// Cost up to which a function is copied to every call.
    fn limit(self, hint: Inline) -> Option<usize> {
        match (self, hint) {
            (_, Inline::Never) | (InlinePolicy::Required, _) => None,
            (InlinePolicy::Short, _) => Some(MAX_SHORT),
            (InlinePolicy::Profitable, Inline::Hint) => Some(MAX_HINTED),
            (InlinePolicy::Profitable, _) => Some(MAX_SMALL),
        }
    }
}

/// What became of a call, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whom it calls.
    pub callee: FuncId,
    /// The call in the source.
    pub span: Span,
    /// Whether the callee's body took its place.
    pub is_inlined: bool,
    /// Why.
    pub reason: Reason,
}

/// Why a call is inlined, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The function is `always_inline`.
    Always,
    /// Arguments that no register is left for.
    Arguments,
    /// What it calls through a pointer may become known, or what size it copies.
    Unresolved,
    /// There is no other call of it.
    Only,
    /// What the body costs, and what it may.
    Cost(usize, usize),
    /// The function is `noinline`.
    Never,
    /// It is a program of its own.
    Program,
    /// It calls itself.
    Recursion,
    /// The caller would grow beyond all bounds.
    Size,
    /// Without optimisation nothing is inlined that need not be.
    Level,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Always => f.write_str("it is `always_inline`"),
            Reason::Arguments => write!(f, "it has more than {} arguments", ArgList::MAX_REGISTERS),
            Reason::Unresolved => f.write_str("what it calls or copies has to become known"),
            Reason::Only => f.write_str("this is its only call"),
            Reason::Cost(cost, limit) => write!(f, "cost {cost}, limit {limit}"),
            Reason::Never => f.write_str("it is `noinline`"),
            Reason::Program => f.write_str("it is a program of its own"),
            Reason::Recursion => f.write_str("it calls itself"),
            Reason::Size => write!(f, "the caller is too large, limit {MAX_CALLER}"),
            Reason::Level => f.write_str("optimisation is off"),
        }
    }
}

/// Cost of a function that is copied to every call: what a call costs in moves, spills and
/// `exit`, and what simplification takes away again.
const MAX_SMALL: usize = 32;
/// The same if `inline` was written.
const MAX_HINTED: usize = 64;
/// The same where only length counts: the moves of its arguments and of its result, and a test of
/// it perhaps, that becomes known.
const MAX_SHORT: usize = 8;
/// Instructions that a call costs, about: its arguments have to be put in place.
const CALL_COST: usize = 4;
/// Largest function that a caller may grow to.
const MAX_CALLER: usize = 20_000;

/// Functions in an order in which callees come before callers. Recursion, which BPF
/// rejects, is cut somewhere.
pub fn callees_first(module: &Module) -> Vec<FuncId> {
    let mut order = Vec::new();
    let mut seen = vec![false; module.funcs.len()];
    for root in module.funcs.ids() {
        let mut stack = vec![(root, callees(module, root), 0)];
        if std::mem::replace(&mut seen[root.index()], true) {
            continue;
        }
        while let Some((id, callees_of, idx)) = stack.last_mut() {
            match callees_of.get(*idx).copied() {
                Some(next) => {
                    *idx += 1;
                    if !std::mem::replace(&mut seen[next.index()], true) {
                        stack.push((next, callees(module, next), 0));
                    }
                }
                None => {
                    order.push(*id);
                    stack.pop();
                }
            }
        }
    }
    order
}

/// Functions that `id` mentions, calls or not.
fn callees(module: &Module, id: FuncId) -> Vec<FuncId> {
    let Some(body) = &module.funcs[id].body else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for block in body.reverse_postorder() {
        for &inst in &body.blocks[block].insts {
            let op = body.op(inst);
            if let Op::Call(Callee::Func(callee), _) = op {
                all.push(callee);
            }
            all.extend(named(module, op));
        }
    }
    for inst in &body.values {
        if let Op::FuncAddr(func) = inst.op {
            all.push(func);
        }
    }
    all.dedup();
    all
}

/// Functions that inline assembly names.
fn named(module: &Module, op: Op) -> impl Iterator<Item = FuncId> {
    let asm = match op {
        Op::Asm(id, _) => Some(&module.asms[id]),
        _ => None,
    };
    asm.into_iter().flat_map(|asm| asm.symbols.values()).filter_map(|symbol| match symbol {
        AsmSymbol::Func(func) => Some(*func),
        AsmSymbol::Global(_) => None,
    })
}

/// As many calls as an address that is taken counts for.
pub(super) const ADDRESS_TAKEN: u32 = 1_000_000;

/// Number of calls of every function; an address that is taken counts as many.
pub fn count_calls(module: &Module) -> IndexVec<FuncId, u32> {
    let mut calls = IndexVec::from_elem(0, module.funcs.len());
    for id in module.funcs.ids() {
        let Some(body) = &module.funcs[id].body else {
            continue;
        };
        for block in body.reverse_postorder() {
            for &inst in &body.blocks[block].insts {
                let op = body.op(inst);
                if let Op::Call(Callee::Func(callee), _) = op {
                    calls[callee] += 1;
                }
                named(module, op).for_each(|func| calls[func] += ADDRESS_TAKEN);
            }
        }
        for inst in &body.values {
            if let Op::FuncAddr(func) = inst.op {
                calls[func] += ADDRESS_TAKEN;
            }
        }
    }
    for global in &module.globals {
        if let GlobalInit::Data { relocs, .. } = &global.init {
            for reloc in relocs {
                if let InitTarget::Func(func) = reloc.target {
                    calls[func] += ADDRESS_TAKEN;
                }
            }
        }
    }
    calls
}

/// Inlines calls in function `id`; true if there were any.
///
/// Requires: `calls` is [`count_calls`] of the module before any inlining.
pub fn inline_calls(
    module: &mut Module,
    id: FuncId,
    policy: InlinePolicy,
    calls: &IndexVec<FuncId, u32>,
) -> bool {
    inline_calls_observed(module, id, policy, calls, &mut |_| {})
}

/// [`inline_calls`]; `observer` learns what becomes of each call.
pub fn inline_calls_observed(
    module: &mut Module,
    id: FuncId,
    policy: InlinePolicy,
    calls: &IndexVec<FuncId, u32>,
    observer: &mut dyn FnMut(Decision),
) -> bool {
    let Some(mut body) = module.funcs[id].body.take() else {
        return false;
    };
    let mut changed = false;
    let mut size = size_of(&body);
    let mut todo = body.reverse_postorder();
    todo.reverse();
    while let Some(block) = todo.pop() {
        for idx in 0..body.blocks[block].insts.len() {
            let inst = body.blocks[block].insts[idx];
            let Op::Call(Callee::Func(callee), args) = body.op(inst) else {
                continue;
            };
            let func = &module.funcs[callee];
            let Some(callee_body) = &func.body else {
                continue;
            };
            let callee_size = size_of(callee_body);
            let (is_wanted, reason) = decide(func, callee_body, args, policy, calls[callee]);
            let (is_inlined, reason) = match is_wanted {
                true if callee == id => (false, Reason::Recursion),
                true if size + callee_size > MAX_CALLER => (false, Reason::Size),
                is_wanted => (is_wanted, reason),
            };
            let span = body.values[inst].span;
            observer(Decision { callee, span, is_inlined, reason });
            if is_inlined {
                size += callee_size;
                let rest = inline_call(&mut body, block, idx, inst, args, callee_body);
                todo.push(rest);
                changed = true;
                break;
            }
        }
    }
    module.funcs[id].body = Some(body);
    changed
}

/// Whether a call of `func` is to be inlined, and why.
fn decide(
    func: &Func,
    body: &Body,
    args: ArgList,
    policy: InlinePolicy,
    n_calls: u32,
) -> (bool, Reason) {
    if func.inline == Inline::Always {
        return (true, Reason::Always);
    }
    if args.as_slice().len() > ArgList::MAX_REGISTERS {
        return (true, Reason::Arguments);
    }
    if can_be_copied(func) && !unresolved_calls(body).is_empty() {
        return (true, Reason::Unresolved);
    }
    let Some(limit) = policy.limit(func.inline) else {
        let is_never = func.inline == Inline::Never;
        return (false, if is_never { Reason::Never } else { Reason::Level });
    };
    if func.section.is_some() {
        return (false, Reason::Program);
    }
    if func.linkage == Linkage::Static && n_calls == 1 {
        return (true, Reason::Only);
    }
    let cost = cost_of(body);
    (cost <= limit, Reason::Cost(cost, limit))
}

/// Whether nobody can tell that all calls of the function are inlined.
fn can_be_copied(func: &Func) -> bool {
    func.linkage == Linkage::Static && func.section.is_none()
}

/// Number of instructions and terminators.
fn size_of(body: &Body) -> usize {
    let order = body.reverse_postorder();
    order.iter().map(|&block| body.blocks[block].insts.len() + 1).sum()
}

/// About how many instructions the body becomes.
fn cost_of(body: &Body) -> usize {
    let order = body.reverse_postorder();
    let insts = order.iter().flat_map(|&block| &body.blocks[block].insts);
    let n_calls = insts.filter(|&&inst| matches!(body.op(inst), Op::Call(..))).count();
    size_of(body) + CALL_COST * n_calls
}

/// Replaces one call; the block with what follows it.
fn inline_call(
    body: &mut Body,
    block: BlockId,
    idx: usize,
    inst: Value,
    args: ArgList,
    callee: &Body,
) -> BlockId {
    let rest = body.blocks.push(Block::default());
    let mut tail = body.blocks[block].insts.split_off(idx);
    tail.remove(0);
    let term = std::mem::replace(&mut body.blocks[block].term, Term::Unreachable);
    let term_span = body.blocks[block].term_span;
    let Inst { ty, span, .. } = body.values[inst];
    // The call itself becomes what the returns pass on.
    match ty {
        Type::Void => {}
        Type::I32 => {
            let param = body.push_param(rest, Type::I64, span);
            body.values[inst].op = Op::Trunc(param);
            body.blocks[rest].insts.push(inst);
        }
        _ => {
            body.values[inst].op = Op::Param;
            body.blocks[rest].params.push(inst);
        }
    }
    body.blocks[rest].insts.append(&mut tail);
    body.blocks[rest].term = term;
    body.blocks[rest].term_span = term_span;
    let entry = copy_body(body, callee, args.as_slice(), rest, ty != Type::Void);
    body.blocks[block].term = Term::Jump(Target::new(entry));
    body.blocks[block].term_span = span;
    rest
}

/// Drops the bodies of static functions that nobody mentions any more.
pub fn remove_unused_funcs(module: &mut Module) {
    let calls = {
        let mut reached = vec![false; module.funcs.len()];
        let is_root = |func: &Func| func.section.is_some() || func.linkage != Linkage::Static;
        let mut todo: Vec<FuncId> =
            module.funcs.ids().filter(|&id| is_root(&module.funcs[id])).collect();
        for global in &module.globals {
            if let GlobalInit::Data { relocs, .. } = &global.init {
                todo.extend(relocs.iter().filter_map(|reloc| match reloc.target {
                    InitTarget::Func(func) => Some(func),
                    InitTarget::Global(_) => None,
                }));
            }
        }
        while let Some(id) = todo.pop() {
            if !std::mem::replace(&mut reached[id.index()], true) {
                todo.extend(mentioned(module, id));
            }
        }
        reached
    };
    for id in module.funcs.ids() {
        if !calls[id.index()] {
            module.funcs[id].body = None;
        }
    }
}

/// Functions whose calls or addresses are in reachable code.
fn mentioned(module: &Module, id: FuncId) -> Vec<FuncId> {
    let mut all = Vec::new();
    let Some(body) = &module.funcs[id].body else {
        return all;
    };
    let mut leaf = |value: Value| {
        if let Op::FuncAddr(func) = body.op(value) {
            all.push(func);
        }
    };
    let mut called = Vec::new();
    for block in body.reverse_postorder() {
        for &inst in &body.blocks[block].insts {
            let op = body.op(inst);
            op.for_each_operand(&mut leaf);
            if let Op::Call(Callee::Func(func), _) = op {
                called.push(func);
            }
            called.extend(named(module, op));
        }
        body.blocks[block].term.for_each_operand(&mut leaf);
    }
    all.extend(called);
    all
}
