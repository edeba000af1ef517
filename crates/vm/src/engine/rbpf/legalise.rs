//! Rewrites a program into what rbpf 0.4.1 executes rightly.
//!
//! Arithmetic, jumps and calls between functions stay instructions, in a form that rbpf gets right:
//!
//! | in the program | why | becomes |
//! | --- | --- | --- |
//! | 64-bit jump, negative immediate | rbpf zero-extends it | jump on a register |
//! | `w1 %= w2` | by zero rbpf keeps the upper half | the same, then `w1 = w1` |
//! | `r1 = -r1` | overflows in debug builds | complement and add 1 |
//! | `s/=`, `s%=` | taken for unsigned | runtime call |
//! | sign extensions | ignored or unknown | shifts |
//! | `bswap` | unknown | `be` |
//! | backward call | overflows in debug builds | functions are laid out callers first |
//!
//! Everything that touches the machine becomes a call of the [runtime](super::runtime): memory,
//! atomics, packet loads, helpers, stack frames, fuel. rbpf's own memory checks look only at the
//! first byte of an access and its callees have half a stack, so program memory is none of its
//! business: addresses are the machine's, and rbpf's stack serves as scratch space for the registers
//! that runtime calls need.
//!
//! Requires: nothing; what cannot be expressed is refused with a reason.
//! Ensures: rbpf accepts the code, and it ends if the runtime lets each block run finitely often.

use super::emit::{Emitter, Label, MAX_SLOTS, Slot};
use super::runtime::call;
use crate::engine::POISON;
use crate::helpers;
use crate::program::{Program, Step};
use bpfc_isa::{Insn, JmpOp, Reg, RegSet};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Code for rbpf that runs one function of a program and what it calls.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub bytes: Vec<u8>,
    /// The steps of each basic block, in the order of the numbers that the code passes.
    pub blocks: Arc<[Range<u32>]>,
}

/// Translates the function of `program` that starts at step `start`.
///
/// # Errors
/// The reason why rbpf cannot run it.
pub(super) fn legalise(program: &Program, start: u32) -> Result<Image, String> {
    let functions = order(program, start)?;
    let mut legaliser = Legaliser {
        program,
        out: Emitter::default(),
        blocks: Vec::new(),
        labels: BTreeMap::new(),
        entries: BTreeMap::new(),
        stop: None,
    };
    for function in &functions {
        legaliser.find_labels(function)?;
    }
    legaliser.prologue();
    for function in &functions {
        legaliser.function(function)?;
    }
    let Legaliser { out, blocks, .. } = legaliser;
    let bytes = out.finish().ok_or_else(|| {
        format!("the program is longer than {MAX_SLOTS} instructions after legalisation")
    })?;
    let blocks = blocks.into();
    Ok(Image { bytes, blocks })
}

/// The functions that the one at `start` needs, every caller before its callees.
fn order(program: &Program, start: u32) -> Result<Vec<Range<u32>>, String> {
    let mut done = Vec::new();
    let mut visited = BTreeMap::new();
    visit(program, &starts(program), start, &mut visited, &mut done)?;
    done.reverse();
    Ok(done)
}

/// Depth-first search in postorder. Depth is bounded by the depth of calls, as recursion ends it.
fn visit(
    program: &Program,
    starts: &BTreeSet<u32>,
    start: u32,
    is_done: &mut BTreeMap<u32, bool>,
    done: &mut Vec<Range<u32>>,
) -> Result<(), String> {
    /// More nesting faults on any engine, but functions may call deeper than they ever do.
    const MAX_DEPTH: usize = 256;
    match is_done.get(&start) {
        Some(true) => return Ok(()),
        Some(false) => return Err("it is recursive".into()),
        None => {}
    }
    if is_done.values().filter(|is_done| !**is_done).count() > MAX_DEPTH {
        return Err("its calls are nested too deep".into());
    }
    is_done.insert(start, false);
    let function = function_at(program, starts, start)?;
    for step in &program.steps[function.start as usize..function.end as usize] {
        if let Step::CallLocal { target } = step {
            visit(program, starts, *target, is_done, done)?;
        }
    }
    is_done.insert(start, true);
    done.push(function);
    Ok(())
}

/// Where functions start: those of the object, and whatever is called (`add_subprog`, Linux 6.12
/// `kernel/bpf/verifier.c`), which the object may have in the middle of one of its own.
fn starts(program: &Program) -> BTreeSet<u32> {
    let mut starts: BTreeSet<u32> = program.linked.subprogs.iter().map(|sub| sub.start).collect();
    starts.extend(program.steps.iter().filter_map(|step| match step {
        Step::CallLocal { target } => Some(*target),
        _ => None,
    }));
    starts
}

