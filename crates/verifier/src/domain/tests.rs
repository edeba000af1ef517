//! Soundness: whatever the concrete operation gives is in what the abstract one gives.

use super::{Scalar, Tnum, arith, branch};
use bpfc_isa::{AluOp, JmpOp, Width};

/// A small generator of numbers (splitmix64), so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Numbers near the places where something changes.
    fn number(&mut self) -> u64 {
        let edges = [
            0,
            1,
            7,
            31,
            32,
            63,
            64,
            0x7f,
            0x80,
            0xff,
            0xffff,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0x1_0000_0000,
            i64::MAX as u64,
            i64::MIN as u64,
            u64::MAX,
        ];
        let edge = edges[self.below(edges.len() as u64) as usize];
        match self.below(4) {
            0 => edge,
            1 => edge.wrapping_add(self.below(9)).wrapping_sub(4),
            2 => self.next() >> self.below(64),
            _ => self.next() << self.below(64),
        }
    }

    /// A number and something that is known of it.
    fn scalar(&mut self) -> (Scalar, u64) {
        let value = self.number();
        let mut scalar = Scalar::UNKNOWN;
        let below = |random: &mut Self, span: u64| match random.below(3) {
            0 => 0,
            1 => random.below(16).min(span),
            _ => match span {
                u64::MAX => random.next(),
                _ => random.below(span + 1),
            },
        };
        if self.below(2) == 0 {
            let mask = self.next() & self.next();
            scalar.bits = Tnum { value: value & !mask, mask };
        }
        if self.below(2) == 0 {
            scalar.umin = value - below(self, value);
            scalar.umax = value + below(self, u64::MAX - value);
        }
        if self.below(2) == 0 {
            let signed = value as i64;
            scalar.smin = signed.wrapping_sub(below(self, signed.abs_diff(i64::MIN)) as i64);
            scalar.smax = signed.wrapping_add(below(self, signed.abs_diff(i64::MAX)) as i64);
        }
        let low = value as u32;
        if self.below(2) == 0 {
            scalar.umin32 = low - below(self, low.into()) as u32;
            scalar.umax32 = low + below(self, (u32::MAX - low).into()) as u32;
        }
        if self.below(4) == 0 {
            scalar = Scalar::constant(value);
        }
        scalar.sync();
        assert!(scalar.contains(value), "{scalar:x?} without {value:#x}");
        (scalar, value)
    }
}

pub fn concrete(width: Width, op: AluOp, dst: u64, src: u64) -> u64 {
    let wide = match (width, op) {
        (_, AluOp::Mov) => src,
        (_, AluOp::Add) => dst.wrapping_add(src),
        (_, AluOp::Sub) => dst.wrapping_sub(src),
        (_, AluOp::Mul) => dst.wrapping_mul(src),
        (_, AluOp::Or) => dst | src,
        (_, AluOp::And) => dst & src,
        (_, AluOp::Xor) => dst ^ src,
        (Width::W64, AluOp::Lsh) => dst << (src & 63),
        (Width::W64, AluOp::Rsh) => dst >> (src & 63),
        (Width::W64, AluOp::Arsh) => ((dst as i64) >> (src & 63)) as u64,
        (Width::W32, AluOp::Lsh) => ((dst as u32) << (src & 31)).into(),
        (Width::W32, AluOp::Rsh) => ((dst as u32) >> (src & 31)).into(),
        (Width::W32, AluOp::Arsh) => u64::from(((dst as i32) >> (src & 31)) as u32),
        (Width::W64, AluOp::Div) => dst.checked_div(src).unwrap_or(0),
        (Width::W64, AluOp::Mod) => dst.checked_rem(src).unwrap_or(dst),
        (Width::W32, AluOp::Div) => (dst as u32).checked_div(src as u32).unwrap_or(0).into(),
        (Width::W32, AluOp::Mod) => {
            let dst = dst as u32;
            dst.checked_rem(src as u32).unwrap_or(dst).into()
        }
        (Width::W64, AluOp::SDiv) => {
            let (dst, src) = (dst as i64, src as i64);
            if src == 0 { 0 } else { dst.wrapping_div(src) as u64 }
        }
        (Width::W64, AluOp::SMod) => {
            let (signed, by) = (dst as i64, src as i64);
            if by == 0 { dst } else { signed.wrapping_rem(by) as u64 }
        }
        (Width::W32, AluOp::SDiv) => {
            let (dst, src) = (dst as i32, src as i32);
            if src == 0 { 0 } else { dst.wrapping_div(src) as u32 as u64 }
        }
        (Width::W32, AluOp::SMod) => {
            let (signed, by) = (dst as i32, src as i32);
            if by == 0 { dst } else { signed.wrapping_rem(by) as u32 as u64 }
        }
    };
    match width {
        Width::W32 => wide & 0xffff_ffff,
        Width::W64 => wide,
    }
}

