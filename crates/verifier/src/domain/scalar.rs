//! Ranges of a number, and what they and its bits say of each other.

use super::Tnum;

/// What is known of a 64-bit number. The same type holds the variable part of a pointer's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scalar {
    /// Its bits.
    pub bits: Tnum,
    /// Unsigned minimum.
    pub umin: u64,
    /// Unsigned maximum.
    pub umax: u64,
    /// Signed minimum.
    pub smin: i64,
    /// Signed maximum.
    pub smax: i64,
    /// Unsigned minimum of the low half.
    pub umin32: u32,
    /// Unsigned maximum of the low half.
    pub umax32: u32,
    /// Signed minimum of the low half.
    pub smin32: i32,
    /// Signed maximum of the low half.
    pub smax32: i32,
}

impl Scalar {
    /// Any number.
    pub const UNKNOWN: Scalar = Scalar {
        bits: Tnum::UNKNOWN,
        umin: 0,
        umax: u64::MAX,
        smin: i64::MIN,
        smax: i64::MAX,
        umin32: 0,
        umax32: u32::MAX,
        smin32: i32::MIN,
        smax32: i32::MAX,
    };

    /// Zero.
    pub const ZERO: Scalar = Scalar::constant(0);

    /// One number.
    pub const fn constant(value: u64) -> Scalar {
        Scalar {
            bits: Tnum::constant(value),
            umin: value,
            umax: value,
            smin: value as i64,
            smax: value as i64,
            umin32: value as u32,
            umax32: value as u32,
            smin32: value as i32,
            smax32: value as i32,
        }
    }

    /// A signed range.
    pub fn signed(min: i64, max: i64) -> Scalar {
        let mut scalar = Scalar { smin: min, smax: max, ..Scalar::UNKNOWN };
        scalar.sync();
        scalar
    }

    /// An unsigned range.
    pub fn unsigned(min: u64, max: u64) -> Scalar {
        let mut scalar = Scalar { umin: min, umax: max, ..Scalar::UNKNOWN };
        scalar.sync();
        scalar
    }

    /// What a load of `bytes` bytes gives, zero-extended.
    pub fn of_bytes(bytes: u32) -> Scalar {
        let mut scalar = Scalar::UNKNOWN;
        scalar.truncate(bytes);
        scalar
    }

    /// The number, if it is known.
    pub fn as_constant(&self) -> Option<u64> {
        self.bits.as_constant()
    }

    /// The low half, if it is known.
    pub fn as_constant32(&self) -> Option<u32> {
        self.bits.low().as_constant().map(|value| value as u32)
    }

    /// Whether `number` is possible.
    pub fn contains(&self, number: u64) -> bool {
        let (signed, low) = (number as i64, number as u32);
        self.bits.contains(number)
            && (self.umin..=self.umax).contains(&number)
            && (self.smin..=self.smax).contains(&signed)
            && (self.umin32..=self.umax32).contains(&low)
            && (self.smin32..=self.smax32).contains(&(low as i32))
    }

    /// Whether every number of `other` is possible.
    pub fn includes(&self, other: &Scalar) -> bool {
        self.umin <= other.umin
            && self.umax >= other.umax
            && self.smin <= other.smin
            && self.smax >= other.smax
            && self.umin32 <= other.umin32
            && self.umax32 >= other.umax32
            && self.smin32 <= other.smin32
            && self.smax32 >= other.smax32
            && self.bits.includes(other.bits)
    }

    /// Whether some range is empty: no number is possible, the path is dead.
    pub fn is_impossible(&self) -> bool {
        self.umin > self.umax
            || self.smin > self.smax
            || self.umin32 > self.umax32
            || self.smin32 > self.smax32
            || self.bits.value & self.bits.mask != 0
    }

    /// Where ranges and bits contradict each other, the kernel forgets the ranges (`reg_bounds_sanity_check`, Linux 6.8
    /// `kernel/bpf/verifier.c`): the path is dead, but it is followed.
    pub fn forget_contradiction(&mut self) {
        let value = self.bits.value;
        let is_wrong = self.bits.is_constant()
            && (self.umin, self.umax, self.smin, self.smax)
                != (value, value, value as i64, value as i64);
        let low = value as u32;
        let is_wrong_low = self.bits.low().is_constant()
            && (self.umin32, self.umax32, self.smin32, self.smax32)
                != (low, low, low as i32, low as i32);
        if self.is_impossible() || is_wrong || is_wrong_low {
            self.forget_ranges64();
            self.forget_ranges32();
        }
    }

