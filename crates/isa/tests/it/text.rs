//! What instructions look like, and that the text determines them.

use bpfc_isa::{
    AluOp, AtomicOp, Callee, Insn, JmpOp, LoadType, Names, Narrow, Reg, Size, Src, Symbols, Syntax,
    Wide, Width, assemble, disassemble,
};

use crate::forms::{Random, every_form};

fn atomic(op: AtomicOp, width: Width) -> Insn {
    Insn::Atomic { op, width, base: Reg::R1, off: 8, src: Reg::R2 }
}

/// One instruction in the three syntaxes.
#[test]
fn syntaxes() {
    use Reg::*;
    use Width::*;
    let (width, dst) = (W64, R1);
    for (insn, plain, llvm, kernel) in [
        (
            Insn::Alu { width: W32, op: AluOp::Mov, dst: R0, src: Src::Reg(R1) },
            "w0 = w1",
            "w0 = w1",
            "w0 = w1",
        ),
        (
            Insn::Alu { width, op: AluOp::SMod, dst, src: Src::Imm(-5) },
            "r1 s%= -0x5",
            "r1 s%= -0x5",
            "r1 s%= -5",
        ),
        (
            Insn::Load { ty: LoadType::U32, dst, base: R2, off: 4 },
            "w1 = *(u32 *)(r2 + 0x4)",
            "w1 = *(u32 *)(r2 + 0x4)",
            "r1 = *(u32 *)(r2 +4)",
        ),
        (
            Insn::Load { ty: LoadType::S32, dst, base: R2, off: -4 },
            "r1 = *(s32 *)(r2 - 0x4)",
            "r1 = *(s32 *)(r2 - 0x4)",
            "r1 = *(s32 *)(r2 -4)",
        ),
        (
            Insn::Store { size: Size::B, base: R10, off: -8, src: Src::Imm(5) },
            "*(u8 *)(r10 - 0x8) = 0x5",
            "*(u8 *)(r10 - 0x8) = 0x5",
            "*(u8 *)(r10 -8) = 5",
        ),
        (
            Insn::JumpIf { width, op: JmpOp::Ne, dst, src: Src::Imm(-1), off: -3 },
            "if r1 != -0x1 goto -0x3",
            "if r1 != -0x1 goto -0x3",
            "if r1 != 0xffffffff goto pc-3",
        ),
        (Insn::JumpLong { off: 3 }, "gotol +0x3", "gotol +0x3", "gotol pc+3"),
        (Insn::MayGoto { off: 3 }, "may_goto +0x3", "may_goto +0x3", "may_goto pc+3"),
        (
            atomic(AtomicOp::Xor, W32),
            "lock *(u32 *)(r1 + 0x8) ^= w2",
            "lock *(u32 *)(r1 + 0x8) ^= w2",
            "lock *(u32 *)(r1 +8) ^= r2",
        ),
        (
            atomic(AtomicOp::FetchOr, W64),
            "r2 = atomic_fetch_or((u64 *)(r1 + 0x8), r2)",
            "r2 = atomic_fetch_or((u64 *)(r1 + 0x8), r2)",
            "r2 = atomic64_fetch_or((u64 *)(r1 +8), r2)",
        ),
        (
            atomic(AtomicOp::Xchg, W64),
            "r2 = xchg_64(r1 + 0x8, r2)",
            "r2 = xchg_64(r1 + 0x8, r2)",
            "r2 = atomic64_xchg((u64 *)(r1 +8), r2)",
        ),
        (
            atomic(AtomicOp::CmpXchg, W32),
            "w0 = cmpxchg32_32(r1 + 0x8, w0, w2)",
            "w0 = cmpxchg32_32(r1 + 0x8, w0, w2)",
            "r0 = atomic_cmpxchg((u32 *)(r1 +8), r0, r2)",
        ),
        (
            Insn::LoadAcquire { size: Size::B, dst, base: R2, off: 0 },
            "w1 = load_acquire((u8 *)(r2 + 0x0))",
            "w1 = load_acquire((u8 *)(r2 + 0x0))",
            "r1 = load_acquire((u8 *)(r2 +0))",
        ),
        (
            Insn::StoreRelease { size: Size::DW, base: R2, off: 0, src: R3 },
            "store_release((u64 *)(r2 + 0x0), r3)",
            "store_release((u64 *)(r2 + 0x0), r3)",
            "store_release((u64 *)(r2 +0), r3)",
        ),
        (
            Insn::LoadPacket { size: Narrow::H, index: None, off: 23 },
            "r0 = *(u16 *)skb[0x17]",
            "r0 = *(u16 *)skb[0x17]",
            "r0 = *(u16 *)skb[23]",
        ),
        (
            Insn::LoadPacket { size: Narrow::H, index: Some(R7), off: -2 },
            "r0 = *(u16 *)skb[r7 - 0x2]",
            "r0 = *(u16 *)skb[r7]",
            "r0 = *(u16 *)skb[r7 + -2]",
        ),
        (Insn::Call(Callee::Helper(1)), "call 0x1", "call 0x1", "call unknown#1"),
        (Insn::Call(Callee::Local { off: 5 }), "call pc+0x5", "call 0x5", "call pc+5"),
        (
            Insn::Call(Callee::Kfunc { id: 77, off: 0 }),
            "call kfunc#77",
            "call 0x4d",
            "call kernel-function#77",
        ),
        (Insn::LoadImm64 { dst, value: Wide::Value(5) }, "r1 = 0x5 ll", "r1 = 0x5 ll", "r1 = 0x5"),
        (
            Insn::LoadImm64 { dst, value: Wide::MapValue { fd: 3, off: 8 } },
            "r1 = map_val(map_by_fd(3)) + 0x8 ll",
            "ld_pseudo\tr1, 0x2, 0x3",
            "r1 = 0x800000003",
        ),
        (
            Insn::LoadImm64 { dst, value: Wide::Func { off: -2 } },
            "r1 = code_addr(pc-0x2) ll",
            "ld_pseudo\tr1, 0x4, 0xfffffffe",
            "r1 = 0xfffffffe",
        ),
        (Insn::Exit, "exit", "exit", "exit"),
    ] {
        assert_eq!(insn.to_string(), plain);
        assert_eq!(insn.text(Syntax::Plain).to_string(), plain);
        assert_eq!(insn.text(Syntax::Llvm).to_string(), llvm);
        assert_eq!(insn.text(Syntax::Kernel).to_string(), kernel);
    }
}

