//! Random programs do the same on both engines: the machine compares all results itself.

use crate::isa::object;
use bpfc_base::Idx;
use bpfc_isa::{
    AluOp, AtomicOp, Callee, Extension, Insn, JmpOp, LoadType, Narrow, Reg, Size, Src, SwapBits,
    SwapOp, Wide, Width,
};
use bpfc_object::{FuncId, Function, ObjInsn, Object, Reloc};
use bpfc_vm::{Input, Options, RunError, Vm};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn reg(&mut self) -> Reg {
        Reg::ALL[self.below(10) as usize]
    }

    /// Any number, or one at which something changes.
    pub fn corner(&mut self) -> u64 {
        let any = self.next();
        let small = any % 70;
        self.pick(&[any, small, u64::MAX - small, any >> 32, 1 << (any % 64), 0])
    }

    /// Also the frame pointer, now and then.
    fn source(&mut self) -> Reg {
        Reg::ALL[self.below(11) as usize]
    }

    pub fn imm(&mut self) -> i32 {
        let small = self.below(9) as i32 - 4;
        let any = self.next() as i32;
        self.pick(&[small, small, any, i32::MIN, i32::MAX])
    }

    fn operand(&mut self) -> Src {
        match self.below(2) {
            0 => Src::Imm(self.imm()),
            _ => Src::Reg(self.source()),
        }
    }

    pub fn width(&mut self) -> Width {
        self.pick(&[Width::W32, Width::W64])
    }

    /// Mostly inside the stack, sometimes not.
    fn stack_offset(&mut self) -> i16 {
        match self.below(60) {
            0 => self.next() as i16,
            _ => -8 * (self.below(6) as i16 + 1) - self.below(4) as i16,
        }
    }

    fn base(&mut self) -> Reg {
        match self.below(30) {
            0 => self.reg(),
            _ => Reg::R10,
        }
    }
}

/// An instruction at `idx` of `n`, in which every instruction has one slot.
fn insn(random: &mut Random, idx: i64, n: i64) -> Insn {
    let (width, dst) = (random.width(), random.reg());
    let (base, off) = (random.base(), random.stack_offset());
    let jump = |random: &mut Random| {
        // Mostly forward, so that programs end.
        let target = match random.below(8) {
            0 => random.below(n as u64) as i64,
            _ => idx + 1 + random.below((n - idx - 1).max(1) as u64) as i64,
        };
        (target.min(n - 1) - (idx + 1)) as i16
    };
    match random.below(24) {
        0..=7 => Insn::Alu { width, op: random.pick(&AluOp::ALL), dst, src: random.operand() },
        8 => Insn::Neg { width, dst },
        9 => {
            Insn::SignExtend { extension: random.pick(&Extension::ALL), dst, src: random.source() }
        }
        10 => {
            Insn::ByteSwap { op: random.pick(&SwapOp::ALL), bits: random.pick(&SwapBits::ALL), dst }
        }
        11 | 12 => Insn::Load { ty: random.pick(&LoadType::ALL), dst, base, off },
        13 | 14 => Insn::Store { size: random.pick(&Size::ALL), base, off, src: random.operand() },
        15 => Insn::Atomic { op: random.pick(&AtomicOp::ALL), width, base, off, src: random.reg() },
        16..=19 => Insn::JumpIf {
            width,
            op: random.pick(&JmpOp::ALL),
            dst: random.source(),
            src: random.operand(),
            off: jump(random),
        },
        20 => Insn::Jump { off: jump(random) },
        21 => Insn::Call(Callee::Helper(random.pick(&[5, 7, 8, 14, 35]))),
        22 => Insn::LoadPacket {
            size: random.pick(&Narrow::ALL),
            index: random.pick(&[None, Some(dst)]),
            off: random.below(70) as i32,
        },
        _ => Insn::MayGoto { off: jump(random) },
    }
}

fn body(random: &mut Random) -> Vec<Insn> {
    let n = random.below(40) as i64 + 3;
    let mut insns: Vec<Insn> = (0..n - 1).map(|idx| insn(random, idx, n)).collect();
    insns.push(Insn::Exit);
    insns
}

/// Runs it; how it ended, which must be the same on both engines.
fn check(object: &Object, seed: u64) -> &'static str {
    let options = Options { fuel: 100 + seed % 1000, ..Options::default() };
    let mut vm = Vm::new(object, options).unwrap();
    match vm.run(FuncId::new(0), &Input::default()) {
        Ok(outcome) => {
            assert_eq!(outcome.unsupported, None, "seed {seed}");
            "result"
        }
        Err(RunError::Fault(_)) => "fault",
        Err(error) => panic!("seed {seed}: {error:?}"),
    }
}

#[test]
fn straight_and_looping_programs() {
    let mut n_results = 0;
    for seed in 0..3000 {
        let random = &mut Random(seed);
        let mut insns: Vec<Insn> = [Reg::R0, Reg::R2, Reg::R3, Reg::R6]
            .into_iter()
            .map(|dst| {
                let value = Wide::Value(random.next());
                Insn::LoadImm64 { dst, value }
            })
            .collect();
        insns.extend(body(random));
        n_results += u32::from(check(&object(insns), seed) == "result");
    }
    assert!(n_results > 1000, "{n_results} of 3000 programs end well");
}

#[test]
fn programs_with_functions() {
    let mut n_results = 0;
    for seed in 0..1000 {
        let random = &mut Random(seed << 32);
        let n_functions = random.below(4) + 2;
        let mut object = Object::default();
        for number in 0..n_functions {
            let mut insns: Vec<ObjInsn> = body(random).into_iter().map(ObjInsn::new).collect();
            for insn in &mut insns {
                // A call takes one slot, as what it replaces.
                let is_plain = matches!(insn.insn, Insn::Neg { .. } | Insn::ByteSwap { .. });
                if is_plain && number + 1 < n_functions {
                    let callee = number + 1 + random.below(n_functions - number - 1);
                    *insn = ObjInsn::call(Reloc::Call(FuncId::new(callee as usize)));
                }
            }
            object.functions.push(Function {
                name: format!("f{number}"),
                section: if number == 0 { "xdp" } else { ".text" }.into(),
                insns,
                ..Function::default()
            });
        }
        n_results += u32::from(check(&object, seed) == "result");
    }
    assert!(n_results > 200, "{n_results} of 1000 programs end well");
}
