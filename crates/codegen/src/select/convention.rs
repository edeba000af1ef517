//! What functions of the module know of each other's upper halves: an `i32` is passed and
//! returned zero-extended, but a static function, which nobody else calls and nothing replaces,
//! is called without what it does anyway.

use crate::ir::{
    BinaryOp, BlockId, Body, Callee, Func, FuncId, Linkage, Module, Op, Term, Type, Value, Width,
};
use bpfc_base::IndexVec;

/// What callers of each function need not do.
pub struct Conventions {
    /// The upper half of the result is zero.
    is_result_clean: IndexVec<FuncId, bool>,
    /// The parameters whose upper halves the function does not look at.
    narrow_params: IndexVec<FuncId, Vec<bool>>,
}

impl Conventions {
    /// Looks at all functions of `module`.
    pub fn new(module: &Module) -> Self {
        let is_ours = |func: &Func| {
            matches!(func.linkage, Linkage::Static) && func.body.is_some() && !func.is_naked
        };
        let mut conventions = Self {
            is_result_clean: module.funcs.iter().map(is_ours).collect(),
            narrow_params: module
                .funcs
                .iter()
                .map(|func| func.body.as_ref().filter(|_| is_ours(func)).map(narrow_params))
                .map(Option::unwrap_or_default)
                .collect(),
        };
        // Optimistic: functions may return what each other returned.
        let mut changed = true;
        while changed {
            changed = false;
            for (id, func) in module.funcs.iter_enumerated() {
                if conventions.is_result_clean[id]
                    && let Some(body) = &func.body
                    && !conventions.returns_clean(body)
                {
                    conventions.is_result_clean[id] = false;
                    changed = true;
                }
            }
        }
        conventions
    }

    /// True if the upper half of what `op` gives is zero because of what it calls.
    pub fn is_clean_call(&self, op: Op) -> bool {
        matches!(op, Op::Call(Callee::Func(id), _) if self.is_result_clean[id])
    }

    /// What to pass as the argument `nth` of a call: `arg` without an extension that the callee
    /// does not look at.
    pub fn passed(&self, body: &Body, callee: Callee, nth: usize, arg: Value) -> Value {
        let Callee::Func(id) = callee else {
            return arg;
        };
        let is_narrow = self.narrow_params[id].get(nth) == Some(&true);
        match body.op(arg) {
            Op::Zext(inner) | Op::Sext(inner, Width::W32) if is_narrow => inner,
            _ => arg,
        }
    }

    fn returns_clean(&self, body: &Body) -> bool {
        let order = body.reverse_postorder();
        order.iter().all(|&block| match body.blocks[block].term {
            Term::Return(Some(value)) => self.is_clean(body, &order, value, &mut Vec::new()),
            _ => true,
        })
    }

    /// True if the upper half of `value` is zero however it came about. `seen` are the block
    /// parameters that depend on it.
    fn is_clean(
        &self,
        body: &Body,
        order: &[BlockId],
        value: Value,
        seen: &mut Vec<Value>,
    ) -> bool {
        match body.op(value) {
            Op::Zext(_) | Op::Compare(..) => true,
            Op::Const(n) => u32::try_from(n).is_ok(),
            Op::Load(access) => access.width != Width::W64,
            Op::LoadPacket(_, _, width) => width != Width::W64,
            Op::Binary(BinaryOp::And, a, b) => [a, b]
                .iter()
                .any(|&part| matches!(body.op(part), Op::Const(n) if u32::try_from(n).is_ok())),
            Op::Param if body.ty(value) == Type::I64 => {
                if seen.contains(&value) {
                    return true;
                }
                seen.push(value);
                self.is_param_clean(body, order, value, seen)
            }
            op => self.is_clean_call(op),
        }
    }

    fn is_param_clean(
        &self,
        body: &Body,
        order: &[BlockId],
        param: Value,
        seen: &mut Vec<Value>,
    ) -> bool {
        if body.blocks[body.entry].params.contains(&param) {
            return false;
        }
        order.iter().all(|&id| {
            body.blocks[id].term.targets().all(|target| {
                let params = &body.blocks[target.block].params;
                let mut pairs = params.iter().zip(&target.args);
                pairs.all(|(&other, &arg)| other != param || self.is_clean(body, order, arg, seen))
            })
        })
    }
}

/// Parameters that are truncated wherever they are used.
fn narrow_params(body: &Body) -> Vec<bool> {
    let params = &body.blocks[body.entry].params;
    let mut is_narrow: Vec<bool> =
        params.iter().map(|&param| body.ty(param) == Type::I64).collect();
    let mut use_whole = |value: Value| {
        if let Some(nth) = params.iter().position(|&param| param == value) {
            is_narrow[nth] = false;
        }
    };
    for &id in &body.reverse_postorder() {
        let block = &body.blocks[id];
        for &inst in &block.insts {
            match body.op(inst) {
                Op::Trunc(_) => {}
                op => op.for_each_operand(&mut use_whole),
            }
        }
        block.term.for_each_operand(&mut use_whole);
    }
    is_narrow
}