    /// How many low bits hold the number: 8, 16, 32 or 64.
    pub fn width_bits(&self) -> u32 {
        match self.umax {
            max if max <= u64::from(u8::MAX) => 8,
            max if max <= u64::from(u16::MAX) => 16,
            max if max <= u64::from(u32::MAX) => 32,
            _ => 64,
        }
    }

    /// The same number with another low half.
    #[must_use]
    pub fn with_low(&self, low: u32) -> Scalar {
        let mut scalar = *self;
        scalar.bits = scalar.bits.with_low(Tnum::constant(low.into()));
        (scalar.umin32, scalar.umax32) = (low, low);
        (scalar.smin32, scalar.smax32) = (low as i32, low as i32);
        // Of the 64-bit ranges only the high halves still say something.
        let high = !0xffff_ffff_u64;
        (scalar.umin, scalar.umax) = (self.umin & high, self.umax | !high);
        scalar.smin = (self.smin as u64 & high) as i64;
        scalar.smax = (self.smax as u64 | !high) as i64;
        scalar.sync();
        scalar
    }

    /// Nothing known of the 64-bit ranges.
    pub(super) fn forget_ranges64(&mut self) {
        self.umin = 0;
        self.umax = u64::MAX;
        self.smin = i64::MIN;
        self.smax = i64::MAX;
    }

    /// Nothing known of the 32-bit ranges.
    pub(super) fn forget_ranges32(&mut self) {
        self.umin32 = 0;
        self.umax32 = u32::MAX;
        self.smin32 = i32::MIN;
        self.smax32 = i32::MAX;
    }

    /// Keeps the low 32 bits and clears the rest.
    pub fn zero_extend32(&mut self) {
        self.bits = self.bits.low();
        self.umin = u64::from(self.umin32);
        self.umax = u64::from(self.umax32);
        self.smin = i64::from(self.umin32);
        self.smax = i64::from(self.umax32);
        self.sync();
    }

    /// Keeps the low `bytes` bytes (1, 2, 4 or 8) and clears the rest.
    pub fn truncate(&mut self, bytes: u32) {
        if bytes >= 8 {
            return;
        }
        let keep = (1_u64 << (bytes * 8)) - 1;
        self.bits = self.bits.truncate(bytes);
        if self.umin & !keep == self.umax & !keep {
            self.umin &= keep;
            self.umax &= keep;
        } else {
            self.umin = 0;
            self.umax = keep;
        }
        self.smin = self.umin as i64;
        self.smax = self.umax as i64;
        if bytes < 4 {
            self.forget_ranges32();
        }
        self.sync();
    }

    /// Keeps the low `bits` bits (8, 16, 32) and extends them with their sign to `to_bits` (32,
    /// then zero-extended, or 64).
    pub fn sign_extend(&mut self, bits: u32, to_bits: u32) {
        let shift = 64 - bits;
        let extend = |value: u64| ((value << shift) as i64) >> shift;
        if let Some(value) = self.as_constant() {
            let value = extend(value) as u64;
            *self = Scalar::constant(if to_bits == 32 { value & 0xffff_ffff } else { value });
            return;
        }
        let keep = (1_u64 << bits) - 1;
        let (mut min, mut max) = (extend(1 << (bits - 1)), (keep >> 1) as i64);
        // The range survives if its numbers differ in the kept bits only, and so does their order
        // if the sign is the same at both ends.
        let (low, high) = (extend(self.smin as u64), extend(self.smax as u64));
        if self.smin >> bits == self.smax >> bits && low <= high {
            (min, max) = (low, high);
        }
        *self = Scalar::signed(min, max);
        if to_bits == 32 {
            self.zero_extend32();
        }
    }

    /// Lets bits and ranges tell each other what they know.
    pub fn sync(&mut self) {
        self.ranges_from_bits();
        for _ in 0..3 {
            self.deduce32();
            self.deduce64();
            self.deduce_mixed();
        }
        self.bits_from_ranges();
        self.ranges_from_bits();
    }

    fn ranges_from_bits(&mut self) {
        let bits = self.bits;
        let sign = 1_u64 << 63;
        self.smin = self.smin.max((bits.value | (bits.mask & sign)) as i64);
        self.smax = self.smax.min((bits.value | (bits.mask & !sign)) as i64);
        self.umin = self.umin.max(bits.min());
        self.umax = self.umax.min(bits.max());
        self.pick_only_member();
        let (value, mask) = (bits.value as u32, bits.mask as u32);
        let sign = 1_u32 << 31;
        self.smin32 = self.smin32.max((value | (mask & sign)) as i32);
        self.smax32 = self.smax32.min((value | (mask & !sign)) as i32);
        self.umin32 = self.umin32.max(value);
        self.umax32 = self.umax32.min(value | mask);
    }

