//! Slots and instructions: jumps count slots, lists count instructions, and a 64-bit immediate load
//! is two of the former but one of the latter.

use crate::Insn;

/// The place of every instruction of a program in slots, and back.
#[derive(Clone, Debug)]
pub struct SlotMap {
    /// The first slot of each instruction, and after the last one the number of slots.
    starts: Vec<u32>,
}

impl SlotMap {
    /// Lays out `insns` from slot 0.
    pub fn new(insns: &[Insn]) -> SlotMap {
        let mut starts = Vec::with_capacity(insns.len() + 1);
        let mut slot = 0;
        for insn in insns {
            starts.push(slot);
            slot += insn.slots();
        }
        starts.push(slot);
        SlotMap { starts }
    }

    /// The number of slots of the program.
    pub fn n_slots(&self) -> u32 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The index one past the last instruction.
    pub fn end(&self) -> Option<u32> {
        u32::try_from(self.starts.len().checked_sub(1)?).ok()
    }

    /// The first slot of the instruction with this index; for the index one past the last
    /// instruction, [`SlotMap::n_slots`].
    pub fn slot(&self, insn_idx: u32) -> Option<u32> {
        self.starts.get(insn_idx as usize).copied()
    }

    /// The index of the instruction that starts at `slot`; none for the middle of an instruction or
    /// outside the program.
    pub fn insn_idx(&self, slot: u32) -> Option<u32> {
        if slot >= self.n_slots() {
            return None;
        }
        self.starts.binary_search(&slot).ok().map(|insn_idx| insn_idx as u32)
    }

    /// The index of the instruction where the jump or local function reference `insn`, at
    /// `insn_idx`, leads.
    pub fn target(&self, insn_idx: u32, insn: &Insn) -> Option<u32> {
        let off = insn.jump_offset().or_else(|| insn.function_offset())?;
        let next = i64::from(self.slot(insn_idx)?) + 1;
        self.insn_idx(u32::try_from(next + i64::from(off)).ok()?)
    }
}
