//! CO-RE relocations of linked programs.

use crate::sample::mov;
use crate::tools::{Scratch, load_all, run};
use bpfc_btf::core::CoreKind;
use bpfc_btf::{Btf, BtfBuilder, Endian, IntEncoding, MemberDef, TypeDef, TypeId};
use bpfc_isa::{Callee, Insn, LoadType, Reg, Wide};
use bpfc_object::*;

/// `struct task_struct` with unsigned members of these names and sizes; the struct's id.
fn task_struct(members: &[(&str, u32)]) -> (BtfBuilder, TypeId) {
    let mut btf = BtfBuilder::new();
    let mut offset = 0;
    let mut defs = Vec::new();
    for &(name, size) in members {
        let ty = btf.intern(TypeDef::int(format!("u{}", size * 8), size, IntEncoding::Unsigned));
        offset = u32::next_multiple_of(offset, size);
        defs.push(MemberDef { name: name.into(), ty, bit_offset: offset * 8, bitfield_bits: None });
        offset += size;
    }
    let id = btf.push(TypeDef::Struct {
        name: "task_struct".into(),
        size_bytes: offset.next_multiple_of(8),
        members: defs,
    });
    (btf, id)
}

fn open(btf: &BtfBuilder) -> Btf {
    Btf::parse(btf.to_bytes(Endian::Little).unwrap()).unwrap()
}

fn asking(insn: Insn, root: TypeId, kind: CoreKind, access: &str) -> ObjInsn {
    ObjInsn {
        core: Some(CoreReloc { kind: kind.number(), root, access: access.into() }),
        ..ObjInsn::new(insn)
    }
}

/// A program of these instructions, linked.
fn program(insns: Vec<ObjInsn>) -> Linked {
    let mut object = Object::default();
    let call = ObjInsn::call(Reloc::Call(bpfc_base::Idx::new(1)));
    object.functions.push(Function {
        name: "prog".into(),
        section: "raw_tp".into(),
        insns: [vec![call], insns, vec![Insn::Exit.into()]].concat(),
        ..Function::default()
    });
    object.functions.push(Function {
        name: "sub".into(),
        section: ".text".into(),
        insns: vec![mov(Reg::R0, 0).into(), Insn::Exit.into()],
        ..Function::default()
    });
    link(&object, bpfc_base::Idx::new(0)).unwrap()
}

const PID: Insn = Insn::Load { ty: LoadType::U32, dst: Reg::R0, base: Reg::R1, off: 4 };

#[test]
fn immediates_offsets_and_widths_change() {
    let (local, root) = task_struct(&[("state", 4), ("pid", 4)]);
    let (target, _) = task_struct(&[("extra", 8), ("state", 4), ("pid", 8)]);
    let (local, target) = (open(&local), open(&target));
    let wide = Insn::LoadImm64 { dst: Reg::R3, value: Wide::Value(8) };
    let mut linked = program(vec![
        asking(PID, root, CoreKind::FieldByteOffset, "0:1"),
        asking(mov(Reg::R2, 0), root, CoreKind::FieldByteOffset, "0:0"),
        asking(wide, root, CoreKind::TypeSize, "0"),
    ]);
    let poisoned = CoreTarget::new(&local, vec![&target]).apply(&mut linked).unwrap();
    assert_eq!(poisoned, []);
    let insns = linked.plain_insns();
    let pid = Insn::Load { ty: LoadType::U64, dst: Reg::R0, base: Reg::R1, off: 16 };
    let size = Insn::LoadImm64 { dst: Reg::R3, value: Wide::Value(24) };
    assert_eq!(insns[1..4], [pid, mov(Reg::R2, 8), size]);
    assert!(linked.insns.iter().all(|insn| insn.core.is_none()));
}

