//! The rules of simplification. Each gives a simpler equal; none may cost the kernel's
//! verifier what it knows:
//!
//! - Sums are regrouped only if the inner one has no other use: it may be what was checked
//!   against a bound.
//! - Constants move to the outside of pointer sums, where accesses have room for them;
//!   pointers are never computed in 32 bits.

use super::simplify::Simplifier;
use crate::ir::*;

/// What an instruction is replaced by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// A value that exists.
    Value(Value),
    /// Another instruction in its place.
    Op(Op),
}

/// A rule applies. In tests its place is noted, so that they can tell that each of them did.
#[cfg_attr(test, track_caller)]
fn rule<T>(found: T) -> Option<T> {
    #[cfg(test)]
    super::tests::rules::note(std::panic::Location::caller().line());
    Some(found)
}

/// A comparison: condition and operands.
type Condition = (Cond, Value, Value);

/// One step towards something simpler; `None` if there is none.
pub(super) fn simplify_op(s: &mut Simplifier<'_>, op: Op, ty: Type) -> Option<Found> {
    match op {
        Op::Binary(binary, a, b) => simplify_binary(s, binary, a, b, ty),
        Op::Compare(cond, a, b) => simplify_compare(s, (cond, a, b)),
        Op::Zext(a) => simplify_zext(s, a),
        Op::Sext(a, width) => simplify_sext(s, a, width, ty),
        Op::Trunc(a) => simplify_trunc(s, a),
        Op::PtrAdd(a, b) => simplify_ptr_add(s, a, b),
        Op::PtrToInt(a) => match s.body.op(a) {
            Op::IntToPtr(inner) => rule(Found::Value(inner)),
            Op::Const(n) => rule(Found::Value(s.constant(ty, n))),
            _ => None,
        },
        Op::IntToPtr(a) => simplify_int_to_ptr(s, a),
        Op::IsConstant(a) => {
            s.body.as_const(a)?;
            rule(Found::Value(s.constant(ty, 1)))
        }
        Op::Bswap(a, width) => simplify_bswap(s, a, width, ty),
        Op::Load(access) => simplify_load(s, access, ty),
        Op::Store(access, value) => simplify_store(s, access, value),
        Op::MemCopy { dst, src, n_bytes, align } => {
            let (new_dst, new_src) = (fold_address(s, dst), fold_address(s, src));
            if (new_dst, new_src) == (dst, src) {
                return None;
            }
            rule(Found::Op(Op::MemCopy { dst: new_dst, src: new_src, n_bytes, align }))
        }
        Op::MemSet { dst, byte, n_bytes, align } => {
            let new = fold_address(s, dst);
            let op = Op::MemSet { dst: new, byte, n_bytes, align };
            if new != dst { rule(Found::Op(op)) } else { None }
        }
        Op::Atomic { op, access, value, expected } => {
            let address = fold_address(s, access.address);
            let new = Access { address, ..access };
            let op = Op::Atomic { op, access: new, value, expected };
            if new != access { rule(Found::Op(op)) } else { None }
        }
        _ => None,
    }
}

