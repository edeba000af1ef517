//! Which numbers mattered for safety: `mark_chain_precision` (Linux 6.12 `kernel/bpf/verifier.c`).
//!
//! Where the exact range of a number decides something (it is added to a pointer, it is a size, it
//! decides a branch), the path is walked backwards to where the number came from, and every kept
//! state on the way notes that the number is precise: only numbers within it are covered by that
//! state. All other numbers cover each other.

use super::Path;
use super::checkpoint::{Checkpoint, Checkpoints};
use crate::program::{Operand, Program};
use crate::state::{StackSlot, Step};
use bpfc_isa::{AluOp, AtomicOp, Insn, Reg, RegSet, Src};
use std::rc::Rc;

/// The registers and stack slots of each frame that are still to be followed.
#[derive(Default)]
struct Wanted {
    frames: Vec<(RegSet, u64)>,
}

impl Wanted {
    fn frame(&mut self, frame: u8) -> &mut (RegSet, u64) {
        let frame = usize::from(frame);
        if self.frames.len() <= frame {
            self.frames.resize(frame + 1, (RegSet::EMPTY, 0));
        }
        &mut self.frames[frame]
    }

    fn is_empty(&self) -> bool {
        self.frames.iter().all(|(regs, slots)| regs.is_empty() && *slots == 0)
    }

    fn add_slot(&mut self, slot: StackSlot) {
        self.frame(slot.frame).1 |= 1 << slot.slot;
    }

    /// Stops following a slot; whether it was followed.
    fn remove_slot(&mut self, slot: StackSlot) -> bool {
        let slots = &mut self.frame(slot.frame).1;
        let was = *slots >> slot.slot & 1 == 1;
        *slots &= !(1 << slot.slot);
        was
    }
}

impl Checkpoints {
    /// The exact range of a register, as it was before the running instruction, mattered.
    pub fn mark_precise(&mut self, program: &Program<'_>, path: &Path, frame: u8, reg: Reg) {
        let mut wanted = Wanted::default();
        wanted.frame(frame).0.insert(reg);
        self.follow(program, path, wanted);
    }

    /// As [`Checkpoints::mark_precise`], for a register that was stored on the stack.
    pub fn mark_slot_precise(&mut self, program: &Program<'_>, path: &Path, slot: StackSlot) {
        let mut wanted = Wanted::default();
        wanted.add_slot(slot);
        self.follow(program, path, wanted);
    }

    /// What mattered after the kept state `idx` matters on `path` too.
    pub fn propagate_precision(&mut self, program: &Program<'_>, idx: usize, path: &Path) {
        let Some(checkpoint) = self.get(Some(idx)) else {
            return;
        };
        let mut wanted = Wanted::default();
        for (number, frame) in (0..).zip(&checkpoint.state.frames) {
            let precise = |reg: &Reg| {
                let value = &frame.regs[usize::from(reg.number())];
                value.is_scalar() && value.is_precise
            };
            let regs: RegSet = Reg::ALL.into_iter().filter(precise).collect();
            let mut slots = 0;
            for (slot, content) in frame.stack.slots.iter().enumerate() {
                if let Some(spill) = &content.spill
                    && spill.is_scalar()
                    && spill.is_precise
                {
                    slots |= 1 << slot;
                }
            }
            *wanted.frame(number) = (regs, slots);
        }
        self.follow(program, path, wanted);
    }

    /// Walks back until nothing is wanted any more.
    fn follow(&mut self, program: &Program<'_>, path: &Path, mut wanted: Wanted) {
        for step in path.history.iter().rev() {
            if wanted.is_empty() {
                return;
            }
            undo(program, step, &mut wanted);
        }
        let mut parent = path.parent;
        while let Some(checkpoint) = self.get_mut(parent) {
            if wanted.is_empty() {
                return;
            }
            note(checkpoint, &mut wanted);
            for step in checkpoint.history.iter().rev() {
                if wanted.is_empty() {
                    return;
                }
                undo(program, step, &mut wanted);
            }
            parent = checkpoint.parent;
        }
    }
}

/// Marks what is wanted in a kept state. What is marked already was followed before.
fn note(checkpoint: &mut Checkpoint, wanted: &mut Wanted) {
    let state = &mut checkpoint.state;
    wanted.frames.truncate(state.frames.len());
    let mut linked = Vec::new();
    for ((regs, slots), frame) in wanted.frames.iter_mut().zip(&mut state.frames) {
        for reg in regs.iter() {
            let idx = usize::from(reg.number());
            if !frame.regs[idx].is_scalar() || frame.regs[idx].is_precise {
                regs.remove(reg);
                continue;
            }
            linked.extend(Some(frame.regs[idx].id).filter(|&id| id != 0));
            Rc::make_mut(frame).regs[idx].is_precise = true;
        }
        for slot in 0..64 {
            if *slots >> slot & 1 == 0 {
                continue;
            }
            let spill = frame.stack.slots.get(slot).and_then(|slot| slot.spill.as_ref());
            let Some(spill) = spill.filter(|spill| spill.is_scalar() && !spill.is_precise) else {
                *slots &= !(1 << slot);
                continue;
            };
            linked.extend(Some(spill.id).filter(|&id| id != 0));
            let spill = &mut Rc::make_mut(frame).stack.slots[slot].spill;
            if let Some(spill) = spill {
                Rc::make_mut(spill).is_precise = true;
            }
        }
    }
    if !linked.is_empty() {
        note_linked(checkpoint, wanted, &linked);
    }
}

