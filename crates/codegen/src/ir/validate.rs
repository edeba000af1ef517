//! Is a module well-formed? Runs after every pass in debug builds and tests.
//!
//! 1. *Blocks*: every block that control can reach has as many arguments for it at each
//!    edge as it has parameters, of their types. Nothing jumps to the entry, whose
//!    parameters are the function's.
//! 2. *Places*: leaves are in no block. Every other value that is used in a reachable
//!    block is in exactly one, and its definition dominates the use.
//! 3. *Types*: operands and results have the types that [`Op`] says; calls have the
//!    callee's.

use super::*;
use crate::analysis::Dominators;
use bpfc_base::{Idx, IndexVec};

/// What is wrong with a function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{func} {block}: `{line}`: {problem}")]
pub struct Invalid {
    /// The function.
    pub func: FuncId,
    /// The block.
    pub block: BlockId,
    /// The instruction in the text form.
    pub line: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// Everything that is wrong with `module`.
pub fn validate(module: &Module) -> Vec<Invalid> {
    let ids = module.funcs.ids();
    ids.flat_map(|id| validate_func(module, id)).collect()
}

/// Everything that is wrong with one function.
pub fn validate_func(module: &Module, id: FuncId) -> Vec<Invalid> {
    match &module.funcs[id].body {
        Some(body) => validate_body(module, id, body),
        None => Vec::new(),
    }
}

/// Panics if a pass made something invalid of a function's body.
pub fn assert_valid(pass: &str, module: &Module, id: FuncId, body: &Body) {
    let invalid = validate_body(module, id, body);
    assert!(invalid.is_empty(), "after {pass}: {invalid:#?}\n{body}");
}

/// Everything that is wrong with `body` as the body of function `id`.
pub fn validate_body(module: &Module, id: FuncId, body: &Body) -> Vec<Invalid> {
    let func = &module.funcs[id];
    let dominators = Dominators::new(body);
    let mut ctx = Ctx {
        module,
        func,
        id,
        body,
        place: places(body, &dominators),
        dominators: &dominators,
        at: (body.entry, 0),
        line: None,
        errors: Vec::new(),
    };
    ctx.check_signature();
    for &block in &dominators.order {
        ctx.check_block(block);
    }
    ctx.errors
}

/// Where a value is: block and position; parameters have position 0.
type Place = Option<(BlockId, usize)>;

fn places(body: &Body, dominators: &Dominators) -> IndexVec<Value, Vec<(BlockId, usize)>> {
    let mut place = IndexVec::from_elem(Vec::new(), body.values.len());
    for &id in &dominators.order {
        for &param in &body.blocks[id].params {
            place[param].push((id, 0));
        }
        for (idx, &inst) in body.blocks[id].insts.iter().enumerate() {
            place[inst].push((id, idx + 1));
        }
    }
    place
}

struct Ctx<'a> {
    module: &'a Module,
    func: &'a Func,
    id: FuncId,
    body: &'a Body,
    place: IndexVec<Value, Vec<(BlockId, usize)>>,
    dominators: &'a Dominators,
    at: (BlockId, usize),
    line: Option<Value>,
    errors: Vec<Invalid>,
}