pub fn holds(width: Width, op: JmpOp, left: u64, right: u64) -> bool {
    let (left, right, signed_left, signed_right) = match width {
        Width::W64 => (left, right, left as i64, right as i64),
        Width::W32 => (
            u64::from(left as u32),
            u64::from(right as u32),
            i64::from(left as i32),
            i64::from(right as i32),
        ),
    };
    match op {
        JmpOp::Eq => left == right,
        JmpOp::Ne => left != right,
        JmpOp::Set => left & right != 0,
        JmpOp::Gt => left > right,
        JmpOp::Ge => left >= right,
        JmpOp::Lt => left < right,
        JmpOp::Le => left <= right,
        JmpOp::SGt => signed_left > signed_right,
        JmpOp::SGe => signed_left >= signed_right,
        JmpOp::SLt => signed_left < signed_right,
        JmpOp::SLe => signed_left <= signed_right,
    }
}

const WIDTHS: [Width; 2] = [Width::W32, Width::W64];

#[test]
fn tnums_of_five_bits_are_sound() {
    let all: Vec<Tnum> = (0..32)
        .flat_map(|mask| (0..32).map(move |value| Tnum { value, mask }))
        .filter(|tnum| tnum.value & tnum.mask == 0)
        .collect();
    let members: Vec<Vec<u64>> =
        all.iter().map(|tnum| (0..32).filter(|&n| tnum.contains(n)).collect()).collect();
    for (a, a_members) in all.iter().zip(&members) {
        for (b, b_members) in all.iter().zip(&members) {
            let results = [*a + *b, *a - *b, *a * *b, *a & *b, *a | *b, *a ^ *b];
            for &x in a_members {
                for &y in b_members {
                    let (add, sub, mul) = (x + y, x.wrapping_sub(y), x * y);
                    for (tnum, value) in results.iter().zip([add, sub, mul, x & y, x | y, x ^ y]) {
                        assert!(tnum.contains(value), "{a:?} {b:?} {x} {y}: {tnum:?} {value}");
                    }
                }
            }
            let shared = a_members.iter().filter(|n| b_members.contains(n));
            assert!(shared.into_iter().all(|&n| a.intersect(*b).contains(n)));
            let is_subset = b_members.iter().all(|n| a_members.contains(n));
            assert_eq!(a.includes(*b), is_subset);
        }
    }
}

#[test]
fn tnum_ranges_are_the_smallest() {
    for min in 0..64 {
        for max in min..64 {
            let tnum = Tnum::range(min, max);
            assert!((min..=max).all(|n| tnum.contains(n)));
            assert_eq!(tnum.mask.count_ones(), 64 - (min ^ max).leading_zeros());
        }
    }
    assert_eq!(Tnum::range(0, u64::MAX), Tnum::UNKNOWN);
}

#[test]
fn tnum_successors_are_members() {
    for mask in 0..64_u64 {
        for value in (0..64).filter(|value| value & mask == 0) {
            let tnum = Tnum { value, mask };
            for number in 0..64 {
                let next = (number + 1..64).find(|&n| tnum.contains(n));
                assert_eq!(tnum.next_after(number), next, "{tnum:?} after {number}");
            }
        }
    }
}

