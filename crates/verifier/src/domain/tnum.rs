//! Tracked numbers: for each of 64 bits, whether it is 0, 1 or unknown.
//!
//! The arithmetic is that of H. Vishwanathan et al., "Sound, Precise, and Fast Abstract
//! Interpretation with Tristate Numbers" (CGO 2022), which the kernel uses.

/// The bits of a number. A bit is unknown where `mask` has it set, else it is that of `value`.
/// No bit is set in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tnum {
    /// Known bits.
    pub value: u64,
    /// Unknown bits.
    pub mask: u64,
}

impl Tnum {
    /// Nothing is known.
    pub const UNKNOWN: Tnum = Tnum { value: 0, mask: !0 };

    /// Everything is known.
    pub const fn constant(value: u64) -> Tnum {
        Tnum { value, mask: 0 }
    }

    /// The smallest set that holds `min..=max`.
    pub fn range(min: u64, max: u64) -> Tnum {
        let n_bits = 64 - (min ^ max).leading_zeros();
        if n_bits > 63 {
            return Tnum::UNKNOWN;
        }
        let delta = (1 << n_bits) - 1;
        Tnum { value: min & !delta, mask: delta }
    }

    /// The number, if it is known.
    pub fn as_constant(self) -> Option<u64> {
        self.is_constant().then_some(self.value)
    }

    /// Whether all bits are known.
    pub fn is_constant(self) -> bool {
        self.mask == 0
    }

    /// Whether `number` is possible.
    pub fn contains(self, number: u64) -> bool {
        number & !self.mask == self.value
    }

    /// Whether every number of `other` is possible.
    pub fn includes(self, other: Tnum) -> bool {
        other.mask & !self.mask == 0 && self.value == other.value & !self.mask
    }

    /// The smallest possible number.
    pub fn min(self) -> u64 {
        self.value
    }

    /// The largest possible number.
    pub fn max(self) -> u64 {
        self.value | self.mask
    }

    /// The smallest possible number above `number`.
    pub fn next_after(self, number: u64) -> Option<u64> {
        let from = number.checked_add(1)?;
        let wrong = (from ^ self.value) & !self.mask;
        if wrong == 0 {
            return Some(from);
        }
        // The highest known bit that `from` has wrong decides: bits above it may stay.
        let bit = 63 - wrong.leading_zeros();
        let above = !0_u64 << bit << 1;
        if self.value >> bit & 1 == 1 {
            return Some((from & self.mask & above) | self.value);
        }
        let carried = (from | !self.mask | !above).checked_add(1)?;
        Some((carried & self.mask & above) | self.value)
    }

    /// Whether every possible number is a multiple of `size`, a power of two.
    pub fn is_aligned(self, size: u64) -> bool {
        size == 0 || self.max() & (size - 1) == 0
    }

    /// What both say. Where they contradict each other, the value is arbitrary.
    #[must_use]
    pub fn intersect(self, other: Tnum) -> Tnum {
        let value = self.value | other.value;
        let mask = self.mask & other.mask;
        Tnum { value: value & !mask, mask }
    }

    /// The low `bytes` bytes, zero-extended.
    #[must_use]
    pub fn truncate(self, bytes: u32) -> Tnum {
        let keep = if bytes >= 8 { !0 } else { (1 << (bytes * 8)) - 1 };
        Tnum { value: self.value & keep, mask: self.mask & keep }
    }

    /// The low 32 bits.
    #[must_use]
    pub fn low(self) -> Tnum {
        self.truncate(4)
    }

    /// The high 32 bits, the low ones zero.
    #[must_use]
    pub fn without_low(self) -> Tnum {
        Tnum { value: self.value & !0xffff_ffff, mask: self.mask & !0xffff_ffff }
    }

    /// The high bits of `self` and the low 32 of `low`.
    #[must_use]
    pub fn with_low(self, low: Tnum) -> Tnum {
        let (high, low) = (self.without_low(), low.low());
        Tnum { value: high.value | low.value, mask: high.mask | low.mask }
    }

    /// `self >> by` with copies of the sign, of 64 bits, or of 32 in the low half.
    #[must_use]
    pub fn sar(self, by: u32, bits: u32) -> Tnum {
        if bits == 32 {
            Tnum {
                value: u64::from(((self.value as i32) >> by) as u32),
                mask: u64::from(((self.mask as i32) >> by) as u32),
            }
        } else {
            Tnum {
                value: ((self.value as i64) >> by) as u64,
                mask: ((self.mask as i64) >> by) as u64,
            }
        }
    }
}

impl std::ops::Add for Tnum {
    type Output = Tnum;

    /// `self + other`, wrapping.
    fn add(self, other: Tnum) -> Tnum {
        let masks = self.mask.wrapping_add(other.mask);
        let values = self.value.wrapping_add(other.value);
        let carries = masks.wrapping_add(values) ^ values;
        let mask = carries | self.mask | other.mask;
        Tnum { value: values & !mask, mask }
    }
}

impl std::ops::Sub for Tnum {
    type Output = Tnum;

    /// `self - other`, wrapping.
    fn sub(self, other: Tnum) -> Tnum {
        let difference = self.value.wrapping_sub(other.value);
        let high = difference.wrapping_add(self.mask);
        let low = difference.wrapping_sub(other.mask);
        let mask = (high ^ low) | self.mask | other.mask;
        Tnum { value: difference & !mask, mask }
    }
}

impl std::ops::Mul for Tnum {
    type Output = Tnum;

    /// `self * other`, wrapping.
    fn mul(self, other: Tnum) -> Tnum {
        let product = Tnum::constant(self.value.wrapping_mul(other.value));
        let mut unknown = Tnum::constant(0);
        let (mut left, mut right) = (self, other);
        while left.max() != 0 {
            // One partial product per bit of `left`: its known part is in `product`.
            let mask = if left.value & 1 == 1 {
                right.mask
            } else if left.mask & 1 == 1 {
                right.max()
            } else {
                0
            };
            unknown = unknown + Tnum { value: 0, mask };
            left = left >> 1;
            right = right << 1;
        }
        product + unknown
    }
}

impl std::ops::BitAnd for Tnum {
    type Output = Tnum;

    /// `self & other`.
    fn bitand(self, other: Tnum) -> Tnum {
        let value = self.value & other.value;
        Tnum { value, mask: self.max() & other.max() & !value }
    }
}

impl std::ops::BitOr for Tnum {
    type Output = Tnum;

    /// `self | other`.
    fn bitor(self, other: Tnum) -> Tnum {
        let value = self.value | other.value;
        Tnum { value, mask: (self.mask | other.mask) & !value }
    }
}

impl std::ops::BitXor for Tnum {
    type Output = Tnum;

    /// `self ^ other`.
    fn bitxor(self, other: Tnum) -> Tnum {
        let mask = self.mask | other.mask;
        Tnum { value: (self.value ^ other.value) & !mask, mask }
    }
}

impl std::ops::Shl<u32> for Tnum {
    type Output = Tnum;

    /// `self << by`, `by` below 64.
    fn shl(self, by: u32) -> Tnum {
        Tnum { value: self.value << by, mask: self.mask << by }
    }
}

impl std::ops::Shr<u32> for Tnum {
    type Output = Tnum;

    /// `self >> by`, `by` below 64.
    fn shr(self, by: u32) -> Tnum {
        Tnum { value: self.value >> by, mask: self.mask >> by }
    }
}