impl Ctx<'_> {
    fn expect(&mut self, holds: bool, problem: &'static str) {
        if holds {
            return;
        }
        let (block, _) = self.at;
        let line = match self.line {
            Some(value) => self.body.show_inst(value),
            None => self.body.show_term(&self.body.blocks[block].term),
        };
        self.errors.push(Invalid { func: self.id, block, line, problem });
    }

    fn check_signature(&mut self) {
        let entry = self.body.entry;
        self.at = (entry, 0);
        let params = &self.body.blocks[entry].params;
        let types: Vec<Type> = params.iter().map(|&p| self.body.ty(p)).collect();
        self.expect(types == self.func.params, "entry differs from signature");
        self.expect(self.dominators.preds[entry].is_empty(), "a jump to the entry");
    }

    fn check_block(&mut self, id: BlockId) {
        let body = self.body;
        let block = &body.blocks[id];
        self.at = (id, 0);
        for &param in &block.params {
            self.line = Some(param);
            self.expect(body.op(param) == Op::Param, "not a parameter");
            self.expect(self.place[param].len() == 1, "listed twice");
        }
        for (idx, &inst) in block.insts.iter().enumerate() {
            self.at = (id, idx + 1);
            self.line = Some(inst);
            let op = body.op(inst);
            self.expect(self.place[inst].len() == 1, "listed twice");
            self.expect(!op.is_leaf() && op != Op::Param, "out of place");
            let mut operands = Vec::new();
            op.for_each_operand(|value| operands.push(value));
            operands.into_iter().for_each(|value| self.check_use(value));
            self.check_types(inst);
        }
        self.at = (id, block.insts.len() + 1);
        self.line = None;
        let mut operands = Vec::new();
        block.term.for_each_operand(|value| operands.push(value));
        operands.into_iter().for_each(|value| self.check_use(value));
        self.check_term(&block.term);
    }

    fn check_use(&mut self, value: Value) {
        if value.index() >= self.body.values.len() {
            return self.expect(false, "no such value");
        }
        if self.body.op(value).is_leaf() {
            return;
        }
        let place: Place = self.place[value].first().copied();
        let Some((block, idx)) = place else {
            return self.expect(false, "operand is in no reachable block");
        };
        let holds = match block == self.at.0 {
            true => idx < self.at.1,
            false => self.dominators.dominates(block, self.at.0),
        };
        self.expect(holds, "operand does not dominate its use");
        self.expect(self.body.ty(value) != Type::Void, "operand without a result");
    }

    fn check_term(&mut self, term: &Term) {
        let body = self.body;
        match term {
            Term::Branch { lhs, rhs, .. } => {
                self.expect(body.ty(*lhs) == body.ty(*rhs), "operands differ in type");
            }
            Term::Return(value) => {
                let ty = value.map_or(Type::Void, |value| body.ty(value));
                self.expect(ty == self.func.ret, "returns the wrong type");
            }
            Term::Unreachable | Term::Jump(_) => {}
        }
        for target in term.targets() {
            let params = body.blocks[target.block].params.iter();
            let expected: Vec<Type> = params.map(|&param| body.ty(param)).collect();
            let actual: Vec<Type> = target.args.iter().map(|&arg| body.ty(arg)).collect();
            self.expect(expected == actual, "arguments differ from parameters");
        }
    }

    fn check_types(&mut self, inst: Value) {
        use Type::{I32, I64, Ptr, Void};
        let body = self.body;
        let Inst { op, ty: result, .. } = body.values[inst];
        let ty = |value: Value| body.ty(value);
        let is_int = |ty: Type| matches!(ty, I32 | I64);
        let holds = match op {
            Op::Binary(_, a, b) => is_int(result) && ty(a) == result && ty(b) == result,
            Op::Compare(_, a, b) => result == I32 && ty(a) == ty(b),
            Op::Zext(a) => result == I64 && ty(a) == I32,
            Op::Sext(a, Width::W32) => result == I64 && ty(a) == I32,
            Op::Sext(a, width) => width < Width::W32 && is_int(result) && ty(a) == result,
            Op::Trunc(a) => result == I32 && ty(a) == I64,
            Op::PtrAdd(a, b) => result == Ptr && ty(a) == Ptr && ty(b) == I64,
            Op::PtrToInt(a) => result == I64 && ty(a) == Ptr,
            Op::IntToPtr(a) => result == Ptr && ty(a) == I64,
            Op::Bswap(a, width) => {
                let fits = width > Width::W8 && width.bits() <= result.bits();
                is_int(result) && ty(a) == result && fits
            }
            Op::Opaque(a) => result == ty(a),
            Op::IsConstant(a) => result == I32 && ty(a) != Void,
            Op::Load(access) => {
                let fits = access.width.bits() <= result.bits();
                fits && (result != Ptr || access.width == Width::W64) && self.is_access(access)
            }
            Op::Store(access, value) => {
                result == Void && access.width.bits() <= ty(value).bits() && self.is_access(access)
            }
            Op::MemCopy { dst, src, align, .. } => {
                result == Void
                    && ty(dst.base) == Ptr
                    && ty(src.base) == Ptr
                    && align.is_power_of_two()
            }
            Op::MemSet { dst, byte, align, .. } => {
                result == Void && ty(dst.base) == Ptr && ty(byte) == I32 && align.is_power_of_two()
            }
            Op::Atomic { op, access, value, expected } => {
                let int = [I32, I64][usize::from(access.width == Width::W64)];
                let has_expected = op == AtomicOp::CompareExchange;
                matches!(access.width, Width::W32 | Width::W64)
                    && self.is_access(access)
                    && ty(value) == int
                    && (result == int || (result == Void && !has_expected))
                    && expected.is_some() == has_expected
                    && expected.is_none_or(|value| ty(value) == int)
            }
            Op::Call(callee, args) => self.is_call(result, callee, args.as_slice()),
            Op::LoadPacket(ctx, offset, width) => {
                result == I64 && ty(ctx) == Ptr && ty(offset) == I64 && width < Width::W64
            }
            Op::Barrier => result == Void,
            Op::Asm(id, args) => {
                let types = args.as_slice().iter().map(|&arg| ty(arg));
                result == I32
                    && id.index() < self.module.asms.len()
                    && types.into_iter().all(|ty| ty != Void)
            }
            Op::AsmResult(asm, _) => {
                matches!(result, I64 | Ptr) && matches!(body.op(asm), Op::Asm(..))
            }
            Op::Param => true,
            _ => false,
        };
        self.expect(holds, "wrong types");
    }

    fn is_access(&self, access: Access) -> bool {
        let address = access.address;
        let core = address.core;
        self.body.ty(address.base) == Type::Ptr
            && access.align.is_power_of_two()
            && core.is_none_or(|core| core.index() < self.body.cores.len())
            && i16::try_from(address.offset).is_ok()
    }

    fn is_call(&self, result: Type, callee: Callee, args: &[Value]) -> bool {
        let types = args.iter().map(|&arg| self.body.ty(arg));
        let Callee::Func(id) = callee else {
            let is_complete = match callee {
                Callee::Indirect => !args.is_empty(),
                Callee::Memory(op) => {
                    let wants = if op == MemoryOp::Compare { Type::I32 } else { Type::Void };
                    args.len() == 4 && result == wants
                }
                _ => true,
            };
            let is_helper = matches!(callee, Callee::Helper(_));
            return is_complete
                && types.clone().all(|ty| match ty {
                    Type::I64 | Type::Ptr => true,
                    Type::I32 => is_helper,
                    Type::Void => false,
                });
        };
        let Some(func) = self.module.funcs.get(id) else {
            return false;
        };
        types.eq(func.params.iter().copied())
            && (result == func.ret
                || result == Type::Void
                || (result == Type::I32 && func.ret == Type::I64))
    }
}
