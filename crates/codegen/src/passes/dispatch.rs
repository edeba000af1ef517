//! Calls through pointers that are one of a few functions: a branch between direct calls.
//!
//! What `p = c ? f : g` leaves is a block parameter. Its functions are numbered, the numbers
//! travel beside the pointer, and the call becomes comparisons of the number: nothing compares
//! addresses of functions, which the kernel's verifier does not allow.

use super::calls::fits;
use crate::ir::*;
use rustc_hash::FxHashMap;

/// Most functions that one call chooses from.
const MAX_TARGETS: usize = 8;
/// Most block parameters that a pointer comes through.
const MAX_PARAMS: usize = 32;

/// Replaces calls through pointers to one of a few functions; true if there were any.
///
/// Requires: `body` is valid. Ensures: the same; types of arguments and results fit.
pub fn dispatch_calls(module: &Module, _: FuncId, body: &mut Body) -> bool {
    let mut changed = false;
    let mut todo = body.reverse_postorder();
    while let Some(block) = todo.pop() {
        for idx in (0..body.blocks[block].insts.len()).rev() {
            let inst = body.blocks[block].insts[idx];
            let Op::Call(Callee::Indirect, args) = body.op(inst) else {
                continue;
            };
            if let Some(choice) = choice(module, body, inst, args) {
                let number = number_targets(body, &choice);
                branch(body, (block, idx), args, number, &choice.funcs);
                changed = true;
            }
        }
    }
    changed
}

/// What a pointer may be.
struct Choice {
    funcs: Vec<FuncId>,
    /// The parameters that it comes through, the pointer itself first, and their blocks.
    params: Vec<(Value, BlockId)>,
}

fn choice(module: &Module, body: &Body, call: Value, args: ArgList) -> Option<Choice> {
    let (&pointer, rest) = args.as_slice().split_first()?;
    let order = body.reverse_postorder();
    let block_of = |value: Value| {
        order.iter().copied().find(|&block| body.blocks[block].params.contains(&value))
    };
    let mut choice = Choice { funcs: Vec::new(), params: vec![(pointer, block_of(pointer)?)] };
    let mut done = 0;
    while let Some(&(param, block)) = choice.params.get(done) {
        done += 1;
        if block == body.entry {
            return None;
        }
        for source in sources(body, &order, param, block) {
            match body.op(source) {
                Op::FuncAddr(func) if fits(module, body, func, rest, body.ty(call)) => {
                    if !choice.funcs.contains(&func) {
                        choice.funcs.push(func);
                    }
                }
                // A call of the null pointer has no meaning.
                Op::Const(0) | Op::Undef => {}
                Op::Param => {
                    if choice.params.iter().all(|&(known, _)| known != source) {
                        choice.params.push((source, block_of(source)?));
                    }
                }
                _ => return None,
            }
        }
        if choice.funcs.len() > MAX_TARGETS || choice.params.len() > MAX_PARAMS {
            return None;
        }
    }
    (!choice.funcs.is_empty()).then_some(choice)
}

/// What the jumps to `block` pass for `param`.
fn sources(body: &Body, order: &[BlockId], param: Value, block: BlockId) -> Vec<Value> {
    let Some(idx) = body.blocks[block].params.iter().position(|&known| known == param) else {
        return Vec::new();
    };
    let terms = order.iter().map(|&id| &body.blocks[id].term);
    let targets = terms.flat_map(Term::targets).filter(|target| target.block == block);
    targets.map(|target| target.args[idx]).collect()
}

/// Adds a parameter with the number of the function beside each that holds its address; the
/// number of the pointer itself.
fn number_targets(body: &mut Body, choice: &Choice) -> Value {
    let mut numbers = FxHashMap::default();
    for &(param, block) in &choice.params {
        let span = body.values[param].span;
        numbers.insert(param, body.push_param(block, Type::I64, span));
    }
    for &(param, block) in &choice.params {
        let idx = body.blocks[block].params.iter().position(|&known| known == param);
        let Some(idx) = idx else { continue };
        for id in body.blocks.ids() {
            let mut term = std::mem::replace(&mut body.blocks[id].term, Term::Unreachable);
            for target in term.targets_mut().filter(|target| target.block == block) {
                let source = target.args[idx];
                let number = match body.op(source) {
                    Op::FuncAddr(func) => {
                        let number = choice.funcs.iter().position(|&known| known == func);
                        body.constant(Type::I64, number.map_or(0, |number| number as i64))
                    }
                    _ => match numbers.get(&source) {
                        Some(&number) => number,
                        None => body.constant(Type::I64, 0),
                    },
                };
                target.args.push(number);
            }
            body.blocks[id].term = term;
        }
    }
    numbers[&choice.params[0].0]
}

/// Replaces the call at `at` by one of `funcs`, as `number` says.
fn branch(body: &mut Body, at: (BlockId, usize), args: ArgList, number: Value, funcs: &[FuncId]) {
    let (block, idx) = at;
    let inst = body.blocks[block].insts[idx];
    let Inst { ty, span, .. } = body.values[inst];
    let rest = split_block(body, block, idx);
    let mut at = block;
    for (n, &func) in funcs.iter().enumerate() {
        let last = n + 1 == funcs.len();
        let case = body.blocks.push(Block::default());
        let next = if last { case } else { body.blocks.push(Block::default()) };
        let (then, otherwise) = (Target::new(case), Target::new(next));
        let n = body.constant(Type::I64, n as i64);
        body.blocks[at].term = match last {
            true => Term::Jump(then),
            false => Term::Branch { cond: Cond::Eq, lhs: number, rhs: n, then, otherwise },
        };
        body.blocks[at].term_span = span;
        let direct = ArgList::new(&args.as_slice()[1..]).expect("fewer arguments fit as well");
        let value = body.push(case, Op::Call(Callee::Func(func), direct), ty, span);
        let mut target = Target::new(rest);
        if ty != Type::Void {
            target.args.push(value);
        }
        body.blocks[case].term = Term::Jump(target);
        body.blocks[case].term_span = span;
        at = next;
    }
}

/// Cuts `block` at its instruction `idx`, which becomes a parameter of the block with the rest.
pub(super) fn split_block(body: &mut Body, block: BlockId, idx: usize) -> BlockId {
    let rest = body.blocks.push(Block::default());
    let mut tail = body.blocks[block].insts.split_off(idx);
    let inst = tail.remove(0);
    let term = std::mem::replace(&mut body.blocks[block].term, Term::Unreachable);
    body.blocks[rest].term_span = body.blocks[block].term_span;
    (body.blocks[rest].insts, body.blocks[rest].term) = (tail, term);
    if body.ty(inst) != Type::Void {
        body.values[inst].op = Op::Param;
        body.blocks[rest].params.push(inst);
    }
    rest
}
