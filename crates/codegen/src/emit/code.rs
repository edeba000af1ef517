//! Machine functions to the instructions of an object: the last step, in which blocks
//! become offsets.

use super::frame::Frame;
use crate::ir::{Callee, CoreId};
use crate::mach::{Address, Base, BlockId, Func, Inst, Op, Source, Symbol, Term};
use crate::peephole::returning_edges;
use bpfc_base::{Diagnostic, IndexVec, Span, codes::bpf::E0413};
use bpfc_isa::{AluOp, Callee as IsaCallee, Cpu, Insn, JmpOp, Reg, Src, Wide, Width};
use bpfc_object::{CoreReloc, Line, ObjInsn, Reloc};
use std::sync::Arc;

/// What the rest of the object is for code.
pub trait Surroundings {
    /// The 64-bit load of an address.
    fn load_address(&mut self, dst: Reg, symbol: Symbol) -> ObjInsn;
    /// What a call refers to.
    fn callee(&mut self, func: crate::ir::FuncId) -> Reloc;
    /// A question to the kernel's BTF, of the function under emission.
    fn core(&mut self, core: CoreId) -> CoreReloc;
    /// The source line of a span.
    fn line(&mut self, span: Span) -> Option<Arc<Line>>;
}

/// `BPF_CORE_TYPE_ID_LOCAL` (Linux 5.17 `include/uapi/linux/bpf.h`).
const TYPE_ID_LOCAL: u32 = 6;

/// An instruction whose jump is still to be filled in.
pub struct Item {
    insn: ObjInsn,
    pub target: Option<Goal>,
}

/// Where a jump leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Block(BlockId),
    /// The instruction at this position.
    Item(usize),
}

pub struct Ctx<'a, S> {
    pub func: &'a Func<Reg>,
    pub frame: &'a Frame,
    pub around: &'a mut S,
    pub out: Vec<Item>,
    /// Number of uses of inline assembly so far.
    pub n_unique: u32,
    /// Number of instructions before each block.
    starts: IndexVec<BlockId, Option<usize>>,
    /// Edges that close a loop: kernels before 6.7 want a jump there.
    returning: Vec<(BlockId, BlockId)>,
}

/// Emits a function.
///
/// Requires: `func` is valid for `cpu`.
///
/// # Errors
/// `E0413` if a jump is too far for this instruction set.
pub fn emit<S: Surroundings>(
    func: &Func<Reg>,
    frame: &Frame,
    cpu: Cpu,
    around: &mut S,
) -> Result<Vec<ObjInsn>, Box<Diagnostic>> {
    let mut ctx = Ctx {
        func,
        frame,
        around,
        out: Vec::new(),
        n_unique: 0,
        starts: IndexVec::from_elem(None, func.blocks.len()),
        returning: returning_edges(func),
    };
    for (at, &id) in func.layout.iter().enumerate() {
        ctx.starts[id] = Some(ctx.out.len());
        let block = &func.blocks[id];
        for inst in &block.insts {
            ctx.emit_inst(id, inst)?;
        }
        let mut next = func.layout.get(at + 1).copied();
        if let (Term::Jump(_), Some(to)) = (&block.term, next)
            && ctx.returning.contains(&(id, to))
        {
            next = None;
        }
        ctx.emit_term(&block.term, block.term_span, next, cpu);
    }
    ctx.resolve(cpu)
}