fn simplify_binary(
    s: &mut Simplifier<'_>,
    op: BinaryOp,
    a: Value,
    b: Value,
    ty: Type,
) -> Option<Found> {
    use BinaryOp::*;
    let (const_a, const_b) = (s.body.as_const(a), s.body.as_const(b));
    if let (Some(x), Some(y)) = (const_a, const_b) {
        return rule(Found::Value(s.constant(ty, op.eval(ty, x, y))));
    }
    if op.is_commutative() && (const_a.is_some() || (const_b.is_none() && a > b)) {
        return rule(Found::Op(Op::Binary(op, b, a)));
    }
    if op == And && (s.body.op(a) == Op::Undef || s.body.op(b) == Op::Undef) {
        return rule(Found::Value(s.constant(ty, 0)));
    }
    if let Some(n) = const_b {
        return simplify_binary_const(s, op, a, b, n, ty);
    }
    match op {
        _ if a == b => match op {
            And | Or => rule(Found::Value(a)),
            Sub | Xor => rule(Found::Value(s.constant(ty, 0))),
            Add => rule(Found::Op(Op::Binary(Shl, a, s.constant(ty, 1)))),
            _ => None,
        },
        Shl | LShr | AShr | UDiv | SDiv if const_a == Some(0) => rule(Found::Value(a)),
        Sub => match (s.body.op(a), s.body.op(b)) {
            // a - (0 - x) = a + x
            (_, Op::Binary(Sub, zero, x)) if s.body.as_const(zero) == Some(0) => {
                rule(Found::Op(Op::Binary(Add, a, x)))
            }
            (Op::Binary(Add, x, y), _) if x == b => rule(Found::Value(y)),
            (Op::Binary(Add, x, y), _) if y == b => rule(Found::Value(x)),
            (Op::PtrToInt(p), Op::PtrToInt(q)) => subtract_pointers(s, p, q),
            _ => None,
        },
        Add => match (s.body.op(a), s.body.op(b)) {
            (_, Op::Binary(Sub, zero, x)) if s.body.as_const(zero) == Some(0) => {
                rule(Found::Op(Op::Binary(Sub, a, x)))
            }
            (Op::Binary(Sub, zero, x), _) if s.body.as_const(zero) == Some(0) => {
                rule(Found::Op(Op::Binary(Sub, b, x)))
            }
            (Op::Binary(Sub, x, y), _) if y == b => rule(Found::Value(x)),
            (_, Op::Binary(Sub, x, y)) if y == a => rule(Found::Value(x)),
            _ => None,
        },
        _ => None,
    }
}

/// The distance of two addresses with a common base.
fn subtract_pointers(s: &mut Simplifier<'_>, p: Value, q: Value) -> Option<Found> {
    let split = |s: &Simplifier<'_>, p: Value| match s.body.op(p) {
        Op::PtrAdd(base, offset) => match s.body.as_const(offset) {
            Some(n) => (Some(base), None, n),
            None => (Some(p), None, 0),
        },
        Op::SlotAddr(slot, n) => (None, Some(slot), n.into()),
        _ => (Some(p), None, 0),
    };
    let (base_p, slot_p, n_p) = split(s, p);
    let (base_q, slot_q, n_q) = split(s, q);
    let is_same = base_p == base_q && slot_p == slot_q;
    if !is_same {
        return None;
    }
    rule(Found::Value(s.constant(Type::I64, n_p.wrapping_sub(n_q))))
}

fn simplify_binary_const(
    s: &mut Simplifier<'_>,
    op: BinaryOp,
    a: Value,
    b: Value,
    n: i64,
    ty: Type,
) -> Option<Found> {
    use BinaryOp::*;
    let bits = i64::from(ty.bits());
    let power = (n > 0 && n & (n - 1) == 0).then(|| i64::from(n.trailing_zeros()));
    match (op, n) {
        (Add | Sub | Or | Xor | Shl | LShr | AShr, 0) | (Mul | UDiv | SDiv, 1) => {
            return rule(Found::Value(a));
        }
        (Mul | And, 0) | (UDiv | SDiv, 0) => return rule(Found::Value(s.constant(ty, 0))),
        (URem | SRem, 0) => return rule(Found::Value(a)),
        (URem | SRem, 1) => return rule(Found::Value(s.constant(ty, 0))),
        (And, -1) => return rule(Found::Value(a)),
        (Or, -1) => return rule(Found::Value(b)),
        (Sub, _) => {
            let minus = s.constant(ty, n.wrapping_neg());
            return rule(Found::Op(Op::Binary(Add, a, minus)));
        }
        (Mul, -1) => {
            let zero = s.constant(ty, 0);
            return rule(Found::Op(Op::Binary(Sub, zero, a)));
        }
        (Shl | LShr | AShr, _) if !(0..bits).contains(&n) => {
            let count = s.constant(ty, n & (bits - 1));
            return rule(Found::Op(Op::Binary(op, a, count)));
        }
        _ => {}
    }
    if let Some(power) = power {
        let new = match op {
            Mul => rule((Shl, power)),
            UDiv => rule((LShr, power)),
            URem => rule((And, n - 1)),
            _ => None,
        };
        if let Some((op, n)) = new {
            let n = s.constant(ty, n);
            return rule(Found::Op(Op::Binary(op, a, n)));
        }
    }
    if op == And
        && let Some(found) = simplify_mask(s, a, n, ty)
    {
        return Some(found);
    }
    if matches!(op, LShr | AShr) {
        let zeros = s.known_zeros(a);
        let sign = 1 << (bits - 1);
        if op == AShr && zeros & sign != 0 {
            return rule(Found::Op(Op::Binary(LShr, a, b)));
        }
        let width_mask = u64::MAX >> (64 - bits);
        if op == LShr && (!zeros & width_mask) >> n == 0 {
            return rule(Found::Value(s.constant(ty, 0)));
        }
    }
    regroup(s, op, a, n, ty)
}

