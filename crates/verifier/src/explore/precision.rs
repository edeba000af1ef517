//! Which numbers mattered for safety: `mark_chain_precision` (Linux 6.18 `kernel/bpf/verifier.c`).
//!
//! Where the exact range of a number decides something (it is added to a pointer, it is a size, it
//! decides a branch), the path is walked backwards to where the number came from, and every kept
//! state on the way notes that the number is precise: only numbers within it are covered by that
//! state. All other numbers cover each other.

use super::checkpoint::{Checkpoint, Checkpoints, Origin};
use crate::program::{Operand, Program};
use crate::state::{Place, StackSlot, Step};
use bpfc_isa::{AluOp, AtomicOp, Insn, Reg, RegSet, Src};
use bpfc_kabi::limits::MAX_CALL_FRAMES;
use std::collections::HashMap;
use std::rc::Rc;

/// Groups of registers and stack slots that held the same number when a branch narrowed one of them. A step refers to a
/// group by its index; 0 is none.
#[derive(Debug, Default)]
pub struct Links {
    groups: Vec<Box<[Place]>>,
    known: HashMap<Box<[Place]>, u32>,
}

impl Links {
    /// The index of a group.
    pub fn intern(&mut self, places: &[Place]) -> u32 {
        if places.len() < 2 {
            return 0;
        }
        if let Some(&known) = self.known.get(places) {
            return known;
        }
        self.groups.push(places.into());
        let idx = self.groups.len() as u32;
        self.known.insert(places.into(), idx);
        idx
    }

    fn get(&self, idx: u32) -> &[Place] {
        match idx.checked_sub(1) {
            Some(idx) => &self.groups[idx as usize],
            None => &[],
        }
    }
}

/// The registers and stack slots of each frame that are still to be followed.
#[derive(Default)]
struct Wanted {
    frames: [(RegSet, u64); MAX_CALL_FRAMES as usize],
    n_frames: usize,
}

impl Wanted {
    fn frame(&mut self, frame: u8) -> &mut (RegSet, u64) {
        let frame = usize::from(frame).min(self.frames.len() - 1);
        self.n_frames = self.n_frames.max(frame + 1);
        &mut self.frames[frame]
    }

    fn truncate(&mut self, n_frames: usize) {
        for frame in n_frames..self.n_frames {
            self.frames[frame] = (RegSet::EMPTY, 0);
        }
        self.n_frames = self.n_frames.min(n_frames);
    }

    fn is_empty(&self) -> bool {
        self.frames[..self.n_frames].iter().all(|(regs, slots)| regs.is_empty() && *slots == 0)
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

    /// `bt_sync_linked_regs`: who wants one of them wants all.
    fn link(&mut self, places: &[Place]) {
        let is_wanted = places.iter().any(|place| match *place {
            Place::Reg(frame, reg) => self.frame(frame).0.contains(reg),
            Place::Slot(slot) => self.frame(slot.frame).1 >> slot.slot & 1 == 1,
        });
        if is_wanted {
            for place in places {
                match *place {
                    Place::Reg(frame, reg) => {
                        self.frame(frame).0.insert(reg);
                    }
                    Place::Slot(slot) => self.add_slot(slot),
                }
            }
        }
    }
}

/// The way back is lost: an address was computed from what is followed.
struct Lost;

impl Checkpoints {
    /// The exact range of a register, as it was before the running instruction, mattered.
    pub fn mark_precise(
        &mut self,
        program: &Program<'_>,
        origin: &Origin<'_>,
        frame: u8,
        reg: Reg,
    ) {
        let mut wanted = Wanted::default();
        wanted.frame(frame).0.insert(reg);
        self.follow(program, origin, wanted);
    }

    /// As [`Checkpoints::mark_precise`], for a register that was stored on the stack.
    pub fn mark_slot_precise(
        &mut self,
        program: &Program<'_>,
        origin: &Origin<'_>,
        slot: StackSlot,
    ) {
        let mut wanted = Wanted::default();
        wanted.add_slot(slot);
        self.follow(program, origin, wanted);
    }

