//! Soundness at small widths, all of it: every abstract value over windows of eight neighbouring numbers, placed where
//! something changes (zero, the sign and the top of either width), against every other, under every operation in both
//! widths, for all the numbers they stand for.

use super::tests::{concrete, holds};
use super::{Scalar, Tnum, arith, branch};
use bpfc_isa::{AluOp, JmpOp, SwapBits, Width};

/// Where windows start. Those of the last two wrap.
const BASES: [u64; 6] = [
    0,
    0x7fff_fffc,
    0xffff_fffc,
    0x7fff_ffff_ffff_fffc,
    0xffff_ffff_7fff_fffc,
    0xffff_ffff_ffff_fffc,
];

const WIDTHS: [Width; 2] = [Width::W32, Width::W64];

/// An abstract value and the numbers of the window that it stands for.
struct Abstract {
    scalar: Scalar,
    members: Vec<u64>,
}

/// All intervals of a window, and all sets of three unknown bits in it.
fn all() -> Vec<Abstract> {
    let mut found: Vec<Abstract> = Vec::new();
    let mut add = |mut scalar: Scalar, members: Vec<u64>| {
        scalar.sync();
        assert!(members.iter().all(|&member| scalar.contains(member)), "{scalar:x?}");
        if !members.is_empty() && !found.iter().any(|known| known.scalar == scalar) {
            found.push(Abstract { scalar, members });
        }
    };
    for base in BASES {
        let window: Vec<u64> = (0..8).map(|step| base.wrapping_add(step)).collect();
        for first in 0..8 {
            for last in first..8 {
                let members = window[first..=last].to_vec();
                let (min, max) = (window[first], window[last]);
                let mut scalar = Scalar::UNKNOWN;
                if min <= max {
                    (scalar.umin, scalar.umax) = (min, max);
                }
                if min as i64 <= max as i64 {
                    (scalar.smin, scalar.smax) = (min as i64, max as i64);
                }
                if scalar == Scalar::UNKNOWN {
                    continue;
                }
                add(scalar, members);
            }
        }
        for mask in 0..8_u64 {
            for value in (0..8).filter(|value| value & mask == 0) {
                let bits = Tnum { value: base & !7 | value, mask };
                let scalar = Scalar { bits, ..Scalar::UNKNOWN };
                let members = (0..8).map(|low| base & !7 | low).filter(|&n| bits.contains(n));
                add(scalar, members.collect());
            }
        }
    }
    found
}

#[test]
fn arithmetic_is_sound_everywhere() {
    let all = all();
    assert!(all.len() > 200, "{}", all.len());
    for left in &all {
        for right in &all {
            for width in WIDTHS {
                for op in AluOp::ALL {
                    let result = arith::alu(width, op, left.scalar, right.scalar);
                    // Of nothing, nothing can be wrong.
                    if result == Scalar::UNKNOWN {
                        continue;
                    }
                    for &x in &left.members {
                        for &y in &right.members {
                            let value = concrete(width, op, x, y);
                            assert!(
                                result.contains(value),
                                "{width:?} {op:?}: {x:#x} in {:x?}\n{y:#x} in {:x?}\n{value:#x} not in {result:x?}",
                                left.scalar,
                                right.scalar,
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn comparisons_are_sound_everywhere() {
    let all = all();
    for left in &all {
        for right in &all {
            for width in WIDTHS {
                for op in JmpOp::ALL {
                    compare(width, op, left, right);
                }
            }
        }
    }
}

fn compare(width: Width, op: JmpOp, left: &Abstract, right: &Abstract) {
    let outcome = branch::outcome(width, op, &left.scalar, &right.scalar);
    let refined = [false, true].map(|is_taken| {
        let (mut a, mut b) = (left.scalar, right.scalar);
        branch::refine(width, op, is_taken, &mut a, &mut b);
        (a, b)
    });
    // Per outcome, which numbers have it with any number of the other side.
    let (mut lefts, mut rights) = ([[false; 8]; 2], [[false; 8]; 2]);
    for (n, &x) in left.members.iter().enumerate() {
        for (m, &y) in right.members.iter().enumerate() {
            let is_taken = holds(width, op, x, y);
            assert!(
                outcome.is_none_or(|outcome| outcome == is_taken),
                "{width:?} {op:?} of {x:#x} in {:x?} and {y:#x} in {:x?}",
                left.scalar,
                right.scalar,
            );
            lefts[usize::from(is_taken)][n] = true;
            rights[usize::from(is_taken)][m] = true;
        }
    }
    for (is_taken, (a, b)) in refined.iter().enumerate() {
        let sides = [(left, a, &lefts[is_taken]), (right, b, &rights[is_taken])];
        for (side, refined, has_outcome) in sides {
            for (&member, _) in side.members.iter().zip(has_outcome).filter(|(_, has)| **has) {
                assert!(
                    refined.contains(member),
                    "{width:?} {op:?} {is_taken}: {:x?} and {:x?}: {member:#x} not in {refined:x?}",
                    left.scalar,
                    right.scalar,
                );
            }
        }
    }
}

#[test]
fn operations_on_one_number_are_sound_everywhere() {
    for Abstract { scalar, members } in &all() {
        for &x in members {
            for width in WIDTHS {
                let value = concrete(width, AluOp::Sub, 0, x);
                assert!(arith::neg(width, *scalar).contains(value), "-{x:#x} of {scalar:x?}");
            }
            for bits in [8, 16, 32, 64] {
                let shift = 64 - bits;
                let mut cut = *scalar;
                cut.truncate(bits / 8);
                assert!(cut.contains(x << shift >> shift), "{bits} {x:#x} of {scalar:x?}");
                let extended = (((x << shift) as i64) >> shift) as u64;
                for to_bits in [32, 64] {
                    if bits >= to_bits {
                        continue;
                    }
                    let mut wide = *scalar;
                    wide.sign_extend(bits, to_bits);
                    let keep = if to_bits == 32 { 0xffff_ffff } else { u64::MAX };
                    assert!(wide.contains(extended & keep), "{bits} {x:#x} of {scalar:x?}");
                }
            }
            for (bits, n_bits) in [(SwapBits::B16, 16), (SwapBits::B32, 32), (SwapBits::B64, 64)] {
                let low = x << (64 - n_bits) >> (64 - n_bits);
                let swapped = x.swap_bytes() >> (64 - n_bits);
                assert!(arith::swap(*scalar, bits, false).contains(low));
                assert!(arith::swap(*scalar, bits, true).contains(swapped));
            }
            let mut settled = *scalar;
            settled.forget_contradiction();
            assert_eq!(settled, *scalar);
        }
    }
}
