//! Executes linked programs: a small interpreter of `Insn`, with the memory and host of
//! the interpreter of IR.

use crate::interpret::{Fault, Host, Memory};
use crate::ir::Width as MemoryWidth;
use bpfc_base::Idx;
use bpfc_isa::{
    AluOp, AtomicOp, Callee, Insn, JmpOp, LoadType, Reg, Size, SlotMap, Src, SwapOp, Wide, Width,
};
use bpfc_object::{Linked, Reference};

/// What registers hold that nobody has written, or that a call has overwritten.
const GARBAGE: u64 = 0xdead_beef_dead_beef;

pub struct Engine<'a> {
    pub linked: &'a Linked,
    pub memory: Memory,
    /// Address of each data section.
    pub data: Vec<u64>,
    pub fuel: u64,
}

struct Frame {
    regs: [u64; 11],
}

fn memory_width(size: Size) -> MemoryWidth {
    MemoryWidth::from_bytes(size.bytes().into()).unwrap()
}

fn alu(op: AluOp, width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::W64 => {
            let (sa, sb) = (a as i64, b as i64);
            match op {
                AluOp::Add => a.wrapping_add(b),
                AluOp::Sub => a.wrapping_sub(b),
                AluOp::Mul => a.wrapping_mul(b),
                AluOp::Div => a.checked_div(b).unwrap_or(0),
                AluOp::SDiv if b == 0 => 0,
                AluOp::SDiv => sa.wrapping_div(sb) as u64,
                AluOp::Mod => a.checked_rem(b).unwrap_or(a),
                AluOp::SMod if b == 0 => a,
                AluOp::SMod => sa.wrapping_rem(sb) as u64,
                AluOp::Or => a | b,
                AluOp::And => a & b,
                AluOp::Xor => a ^ b,
                AluOp::Lsh => a << (b & 63),
                AluOp::Rsh => a >> (b & 63),
                AluOp::Arsh => (sa >> (b & 63)) as u64,
                AluOp::Mov => b,
            }
        }
        Width::W32 => {
            let (a, b) = (a as u32, b as u32);
            let (sa, sb) = (a as i32, b as i32);
            u64::from(match op {
                AluOp::Add => a.wrapping_add(b),
                AluOp::Sub => a.wrapping_sub(b),
                AluOp::Mul => a.wrapping_mul(b),
                AluOp::Div => a.checked_div(b).unwrap_or(0),
                AluOp::SDiv if b == 0 => 0,
                AluOp::SDiv => sa.wrapping_div(sb) as u32,
                AluOp::Mod => a.checked_rem(b).unwrap_or(a),
                AluOp::SMod if b == 0 => a,
                AluOp::SMod => sa.wrapping_rem(sb) as u32,
                AluOp::Or => a | b,
                AluOp::And => a & b,
                AluOp::Xor => a ^ b,
                AluOp::Lsh => a << (b & 31),
                AluOp::Rsh => a >> (b & 31),
                AluOp::Arsh => (sa >> (b & 31)) as u32,
                AluOp::Mov => b,
            })
        }
    }
}

fn holds(op: JmpOp, width: Width, a: u64, b: u64) -> bool {
    let (a, b, sa, sb) = match width {
        Width::W64 => (a, b, a as i64, b as i64),
        Width::W32 => {
            let (a, b) = (a as u32, b as u32);
            (a.into(), b.into(), (a as i32).into(), (b as i32).into())
        }
    };
    match op {
        JmpOp::Eq => a == b,
        JmpOp::Ne => a != b,
        JmpOp::Set => a & b != 0,
        JmpOp::Gt => a > b,
        JmpOp::Ge => a >= b,
        JmpOp::Lt => a < b,
        JmpOp::Le => a <= b,
        JmpOp::SGt => sa > sb,
        JmpOp::SGe => sa >= sb,
        JmpOp::SLt => sa < sb,
        JmpOp::SLe => sa <= sb,
    }
}

fn sign_extend(value: u64, bits: u32) -> u64 {
    ((value << (64 - bits)) as i64 >> (64 - bits)) as u64
}

impl Frame {
    fn get(&self, reg: Reg) -> u64 {
        self.regs[usize::from(reg.number())]
    }

    fn set(&mut self, reg: Reg, value: u64) {
        assert_ne!(reg, Reg::FP, "the frame pointer is read-only");
        self.regs[usize::from(reg.number())] = value;
    }

    fn src(&self, src: Src) -> u64 {
        match src {
            Src::Reg(reg) => self.get(reg),
            Src::Imm(imm) => imm as i64 as u64,
        }
    }
}