/// The steps of the function that starts at `start`.
fn function_at(
    program: &Program,
    starts: &BTreeSet<u32>,
    start: u32,
) -> Result<Range<u32>, String> {
    let end = starts.range(start + 1..).next().copied();
    let function = start..end.unwrap_or(program.steps.len() as u32);
    match starts.contains(&start) && !function.is_empty() {
        true => Ok(function),
        false => Err("it calls what is no function".into()),
    }
}

/// A translation in progress.
pub(super) struct Legaliser<'a> {
    pub program: &'a Program,
    pub out: Emitter,
    blocks: Vec<Range<u32>>,
    /// Where blocks begin: functions, targets, and what follows a jump or call.
    pub labels: BTreeMap<u32, Label>,
    /// Where callers of each function go: in front of its first block.
    entries: BTreeMap<u32, Label>,
    /// Where the current function returns when the run is over.
    stop: Option<Label>,
}

/// Whether the block ends after this step.
fn ends_block(step: &Step) -> bool {
    match step {
        Step::CallHelper { id } => helpers::is_control(*id),
        Step::Jump { .. }
        | Step::JumpIf { .. }
        | Step::MayGoto { .. }
        | Step::CallLocal { .. }
        | Step::LoadPacket { .. }
        | Step::Exit
        | Step::Fail(_) => true,
        Step::Compute(_)
        | Step::LoadImm64 { .. }
        | Step::Load { .. }
        | Step::Store { .. }
        | Step::Atomic { .. } => false,
    }
}

fn is_terminator(step: &Step) -> bool {
    matches!(step, Step::Jump { .. } | Step::Exit | Step::Fail(_))
}

impl Legaliser<'_> {
    fn find_labels(&mut self, function: &Range<u32>) -> Result<(), String> {
        let mut leaders = BTreeSet::from([function.start]);
        for idx in function.clone() {
            let step = &self.program.steps[idx as usize];
            if ends_block(step) && idx + 1 < function.end {
                leaders.insert(idx + 1);
            }
            if let Step::Jump { target } | Step::JumpIf { target, .. } | Step::MayGoto { target } =
                step
            {
                if !function.contains(target) {
                    return Err("it jumps from one function into another".into());
                }
                leaders.insert(*target);
            }
        }
        for leader in leaders {
            let label = self.out.label();
            self.labels.insert(leader, label);
        }
        Ok(())
    }

    /// Gives the first function its registers. Ends where that function's own code begins.
    fn prologue(&mut self) {
        for reg in Reg::ARGS.into_iter().rev() {
            self.out.mov(Reg::R1, i32::from(reg.number()) - 1);
            self.runtime(call::ARGUMENT);
            if reg != Reg::R1 {
                self.out.mov(reg, Reg::R0);
            }
        }
        self.out.mov(Reg::R1, Reg::R0);
        for reg in RegSet::CALLEE_SAVED.iter() {
            self.out.mov(reg, POISON);
        }
        self.runtime(call::FRAME_POINTER);
    }

    fn function(&mut self, function: &Range<u32>) -> Result<(), String> {
        let stop = self.out.label();
        self.stop = Some(stop);
        // The caller, or the prologue, has put the frame pointer into `r0`.
        let mut is_entry = true;
        for idx in function.clone() {
            if let Some(&label) = self.labels.get(&idx) {
                if is_entry {
                    let entry = self.entry_label(idx);
                    self.out.place(entry);
                    self.out.keep(Slot::FramePointer, Reg::R0);
                    self.out.mov(Reg::R0, POISON);
                }
                self.out.place(label);
                self.block(idx, function.end);
            }
            is_entry = false;
            self.step(idx);
        }
        let last = function.end - 1;
        if !is_terminator(&self.program.steps[last as usize]) {
            if function.end as usize != self.program.steps.len() {
                return Err("control runs from one function into the next".into());
            }
            self.fail(function.end);
        }
        self.out.place(stop);
        self.out.push(Insn::Exit);
        Ok(())
    }

    /// The label of a function for its callers.
    pub fn entry_label(&mut self, start: u32) -> Label {
        let out = &mut self.out;
        *self.entries.entry(start).or_insert_with(|| out.label())
    }

    /// Asks the runtime whether the block at `idx` may run.
    fn block(&mut self, idx: u32, end: u32) {
        let steps = &self.program.steps;
        let mut last = idx;
        while last + 1 < end
            && !ends_block(&steps[last as usize])
            && !self.labels.contains_key(&(last + 1))
        {
            last += 1;
        }
        let number = self.blocks.len() as i32;
        self.blocks.push(idx..last + 1);
        let stop = self.stop.expect("inside a function");
        let (r0, r1) = (Reg::R0, Reg::R1);
        self.out.keep(Slot::Saved(r0), r0);
        self.out.keep(Slot::Saved(r1), r1);
        self.out.mov(r1, number);
        self.runtime(call::BLOCK);
        self.out.fetch(r1, Slot::Saved(r1));
        self.out.jump_if(JmpOp::Ne, r0, 0, stop);
        self.out.fetch(r0, Slot::Saved(r0));
    }
}
