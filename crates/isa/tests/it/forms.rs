//! Every form of every instruction, with random fields.

use bpfc_isa::{
    AluOp, AtomicOp, Callee, Extension, Insn, JmpOp, LoadType, Narrow, Reg, Size, Src, SwapBits,
    SwapOp, Wide, Width,
};

/// A small generator of random numbers (splitmix64), the same on every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.u64() % n
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Small, extreme and arbitrary numbers in equal parts.
    pub fn imm(&mut self) -> i32 {
        let any = self.u64() as i32;
        let small = any % 20;
        self.pick(&[any, small, 0, -1, i32::MIN, i32::MAX])
    }

    pub fn off(&mut self) -> i16 {
        let any = self.u64() as i16;
        let small = any % 20;
        self.pick(&[any, small, 0, -1, i16::MIN, i16::MAX])
    }

    pub fn reg(&mut self) -> Reg {
        self.pick(&Reg::ALL)
    }
}

/// One instruction of every form; the fields that do not select the form are random.
pub fn every_form(r: &mut Random) -> Vec<Insn> {
    let mut insns = Vec::new();
    for width in [Width::W32, Width::W64] {
        for src in [Src::Reg(r.reg()), Src::Imm(r.imm())] {
            insns.extend(AluOp::ALL.map(|op| Insn::Alu { width, op, dst: r.reg(), src }));
            insns.extend(JmpOp::ALL.map(|op| Insn::JumpIf {
                width,
                op,
                dst: r.reg(),
                src,
                off: r.off(),
            }));
        }
        insns.push(Insn::Neg { width, dst: r.reg() });
        insns.extend(AtomicOp::ALL.map(|op| Insn::Atomic {
            op,
            width,
            base: r.reg(),
            off: r.off(),
            src: r.reg(),
        }));
    }
    insns.extend(Extension::ALL.map(|extension| Insn::SignExtend {
        extension,
        dst: r.reg(),
        src: r.reg(),
    }));
    insns.extend([true, false].map(|to_arena| Insn::CastAddrSpace {
        to_arena,
        dst: r.reg(),
        src: r.reg(),
    }));
    for op in SwapOp::ALL {
        insns.extend(SwapBits::ALL.map(|bits| Insn::ByteSwap { op, bits, dst: r.reg() }));
    }
    let values = wides(r);
    insns.extend(values.map(|value| Insn::LoadImm64 { dst: r.reg(), value }));
    insns.extend(LoadType::ALL.map(|ty| Insn::Load {
        ty,
        dst: r.reg(),
        base: r.reg(),
        off: r.off(),
    }));
    for size in Size::ALL {
        let (dst, base, off) = (r.reg(), r.reg(), r.off());
        insns.push(Insn::Store { size, base, off, src: Src::Imm(r.imm()) });
        insns.push(Insn::Store { size, base, off, src: Src::Reg(r.reg()) });
        insns.push(Insn::LoadAcquire { size, dst, base, off });
        insns.push(Insn::StoreRelease { size, base, off, src: r.reg() });
    }
    for size in Narrow::ALL {
        insns.push(Insn::LoadPacket { size, index: None, off: r.imm() });
        insns.push(Insn::LoadPacket { size, index: Some(r.reg()), off: r.imm() });
        insns.push(Insn::LoadPacket { size, index: Some(r.reg()), off: 0 });
    }
    insns.extend([
        Insn::Jump { off: r.off() },
        Insn::JumpLong { off: r.imm() },
        Insn::MayGoto { off: r.off() },
        Insn::Call(Callee::Helper(r.imm() as u32)),
        Insn::Call(Callee::Local { off: r.imm() }),
        Insn::Call(Callee::Kfunc { id: r.imm() as u32, off: r.off() }),
        Insn::Call(Callee::Kfunc { id: r.imm() as u32, off: 0 }),
        Insn::Exit,
    ]);
    insns
}

fn wides(r: &mut Random) -> [Wide; 7] {
    let (any, narrow) = (r.u64(), i64::from(r.imm()) as u64);
    [
        Wide::Value(r.pick(&[any, narrow, 0, u64::MAX, u64::from(u32::MAX), 1 << 63])),
        Wide::MapFd(r.imm()),
        Wide::MapValue { fd: r.imm(), off: r.imm() as u32 },
        Wide::BtfId { id: r.imm() as u32, fd: r.imm() as u32 },
        Wide::Func { off: r.imm() },
        Wide::MapIdx(r.imm() as u32),
        Wide::MapIdxValue { idx: r.imm() as u32, off: r.imm() as u32 },
    ]
}