/// `(x op m) op n`.
fn regroup(s: &mut Simplifier<'_>, op: BinaryOp, a: Value, n: i64, ty: Type) -> Option<Found> {
    use BinaryOp::*;
    let Op::Binary(inner, x, y) = s.body.op(a) else {
        return None;
    };
    let m = s.body.as_const(y)?;
    let bits = i64::from(ty.bits());
    let (op, n) = match (inner, op) {
        (And, And) => rule((And, m & n)),
        (Or, Or) => rule((Or, m | n)),
        (Xor, Xor) => rule((Xor, m ^ n)),
        // The inner sum may be what was checked against a bound.
        (Add, Add) if s.is_single_use(a) => rule((Add, m.wrapping_add(n))),
        (Mul, Mul) if s.is_single_use(a) => rule((Mul, m.wrapping_mul(n))),
        (Shl, Mul) if s.is_single_use(a) => rule((Mul, n.wrapping_shl(m as u32))),
        (Shl, Shl) | (LShr, LShr) if m + n < bits => rule((op, m + n)),
        (Shl, Shl) | (LShr, LShr) => return rule(Found::Value(s.constant(ty, 0))),
        (AShr, AShr) => rule((AShr, (m + n).min(bits - 1))),
        (Shl, LShr) if m == n => {
            let mask = (u64::MAX >> (64 - bits)) >> n;
            rule((And, mask as i64))
        }
        (LShr, Shl) if m == n => rule((And, -1 << n)),
        (Shl, AShr) if m == n => {
            let width = Width::from_bytes(((bits - n) / 8) as u64);
            let width = width.filter(|width| i64::from(width.bits()) == bits - n)?;
            if width == Width::W32 {
                let low = s.make(Op::Trunc(x), Type::I32);
                return rule(Found::Op(Op::Sext(low, Width::W32)));
            }
            return rule(Found::Op(Op::Sext(x, width)));
        }
        // What a mask keeps of a shifted value.
        (And, LShr)
            if s.is_single_use(a) && (m as u64 & type_mask(ty)) >> n == type_mask(ty) >> n =>
        {
            rule((LShr, n))
        }
        _ => None,
    }?;
    let n = s.constant(ty, n);
    rule(Found::Op(Op::Binary(op, x, n)))
}

