//! The stack of one function: what each byte holds.

use super::kernel::StackObject;
use super::value::Value;
use std::rc::Rc;

/// A stack frame, from its highest address down. It grows with what is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// Slot `i` holds the bytes at offsets `-8 * (i + 1)` to `-8 * i - 1` from the frame pointer.
    pub slots: Vec<Slot>,
}

/// Eight aligned bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// What each byte is, by ascending address.
    pub bytes: [Byte; 8],
    /// The register that was stored in the bytes that are [`Byte::Spill`], the lowest ones.
    pub spill: Option<Rc<Value>>,
    /// What the slot belongs to, if all its bytes are [`Byte::Object`].
    pub object: Option<StackObject>,
}

/// What a byte of the stack holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Byte {
    /// Nothing was stored.
    Uninit,
    /// Some data.
    Misc,
    /// Zero.
    Zero,
    /// A part of [`Slot::spill`].
    Spill,
    /// A part of [`Slot::object`].
    Object,
    /// Something that this verifier does not model.
    Unknown,
}

/// An open-coded iterator, as far as the comparison of states cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iterator {
    /// Whether it may still give something. One that gave nothing never gives anything again.
    pub is_active: bool,
    /// How often the path asked it for the next thing and got one.
    pub depth: u32,
}

impl Slot {
    /// The iterator that starts here.
    pub fn iterator(&self) -> Option<Iterator> {
        match self.object? {
            StackObject::Iterator { is_active, depth, ref_id, .. } if ref_id != 0 => {
                Some(Iterator { is_active, depth })
            }
            _ => None,
        }
    }

    /// Nothing was stored.
    pub const UNINIT: Slot = Slot { bytes: [Byte::Uninit; 8], spill: None, object: None };

    /// How many bytes of a register are stored here.
    pub fn spill_bytes(&self) -> usize {
        match self.spill {
            Some(_) => self.bytes.iter().take_while(|&&b| b == Byte::Spill).count(),
            None => 0,
        }
    }

    /// The spilled register is no longer whole: its bytes are just data.
    fn scrub(&mut self) {
        if self.object.take().is_some() {
            self.bytes = [Byte::Misc; 8];
        }
        if self.spill.take().is_some() {
            for byte in &mut self.bytes {
                if *byte == Byte::Spill {
                    *byte = Byte::Misc;
                }
            }
        }
    }
}

/// The slot and the byte in it of an offset below the frame pointer (-512..=-1).
pub fn place(off: i64) -> (usize, usize) {
    let from_top = usize::try_from(-1 - off).expect("the offset was checked");
    (from_top / 8, 7 - from_top % 8)
}

impl Stack {
    /// The byte at `off`.
    pub fn byte(&self, off: i64) -> Byte {
        let (slot, byte) = place(off);
        self.slots.get(slot).map_or(Byte::Uninit, |slot| slot.bytes[byte])
    }

    /// The slot that holds `off`.
    pub fn slot(&self, off: i64) -> Option<&Slot> {
        self.slots.get(place(off).0)
    }

    /// The slot with this number, made if it is not there.
    pub fn slot_mut(&mut self, slot: usize) -> &mut Slot {
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, Slot::UNINIT);
        }
        &mut self.slots[slot]
    }

    /// Stores a register's low `bytes` bytes at `off`, the address of a slot.
    pub fn spill(&mut self, off: i64, bytes: u32, value: Value) {
        let slot = self.slot_mut(place(off).0);
        slot.scrub();
        slot.spill = Some(Rc::new(value));
        let bytes = bytes as usize;
        slot.bytes[..bytes].fill(Byte::Spill);
        for byte in &mut slot.bytes[bytes..] {
            if !matches!(byte, Byte::Uninit | Byte::Unknown) {
                *byte = Byte::Misc;
            }
        }
    }

    /// Stores `byte` in `n_bytes` bytes from `off`.
    pub fn fill(&mut self, off: i64, n_bytes: u32, byte: Byte) {
        for off in off..off + i64::from(n_bytes) {
            let (slot, idx) = place(off);
            let slot = self.slot_mut(slot);
            slot.scrub();
            slot.bytes[idx] = byte;
        }
    }

    /// Some of the bytes from `off` on are stored to, but not known which: what was there is lost,
    /// what was not there is still not there. Zero over zero stays zero; whether there was any
    /// (`check_stack_write_var_off`, Linux 6.18 `kernel/bpf/verifier.c`).
    pub fn fill_some(&mut self, off: i64, n_bytes: u32, is_zero: bool) -> bool {
        let mut keeps_zero = false;
        for off in off..off + i64::from(n_bytes) {
            let (slot, idx) = place(off);
            let Some(slot) = self.slots.get_mut(slot) else {
                continue;
            };
            let is_spilled_zero = slot.bytes[idx] == Byte::Spill
                && slot.spill.as_ref().is_some_and(|spill| spill.is_zero());
            if is_zero && is_spilled_zero {
                keeps_zero = true;
                continue;
            }
            slot.scrub();
            let byte = &mut slot.bytes[idx];
            keeps_zero |= is_zero && *byte == Byte::Zero;
            *byte = match *byte {
                Byte::Zero if is_zero => Byte::Zero,
                Byte::Uninit => Byte::Uninit,
                Byte::Unknown => Byte::Unknown,
                _ => Byte::Misc,
            };
        }
        keeps_zero
    }
}
