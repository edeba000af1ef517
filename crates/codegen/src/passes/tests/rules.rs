//! Proof of the rules of `simplify`: expressions two operations deep mean the same before and
//! after, whatever their operands; and each rule applies to some of them.

use crate::interpret::{Fault, Host, Machine, Memory};
use crate::ir::validate::validate;
use crate::ir::*;
use crate::passes::simplify;
use crate::passes::tests::generate::Random;
use bpfc_base::{Idx, Span};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

thread_local! {
    /// Lines of `rules.rs` whose rule applied.
    static APPLIED: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes that the rule at `line` applied.
pub(crate) fn note(line: u32) {
    APPLIED.with_borrow_mut(|applied| applied.insert(line));
}

/// A part of all expressions that includes those where constants agree.
#[test]
fn every_rule_holds_and_applies() {
    check_all(48);
    check_programs();
    check_relocated_offset();
    let applied = APPLIED.take();
    let lines = include_str!("../rules.rs").lines().enumerate();
    let rules = lines.filter(|(_, line)| line.contains("rule(") && !line.contains("fn rule"));
    let dead: Vec<String> = rules
        .map(|(idx, line)| (idx as u32 + 1, line))
        .filter(|(number, _)| !applied.contains(number))
        .map(|(number, line)| format!("{number}: {}", line.trim()))
        .collect();
    assert!(dead.is_empty(), "rules that never apply:\n{}", dead.join("\n"));
}

/// All of them: half a million.
#[test]
#[ignore = "takes a minute"]
fn every_rule_holds_everywhere() {
    check_all(1);
}

/// An expression.
#[derive(Clone, Debug)]
enum Expr {
    /// Operand 0 or 1 of a type.
    Input(Type, usize),
    Const(Type, i64),
    Undef(Type),
    Unary(Unary, Type, Rc<Expr>),
    Binary(BinaryOp, Rc<Expr>, Rc<Expr>),
    Compare(Cond, Rc<Expr>, Rc<Expr>),
    PtrAdd(Rc<Expr>, Rc<Expr>),
}

#[derive(Clone, Copy, Debug)]
enum Unary {
    Zext,
    Trunc,
    Sext(Width),
    Bswap(Width),
    PtrToInt,
    IntToPtr,
}

impl Expr {
    fn ty(&self) -> Type {
        match self {
            Expr::Input(ty, _) | Expr::Const(ty, _) | Expr::Undef(ty) | Expr::Unary(_, ty, _) => {
                *ty
            }
            Expr::Binary(_, a, _) => a.ty(),
            Expr::Compare(..) => Type::I32,
            Expr::PtrAdd(..) => Type::Ptr,
        }
    }
}

fn input(ty: Type, idx: usize) -> Rc<Expr> {
    Rc::new(Expr::Input(ty, idx))
}

fn constant(ty: Type, n: i64) -> Rc<Expr> {
    Rc::new(Expr::Const(ty, ty.wrap(n)))
}

fn unary(op: Unary, ty: Type, a: &Rc<Expr>) -> Rc<Expr> {
    Rc::new(Expr::Unary(op, ty, a.clone()))
}

fn binary(op: BinaryOp, a: &Rc<Expr>, b: &Rc<Expr>) -> Rc<Expr> {
    Rc::new(Expr::Binary(op, a.clone(), b.clone()))
}

fn compare(cond: Cond, a: &Rc<Expr>, b: &Rc<Expr>) -> Rc<Expr> {
    Rc::new(Expr::Compare(cond, a.clone(), b.clone()))
}

fn ptr_add(a: &Rc<Expr>, b: &Rc<Expr>) -> Rc<Expr> {
    Rc::new(Expr::PtrAdd(a.clone(), b.clone()))
}

/// Constants at the edges of what rules look at.
fn constants(ty: Type) -> Vec<i64> {
    let mut all = vec![0, 1, -1, 2, 3, 8, 16, 24, 31, 0x7f, 0xff, 0xff00, 0xffff, -256];
    all.extend([0x7fff_ffff, -0x8000_0000, 0x0102_0304]);
    match ty {
        Type::I32 => all.extend([32, 33]),
        _ => all.extend([32, 48, 56, 63, 64, 0xffff_ffff, i64::MIN, 0x1_0000_0000]),
    }
    all
}

/// Values of operands.
fn values(ty: Type) -> Vec<u64> {
    let mut all: Vec<i64> = vec![0, 1, -1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x8000];
    all.extend([0x7fff_ffff, 0x8000_0000, -0x8000_0000, -128, -2, 0x1234_5678]);
    match ty {
        // Far from the ends of memory: a pointer and its object do not wrap.
        Type::Ptr => all = vec![0x1000_0000, 0x1000_0008, 0xffff_0000, 0x1_0000_0000, 1 << 40],
        Type::I64 => {
            all.extend([0xffff_ffff, 0x1_0000_0000, i64::MIN, i64::MAX, 0x0102_0304_0506_0708]);
        }
        _ => {}
    }
    all.into_iter().map(|n| truncate(ty, n as u64)).collect()
}

/// Number of runs of each expression.
const N_LANES: usize = 96;

/// What operand `idx` is in each run: every value, beside changing others.
fn lanes(ty: Type, idx: usize) -> Vec<u64> {
    let values = values(ty);
    let at = |lane: usize| match idx {
        0 => lane % values.len(),
        _ => (lane * 7 + lane / values.len()) % values.len(),
    };
    (0..N_LANES).map(|lane| values[at(lane)]).collect()
}

/// One operation on operands and constants, of type `ty`.
fn simple(ty: Type) -> Vec<Rc<Expr>> {
    let (x, y) = (input(ty, 0), input(ty, 1));
    let mut all = vec![x.clone(), Rc::new(Expr::Undef(ty))];
    for &op in BinaryOp::ALL {
        all.extend(constants(ty).into_iter().map(|n| binary(op, &x, &constant(ty, n))));
        all.extend([0, 1, -1, 100].map(|n| binary(op, &constant(ty, n), &x)));
        all.extend([binary(op, &x, &y), binary(op, &y, &x), binary(op, &x, &x)]);
    }
    all.extend([Width::W8, Width::W16].map(|width| unary(Unary::Sext(width), ty, &x)));
    all.extend([Width::W16, Width::W32].map(|width| unary(Unary::Bswap(width), ty, &x)));
    let (narrow, wide) = (input(Type::I32, 0), input(Type::I64, 0));
    match ty {
        Type::I32 => {
            all.push(unary(Unary::Trunc, ty, &wide));
            let zero = constant(Type::I64, 0);
            for &cond in Cond::ALL {
                all.extend([compare(cond, &narrow, &input(ty, 1)), compare(cond, &wide, &zero)]);
            }
        }
        _ => {
            all.push(unary(Unary::Zext, ty, &narrow));
            all.push(unary(Unary::Sext(Width::W32), ty, &narrow));
            all.push(unary(Unary::Bswap(Width::W64), ty, &x));
        }
    }
    all
}

/// Expressions of two operations: all if `stride` is 1, else about one of so many, and more of
/// those whose two constants are the same.
fn nested(stride: usize, visit: &mut dyn FnMut(Rc<Expr>)) {
    let mut random = Random::new(1);
    let mut chosen = |is_likely: bool| {
        let stride = if is_likely { stride.div_ceil(16) } else { stride };
        random.below(stride) == 0
    };
    for ty in [Type::I32, Type::I64] {
        let (x, y) = (input(ty, 0), input(ty, 1));
        for a in simple(ty) {
            let inner = match &*a {
                Expr::Binary(_, _, b) => match **b {
                    Expr::Const(_, n) => Some(n),
                    _ => None,
                },
                _ => None,
            };
            for n in constants(ty) {
                let b = constant(ty, n);
                let is_pair = inner == Some(n);
                for &op in BinaryOp::ALL {
                    if chosen(is_pair || inner.is_none()) {
                        visit(binary(op, &a, &b));
                    }
                }
                for &cond in Cond::ALL {
                    if chosen(false) {
                        visit(compare(cond, &a, &b));
                    }
                }
            }
            let is_simple = inner.is_none();
            for b in [&x, &y, &a] {
                for &op in BinaryOp::ALL {
                    if chosen(is_simple) {
                        visit(binary(op, &a, b));
                    }
                    if chosen(is_simple) {
                        visit(binary(op, b, &a));
                    }
                }
                for &cond in Cond::ALL {
                    if chosen(is_simple) {
                        visit(compare(cond, &a, b));
                    }
                }
            }
            for width in [Width::W8, Width::W16] {
                visit(unary(Unary::Sext(width), ty, &a));
            }
            for width in [Width::W16, Width::W32] {
                visit(unary(Unary::Bswap(width), ty, &a));
            }
            match ty {
                Type::I32 => {
                    visit(unary(Unary::Zext, Type::I64, &a));
                    visit(unary(Unary::Sext(Width::W32), Type::I64, &a));
                }
                _ => {
                    visit(unary(Unary::Bswap(Width::W64), ty, &a));
                    visit(unary(Unary::Trunc, Type::I32, &a));
                    visit(unary(Unary::IntToPtr, Type::Ptr, &a));
                }
            }
        }
    }
    extended(visit);
    pointers(visit);
    particular(visit);
}

/// What a part of all expressions may lack.
fn particular(visit: &mut dyn FnMut(Rc<Expr>)) {
    // With other uses, and without.
    let mut visit = |expr: Rc<Expr>| {
        visit(expr.clone());
        visit(expr);
    };
    for ty in [Type::I32, Type::I64] {
        let (x, y) = (input(ty, 0), input(ty, 1));
        for (inner, outer) in [(BinaryOp::Add, BinaryOp::Sub), (BinaryOp::Sub, BinaryOp::Add)] {
            let both = binary(inner, &x, &y);
            for operand in [&x, &y] {
                visit(binary(outer, &both, operand));
                visit(binary(outer, operand, &both));
            }
        }
        for n in [1, 8, 16] {
            let shift = constant(ty, n);
            let masked = binary(BinaryOp::And, &x, &constant(ty, -1 << n));
            visit(binary(BinaryOp::LShr, &masked, &shift));
            let bit = binary(BinaryOp::And, &x, &constant(ty, n));
            visit(compare(Cond::Ne, &bit, &constant(ty, 0)));
        }
    }
}

/// Operations on extended numbers, which are three deep.
fn extended(visit: &mut dyn FnMut(Rc<Expr>)) {
    let narrow = [input(Type::I32, 0), input(Type::I32, 1)];
    for op in [Unary::Zext, Unary::Sext(Width::W32)] {
        let [a, b] = [0, 1].map(|idx| unary(op, Type::I64, &narrow[idx]));
        for &cond in Cond::ALL {
            visit(compare(cond, &a, &b));
            for n in constants(Type::I64) {
                visit(compare(cond, &a, &constant(Type::I64, n)));
            }
        }
    }
    let x = input(Type::I64, 0);
    for width in [Width::W8, Width::W16, Width::W32] {
        let masked = binary(BinaryOp::And, &x, &constant(Type::I64, width.mask() as i64));
        let swapped = unary(Unary::Bswap(width), Type::I64, &masked);
        for cond in [Cond::Eq, Cond::Ne, Cond::ULt] {
            for n in constants(Type::I64) {
                visit(compare(cond, &swapped, &constant(Type::I64, n)));
            }
        }
        let low = unary(Unary::Trunc, Type::I32, &masked);
        visit(unary(Unary::Zext, Type::I64, &low));
        visit(unary(Unary::Sext(Width::W32), Type::I64, &low));
    }
    for &cond in Cond::ALL {
        for inner in Cond::ALL {
            let holds = compare(*inner, &narrow[0], &narrow[1]);
            visit(compare(cond, &holds, &constant(Type::I32, 0)));
            visit(compare(cond, &holds, &constant(Type::I32, 1)));
        }
    }
}

fn pointers(visit: &mut dyn FnMut(Rc<Expr>)) {
    let (p, q) = (input(Type::Ptr, 0), input(Type::Ptr, 1));
    let number = |n: i64| constant(Type::I64, n);
    let as_int = |p: &Rc<Expr>| unary(Unary::PtrToInt, Type::I64, p);
    let as_ptr = |n: &Rc<Expr>| unary(Unary::IntToPtr, Type::Ptr, n);
    let x = input(Type::I64, 0);
    for n in [0, 1, -1, 8, 0x7fff, -0x8000, 0x1234_5678] {
        let moved = ptr_add(&p, &number(n));
        for m in [0, 1, -1, 8] {
            visit(ptr_add(&moved, &number(m)));
            let other = ptr_add(&p, &number(m));
            visit(binary(BinaryOp::Sub, &as_int(&moved), &as_int(&other)));
        }
        visit(ptr_add(&moved, &x));
        visit(ptr_add(&p, &binary(BinaryOp::Add, &x, &number(n))));
        visit(ptr_add(&constant(Type::Ptr, n), &number(8)));
        visit(as_int(&constant(Type::Ptr, n)));
        visit(as_ptr(&number(n)));
        for &cond in Cond::ALL {
            visit(compare(cond, &as_int(&p), &number(n)));
            // Within an object, addresses have no sign.
            if !cond.is_signed() {
                visit(compare(cond, &moved, &p));
            }
        }
    }
    visit(ptr_add(&constant(Type::Ptr, 0), &x));
    visit(as_int(&as_ptr(&x)));
    visit(as_ptr(&as_int(&p)));
    visit(as_ptr(&Rc::new(Expr::Undef(Type::I64))));
    visit(as_ptr(&binary(BinaryOp::Add, &as_int(&p), &x)));
    visit(as_ptr(&binary(BinaryOp::Add, &x, &as_int(&p))));
    visit(as_ptr(&binary(BinaryOp::Add, &as_int(&p), &as_int(&q))));
    visit(binary(BinaryOp::Sub, &as_int(&p), &as_int(&q)));
    for &cond in Cond::ALL {
        visit(compare(cond, &as_int(&p), &as_int(&q)));
        visit(compare(cond, &p, &q));
    }
}

/// Expressions that are simplified at once.
const BATCH: usize = 64;

fn check_all(stride: usize) {
    let mut batch = Vec::new();
    let mut checker = Checker::new();
    nested(stride, &mut |expr| {
        batch.push(expr);
        if batch.len() == BATCH {
            checker.check(&std::mem::take(&mut batch));
        }
    });
    checker.check(&batch);
}

/// A function of many expressions that have nothing in common.
struct Checker {
    module: Module,
    /// Values of the operands, by type.
    lanes: FxHashMap<(Type, usize), Rc<Vec<u64>>>,
}

impl Checker {
    fn new() -> Self {
        let types = [Type::I32, Type::I64, Type::Ptr];
        let all = types.into_iter().flat_map(|ty| [(ty, 0), (ty, 1)]);
        let lanes = all.map(|(ty, idx)| ((ty, idx), Rc::new(lanes(ty, idx)))).collect();
        Self { module: Module::default(), lanes }
    }

    /// Checks expressions as values, and comparisons as branches, too. What every other one is made
    /// of has other uses, which some rules do not like.
    fn check(&mut self, exprs: &[Rc<Expr>]) {
        let mut builder = Builder { body: Body::new(), inputs: FxHashMap::default() };
        for (idx, expr) in exprs.iter().enumerate() {
            builder.add(idx, expr, idx % 2 == 1);
        }
        let Builder { mut body, inputs } = builder;
        let before = body.clone();
        simplify(&self.module, &mut body);
        let inputs: FxHashMap<Value, Rc<Vec<u64>>> = inputs
            .into_iter()
            .map(|((_, ty, idx), value)| (value, self.lanes[&(ty, idx)].clone()))
            .collect();
        let old = results(&before, inputs.clone());
        let new = results(&body, inputs);
        assert_eq!(old.len(), new.len());
        for ((expr, old), new) in old.iter().zip(&new) {
            let lane = (0..N_LANES).find(|&lane| old[lane] != new.1[lane]);
            if let Some(lane) = lane {
                let expr = &exprs[*expr];
                let given: Vec<_> =
                    self.lanes.iter().map(|(key, lanes)| (key, lanes[lane])).collect();
                let (old, new) = (old[lane], new.1[lane]);
                panic!("{expr:?} was {old:#x}, and is {new:#x} with {given:x?}");
            }
        }
    }
}

struct Builder {
    body: Body,
    inputs: FxHashMap<(usize, Type, usize), Value>,
}

impl Builder {
    fn add(&mut self, idx: usize, expr: &Expr, is_shared: bool) {
        let entry = self.body.entry;
        let value = self.value(idx, expr, is_shared);
        let ty = self.body.ty(value);
        self.body.push(entry, Op::Opaque(value), ty, Span::new(0, idx as u32));
        if let Expr::Compare(cond, a, b) = expr {
            let (lhs, rhs) = (self.value(idx, a, is_shared), self.value(idx, b, is_shared));
            let last = self.body.blocks.ids().last().expect("the entry is a block");
            let next = self.body.blocks.push(Block::default());
            let end = Target::new(self.body.blocks.push(Block::default()));
            let (then, otherwise) = (end, Target::new(next));
            let block = &mut self.body.blocks[next];
            block.term = Term::Branch { cond: *cond, lhs, rhs, then, otherwise };
            block.term_span = Span::new(0, idx as u32);
            self.body.blocks[last].term = Term::Jump(Target::new(next));
        }
    }

    fn value(&mut self, idx: usize, expr: &Expr, is_shared: bool) -> Value {
        let entry = self.body.entry;
        let (op, ty) = match expr {
            Expr::Input(ty, operand) => {
                let body = &mut self.body;
                let new = || body.push_param(entry, *ty, Span::NONE);
                return *self.inputs.entry((idx, *ty, *operand)).or_insert_with(new);
            }
            Expr::Const(ty, n) => return self.body.constant(*ty, *n),
            Expr::Undef(ty) => return self.body.leaf(Op::Undef, *ty),
            Expr::Unary(op, ty, a) => {
                let a = self.value(idx, a, is_shared);
                let op = match *op {
                    Unary::Zext => Op::Zext(a),
                    Unary::Trunc => Op::Trunc(a),
                    Unary::Sext(width) => Op::Sext(a, width),
                    Unary::Bswap(width) => Op::Bswap(a, width),
                    Unary::PtrToInt => Op::PtrToInt(a),
                    Unary::IntToPtr => Op::IntToPtr(a),
                };
                (op, *ty)
            }
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.value(idx, a, is_shared), self.value(idx, b, is_shared));
                (Op::Binary(*op, a, b), expr.ty())
            }
            Expr::Compare(cond, a, b) => {
                let (a, b) = (self.value(idx, a, is_shared), self.value(idx, b, is_shared));
                (Op::Compare(*cond, a, b), Type::I32)
            }
            Expr::PtrAdd(a, b) => {
                let (a, b) = (self.value(idx, a, is_shared), self.value(idx, b, is_shared));
                (Op::PtrAdd(a, b), Type::Ptr)
            }
        };
        let value = self.body.push(entry, op, ty, Span::NONE);
        if is_shared {
            self.body.push(entry, Op::Opaque(value), ty, Span::new(0, idx as u32));
        }
        value
    }
}

