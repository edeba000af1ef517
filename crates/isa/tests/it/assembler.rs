//! What the assembler accepts beyond what the disassembler prints, and what it rejects.

use bpfc_isa::{AluOp, AsmProblem, Callee, Insn, Reg, Src, Wide, Width, assemble};

use crate::forms::{Random, every_form};

#[test]
fn comments_labels_and_spacing() {
    let text = "
# a comment
start: again:   r1=-5     ; the end of line
   r1 += 0X10 // as well
\tif r1 s> 1 goto start
        # indented
        call pc-4\t# after a blank
        call kfunc#7:2
end:";
    let assembly = assemble(text, &()).unwrap();
    let (width, dst) = (Width::W64, Reg::R1);
    assert_eq!(
        assembly.insns,
        [
            Insn::Alu { width, op: AluOp::Mov, dst, src: Src::Imm(-5) },
            Insn::Alu { width, op: AluOp::Add, dst, src: Src::Imm(16) },
            Insn::JumpIf { width, op: bpfc_isa::JmpOp::SGt, dst, src: Src::Imm(1), off: -3 },
            Insn::Call(Callee::Local { off: -4 }),
            Insn::Call(Callee::Kfunc { id: 7, off: 2 }),
        ]
    );
    assert_eq!(assembly.lines, [3, 4, 5, 7, 8]);
    assert_eq!(assembly.labels["again"], 0);
    assert_eq!(assembly.labels["end"], 5);
}

#[test]
fn labels_count_slots() {
    let assembly = assemble("goto end\nr1 = 1 ll\nr2 = end ll\nend: exit\n", &()).unwrap();
    assert_eq!(assembly.insns[0], Insn::Jump { off: 4 });
    let value = Wide::Func { off: 1 };
    assert_eq!(assembly.insns[2], Insn::LoadImm64 { dst: Reg::R2, value });
}

#[test]
fn numbers_up_to_the_limits() {
    let one = |text: &str| assemble(text, &()).map(|assembly| assembly.insns[0]);
    assert_eq!(one("w1 = 0xffffffff"), one("w1 = -1"));
    assert_eq!(one("r1 = 0xffffffffffffffff ll"), one("r1 = -1 ll"));
    assert_eq!(one("call 0xffffffff"), Ok(Insn::Call(Callee::Helper(u32::MAX))));
    assert_eq!(one("*(u8 *)(r1) = 0x80000000"), one("*(u8 *)(r1 + 0) = -2147483648"));
}