    /// What mattered after the kept state `idx` matters on the path to `origin` too; whether that is new.
    pub fn propagate(&mut self, program: &Program<'_>, idx: usize, origin: &Origin<'_>) -> bool {
        let Some(checkpoint) = self.get(Some(idx)) else {
            return false;
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
        self.follow(program, origin, wanted)
    }

    /// Walks back until nothing is wanted any more; whether any kept state learnt something.
    fn follow(&mut self, program: &Program<'_>, origin: &Origin<'_>, mut wanted: Wanted) -> bool {
        let mut changed = false;
        if wanted.is_empty() {
            return false;
        }
        let mut next = origin.insn_idx;
        for step in origin.history.backward() {
            if undo(program, step, next, self.links.get(step.links), &mut wanted).is_err() {
                self.force_precise(origin.parent);
                return true;
            }
            if wanted.is_empty() {
                return false;
            }
            next = step.insn_idx;
        }
        let mut parent = origin.parent;
        while let Some(idx) = parent {
            let Some(mut checkpoint) = self.take(idx) else {
                break;
            };
            changed |= note(&mut checkpoint, &mut wanted);
            let mut is_lost = false;
            if !wanted.is_empty() {
                for step in checkpoint.history.backward() {
                    is_lost =
                        undo(program, step, next, self.links.get(step.links), &mut wanted).is_err();
                    next = step.insn_idx;
                    if is_lost || wanted.is_empty() {
                        break;
                    }
                }
            }
            parent = checkpoint.parent;
            self.put(idx, checkpoint);
            if is_lost {
                self.force_precise(origin.parent);
                return true;
            }
            if wanted.is_empty() {
                return changed;
            }
        }
        // Only parameters of a function that is verified by itself are left, or the way was lost.
        let (regs, slots) = wanted.frames[0];
        let are_parameters = wanted.n_frames <= 1 && slots == 0;
        if !are_parameters || !regs.difference(RegSet::ARGS).is_empty() {
            self.force_precise(origin.parent);
        }
        changed
    }

    /// All numbers on the way matter: `mark_all_scalars_precise`.
    pub fn force_precise(&mut self, mut parent: Option<usize>) {
        while let Some(checkpoint) = self.get_mut(parent) {
            for frame in &mut checkpoint.state.frames {
                let frame = Rc::make_mut(frame);
                for value in frame.regs.iter_mut().filter(|value| value.is_scalar()) {
                    value.is_precise = true;
                }
                let spills = frame.stack.slots.iter_mut().filter_map(|slot| slot.spill.as_mut());
                for spill in spills.filter(|spill| spill.is_scalar() && !spill.is_precise) {
                    Rc::make_mut(spill).is_precise = true;
                }
            }
            parent = checkpoint.parent;
        }
    }
}

/// Marks what is wanted in a kept state; whether that is new. What is marked already was followed before.
fn note(checkpoint: &mut Checkpoint, wanted: &mut Wanted) -> bool {
    let state = &mut checkpoint.state;
    let mut changed = false;
    wanted.truncate(state.frames.len());
    for ((regs, slots), frame) in wanted.frames.iter_mut().zip(&mut state.frames) {
        for reg in regs.iter() {
            let idx = usize::from(reg.number());
            if !frame.regs[idx].is_scalar() || frame.regs[idx].is_precise {
                regs.remove(reg);
                continue;
            }
            Rc::make_mut(frame).regs[idx].is_precise = true;
            changed = true;
        }
        let mut left = *slots;
        while left != 0 {
            let slot = left.trailing_zeros() as usize;
            left &= left - 1;
            let spill = frame.stack.slots.get(slot).and_then(|slot| slot.spill.as_ref());
            let Some(_) = spill.filter(|spill| spill.is_scalar() && !spill.is_precise) else {
                *slots &= !(1 << slot);
                continue;
            };
            let spill = &mut Rc::make_mut(frame).stack.slots[slot].spill;
            if let Some(spill) = spill {
                Rc::make_mut(spill).is_precise = true;
                changed = true;
            }
        }
    }
    changed
}

/// From what is wanted after a step to what is wanted before it. `next` is the instruction that ran after it.
fn undo(
    program: &Program<'_>,
    step: &Step,
    next: u32,
    links: &[Place],
    wanted: &mut Wanted,
) -> Result<(), Lost> {
    wanted.link(links);
    let op = &program.code[step.insn_idx as usize];
    match op.insn {
        Insn::Call(_) => undo_call(program, step, next, wanted),
        Insn::Exit => {
            // Back into a function that ended. Its result is the caller's, unless it was called back.
            if let Some(caller) = step.frame.checked_sub(1) {
                let call = next.checked_sub(1).map(|call| &program.code[call as usize]);
                let is_call = call.is_some_and(|call| {
                    matches!(call.insn, Insn::Call(_)) && matches!(call.operand, Operand::Func(_))
                });
                let had = wanted.frame(caller).0.remove(Reg::R0);
                if is_call && had {
                    wanted.frame(step.frame).0.insert(Reg::R0);
                } else {
                    wanted.frame(step.frame);
                }
            }
        }
        insn => undo_plain(program, insn, step, wanted)?,
    }
    wanted.link(links);
    Ok(())
}

fn undo_call(program: &Program<'_>, step: &Step, next: u32, wanted: &mut Wanted) {
    let op = &program.code[step.insn_idx as usize];
    let callee = usize::from(step.frame) + 1;
    let enters = next != step.insn_idx + 1;
    if enters {
        // The callee's parameters are the caller's arguments, but not those of a function that is called back.
        let args = wanted.frames.get(callee).map_or(RegSet::EMPTY, |(regs, _)| *regs);
        wanted.truncate(callee);
        if let Operand::Func(func) = op.operand
            && program.funcs[func as usize].contract.is_none()
        {
            let regs = &mut wanted.frame(step.frame).0;
            *regs = regs.union(args.intersection(RegSet::ARGS));
        }
        return;
    }
    let regs = &mut wanted.frame(step.frame).0;
    *regs = regs.difference(RegSet::CALLER_SAVED);
}

fn undo_plain(
    program: &Program<'_>,
    insn: Insn,
    step: &Step,
    wanted: &mut Wanted,
) -> Result<(), Lost> {
    let regs = &mut wanted.frame(step.frame).0;
    let stored = match insn {
        Insn::Alu { op: AluOp::Mov, dst, src, .. } => {
            if regs.remove(dst)
                && let Src::Reg(src) = src
                && src != Reg::R10
            {
                regs.insert(src);
            }
            return Ok(());
        }
        Insn::Alu { dst, src: Src::Reg(src), .. } => {
            if regs.contains(dst) && src != Reg::R10 {
                regs.insert(src);
            }
            return Ok(());
        }
        Insn::CastAddrSpace { dst, .. } => {
            regs.remove(dst);
            return Ok(());
        }
        Insn::SignExtend { dst, src, .. } => {
            if regs.remove(dst) {
                regs.insert(src);
            }
            return Ok(());
        }
        Insn::LoadImm64 { dst, .. } => {
            regs.remove(dst);
            return Ok(());
        }
        Insn::LoadPacket { .. } => {
            *regs = regs.difference(RegSet::CALLER_SAVED);
            return Ok(());
        }
        Insn::JumpIf { dst, src: Src::Reg(src), .. } => {
            // Each got its range from the other.
            if regs.contains(dst) || regs.contains(src) {
                regs.insert(dst);
                regs.insert(src);
                regs.remove(Reg::R10);
            }
            return Ok(());
        }
        Insn::Load { dst, .. } | Insn::LoadAcquire { dst, .. } => {
            if regs.remove(dst)
                && let Some(slot) = step.slot
            {
                wanted.add_slot(slot);
            }
            return Ok(());
        }
        // Linux before 7.1 overlooks that the register is overwritten.
        Insn::Atomic { src, .. } if program.is_before(7, 1) => Some(src),
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
            return Ok(());
        }
        Insn::Store { src: Src::Reg(src), .. } | Insn::StoreRelease { src, .. } => Some(src),
        Insn::Store { .. } | Insn::Atomic { .. } => None,
        _ => return Ok(()),
    };
    if let Insn::Store { base, .. } | Insn::StoreRelease { base, .. } | Insn::Atomic { base, .. } =
        insn
        && regs.contains(base)
    {
        return Err(Lost);
    }
    if let Some(slot) = step.slot
        && wanted.remove_slot(slot)
        && let Some(src) = stored
    {
        wanted.frame(step.frame).0.insert(src);
    }
    Ok(())
}