/// What each `opaque` shows and each branch decides, with the number of the expression.
fn results(body: &Body, inputs: FxHashMap<Value, Rc<Vec<u64>>>) -> Vec<(usize, Rc<Vec<u64>>)> {
    let mut known = inputs;
    let mut all = Vec::new();
    for (_, block) in body.blocks.iter_enumerated() {
        for &inst in &block.insts {
            if let Op::Opaque(value) = body.op(inst) {
                all.push((body.values[inst].span.hi as usize, column(body, &mut known, value)));
            }
        }
        if let Term::Branch { cond, lhs, rhs, .. } = block.term {
            let ty = body.ty(lhs);
            let lhs = column(body, &mut known, lhs);
            let rhs = column(body, &mut known, rhs);
            let holds = |lane| cond.eval(signed(ty, lhs[lane]), signed(ty, rhs[lane])).into();
            let column = Rc::new((0..N_LANES).map(holds).collect());
            all.push((block.term_span.hi as usize, column));
        }
    }
    all
}

/// A value in each run.
fn column(body: &Body, known: &mut FxHashMap<Value, Rc<Vec<u64>>>, value: Value) -> Rc<Vec<u64>> {
    if let Some(column) = known.get(&value) {
        return column.clone();
    }
    let Inst { op, ty, .. } = body.values[value];
    let mut operands = Vec::new();
    op.for_each_operand(|operand| {
        operands.push((body.ty(operand), column(body, known, operand)));
    });
    let at = |idx: usize, lane: usize| operands[idx].1[lane];
    let signed_at = |idx: usize, lane: usize| signed(operands[idx].0, at(idx, lane));
    let compute = |lane: usize| match op {
        Op::Const(n) => n as u64,
        Op::Undef => 0,
        Op::Binary(op, ..) => op.eval(ty, signed_at(0, lane), signed_at(1, lane)) as u64,
        Op::Compare(cond, ..) => cond.eval(signed_at(0, lane), signed_at(1, lane)).into(),
        Op::Zext(_) | Op::Trunc(_) | Op::PtrToInt(_) | Op::IntToPtr(_) => at(0, lane),
        Op::Sext(_, width) => {
            let shift = 64 - width.bits();
            ((at(0, lane) << shift) as i64 >> shift) as u64
        }
        Op::PtrAdd(..) => at(0, lane).wrapping_add(at(1, lane)),
        Op::Bswap(_, width) => at(0, lane).swap_bytes() >> (64 - width.bits()),
        op => panic!("{op:?} is no expression"),
    };
    let column: Rc<Vec<u64>> =
        Rc::new((0..N_LANES).map(|lane| truncate(ty, compute(lane))).collect());
    known.insert(value, column.clone());
    column
}