#[test]
fn mistakes_are_located() {
    for (text, expected) in [
        ("r1 = @", "1:6: unexpected character '@'"),
        ("r1 = é", "1:6: unexpected character 'é'"),
        ("r1 = 0x", "1:6: `0x` is not a number of at most 64 bits"),
        ("r1 = 12ab", "1:6: `12ab` is not a number of at most 64 bits"),
        (
            "r1 = 0x10000000000000000 ll",
            "1:6: `0x10000000000000000` is not a number of at most 64 bits",
        ),
        ("frob r1", "1:1: expected an instruction, found `frob`"),
        ("r11 = 1", "1:1: expected an instruction, found `r11`"),
        ("r01 = 1", "1:1: expected an instruction, found `r01`"),
        ("r1", "1:3: expected an assignment operator, found end of line"),
        ("r1 = w2", "1:6: expected a 64-bit register, found `w2`"),
        ("w1 += r2", "1:7: expected a 32-bit register, found `r2`"),
        ("r1 += foo", "1:7: expected a register or a number, found `foo`"),
        ("r1 = 0xffffffff", "1:6: 4294967295 does not fit a signed 32-bit immediate"),
        ("if r1 == 0x80000000 goto +1", "1:10: 2147483648 does not fit a signed 32-bit immediate"),
        (
            "r1 = -0x8000000000000001 ll",
            "1:6: -9223372036854775809 does not fit a 64-bit immediate",
        ),
        ("w1 = 5 ll", "1:1: expected a 64-bit register, found `w1`"),
        ("r1 = foo", "1:9: expected `ll`, found end of line"),
        ("r1 = foo ll", "1:6: `foo` is neither a label nor a known symbol"),
        ("r1 = frob(5) ll", "1:6: expected `map_by_fd` or `map_by_idx`, found `frob`"),
        ("r1 = -r2", "1:7: expected `r1`, found `r2`"),
        ("r1 = be16 r2", "1:11: expected `r1`, found `r2`"),
        ("w1 = be16 w1", "1:1: expected a 64-bit register, found `w1`"),
        ("w1 = (s32)w2", "1:7: expected `s8` or `s16`, found `s32`"),
        ("r1 = *(s64 *)(r2 + 0)", "1:8: expected a type such as `u32`, found `s64`"),
        ("w1 = *(s8 *)(r2 + 0)", "1:1: expected a 64-bit register, found `w1`"),
        ("w1 = *(u64 *)(r2 + 0)", "1:1: expected a 64-bit register, found `w1`"),
        ("r1 = *(u64 *)(w2 + 0)", "1:15: expected a 64-bit register, found `w2`"),
        ("r1 = *(u64 *)(r2 + 0x8000)", "1:18: 32768 does not fit a signed 16-bit offset"),
        ("r1 = *(u8 *)skb[0]", "1:1: expected `r0`, found `r1`"),
        ("r0 = *(u64 *)skb[0]", "1:8: expected `u8`, `u16` or `u32`, found `u64`"),
        ("*(s8 *)(r1 + 0) = r2", "1:3: expected an unsigned type, found `s8`"),
        ("lock *(u16 *)(r1 + 0) += w2", "1:8: expected `u32` or `u64`, found `u16`"),
        ("lock *(u64 *)(r1 + 0) -= r2", "1:23: expected `+=`, `|=`, `&=` or `^=`, found `-=`"),
        ("r1 = xchg_64(r1 + 0, r2)", "1:1: expected `r2`, found `r1`"),
        ("r1 = cmpxchg_64(r1 + 0, r0, r2)", "1:1: expected `r0`, found `r1`"),
        ("r0 = cmpxchg_64(r1 + 0, r3, r2)", "1:25: expected `r0`, found `r3`"),
        ("if r1 = 1 goto +1", "1:7: expected a comparison, found `=`"),
        ("if r1 == 1 exit", "1:12: expected `goto`, found `exit`"),
        ("goto 5", "1:6: expected a label or a distance with a sign, found `5`"),
        ("goto +0x8000", "1:6: 32768 does not fit a signed 16-bit jump distance"),
        ("exit 1", "1:6: expected end of line, found `1`"),
        ("goto nowhere", "1:6: label `nowhere` is not defined"),
        ("call nothing", "1:6: `nothing` is neither a label nor a known function"),
        ("a:\na:\n", "2:1: label `a` is already defined"),
        ("a: r1 = a + 8 ll", "1:9: nothing can be added to `a`"),
    ] {
        let errors = assemble(text, &()).unwrap_err();
        let messages: Vec<_> = errors.iter().map(|error| error.to_string()).collect();
        assert_eq!(messages, [expected], "{text}");
    }
}

#[test]
fn every_mistake_is_reported_in_order() {
    let errors = assemble("goto a\nr1 = \nexit\ncall b\n$\n", &()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(1, 6), (2, 6), (4, 6), (5, 1)]);
}

#[test]
fn labels_out_of_reach_are_errors() {
    let filler = "exit\n".repeat(32_768);
    let error = &assemble(&format!("goto end\n{filler}end:"), &()).unwrap_err()[0];
    let name = "end".to_owned();
    assert_eq!(error.problem, AsmProblem::TooFar { name, distance: 32_768 });
    assert!(assemble(&format!("gotol end\n{filler}end:"), &()).is_ok());
}

/// Correct lines with characters replaced, removed and added.
#[test]
fn arbitrary_text_does_not_panic() {
    let mut random = Random::new(8);
    let spice: Vec<char> = " \t:;#()[]*+-=<>&|s0x9rwlé\u{2028}\0,".chars().collect();
    for _ in 0..60 {
        for insn in every_form(&mut random) {
            let mut text: Vec<char> = insn.to_string().chars().collect();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len() as u64 + 1) as usize;
                match random.below(3) {
                    0 => text.truncate(at),
                    1 => text.insert(at, random.pick(&spice)),
                    _ => text.extend_from_within(at..),
                }
            }
            let text: String = text.into_iter().collect();
            if let Ok(assembly) = assemble(&text, &()) {
                assert!(assembly.insns.len() <= 1);
            }
        }
    }
}

#[test]
fn long_lines_are_read_without_recursion() {
    for part in ["map_val(", "(", "*", "a:", "-"] {
        let text = format!("r1 = {}", part.repeat(100_000));
        assert!(assemble(&text, &()).is_err());
    }
}
