//! The list against what becomes of the tests, and the reader of their language.

use super::translate::translate;
use super::{LIST, Test, list, outcomes, sources};

#[test]
fn the_list_is_true() {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let sources = match sources(&root) {
        Ok(sources) => sources,
        Err(reason) => {
            println!("  skipped the conformance tests: {reason}");
            return;
        }
    };
    let now = list(&outcomes(&sources).expect("the tests can be read"));
    let expected = std::fs::read_to_string(root.join(LIST)).expect("the list is there");
    let difference = bpfc_testkit::unified_diff(&expected, &now);
    assert!(expected == now, "`cargo xtask conformance --bless` writes it:\n{difference}");
}

#[test]
fn files_have_sections() {
    let text = "# by\n-- asm\nexit # end\n-- raw\n0x95\n-- mem\naa 0b\n-- result\n0x2\n";
    let test = Test::parse(text).expect("it is well formed");
    let expected =
        Test { asm: "exit # end\n".into(), raw: vec![0x95], memory: vec![0xaa, 0x0b], result: 2 };
    assert_eq!(test, expected);
}

#[test]
fn mnemonics_become_operators() {
    for (line, expected) in [
        ("mov32 %r0, 0xffffffff", "w0 = -1"),
        ("smod %r1, %r2", "r1 s%= r2"),
        ("movsx832 %r0, %r1", "w0 = (s8)w1"),
        ("movsx3264 %r0, %r1", "r0 = (s32)r1"),
        ("neg32 %r3", "w3 = -w3"),
        ("be16 %r3", "r3 = be16 r3"),
        ("swap64 %r3", "r3 = bswap64 r3"),
        ("ldxsw %r0, [%r1-0x8]", "r0 = *(s32 *)(r1 - 8)"),
        ("stdw [%r10], -1", "*(u64 *)(r10 + 0) = -1"),
        ("stxh [%r10+2], %r1", "*(u16 *)(r10 + 2) = r1"),
        ("jset32 %r1, 8, out", "if w1 & 8 goto at_out"),
        ("jle %r1, 8, +1", "if r1 <= 8 goto +1"),
        ("ja32 out", "gotol at_out"),
        ("call local f", "call at_f"),
        ("lock or32 [%r1-4], %r2", "lock *(u32 *)(r1 - 4) |= w2"),
        ("lock fetch xor [%r1-4], %r2", "r2 = atomic_fetch_xor((u64 *)(r1 - 4), r2)"),
        ("lock cmpxchg32 [%r1-4], %r2", "w0 = cmpxchg32_32(r1 - 4, w0, w2)"),
        ("out: # here", "at_out:"),
    ] {
        assert_eq!(translate(line), Ok(format!("{expected}\n")), "{line}");
    }
    for line in ["call %r2", "add %r1", "mov %r1, 0x100000000", "stq [%r1], 1", "lock mov"] {
        assert!(translate(line).is_err(), "{line}");
    }
}