#[test]
fn symbols_stand_for_operands() {
    let text = |insn: Insn, syntax| insn.text(syntax).with_symbol(Some("name")).to_string();
    let jump = Insn::Jump { off: 3 };
    assert_eq!(text(jump, Syntax::Plain), "goto name");
    assert_eq!(text(jump, Syntax::Llvm), "goto +0x3 <name>");
    let helper = Insn::Call(Callee::Helper(1));
    assert_eq!(text(helper, Syntax::Plain), "call name");
    assert_eq!(text(helper, Syntax::Kernel), "call name#1");
    let map = Wide::MapIdxValue { idx: 2, off: 16 };
    let load = Insn::LoadImm64 { dst: Reg::R1, value: map };
    assert_eq!(text(load, Syntax::Plain), "r1 = name + 0x10 ll");
    assert_eq!(text(Insn::Exit, Syntax::Plain), "exit");
}

#[test]
fn plain_text_determines_the_instruction() {
    let mut random = Random::new(5);
    for _ in 0..100 {
        let insns = every_form(&mut random);
        let text: String = insns.iter().map(|insn| format!("{insn}\n")).collect();
        assert_eq!(assemble(&text, &()).unwrap().insns, insns);
    }
}

/// Where the other syntaxes say everything, they are read as well.
#[test]
fn llvm_and_kernel_text_is_read_too() {
    for insn in every_form(&mut Random::new(6)) {
        let silent = matches!(insn, Insn::Call(_) | Insn::LoadImm64 { .. })
            || matches!(insn, Insn::LoadPacket { index: Some(_), off, .. } if off != 0);
        let wraps = matches!(insn, Insn::JumpIf { width: Width::W64, src: Src::Imm(..0), .. });
        for syntax in [Syntax::Llvm, Syntax::Kernel] {
            let text = insn.text(syntax).to_string();
            if !(silent || wraps && syntax == Syntax::Kernel) {
                let insns = assemble(&text, &()).map(|assembly| assembly.insns);
                assert_eq!(insns, Ok(vec![insn]), "{text}");
            }
        }
    }
}

/// Every function starts at a label, and a helper and a map have names.
struct Example;

impl Names for Example {
    fn label(&self, insn_idx: u32) -> Option<String> {
        (insn_idx == 0).then(|| "main".to_owned())
    }

    fn operand(&self, _: u32, insn: &Insn) -> Option<String> {
        match insn {
            Insn::Call(Callee::Helper(1)) => Some("bpf_map_lookup_elem".to_owned()),
            Insn::LoadImm64 { value: Wide::MapFd(3), .. } => Some("hits".to_owned()),
            Insn::LoadImm64 { value: Wide::MapValue { fd: 4, .. }, .. } => Some(".bss".to_owned()),
            _ => None,
        }
    }
}

impl Symbols for Example {
    fn callee(&self, name: &str) -> Option<Callee> {
        (name == "bpf_map_lookup_elem").then_some(Callee::Helper(1))
    }

    fn wide(&self, name: &str) -> Option<Wide> {
        match name {
            "hits" => Some(Wide::MapFd(3)),
            ".bss" => Some(Wide::MapValue { fd: 4, off: 0 }),
            _ => None,
        }
    }
}

#[test]
fn listings_name_labels_and_operands() {
    let text = "\
main:
\tr1 = hits ll
\tr3 = .bss + 0x8 ll
\tcall bpf_map_lookup_elem
\tif r0 == 0x0 goto .L7
\tcall .L8
.L7:
\texit
.L8:
\tr1 = main ll
\tgoto main
\tgoto +0x1
";
    let assembly = assemble(text, &Example).unwrap();
    assert_eq!(disassemble(&assembly.insns, &Example), text);
    assert_eq!(assembly.lines, [2, 3, 4, 5, 6, 8, 10, 11, 12]);
    let labels: Vec<_> = assembly.labels.iter().map(|(name, &at)| (name.as_str(), at)).collect();
    assert_eq!(labels, [(".L7", 5), (".L8", 6), ("main", 0)]);
}

#[test]
fn listings_survive_the_round_trip() {
    let mut random = Random::new(7);
    for _ in 0..30 {
        let mut insns = every_form(&mut random);
        for insn in &mut insns {
            let off = random.below(40) as i32 - 20;
            *insn = insn.with_jump_offset(off).or(insn.with_function_offset(off)).unwrap_or(*insn);
        }
        let text = disassemble(&insns, &());
        assert_eq!(assemble(&text, &()).unwrap().insns, insns, "{text}");
    }
}