fn truncate(ty: Type, n: u64) -> u64 {
    match ty {
        Type::I32 => n & 0xffff_ffff,
        _ => n,
    }
}

fn signed(ty: Type, n: u64) -> i64 {
    ty.wrap(n as i64)
}

/// Arithmetic as RFC 9669 §4.1 has it, in numbers too wide to overflow.
#[test]
fn constants_are_computed_as_the_standard_says() {
    for ty in [Type::I32, Type::I64] {
        let modulus = 1i128 << ty.bits();
        for a in values(ty) {
            for b in values(ty) {
                for &op in BinaryOp::ALL {
                    let (ua, ub) = (i128::from(a), i128::from(b));
                    let (sa, sb) = (i128::from(signed(ty, a)), i128::from(signed(ty, b)));
                    let count = ub % i128::from(ty.bits());
                    let wide = match op {
                        BinaryOp::Add => ua + ub,
                        BinaryOp::Sub => ua - ub,
                        BinaryOp::Mul => sa * sb,
                        BinaryOp::UDiv | BinaryOp::SDiv if ub == 0 => 0,
                        BinaryOp::URem | BinaryOp::SRem if ub == 0 => ua,
                        BinaryOp::UDiv => ua / ub,
                        BinaryOp::URem => ua % ub,
                        BinaryOp::SDiv => sa / sb,
                        BinaryOp::SRem => sa % sb,
                        BinaryOp::And => ua & ub,
                        BinaryOp::Or => ua | ub,
                        BinaryOp::Xor => ua ^ ub,
                        BinaryOp::Shl => ua << count,
                        BinaryOp::LShr => ua >> count,
                        BinaryOp::AShr => sa >> count,
                    };
                    let expected = wide.rem_euclid(modulus) as u64;
                    let found = truncate(ty, op.eval(ty, signed(ty, a), signed(ty, b)) as u64);
                    assert_eq!(found, expected, "{op} {ty} {a:#x} {b:#x}");
                }
            }
        }
    }
}

