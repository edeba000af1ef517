//! The text of inline assembly.

use bpfc_isa::{
    AsmProblem, Callee, Endian, Fragment, FragmentError, FragmentTarget, Insn, Syntax,
    assemble_fragment, disassemble,
};

use crate::forms::{Random, every_form};

fn fragment(text: &str) -> Fragment {
    assemble_fragment(text, Endian::Little).expect("the text is correct")
}

/// The instructions as text, and what they refer to.
fn shown(text: &str) -> Vec<String> {
    let show = |insn: &bpfc_isa::FragmentInsn| {
        let text = insn.insn.text(Syntax::Plain).to_string();
        match &insn.target {
            None => text,
            Some(FragmentTarget::Insn(target)) => format!("{text} -> {target}"),
            Some(FragmentTarget::Name { name, addend, .. }) => format!("{text} -> {name}+{addend}"),
        }
    };
    fragment(text).insns.iter().map(show).collect()
}

#[test]
fn statements_end_at_semicolons_and_lines() {
    let text = "r1 = 1; r2 = 2 # r3 = 3; r4 = 4\n\t r5 = 5 // no; no\n/* ;\n */ exit;;\n";
    assert_eq!(shown(text), ["r1 = 0x1", "r2 = 0x2", "r5 = 0x5", "exit"]);
}

#[test]
fn labels_are_names_or_numbers() {
    let text = "1: r1 += 1; if r1 < 5 goto 1b; goto 1f; l0_%: ; 1: goto l; l: exit";
    let text = text.replace("l0_%", "l0_7");
    assert_eq!(
        shown(&text),
        ["r1 += 0x1", "if r1 < 0x5 goto +0x0 -> 0", "goto +0x0 -> 3", "goto +0x0 -> 4", "exit",]
    );
    let end = "goto +1; r1 = 1 ll; goto end; end:";
    assert_eq!(shown(end)[0], "goto +0x1", "the middle of an instruction");
    assert_eq!(shown(end)[2], "goto +0x0 -> 3");
    assert_eq!(shown("goto +1; r1 = 5; exit")[0], "goto +0x1 -> 2");
    assert_eq!(shown("goto +1; r1 = 5")[0], "goto +0x1 -> 2");
    assert_eq!(shown("goto +2; r1 = 5")[0], "goto +0x2", "outside");
}

#[test]
fn names_are_left_to_the_caller() {
    assert_eq!(
        shown("call sub; r1 = map ll; r2 = data + 8 ll; goto out; call 7"),
        [
            "call pc+0x0 -> sub+0",
            "r1 = code_addr(pc+0x0) ll -> map+0",
            "r2 = code_addr(pc+0x0) ll -> data+8",
            "goto +0x0 -> out+0",
            "call 0x7",
        ]
    );
    assert_eq!(fragment("call 7").insns[0].insn, Insn::Call(Callee::Helper(7)));
}

#[test]
fn numbers_are_expressions() {
    assert_eq!(
        shown("r1 = 1 + 2 * 3 - (4 | 8) / 2; r2 = *(u32 *)(r1 + 8 + 4); R3 = -(1 << 3); r4 = 010"),
        ["r1 = 0x1", "w2 = *(u32 *)(r1 + 0xc)", "r3 = -0x8", "r4 = 0x8"]
    );
    assert_eq!(
        shown("r1 = 0xffffffff; r2 &= 0xffffffffffff0000; w3 = ~0; r4 = 0xffffffff ll"),
        ["r1 = -0x1", "r2 &= -0x10000", "w3 = -0x1", "r4 = 0xffffffff ll"]
    );
}

#[test]
fn numbers_are_instructions() {
    let text = ".8byte 0x5000000b7; .quad 0x100000118\n.long 0, 2; .byte 0x95,0,0,0; .4byte 0";
    assert_eq!(shown(text), ["r0 = 0x5", "r1 = 0x200000001 ll", "exit"]);
}

#[test]
fn what_is_printed_is_read_back() {
    for insn in every_form(&mut Random::new(1)) {
        let text = disassemble(&[insn], &());
        if insn.jump_offset().is_none() && insn.function_offset().is_none() {
            let again = fragment(&text).insns;
            assert_eq!(again.iter().map(|insn| insn.insn).collect::<Vec<_>>(), [insn], "{text}");
        }
    }
}

#[test]
fn mistakes_have_their_bytes() {
    for (text, wrong, message) in [
        ("r1 = 1; r2 ~ 5", "~", "expected an assignment operator, found `~`"),
        ("exit; nop ; exit", "nop", "expected an instruction, found `nop`"),
        ("r1 = 12zz", "12zz", "`12zz` is not a number of at most 64 bits"),
        ("r1 = 4294967296", "4294967296", "4294967296 does not fit a signed 32-bit immediate"),
        ("r1 = (1 << 63) * 4", "*", "expected a number of 64 bits, found `*`"),
        ("goto 3b; 3:", "3b", "label `3b` is not defined"),
        ("a: exit; a: exit", "a", "label `a` is already defined"),
        ("a: call a", "a", "label `a` can only be jumped to"),
        (".globl f", ".globl", "the directive `.globl` is not supported"),
        (".8byte 0xff", ".8byte 0xff", "these bytes are no instruction: unknown opcode 0xff"),
        (".byte 256", "256", "256 does not fit the directive"),
        ("r1 = /* é */ 5 @", "", "expected a number, found end of line"),
        ("r1 @ 5", "@", "unexpected character '@'"),
    ] {
        let errors = assemble_fragment(text, Endian::Little).expect_err(text);
        let FragmentError { range, problem } = &errors[0];
        assert_eq!(problem.to_string(), message, "{text}");
        assert_eq!(&text[range.start as usize..range.end as usize], wrong, "{text}");
    }
    let nested = format!("r1 = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(assemble_fragment(&nested, Endian::Little).is_err());
    let found = assemble_fragment("r1 =; r2 =; exit", Endian::Little).expect_err("two mistakes");
    assert_eq!(found.len(), 2);
    assert!(matches!(found[0].problem, AsmProblem::Expected { .. }));
}
