//! Register sets, control flow and versions.

use bpfc_isa::{
    AluOp, AtomicOp, Callee, Cpu, Insn, JmpOp, LoadType, Reg, RegSet, Size, SlotMap, Src, Wide,
    Width,
};

use crate::forms::{Random, every_form};

fn set(regs: &[Reg]) -> RegSet {
    regs.iter().copied().collect()
}

#[test]
fn uses_and_defs() {
    use Reg::*;
    let width = Width::W64;
    let atomic = |op| Insn::Atomic { op, width, base: R1, off: 0, src: R2 };
    let alu = |op, src| Insn::Alu { width, op, dst: R1, src };
    for (insn, uses, defs) in [
        (alu(AluOp::Mov, Src::Reg(R2)), set(&[R2]), set(&[R1])),
        (alu(AluOp::Mov, Src::Imm(2)), RegSet::EMPTY, set(&[R1])),
        (alu(AluOp::Add, Src::Reg(R2)), set(&[R1, R2]), set(&[R1])),
        (atomic(AtomicOp::Add), set(&[R1, R2]), RegSet::EMPTY),
        (atomic(AtomicOp::FetchAdd), set(&[R1, R2]), set(&[R2])),
        (atomic(AtomicOp::Xchg), set(&[R1, R2]), set(&[R2])),
        (atomic(AtomicOp::CmpXchg), set(&[R0, R1, R2]), set(&[R0])),
        (
            Insn::Store { size: Size::B, base: R10, off: -1, src: Src::Reg(R3) },
            set(&[R3, R10]),
            RegSet::EMPTY,
        ),
        (Insn::Load { ty: LoadType::S8, dst: R4, base: R5, off: 0 }, set(&[R5]), set(&[R4])),
        (Insn::Call(Callee::Helper(1)), RegSet::ARGS, RegSet::CALLER_SAVED),
        (Insn::Exit, set(&[R0]), RegSet::EMPTY),
    ] {
        assert_eq!((insn.uses(), insn.defs()), (uses, defs), "{insn:?}");
    }
}

#[test]
fn register_sets() {
    let mut regs = RegSet::CALLEE_SAVED;
    assert_eq!(regs.to_string(), "{r6, r7, r8, r9}");
    assert!(regs.insert(Reg::R0) && !regs.insert(Reg::R0));
    assert!(regs.remove(Reg::R9) && !regs.remove(Reg::R9));
    assert_eq!(regs.len(), 4);
    assert_eq!(regs.intersection(RegSet::CALLER_SAVED), RegSet::of(Reg::R0));
    assert!(RegSet::EMPTY.is_empty() && !regs.is_empty());
}

#[test]
fn jump_offsets_can_be_replaced_where_they_fit() {
    for insn in every_form(&mut Random::new(4)) {
        let Some(old) = insn.jump_offset() else {
            assert_eq!(insn.with_jump_offset(1), None);
            continue;
        };
        let moved = insn.with_jump_offset(-7).unwrap();
        assert_eq!(moved.jump_offset(), Some(-7));
        assert_eq!(moved.with_jump_offset(old), Some(insn));
        let is_long = matches!(insn, Insn::JumpLong { .. });
        assert_eq!(insn.with_jump_offset(40_000).is_some(), is_long);
    }
}

#[test]
fn slots_and_instructions() {
    let insns = [
        Insn::LoadImm64 { dst: Reg::R1, value: Wide::Value(0) },
        Insn::Jump { off: -3 },
        Insn::Jump { off: -2 },
        Insn::LoadImm64 { dst: Reg::R1, value: Wide::Func { off: 2 } },
        Insn::Jump { off: 0 },
        Insn::Jump { off: i16::MIN },
    ];
    let map = SlotMap::new(&insns);
    assert_eq!(map.n_slots(), 8);
    assert_eq!((0..7).map(|i| map.slot(i)).collect::<Vec<_>>(), {
        [0, 2, 3, 4, 6, 7, 8].map(Some)
    });
    assert_eq!(map.slot(7), None);
    assert_eq!((map.insn_idx(1), map.insn_idx(4), map.insn_idx(8)), (None, Some(3), None));
    let targets: Vec<_> = (0..6).map(|i| map.target(i, &insns[i as usize])).collect();
    assert_eq!(targets, [None, Some(0), Some(1), Some(5), Some(5), None]);
    assert_eq!(SlotMap::new(&[]).n_slots(), 0);
}

#[test]
fn versions_are_those_of_llvm() {
    let width = Width::W64;
    let (dst, src) = (Reg::R0, Src::Imm(1));
    let jump = |width, op| Insn::JumpIf { width, op, dst, src, off: 0 };
    assert_eq!(jump(width, JmpOp::Gt).min_cpu(), Cpu::V1);
    assert_eq!(jump(width, JmpOp::Lt).min_cpu(), Cpu::V2);
    assert_eq!(jump(Width::W32, JmpOp::Gt).min_cpu(), Cpu::V3);
    let alu = |op| Insn::Alu { width, op, dst, src };
    assert_eq!(alu(AluOp::Div).min_cpu(), Cpu::V1);
    assert_eq!(alu(AluOp::SDiv).min_cpu(), Cpu::V4);
    let atomic = |op| Insn::Atomic { op, width, base: Reg::R1, off: 0, src: Reg::R2 };
    assert_eq!(atomic(AtomicOp::Add).min_cpu(), Cpu::V1);
    assert_eq!(atomic(AtomicOp::FetchAdd).min_cpu(), Cpu::V3);
    assert_eq!(Insn::JumpLong { off: 0 }.min_cpu(), Cpu::V4);
}