/// `a & mask`.
fn simplify_mask(s: &mut Simplifier<'_>, a: Value, mask: i64, ty: Type) -> Option<Found> {
    let width_mask = u64::MAX >> (64 - ty.bits());
    let zeros = s.known_zeros(a);
    let kept = mask as u64 & width_mask;
    let possible = !zeros & width_mask;
    if possible & !kept == 0 {
        return rule(Found::Value(a));
    }
    if possible & kept == 0 {
        return rule(Found::Value(s.constant(ty, 0)));
    }
    let new = match s.body.op(a) {
        Op::Sext(x, width) if s.body.ty(x) == ty && kept <= width.mask() => rule(x),
        Op::Binary(BinaryOp::And, x, y)
            if s.body.as_const(y).is_some_and(|m| kept & !(m as u64) == 0) =>
        {
            rule(x)
        }
        // Bits that are masked away anyway.
        Op::Binary(BinaryOp::Or | BinaryOp::Xor, x, y)
            if s.body.as_const(y).is_some_and(|m| kept & m as u64 == 0) =>
        {
            rule(x)
        }
        _ if ty == Type::I64 && kept == 0xffff_ffff => {
            let low = s.make(Op::Trunc(a), Type::I32);
            return rule(Found::Op(Op::Zext(low)));
        }
        _ => None,
    }?;
    let mask = s.constant(ty, mask);
    rule(Found::Op(Op::Binary(BinaryOp::And, new, mask)))
}

fn simplify_zext(s: &mut Simplifier<'_>, a: Value) -> Option<Found> {
    match s.body.op(a) {
        Op::Const(n) => rule(Found::Value(s.constant(Type::I64, i64::from(n as u32)))),
        Op::Undef => rule(Found::Value(s.constant(Type::I64, 0))),
        Op::Trunc(x) if s.known_zeros(x) >> 32 == 0xffff_ffff => rule(Found::Value(x)),
        Op::Load(_) if s.is_single_use(a) => {
            s.retype_load(a, Type::I64);
            rule(Found::Value(a))
        }
        _ => None,
    }
}

fn simplify_sext(s: &mut Simplifier<'_>, a: Value, width: Width, ty: Type) -> Option<Found> {
    let sign = 1u64 << (width.bits() - 1);
    let above = u64::MAX << (width.bits() - 1);
    let zeros = s.known_zeros(a);
    match s.body.op(a) {
        Op::Const(n) => {
            let shift = 64 - width.bits();
            return rule(Found::Value(s.constant(ty, n << shift >> shift)));
        }
        Op::Undef => return rule(Found::Value(s.constant(ty, 0))),
        Op::Sext(_, inner) if s.body.ty(a) == ty && inner <= width => return rule(Found::Value(a)),
        Op::Binary(BinaryOp::And, x, mask)
            if width < Width::W32
                && s.body.as_const(mask).is_some_and(|m| width.mask() & !(m as u64) == 0) =>
        {
            return rule(Found::Op(Op::Sext(x, width)));
        }
        _ => {}
    }
    if width == Width::W32 {
        if let Op::Sext(x, inner) = s.body.op(a) {
            // In one step: between two of them the verifier loses the range
            // (`coerce_reg_to_size_sx` in Linux 6.12 `kernel/bpf/verifier.c`).
            let wide = s.make(Op::Zext(x), Type::I64);
            return rule(Found::Op(Op::Sext(wide, inner)));
        }
        return if zeros & sign != 0 { rule(Found::Op(Op::Zext(a))) } else { None };
    }
    let width_mask = u64::MAX >> (64 - ty.bits());
    let is_known = zeros & above & width_mask == above & width_mask;
    if is_known { rule(Found::Value(a)) } else { None }
}

fn simplify_trunc(s: &mut Simplifier<'_>, a: Value) -> Option<Found> {
    match s.body.op(a) {
        Op::Const(n) => rule(Found::Value(s.constant(Type::I32, n))),
        Op::Undef => rule(Found::Value(s.body.leaf(Op::Undef, Type::I32))),
        Op::Zext(x) | Op::Sext(x, Width::W32) => rule(Found::Value(x)),
        Op::Load(access) if access.width != Width::W64 && s.is_single_use(a) => {
            s.retype_load(a, Type::I32);
            rule(Found::Value(a))
        }
        _ => None,
    }
}