impl<S: Surroundings> Ctx<'_, S> {
    pub fn push(&mut self, insn: impl Into<ObjInsn>, span: Span) -> &mut Item {
        let mut insn = insn.into();
        insn.span = span;
        insn.line = self.around.line(span);
        self.out.push(Item { insn, target: None });
        self.out.last_mut().expect("just pushed")
    }

    fn place(&self, address: Address<Reg>) -> (Reg, i16) {
        let (base, offset) = match address.base {
            Base::Reg(reg) => (reg, address.offset),
            Base::Slot(slot) => (Reg::FP, self.frame.offset(slot) + address.offset),
        };
        let off = i16::try_from(offset).expect("validated; frames are small");
        (base, off)
    }

    fn emit_inst(&mut self, block: BlockId, inst: &Inst<Reg>) -> Result<(), Box<Diagnostic>> {
        let span = inst.span;
        let core = inst.core.map(|core| self.around.core(core));
        let insn: ObjInsn = match inst.op {
            Op::Alu { width, op, dst, src } => {
                let src = source(src);
                Insn::Alu { width, op, dst, src }.into()
            }
            Op::Neg { width, dst } => Insn::Neg { width, dst }.into(),
            Op::SignExtend { extension, dst, src } => {
                Insn::SignExtend { extension, dst, src }.into()
            }
            Op::ByteSwap { op, bits, dst } => Insn::ByteSwap { op, bits, dst }.into(),
            Op::LoadImm { dst, value } => {
                let local = |core: &CoreReloc| core.kind == TYPE_ID_LOCAL;
                let value = match core.as_ref().filter(|core| local(core)) {
                    Some(core) => core.root.0.into(),
                    None => value,
                };
                let value = Wide::Value(value);
                Insn::LoadImm64 { dst, value }.into()
            }
            Op::LoadSymbol { dst, symbol } => self.around.load_address(dst, symbol),
            Op::SlotAddr { dst, slot, offset } => {
                let copy =
                    Insn::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Src::Reg(Reg::FP) };
                self.push(copy, span);
                Insn::Alu {
                    width: Width::W64,
                    op: AluOp::Add,
                    dst,
                    src: Src::Imm(self.frame.offset(slot) + offset),
                }
                .into()
            }
            Op::Load { ty, dst, address, .. } => {
                let (base, off) = self.place(address);
                Insn::Load { ty, dst, base, off }.into()
            }
            Op::Store { size, address, src } => {
                let ((base, off), src) = (self.place(address), source(src));
                Insn::Store { size, base, off, src }.into()
            }
            Op::LoadAcquire { size, dst, address } => {
                let (base, off) = self.place(address);
                Insn::LoadAcquire { size, dst, base, off }.into()
            }
            Op::StoreRelease { size, address, src } => {
                let (base, off) = self.place(address);
                Insn::StoreRelease { size, base, off, src }.into()
            }
            Op::Atomic { op, width, address, src } => {
                let (base, off) = self.place(address);
                Insn::Atomic { op, width, base, off, src }.into()
            }
            Op::LoadPacket { size, index, off } => Insn::LoadPacket { size, index, off }.into(),
            Op::Asm { asm, regs, .. } => return self.emit_asm(block, asm, &regs, span),
            Op::Call { callee, .. } => match callee {
                Callee::Helper(number) => Insn::Call(IsaCallee::Helper(number)).into(),
                Callee::Func(func) => ObjInsn::call(self.around.callee(func)),
                Callee::Indirect | Callee::Memory(_) => {
                    unreachable!("reported before instructions are selected")
                }
            },
        };
        self.push(insn, span).insn.core = core;
        Ok(())
    }

    fn emit_term(&mut self, term: &Term<Reg>, span: Span, next: Option<BlockId>, cpu: Cpu) {
        match *term {
            Term::Exit { .. } => {
                self.push(Insn::Exit, span);
            }
            Term::Jump(target) | Term::AsmExit { otherwise: target, .. } => {
                self.emit_jump(target, span, next)
            }
            Term::Nowhere => {}
            Term::Branch { op, width, lhs, rhs, then, otherwise } => {
                let rhs = source(rhs);
                if next == Some(then)
                    && let Some((op, lhs, rhs)) = negate(op, lhs, rhs, cpu)
                {
                    self.emit_branch(op, width, lhs, rhs, otherwise, span);
                } else {
                    self.emit_branch(op, width, lhs, rhs, then, span);
                    self.emit_jump(otherwise, span, next);
                }
            }
        }
    }

    fn emit_jump(&mut self, target: BlockId, span: Span, next: Option<BlockId>) {
        if next != Some(target) {
            self.push(Insn::Jump { off: 0 }, span).target = Some(Goal::Block(target));
        }
    }

    fn emit_branch(
        &mut self,
        op: JmpOp,
        width: Width,
        lhs: Reg,
        rhs: Src,
        target: BlockId,
        span: Span,
    ) {
        let insn = Insn::JumpIf { width, op, dst: lhs, src: rhs, off: 0 };
        self.push(insn, span).target = Some(Goal::Block(target));
    }

    /// Fills in offsets, which count slots.
    fn resolve(mut self, cpu: Cpu) -> Result<Vec<ObjInsn>, Box<Diagnostic>> {
        if cpu >= Cpu::V4 {
            self.lengthen_jumps();
        }
        let slots = self.slots();
        for (at, item) in self.out.iter_mut().enumerate() {
            let Some(target) = item.target else { continue };
            let start = match target {
                Goal::Block(block) => self.starts[block].expect("targets are in the layout"),
                Goal::Item(at) => at,
            };
            let off = slots[start] - (slots[at] + 1);
            let Some(insn) = item.insn.insn.with_jump_offset(off) else {
                let name = &self.func.name;
                let message = format!("a jump in `{name}` is farther than an instruction reaches");
                let diagnostic = Diagnostic::new(E0413, self.func.span, message)
                    .with_note("jumps reach 32767 instructions; `-mcpu=v4` has longer ones");
                return Err(Box::new(diagnostic));
            };
            item.insn.insn = insn;
        }
        Ok(self.out.into_iter().map(|item| item.insn).collect())
    }

    /// The slot of each instruction, and of the end.
    fn slots(&self) -> Vec<i32> {
        let mut slots = Vec::with_capacity(self.out.len() + 1);
        let mut slot = 0;
        for item in &self.out {
            slots.push(slot);
            slot += item.insn.insn.slots() as i32;
        }
        slots.push(slot);
        slots
    }

    /// Uses `gotol` where `goto` may not reach (RFC 9669 §4.3). Conditional jumps get one
    /// behind them, around which the opposite condition would lead.
    fn lengthen_jumps(&mut self) {
        let total: i32 = self.slots().last().copied().unwrap_or(0);
        if total <= i32::from(i16::MAX) / 2 {
            return;
        }
        // Far more than enough are made long: only functions of this size pay for it.
        let old = std::mem::take(&mut self.out);
        let mut moved = Vec::with_capacity(old.len() + 1);
        for item in old {
            moved.push(self.out.len());
            match (item.insn.insn, item.target) {
                (Insn::Jump { .. }, Some(_)) => {
                    let mut item = item;
                    item.insn.insn = Insn::JumpLong { off: 0 };
                    self.out.push(item);
                }
                (Insn::JumpIf { .. }, Some(target)) => {
                    // if … goto +1; goto +1; gotol target
                    let span = item.insn.span;
                    let line = item.insn.line.clone();
                    let mut branch = item.insn;
                    branch.insn = branch.insn.with_jump_offset(1).unwrap_or(branch.insn);
                    let follow = |insn: Insn, target| Item {
                        insn: ObjInsn { span, line: line.clone(), ..ObjInsn::new(insn) },
                        target,
                    };
                    self.out.push(Item { insn: branch, target: None });
                    self.out.push(follow(Insn::Jump { off: 1 }, None));
                    self.out.push(follow(Insn::JumpLong { off: 0 }, Some(target)));
                }
                _ => self.out.push(item),
            }
        }
        moved.push(self.out.len());
        for start in self.starts.iter_mut().flatten() {
            *start = moved[*start];
        }
        for item in &mut self.out {
            if let Some(Goal::Item(at)) = &mut item.target {
                *at = moved[*at];
            }
        }
    }
}

fn source(src: Source<Reg>) -> Src {
    match src {
        Source::Reg(reg) => Src::Reg(reg),
        Source::Imm(imm) => Src::Imm(imm),
    }
}

/// The opposite condition, if `cpu` has it.
fn negate(op: JmpOp, lhs: Reg, rhs: Src, cpu: Cpu) -> Option<(JmpOp, Reg, Src)> {
    let negated = op.negated()?;
    let is_new = matches!(negated, JmpOp::Lt | JmpOp::Le | JmpOp::SLt | JmpOp::SLe);
    match rhs {
        _ if !is_new || cpu >= Cpu::V2 => Some((negated, lhs, rhs)),
        Src::Reg(right) => Some((negated.swapped(), right, Src::Reg(lhs))),
        Src::Imm(_) => None,
    }
}