impl Engine<'_> {
    pub fn run(&mut self, host: &mut dyn Host, args: &[u64]) -> Result<u64, Fault> {
        let insns = self.linked.plain_insns();
        let slots = SlotMap::new(&insns);
        match self.call(host, &insns, &slots, 0, args) {
            Err(Fault::LeftProgram) => Ok(0),
            result => result,
        }
    }

    fn call(
        &mut self,
        host: &mut dyn Host,
        insns: &[Insn],
        slots: &SlotMap,
        start: usize,
        args: &[u64],
    ) -> Result<u64, Fault> {
        let mark = self.memory.len();
        let stack = self.memory.allocate(vec![0xa5; 512]);
        let mut frame = Frame { regs: [GARBAGE; 11] };
        frame.regs[10] = stack + 512;
        frame.regs[1..=args.len()].copy_from_slice(args);
        let mut at = start;
        let result = loop {
            self.fuel = self.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
            let insn = insns[at];
            let mut next = at + 1;
            match insn {
                Insn::Exit => break frame.get(Reg::R0),
                Insn::Jump { .. } | Insn::JumpLong { .. } => {
                    next = slots.target(at as u32, &insn).unwrap() as usize;
                }
                Insn::JumpIf { width, op, dst, src, .. } => {
                    if holds(op, width, frame.get(dst), frame.src(src)) {
                        next = slots.target(at as u32, &insn).unwrap() as usize;
                    }
                }
                Insn::Call(callee) => {
                    let args: Vec<u64> = Reg::ARGS.iter().map(|&reg| frame.get(reg)).collect();
                    let result = match callee {
                        Callee::Helper(number) => {
                            host.helper(number, &args[..2], &mut self.memory)?
                        }
                        Callee::Local { .. } => {
                            let target = slots.target(at as u32, &insn).unwrap();
                            self.call(host, insns, slots, target as usize, &args)?
                        }
                        Callee::Kfunc { .. } => return Err(Fault::NoSuchFunction),
                    };
                    frame.regs[..6].fill(GARBAGE);
                    frame.set(Reg::R0, result);
                }
                _ => self.step(&mut frame, at, insn)?,
            }
            at = next;
        };
        self.memory.truncate(mark);
        Ok(result)
    }

    fn step(&mut self, frame: &mut Frame, at: usize, insn: Insn) -> Result<(), Fault> {
        let place = |frame: &Frame, base, off: i16| frame.get(base).wrapping_add_signed(off.into());
        match insn {
            Insn::Alu { width, op, dst, src } => {
                if let (Src::Imm(imm), AluOp::Lsh | AluOp::Rsh | AluOp::Arsh) = (src, op) {
                    assert!((0..width.bits() as i32).contains(&imm), "invalid shift");
                }
                let result = alu(op, width, frame.get(dst), frame.src(src));
                frame.set(dst, result);
            }
            Insn::Neg { width, dst } => {
                let result = alu(AluOp::Sub, width, 0, frame.get(dst));
                frame.set(dst, result);
            }
            Insn::SignExtend { extension, dst, src } => {
                let wide = sign_extend(frame.get(src), extension.bits());
                let width = extension.width();
                frame.set(dst, alu(AluOp::Mov, width, 0, wide));
            }
            Insn::ByteSwap { op, bits, dst } => {
                assert_ne!(op, SwapOp::Le);
                let value = frame.get(dst).swap_bytes() >> (64 - bits.bits());
                frame.set(dst, value);
            }
            Insn::LoadImm64 { dst, value } => {
                let value = match (self.linked.insns[at].reference, value) {
                    (Some(Reference::Data { section, offset }), _) => {
                        self.data[section.index()] + u64::from(offset)
                    }
                    (None, Wide::Value(value)) => value,
                    other => panic!("unexpected {other:?}"),
                };
                frame.set(dst, value);
            }
            Insn::Load { ty, dst, base, off } => {
                let address = place(frame, base, off);
                let value = self.memory.load(address, memory_width(ty.size()))?;
                let value = match ty {
                    LoadType::S8 | LoadType::S16 | LoadType::S32 => {
                        sign_extend(value, ty.size().bytes() * 8)
                    }
                    _ => value,
                };
                frame.set(dst, value);
            }
            Insn::Store { size, base, off, src } => {
                let address = place(frame, base, off);
                self.memory.store(address, memory_width(size), frame.src(src))?;
            }
            Insn::Atomic { op, width, base, off, src } => {
                let address = place(frame, base, off);
                let memory = memory_width(width.size());
                let old = self.memory.load(address, memory)?;
                let value = alu(AluOp::Mov, width, 0, frame.get(src));
                let wanted = alu(AluOp::Mov, width, 0, frame.get(Reg::R0));
                let new = match op {
                    AtomicOp::Add | AtomicOp::FetchAdd => old.wrapping_add(value),
                    AtomicOp::Or | AtomicOp::FetchOr => old | value,
                    AtomicOp::And | AtomicOp::FetchAnd => old & value,
                    AtomicOp::Xor | AtomicOp::FetchXor => old ^ value,
                    AtomicOp::Xchg => value,
                    AtomicOp::CmpXchg if old == wanted => value,
                    AtomicOp::CmpXchg => old,
                };
                self.memory.store(address, memory, new)?;
                if op == AtomicOp::CmpXchg {
                    frame.set(Reg::R0, old);
                } else if op.fetches() {
                    frame.set(src, old);
                }
            }
            other => panic!("unexpected {other:?}"),
        }
        Ok(())
    }
}