fn simplify_ptr_add(s: &mut Simplifier<'_>, a: Value, b: Value) -> Option<Found> {
    if let Some(n) = s.body.as_const(b) {
        let plus = |old: i32| i32::try_from(n.checked_add(old.into())?).ok();
        return match s.body.op(a) {
            _ if n == 0 => rule(Found::Value(a)),
            Op::Const(m) => rule(Found::Value(s.constant(Type::Ptr, m.wrapping_add(n)))),
            Op::SlotAddr(slot, m) => {
                let op = Op::SlotAddr(slot, plus(m)?);
                rule(Found::Value(s.make(op, Type::Ptr)))
            }
            Op::GlobalAddr(global, m) => {
                let op = Op::GlobalAddr(global, plus(m)?);
                rule(Found::Value(s.make(op, Type::Ptr)))
            }
            Op::PtrAdd(base, m) => {
                let m = s.body.as_const(m)?;
                let sum = s.constant(Type::I64, m.wrapping_add(n));
                rule(Found::Op(Op::PtrAdd(base, sum)))
            }
            _ => None,
        };
    }
    match (s.body.op(a), s.body.op(b)) {
        // (p + n) + x = (p + x) + n
        (Op::PtrAdd(base, n), _) if s.body.as_const(n).is_some() => {
            let inner = s.make(Op::PtrAdd(base, b), Type::Ptr);
            rule(Found::Op(Op::PtrAdd(inner, n)))
        }
        (_, Op::Binary(BinaryOp::Add, x, n))
            if s.body.as_const(n).is_some() && s.is_single_use(b) =>
        {
            let inner = s.make(Op::PtrAdd(a, x), Type::Ptr);
            rule(Found::Op(Op::PtrAdd(inner, n)))
        }
        (Op::Const(0), _) => rule(Found::Op(Op::IntToPtr(b))),
        _ => None,
    }
}

fn simplify_int_to_ptr(s: &mut Simplifier<'_>, a: Value) -> Option<Found> {
    match s.body.op(a) {
        Op::PtrToInt(inner) => rule(Found::Value(inner)),
        Op::Const(n) => rule(Found::Value(s.constant(Type::Ptr, n))),
        Op::Undef => rule(Found::Value(s.body.leaf(Op::Undef, Type::Ptr))),
        Op::Binary(BinaryOp::Add, x, y) => match (s.body.op(x), s.body.op(y)) {
            (Op::PtrToInt(_), Op::PtrToInt(_)) => None,
            (Op::PtrToInt(p), _) => rule(Found::Op(Op::PtrAdd(p, y))),
            (_, Op::PtrToInt(p)) => rule(Found::Op(Op::PtrAdd(p, x))),
            _ => None,
        },
        _ => None,
    }
}

fn simplify_bswap(s: &mut Simplifier<'_>, a: Value, width: Width, ty: Type) -> Option<Found> {
    match s.body.op(a) {
        Op::Const(n) => {
            let swapped = (n as u64).swap_bytes() >> (64 - width.bits());
            rule(Found::Value(s.constant(ty, swapped as i64)))
        }
        Op::Bswap(x, inner) if inner == width => {
            let mask = s.constant(ty, width.mask() as i64);
            rule(Found::Op(Op::Binary(BinaryOp::And, x, mask)))
        }
        Op::Binary(BinaryOp::And, x, mask)
            if s.body.as_const(mask).is_some_and(|m| width.mask() & !(m as u64) == 0) =>
        {
            rule(Found::Op(Op::Bswap(x, width)))
        }
        _ => None,
    }
}