#[test]
fn unanswered_questions_are_poisoned() {
    let (local, root) = task_struct(&[("state", 4), ("pid", 4)]);
    let (target, _) = task_struct(&[("state", 4)]);
    let (local, target) = (open(&local), open(&target));
    let wide = Insn::LoadImm64 { dst: Reg::R3, value: Wide::Value(4) };
    let exists = CoreKind::FieldExists;
    let mut linked = program(vec![
        asking(wide, root, CoreKind::FieldByteOffset, "0:1"),
        asking(PID, root, CoreKind::FieldByteOffset, "0:1"),
        asking(mov(Reg::R2, 1), root, exists, "0:1"),
    ]);
    let poisoned = CoreTarget::new(&local, vec![&target]).apply(&mut linked).unwrap();
    let places: Vec<_> = poisoned.iter().map(|p| (p.insn_idx, p.reason)).collect();
    let because = PoisonedBecause::NoMatch;
    assert_eq!(places, [(1, because), (3, because)]);
    assert!(poisoned[0].asked.contains("task_struct.pid"), "{poisoned:?}");
    let bad = Insn::Call(Callee::Helper(POISON_HELPER));
    let insns = linked.plain_insns();
    assert_eq!(insns[1..5], [bad, bad, bad, mov(Reg::R2, 0)]);
    // The poisoned 64-bit load became two instructions; slots and so calls stayed.
    assert_eq!(linked.subprogs[0].n_insns, 6);
    assert_eq!(linked.subprogs[1].start, 6);
    let slots = bpfc_isa::SlotMap::new(&insns);
    assert_eq!(slots.target(0, &insns[0]), Some(6));
}

#[test]
fn malformed_relocations_are_errors() {
    let (local, root) = task_struct(&[("state", 4), ("pid", 4)]);
    let local = open(&local);
    let reason = |insn: ObjInsn| {
        let mut linked = program(vec![insn]);
        let result = CoreTarget::new(&local, vec![&local]).apply(&mut linked);
        result.unwrap_err().reason
    };
    let wrong = asking(mov(Reg::R2, 7), root, CoreKind::FieldByteOffset, "0:1");
    let mismatch = CoreApplyReason::Mismatch { expected: 4, found: 7 };
    assert_eq!(reason(wrong), mismatch);
    let exit = asking(Insn::Exit, root, CoreKind::FieldByteOffset, "0:1");
    assert_eq!(reason(exit), CoreApplyReason::NotRelocatable);
    let access = asking(PID, root, CoreKind::FieldByteOffset, "0:9");
    assert!(matches!(reason(access), CoreApplyReason::Types(_)));
    let mut unknown = asking(PID, root, CoreKind::FieldByteOffset, "0:1");
    unknown.core.as_mut().unwrap().kind = 77;
    assert_eq!(reason(unknown), CoreApplyReason::UnknownKind { kind: 77 });
}

/// libbpf and this crate relocate clang's program to the same offset on the running kernel.
#[test]
fn the_running_kernel_agrees_with_libbpf() {
    let Ok(blob) = std::fs::read("/sys/kernel/btf/vmlinux") else {
        bpfc_testkit::skipped("the kernel has no BTF");
        return;
    };
    let Some(bytes) = crate::clang::compile("core", include_str!("../c/all.c")) else {
        return;
    };
    let object = read(&bytes).unwrap();
    let (local, target) = (object.open_btf().unwrap(), Btf::parse(blob).unwrap());
    let mut linked = link(&object, object.function("trace").unwrap()).unwrap();
    let relocated = linked.insns.iter().position(|insn| insn.core.is_some()).unwrap();
    let poisoned = CoreTarget::new(&local, vec![&target]).apply(&mut linked).unwrap();
    assert_eq!(poisoned, []);
    let Insn::Load { off, .. } = linked.insns[relocated].insn else {
        panic!("{:?}", linked.insns[relocated].insn);
    };
    assert!(off > 4);
    let scratch = Scratch::new("core-libbpf");
    let file = scratch.file("clang.o", &bytes);
    load_all(&file, "core", |pins| {
        let program = format!("{pins}/trace");
        let text = run("bpftool", &["prog", "dump", "xlated", "pinned", &program]).unwrap();
        assert!(text.contains(&format!(" +{off})")), "{off} is not in\n{text}");
    });
}