/// Numbers that are linked to one that mattered get their ranges from it, and it from them.
fn note_linked(checkpoint: &mut Checkpoint, wanted: &mut Wanted, ids: &[u32]) {
    for (number, frame) in (0_u8..).zip(&mut checkpoint.state.frames) {
        for reg in Reg::ALL {
            let idx = usize::from(reg.number());
            let value = &frame.regs[idx];
            if value.is_scalar() && !value.is_precise && ids.contains(&value.id) {
                Rc::make_mut(frame).regs[idx].is_precise = true;
                wanted.frame(number).0.insert(reg);
            }
        }
        for slot in 0..frame.stack.slots.len() {
            let spill = frame.stack.slots[slot].spill.as_ref();
            let is_linked = spill.is_some_and(|spill| {
                spill.is_scalar() && !spill.is_precise && ids.contains(&spill.id)
            });
            if !is_linked {
                continue;
            }
            if let Some(spill) = &mut Rc::make_mut(frame).stack.slots[slot].spill {
                Rc::make_mut(spill).is_precise = true;
            }
            wanted.add_slot(StackSlot { frame: number, slot: slot as u8 });
        }
    }
}

/// From what is wanted after a step to what is wanted before it.
fn undo(program: &Program<'_>, step: &Step, wanted: &mut Wanted) {
    let op = &program.code[step.insn_idx as usize];
    match op.insn {
        Insn::Call(_) => {
            if let (Operand::Func(func), Some((args, _))) =
                (op.operand, wanted.frames.get(usize::from(step.frame) + 1).copied())
                && program.funcs[func as usize].contract.is_none()
            {
                // The callee's parameters are the caller's arguments.
                wanted.frames.truncate(usize::from(step.frame) + 1);
                let regs = &mut wanted.frame(step.frame).0;
                *regs = regs.union(args.intersection(RegSet::ARGS));
                return;
            }
            let regs = &mut wanted.frame(step.frame).0;
            *regs = regs.difference(RegSet::CALLER_SAVED);
        }
        Insn::Exit => {
            if let Some(caller) = step.frame.checked_sub(1)
                && wanted.frame(caller).0.remove(Reg::R0)
            {
                wanted.frame(step.frame).0.insert(Reg::R0);
            } else {
                wanted.frame(step.frame);
            }
        }
        insn => undo_plain(insn, step, wanted),
    }
}

fn undo_plain(insn: Insn, step: &Step, wanted: &mut Wanted) {
    let regs = &mut wanted.frame(step.frame).0;
    let stored = match insn {
        Insn::Alu { op: AluOp::Mov, dst, src, .. } => {
            if regs.remove(dst)
                && let Src::Reg(src) = src
            {
                regs.insert(src);
            }
            return;
        }
        Insn::Alu { dst, src: Src::Reg(src), .. } => {
            if regs.contains(dst) {
                regs.insert(src);
            }
            return;
        }
        Insn::SignExtend { dst, src, .. } => {
            if regs.remove(dst) {
                regs.insert(src);
            }
            return;
        }
        Insn::LoadImm64 { dst, .. } => {
            regs.remove(dst);
            return;
        }
        Insn::LoadPacket { .. } => {
            *regs = regs.difference(RegSet::CALLER_SAVED);
            return;
        }
        Insn::JumpIf { dst, src: Src::Reg(src), .. } => {
            // Each got its range from the other.
            if regs.contains(dst) || regs.contains(src) {
                regs.insert(dst);
                regs.insert(src);
            }
            return;
        }
        Insn::Load { dst, .. } | Insn::LoadAcquire { dst, .. } => {
            if regs.remove(dst)
                && let Some(slot) = step.slot
            {
                wanted.add_slot(slot);
            }
            return;
        }
        Insn::Atomic { op, src, .. } if op.fetches() => {
            let result = match op {
                AtomicOp::CmpXchg => Reg::R0,
                _ => src,
            };
            if regs.remove(result)
                && let Some(slot) = step.slot
            {
                wanted.add_slot(slot);
            }
            return;
        }
        Insn::Store { src: Src::Reg(src), .. } | Insn::StoreRelease { src, .. } => Some(src),
        Insn::Store { .. } | Insn::Atomic { .. } => None,
        _ => return,
    };
    if let Some(slot) = step.slot
        && wanted.remove_slot(slot)
        && let Some(src) = stored
    {
        wanted.frame(step.frame).0.insert(src);
    }
}