    /// Where the bits leave one number of the range, that is it (Linux 6.18 stable
    /// `__update_reg64_bounds`).
    fn pick_only_member(&mut self) {
        if self.bits.is_constant() || self.bits.mask == u64::MAX || self.umin > self.umax {
            return;
        }
        let first = match self.bits.contains(self.umin) {
            true => Some(self.umin),
            false => self.bits.next_after(self.umin),
        };
        let Some(first) = first.filter(|&first| first <= self.umax) else {
            return;
        };
        let second = self.bits.next_after(first);
        if second.is_none_or(|second| second > self.umax) {
            self.bits = Tnum::constant(first);
            (self.umin, self.umax) = (first, first);
            self.smin = self.smin.max(first as i64);
            self.smax = self.smax.min(first as i64);
        }
    }

    fn bits_from_ranges(&mut self) {
        let bits = self.bits.intersect(Tnum::range(self.umin, self.umax));
        let low = Tnum::range(self.umin32.into(), self.umax32.into());
        self.bits = bits.with_low(bits.low().intersect(low));
    }

    /// What the 64-bit ranges say of the low half, and the signed one and the unsigned one of it
    /// of each other.
    fn deduce32(&mut self) {
        let halves = [(self.umin, self.umax), (self.smin as u64, self.smax as u64)];
        for (min, max) in halves {
            let (low_min, low_max) = (min as u32, max as u32);
            if min >> 32 == max >> 32 {
                // The high half is fixed, so that the low half is in order.
                if low_min <= low_max {
                    self.umin32 = self.umin32.max(low_min);
                    self.umax32 = self.umax32.min(low_max);
                }
                if low_min as i32 <= low_max as i32 {
                    self.smin32 = self.smin32.max(low_min as i32);
                    self.smax32 = self.smax32.min(low_max as i32);
                }
            }
            // The low half passes from all ones to zero once.
            if ((min >> 32) as u32).wrapping_add(1) == (max >> 32) as u32
                && (low_min as i32) < 0
                && low_max as i32 >= 0
            {
                self.smin32 = self.smin32.max(low_min as i32);
                self.smax32 = self.smax32.min(low_max as i32);
            }
        }
        if self.umin32 as i32 <= self.umax32 as i32 {
            self.smin32 = self.smin32.max(self.umin32 as i32);
            self.smax32 = self.smax32.min(self.umax32 as i32);
        }
        if self.smin32 as u32 <= self.smax32 as u32 {
            self.umin32 = self.umin32.max(self.smin32 as u32);
            self.umax32 = self.umax32.min(self.smax32 as u32);
        } else if self.umax32 < self.smin32 as u32 {
            // Both signs are possible, but the unsigned range holds only the one that is not
            // negative.
            self.smin32 = self.umin32 as i32;
            self.umax32 = self.umax32.min(self.smax32 as u32);
        } else if (self.smax32 as u32) < self.umin32 {
            self.smax32 = self.umax32 as i32;
            self.umin32 = self.umin32.max(self.smin32 as u32);
        }
    }

    /// What the signed and the unsigned range say of each other.
    fn deduce64(&mut self) {
        if self.umin as i64 <= self.umax as i64 {
            self.smin = self.smin.max(self.umin as i64);
            self.smax = self.smax.min(self.umax as i64);
        }
        if self.smin as u64 <= self.smax as u64 {
            self.umin = self.umin.max(self.smin as u64);
            self.umax = self.umax.min(self.smax as u64);
        } else if self.umax < self.smin as u64 {
            self.smin = self.umin as i64;
            self.umax = self.umax.min(self.smax as u64);
        } else if (self.smax as u64) < self.umin {
            self.smax = self.umax as i64;
            self.umin = self.umin.max(self.smin as u64);
        }
    }

    /// What the range of the low half says of the whole.
    fn deduce_mixed(&mut self) {
        let high = !0xffff_ffff_u64;
        self.umin = self.umin.max(self.umin & high | u64::from(self.umin32));
        self.umax = self.umax.min(self.umax & high | u64::from(self.umax32));
        let smin = (self.smin as u64 & high | u64::from(self.umin32)) as i64;
        let smax = (self.smax as u64 & high | u64::from(self.umax32)) as i64;
        self.smin = self.smin.max(smin);
        self.smax = self.smax.min(smax);
        if self.smin32 <= self.smax32
            && self.smin >= i64::from(i32::MIN)
            && self.smax <= i64::from(i32::MAX)
        {
            self.smin = self.smin.max(self.smin32.into());
            self.smax = self.smax.min(self.smax32.into());
        }
    }
}