#[test]
fn arithmetic_is_sound() {
    let mut random = Random(1);
    for _ in 0..40_000 {
        let ((dst, x), (src, y)) = (random.scalar(), random.scalar());
        for width in WIDTHS {
            for op in AluOp::ALL {
                let result = arith::alu(width, op, dst, src);
                let value = concrete(width, op, x, y);
                assert!(
                    result.contains(value),
                    "{width:?} {op:?}: {x:#x} in {dst:x?}\n{y:#x} in {src:x?}\n{value:#x} in {result:x?}",
                );
            }
            let value = concrete(width, AluOp::Sub, 0, x);
            assert!(arith::neg(width, dst).contains(value));
        }
        for bytes in [1, 2, 4, 8] {
            let mut cut = dst;
            cut.truncate(bytes);
            let shift = 64 - bytes * 8;
            assert!(cut.contains(x << shift >> shift), "{bytes} {x:#x} {dst:x?} {cut:x?}");
            if bytes == 8 {
                continue;
            }
            let mut wide = dst;
            wide.sign_extend(bytes * 8, 64);
            let extended = (((x << shift) as i64) >> shift) as u64;
            assert!(wide.contains(extended), "{bytes} {x:#x} {dst:x?} {wide:x?}");
            if bytes < 4 {
                let mut wide = dst;
                wide.sign_extend(bytes * 8, 32);
                assert!(wide.contains(extended & 0xffff_ffff));
            }
        }
    }
}

#[test]
fn comparisons_are_sound() {
    let mut random = Random(2);
    for _ in 0..40_000 {
        let ((left, x), (right, y)) = (random.scalar(), random.scalar());
        for width in WIDTHS {
            for op in JmpOp::ALL {
                let is_taken = holds(width, op, x, y);
                if let Some(outcome) = branch::outcome(width, op, &left, &right) {
                    assert_eq!(outcome, is_taken, "{width:?} {op:?} {left:x?} {right:x?}");
                }
                let (mut a, mut b) = (left, right);
                branch::refine(width, op, is_taken, &mut a, &mut b);
                assert!(
                    a.contains(x) && b.contains(y),
                    "{width:?} {op:?} {is_taken}: {x:#x} in {left:x?} -> {a:x?}\n{y:#x} in {right:x?} -> {b:x?}",
                );
            }
        }
    }
}

#[test]
fn sync_keeps_every_member() {
    let mut random = Random(3);
    for _ in 0..40_000 {
        let (scalar, _) = random.scalar();
        let mut again = scalar;
        again.sync();
        assert!(scalar.includes(&again));
        assert!(!scalar.is_impossible());
    }
}

#[test]
fn precision_is_that_of_the_kernel() {
    // `x & 7`, then `x << 3`.
    let masked = arith::alu(Width::W64, AluOp::And, Scalar::UNKNOWN, Scalar::constant(7));
    assert_eq!((masked.umin, masked.umax, masked.smax), (0, 7, 7));
    let shifted = arith::alu(Width::W64, AluOp::Lsh, masked, Scalar::constant(3));
    assert_eq!((shifted.umax, shifted.bits.mask), (56, 0x38));
    // A sign extension by two shifts keeps the signed range.
    let byte = Scalar::signed(-4, 3);
    let low = arith::alu(Width::W32, AluOp::Mov, byte, byte);
    let left = arith::alu(Width::W64, AluOp::Lsh, low, Scalar::constant(32));
    let back = arith::alu(Width::W64, AluOp::Arsh, left, Scalar::constant(32));
    assert_eq!((back.smin, back.smax), (-4, 3));
    // `if w1 > 9` bounds the 64-bit number once its high half is known to be zero.
    let (mut word, mut nine) = (Scalar::of_bytes(4), Scalar::constant(9));
    branch::refine(Width::W32, JmpOp::Gt, false, &mut word, &mut nine);
    assert_eq!((word.umin, word.umax, word.smax), (0, 9, 9));
}
