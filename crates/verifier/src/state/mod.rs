//! The state of the machine at one point of one path: registers, stack frames, references.

mod kernel;
#[allow(dead_code)]
mod scope;
mod stack;
mod value;

pub use kernel::{DynptrType, Guard, PtrFlags, StackObject, Typed, Types};
#[allow(unused_imports)]
pub use scope::{Irq, Lock, LockKind, LockOwner, Scopes};
pub use stack::{Byte, Iterator, Slot, Stack, place};
pub use value::{Kind, MapIdx, PacketRange, Value};

use bpfc_isa::Reg;
use std::rc::Rc;

/// One function call in progress.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The function, by its index in the linked program.
    pub func: u32,
    /// The call that made the frame; of no meaning for the first one.
    pub call_site: u32,
    /// `r0` to `r10`.
    pub regs: [Value; 11],
    /// Its stack.
    pub stack: Stack,
    /// Set where a helper or the kernel calls the function, not the program.
    pub callback: Option<CallbackFrame>,
    /// How often the callback of the running call was followed, if it has one.
    pub n_called_back: u32,
}

/// What a function that is called back owes to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackFrame {
    /// The smallest value that it may return.
    pub min: i64,
    /// The largest.
    pub max: i64,
    /// Whether it runs later, without the frame of a caller below it.
    pub is_async: bool,
    /// Whether it handles exceptions.
    pub is_exception: bool,
}

/// Something acquired that must be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The id that registers refer to.
    pub id: u32,
    /// The instruction that acquired it.
    pub insn_idx: u32,
}

/// One executed instruction.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The instruction.
    pub insn_idx: u32,
    /// The frame in which it ran.
    pub frame: u8,
    /// The stack slot that it loaded a register from or stored one to.
    pub slot: Option<StackSlot>,
    /// What it compared had the same number elsewhere: the group of all these places, 0 for none.
    pub links: u32,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a register of a frame.
    Reg(u8, Reg),
    /// On the stack.
    Slot(StackSlot),
}

/// A slot of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StackSlot {
    /// The frame.
    pub frame: u8,
    /// The slot, as in [`Stack::slots`].
    pub slot: u8,
}

/// A machine state.
#[derive(Clone, Debug)]
pub struct State {
    /// The calls in progress, the program's own first; never empty. States share the frames that
    /// they did not change.
    pub frames: Vec<Rc<Frame>>,
    /// What is held.
    pub held: Vec<Held>,
    /// The sections that it is in.
    pub scopes: Scopes,
    /// How many calls of callbacks are in progress or were repeated, for the comparison of states.
    pub n_unrolled: u32,
    /// How often the path went on at a `may_goto`, which ends any loop at some time.
    pub n_may_goto: u32,
    /// How many functions that are called later led to this one.
    pub n_async: u32,
    /// The next instruction.
    pub insn_idx: u32,
    /// How often the path went round each loop whose end this verifier does not model.
    pub rounds: Vec<(u32, u8)>,
}

impl State {
    /// The running function.
    pub fn top(&self) -> &Frame {
        self.frames.last().expect("at least one frame")
    }

    /// The running function.
    pub fn top_mut(&mut self) -> &mut Frame {
        Rc::make_mut(self.frames.last_mut().expect("at least one frame"))
    }

    /// The number of the running function's frame.
    pub fn depth(&self) -> u8 {
        (self.frames.len() - 1) as u8
    }

    /// A register of the running function.
    pub fn reg(&self, reg: Reg) -> &Value {
        &self.top().regs[usize::from(reg.number())]
    }

    /// Sets a register of the running function.
    pub fn set(&mut self, reg: Reg, value: Value) {
        self.top_mut().regs[usize::from(reg.number())] = value;
    }

    /// A register of the running function.
    pub fn reg_mut(&mut self, reg: Reg) -> &mut Value {
        &mut self.top_mut().regs[usize::from(reg.number())]
    }

    /// The frame with this number.
    pub fn frame_mut(&mut self, frame: u8) -> &mut Frame {
        Rc::make_mut(&mut self.frames[usize::from(frame)])
    }

    /// The open-coded iterator on the stack that `r1` points at, if any.
    pub fn iterator_behind_r1(&self) -> Option<Iterator> {
        let pointer = self.reg(Reg::R1);
        let (Kind::Stack { frame }, Some(off)) = (pointer.kind, pointer.fixed_offset()) else {
            return None;
        };
        let stack = &self.frames.get(usize::from(frame))?.stack;
        match (-512..0).contains(&off) {
            true => stack.slot(off)?.iterator(),
            false => None,
        }
    }

    /// Changes every register and every register on the stack for which `wanted` holds.
    pub fn for_each(
        &mut self,
        wanted: impl Fn(&Value) -> bool,
        mut change: impl FnMut(&mut Value),
    ) {
        for frame in &mut self.frames {
            let in_regs = frame.regs.iter().any(&wanted);
            let in_stack = || {
                let mut spills = frame.stack.slots.iter().filter_map(|slot| slot.spill.as_ref());
                spills.any(|spill| wanted(spill))
            };
            if !in_regs && !in_stack() {
                continue;
            }
            let frame = Rc::make_mut(frame);
            frame.regs.iter_mut().filter(|v| wanted(v)).for_each(&mut change);
            let spills = frame.stack.slots.iter_mut().filter_map(|slot| slot.spill.as_mut());
            for spill in spills.filter(|spill| wanted(spill)) {
                change(Rc::make_mut(spill));
            }
        }
    }
}