/// Moves what is constant of the base into the offset.
fn fold_address(s: &mut Simplifier<'_>, address: Address) -> Address {
    let fits = |n: i64| i16::try_from(n).is_ok();
    let offset = i64::from(address.offset);
    let folded = match (s.body.op(address.base), address.core) {
        (Op::SlotAddr(slot, n), None) if n != 0 && fits(offset + i64::from(n)) => {
            rule(Address::new(s.body.slot_addr(slot, 0), address.offset + n))
        }
        (Op::GlobalAddr(global, n), None) if n != 0 && fits(offset + i64::from(n)) => {
            let base = s.body.leaf(Op::GlobalAddr(global, 0), Type::Ptr);
            rule(Address::new(base, address.offset + n))
        }
        (Op::PtrAdd(base, n), None) => match s.body.op(n) {
            Op::Const(n) if n.checked_add(offset).is_some_and(fits) => {
                rule(Address::new(base, address.offset + n as i32))
            }
            Op::Core(core) if offset == 0 && fits(s.body.cores[core].local) => {
                let offset = s.body.cores[core].local as i32;
                rule(Address { base, offset, core: Some(core) })
            }
            _ => None,
        },
        _ => None,
    };
    folded.unwrap_or(address)
}

fn simplify_load(s: &mut Simplifier<'_>, access: Access, ty: Type) -> Option<Found> {
    let address = fold_address(s, access.address);
    if address != access.address {
        return rule(Found::Op(Op::Load(Access { address, ..access })));
    }
    if access.is_volatile || address.core.is_some() {
        return None;
    }
    let Op::GlobalAddr(global, n) = s.body.op(address.base) else {
        return None;
    };
    let global = s.module.globals.get(global)?;
    if global.kind != GlobalKind::Constant {
        return None;
    }
    let start = usize::try_from(i64::from(n) + i64::from(address.offset)).ok()?;
    let end = start + access.width.bytes() as usize;
    let mut word = [0; 8];
    let n_bytes = end - start;
    match &global.init {
        GlobalInit::None => return None,
        GlobalInit::Zero if end as u64 <= global.size => {}
        GlobalInit::Zero => return None,
        GlobalInit::Data { bytes, relocs } => {
            let touches = |reloc: &InitReloc| {
                (reloc.offset as usize) < end && reloc.offset as usize + 8 > start
            };
            if let Some(reloc) = relocs.iter().find(|reloc| touches(reloc)) {
                return constant_address(s, reloc, start, access.width, ty);
            }
            word[..n_bytes].copy_from_slice(bytes.get(start..end)?);
        }
    }
    let number = s.body.number_of_bytes(&word[..n_bytes]);
    rule(Found::Value(s.constant(ty, number)))
}

/// The address that a constant holds.
fn constant_address(
    s: &mut Simplifier<'_>,
    reloc: &InitReloc,
    start: usize,
    width: Width,
    ty: Type,
) -> Option<Found> {
    if reloc.offset as usize != start || width != Width::W64 {
        return None;
    }
    let leaf = match reloc.target {
        InitTarget::Func(func) if reloc.addend == 0 => Op::FuncAddr(func),
        InitTarget::Global(global) => Op::GlobalAddr(global, i32::try_from(reloc.addend).ok()?),
        InitTarget::Func(_) => return None,
    };
    let address = s.body.leaf(leaf, Type::Ptr);
    rule(match ty {
        Type::Ptr => Found::Value(address),
        _ => Found::Op(Op::PtrToInt(address)),
    })
}

fn simplify_store(s: &mut Simplifier<'_>, access: Access, value: Value) -> Option<Found> {
    let address = fold_address(s, access.address);
    if address != access.address {
        return rule(Found::Op(Op::Store(Access { address, ..access }, value)));
    }
    let low = access.width.mask();
    // What only changes bits that are not stored.
    let new = match s.body.op(value) {
        Op::Zext(x) | Op::Trunc(x) if access.width <= Width::W32 => rule(x),
        Op::Sext(x, width) if access.width <= width => rule(x),
        Op::Binary(BinaryOp::And, x, mask)
            if s.body.as_const(mask).is_some_and(|m| low & !(m as u64) == 0) =>
        {
            rule(x)
        }
        _ => None,
    }?;
    rule(Found::Op(Op::Store(access, new)))
}