/// Rules that need memory, globals or functions: `simplify` keeps what programs do.
fn check_programs() {
    for text in include_str!("rules.bir").split("\n---\n") {
        let mut module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(validate(&module), [], "{text}");
        let before = module.clone();
        for id in module.funcs.ids() {
            if let Some(mut body) = module.funcs[id].body.take() {
                simplify(&module, &mut body);
                module.funcs[id].body = Some(body);
            }
        }
        assert_eq!(validate(&module), [], "{text}\n=>\n{module}");
        for arg in values(Type::I64) {
            let (old, new) = (run(&before, arg), run(&module, arg));
            assert_eq!(old, new, "with {arg:#x}\n{text}\n=>\n{module}");
        }
    }
}

/// An offset that the loader computes goes into the access, and stays a question to it.
fn check_relocated_offset() {
    let mut module = parse(
        "func fn0 \"f\" section \"socket\" (ptr, i64) -> i64 {
         block0(v0: ptr, v1: i64):
           v2: ptr = ptradd v0, v1
           v3: i64 = load.u32 [v2]
           return v3
         }",
    )
    .unwrap();
    let id = FuncId::new(0);
    let mut body = module.funcs[id].body.take().unwrap();
    let query = CoreQuery { kind: CoreKind::FieldByteOffset, ty: Idx::new(0), path: vec![0, 1] };
    let core = body.cores.push(Core { query, local: 12 });
    let offset = body.leaf(Op::Core(core), Type::I64);
    let insts = body.blocks[body.entry].insts.clone();
    let base = body.blocks[body.entry].params[0];
    body.values[insts[0]].op = Op::PtrAdd(base, offset);
    module.funcs[id].body = Some(body.clone());
    let before = module.clone();
    simplify(&module, &mut body);
    let address = Address { base, offset: 12, core: Some(core) };
    assert_eq!(body.op(insts[1]), Op::Load(Access::new(address, Width::W32)));
    module.funcs[id].body = Some(body);
    assert_eq!(run(&before, 0), run(&module, 0));
}

struct Nothing;

impl Host for Nothing {
    fn helper(&mut self, _: u32, _: &[u64], _: &mut Memory) -> Result<u64, Fault> {
        Ok(0)
    }
}

/// The result, and what is left in the context.
fn run(module: &Module, arg: u64) -> (Result<u64, Fault>, Vec<u8>) {
    let mut machine = Machine::new(module, 10_000);
    let ctx = machine.memory.allocate((0..64).map(|n: u8| n.wrapping_mul(5)).collect());
    let result = machine.call(&mut Nothing, FuncId::new(0), &[ctx, arg]);
    (result, machine.memory.read(ctx, 64).unwrap().to_vec())
}
