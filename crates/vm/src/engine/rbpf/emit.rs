//! Writing instructions with labels, and encoding them for rbpf.

use bpfc_isa::{
    AluOp, Callee, Endian, Insn, JmpOp, LoadType, Reg, Size, Src, Width, encode_program,
};

/// rbpf keeps its program counter in 16 bits.
pub(super) const MAX_SLOTS: usize = i16::MAX as usize;

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(usize);

/// Code in the making.
#[derive(Default)]
pub(super) struct Emitter {
    insns: Vec<Insn>,
    n_slots: usize,
    /// Slot of each label that is placed.
    labels: Vec<Option<usize>>,
    /// Jumps and calls to labels: index of the instruction, its slot, the label.
    fixups: Vec<(usize, usize, Label)>,
}

/// Where a value is kept while a register is used for something else: below rbpf's own frame pointer,
/// which the program does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The program's `r0` to `r4`.
    Saved(Reg),
    /// A register that holds an operand.
    Operand,
    /// The program's frame pointer.
    FramePointer,
}

/// Bytes of scratch memory of each function: one per [`Slot`]. rbpf has 512 for 9 of them.
pub(super) const SCRATCH_BYTES: u16 = 56;

impl Slot {
    fn offset(self) -> i16 {
        match self {
            Slot::Saved(reg) => -8 * (i16::from(reg.number()) + 1),
            Slot::Operand => -48,
            Slot::FramePointer => -56,
        }
    }
}

impl Emitter {
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    pub fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.n_slots);
    }

    pub fn push(&mut self, insn: Insn) {
        self.n_slots += insn.slots() as usize;
        self.insns.push(insn);
    }

    /// A jump whose distance is not known yet.
    pub fn push_to(&mut self, insn: Insn, label: Label) {
        self.fixups.push((self.insns.len(), self.n_slots, label));
        self.push(insn);
    }

    pub fn goto(&mut self, label: Label) {
        self.push_to(Insn::Jump { off: 0 }, label);
    }

    pub fn jump_if(&mut self, op: JmpOp, dst: Reg, imm: i32, label: Label) {
        let insn = Insn::JumpIf { width: Width::W64, op, dst, src: Src::Imm(imm), off: 0 };
        self.push_to(insn, label);
    }

    pub fn call_local(&mut self, label: Label) {
        self.push_to(Insn::Call(Callee::Local { off: 0 }), label);
    }

    pub fn alu(&mut self, width: Width, op: AluOp, dst: Reg, src: impl Into<Src>) {
        let src = src.into();
        self.push(Insn::Alu { width, op, dst, src });
    }

    pub fn mov(&mut self, dst: Reg, src: impl Into<Src>) {
        self.alu(Width::W64, AluOp::Mov, dst, src);
    }

    pub fn keep(&mut self, slot: Slot, reg: Reg) {
        self.push(Insn::Store {
            size: Size::DW,
            base: Reg::FP,
            off: slot.offset(),
            src: Src::Reg(reg),
        });
    }

    pub fn fetch(&mut self, reg: Reg, slot: Slot) {
        self.push(Insn::Load { ty: LoadType::U64, dst: reg, base: Reg::FP, off: slot.offset() });
    }

    /// The code as bytes; none if it is too long for rbpf.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if self.n_slots > MAX_SLOTS {
            return None;
        }
        for (insn_idx, slot, label) in self.fixups {
            let target = self.labels[label.0].expect("every label is placed");
            let distance = target as i32 - (slot as i32 + 1);
            let insn = &mut self.insns[insn_idx];
            *insn = match *insn {
                Insn::Call(_) => Insn::Call(Callee::Local { off: distance }),
                jump => jump.with_jump_offset(distance)?,
            };
        }
        Some(encode_program(&self.insns, Endian::Little))
    }
}