fn simplify_compare(s: &mut Simplifier<'_>, condition: Condition) -> Option<Found> {
    let (cond, a, b) = condition;
    match (s.body.as_const(a), s.body.as_const(b)) {
        (Some(x), Some(y)) => {
            return rule(Found::Value(s.constant(Type::I32, cond.eval(x, y).into())));
        }
        // `(x cmp y) != 0` is the comparison itself.
        (None, Some(0)) if cond == Cond::Ne && s.body.ty(a) == Type::I32 => {
            if let Op::Compare(..) = s.body.op(a) {
                return rule(Found::Value(a));
            }
            if s.known_zeros(a) & 0xffff_ffff == 0xffff_fffe {
                return rule(Found::Value(a));
            }
        }
        _ if a == b => {
            let holds = cond.holds_if_equal();
            return rule(Found::Value(s.constant(Type::I32, holds.into())));
        }
        _ => {}
    }
    if let Some(bit) = single_bit(s, condition) {
        return Some(bit);
    }
    let (cond, a, b) = simplify_condition(s, condition)?;
    rule(Found::Op(Op::Compare(cond, a, b)))
}

/// `(x & 8) != 0` as a value is `x >> 3 & 1`.
fn single_bit(s: &mut Simplifier<'_>, (cond, a, b): Condition) -> Option<Found> {
    let ty = s.body.ty(a);
    if cond != Cond::Ne || s.body.as_const(b) != Some(0) || ty == Type::Ptr {
        return None;
    }
    let possible = !s.known_zeros(a) & type_mask(ty);
    if possible.count_ones() != 1 {
        return None;
    }
    let shift = s.constant(ty, possible.trailing_zeros().into());
    let bit = s.make(Op::Binary(BinaryOp::LShr, a, shift), ty);
    match ty {
        Type::I64 => rule(Found::Op(Op::Trunc(bit))),
        _ => rule(Found::Value(bit)),
    }
}

/// One step towards a simpler comparison.
pub(super) fn simplify_condition(
    s: &mut Simplifier<'_>,
    condition: Condition,
) -> Option<Condition> {
    let (cond, a, b) = condition;
    if s.body.as_const(a).is_some() && s.body.as_const(b).is_none() {
        return rule((cond.swap(), b, a));
    }
    // No function is at address 0, and no two are at one.
    if let Op::FuncAddr(func) = s.body.op(a)
        && matches!(cond, Cond::Eq | Cond::Ne)
    {
        let other = s.body.op(b);
        let differs = matches!(other, Op::Const(0)) || matches!(other, Op::FuncAddr(_));
        if differs && !s.is_weak(func) {
            let is_same = other == Op::FuncAddr(func);
            let holds = is_same == (cond == Cond::Eq);
            let [one, zero] = [1, 0].map(|n| s.constant(Type::Ptr, n));
            return rule((Cond::Ne, if holds { one } else { zero }, zero));
        }
    }
    // A pointer stays in its object (C11 6.5.6p8).
    if let Op::PtrAdd(base, offset) = s.body.op(a)
        && base == b
        && let Some(n) = s.body.as_const(offset)
        && !cond.is_signed()
    {
        let [one, zero] = [1, 0].map(|n| s.constant(Type::Ptr, n));
        let holds = cond.eval(n.signum() + 1, 1);
        return rule((Cond::Ne, if holds { one } else { zero }, zero));
    }
    let Some(n) = s.body.as_const(b) else {
        return match (s.body.op(a), s.body.op(b)) {
            (Op::Zext(x), Op::Zext(y)) if !cond.is_signed() => rule((cond, x, y)),
            (Op::PtrToInt(x), Op::PtrToInt(y)) if !cond.is_signed() => rule((cond, x, y)),
            _ => None,
        };
    };
    let ty = s.body.ty(a);
    let is_equality = matches!(cond, Cond::Eq | Cond::Ne);
    // Strict comparisons, and equality where it says the same.
    let strict = match (cond, n) {
        (Cond::ULt, 1) | (Cond::ULe, 0) => rule((Cond::Eq, 0)),
        (Cond::UGe, 1) | (Cond::UGt, 0) => rule((Cond::Ne, 0)),
        (Cond::ULe, _) if is_small(n) => rule((Cond::ULt, n + 1)),
        (Cond::UGe, _) if is_small(n) => rule((Cond::UGt, n - 1)),
        (Cond::SLe, _) if is_small(n) => rule((Cond::SLt, n + 1)),
        (Cond::SGe, _) if is_small(n) => rule((Cond::SGt, n - 1)),
        _ => None,
    };
    if let Some((cond, n)) = strict {
        return Some((cond, a, s.constant(ty, n)));
    }
    match s.body.op(a) {
        Op::Compare(inner, x, y) if n == 0 && cond == Cond::Ne => rule((inner, x, y)),
        Op::Compare(inner, x, y) if n == 0 && cond == Cond::Eq => rule((inner.negate(), x, y)),
        Op::Compare(inner, x, y) if n == 1 && cond == Cond::Eq => rule((inner, x, y)),
        Op::Compare(inner, x, y) if n == 1 && cond == Cond::Ne => rule((inner.negate(), x, y)),
        Op::PtrToInt(x) if !cond.is_signed() => rule((cond, x, s.constant(Type::Ptr, n))),
        Op::Zext(x) if is_equality && n == i64::from(n as u32) => {
            rule((cond, x, s.constant(Type::I32, n)))
        }
        Op::Zext(x) if s.is_single_use(a) && !cond.is_signed() && n == i64::from(n as u32) => {
            rule((cond, x, s.constant(Type::I32, n)))
        }
        Op::Sext(x, Width::W32) if is_equality && n == i64::from(n as i32) => {
            rule((cond, x, s.constant(Type::I32, n)))
        }
        Op::Bswap(x, width) if is_equality && s.known_zeros(x) | width.mask() == u64::MAX => {
            let swapped = (n as u64).swap_bytes() >> (64 - width.bits());
            if n as u64 & type_mask(ty) > width.mask() {
                return None;
            }
            rule((cond, x, s.constant(ty, swapped as i64)))
        }
        Op::Binary(BinaryOp::Xor, x, y) if is_equality => match s.body.as_const(y) {
            Some(m) => rule((cond, x, s.constant(ty, n ^ m))),
            None if n == 0 => rule((cond, x, y)),
            None => None,
        },
        Op::Binary(BinaryOp::Sub, x, y) if is_equality && n == 0 => rule((cond, x, y)),
        Op::Binary(BinaryOp::Add, x, y) if is_equality && s.is_single_use(a) => {
            let m = s.body.as_const(y)?;
            rule((cond, x, s.constant(ty, n.wrapping_sub(m))))
        }
        // What the comparison says is then said of `x` itself, which is what a verifier remembers it of.
        Op::Binary(BinaryOp::Add, x, y) if s.is_single_use(a) => {
            let m = s.body.as_const(y)?;
            let max = if ty == Type::I32 { i64::from(i32::MAX) } else { i64::MAX };
            let x_max = i64::try_from(!s.known_zeros(x) & type_mask(ty)).ok()?;
            let never_wraps = m > 0 && x_max <= max - m;
            match never_wraps && n >= m {
                true => rule((cond, x, s.constant(ty, n - m))),
                false => None,
            }
        }
        _ => None,
    }
}

fn type_mask(ty: Type) -> u64 {
    u64::MAX >> (64 - ty.bits())
}

/// Far from where adding one changes the sign or the size of an immediate.
fn is_small(n: i64) -> bool {
    (1..0x7fff_ffff).contains(&n)
}
