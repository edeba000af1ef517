//! The files in `tests/asm`: text, the bytes it means, and what those bytes are printed as; or the
//! mistakes in it.

use bpfc_isa::{Endian, Insn, Syntax, assemble, decode_program, encode, encode_program};
use bpfc_testkit::Suite;

#[test]
fn files() {
    Suite::in_workspace("tests/asm")
        .extensions(&["s"])
        .run(|test| {
            match assemble(test.text(), &()) {
                Ok(assembly) => {
                    let bytes = encode_program(&assembly.insns, Endian::Little);
                    if decode_program(&bytes, Endian::Little).as_ref() != Ok(&assembly.insns) {
                        test.fail("decoding the bytes gives other instructions");
                    }
                    let lines: Vec<_> = assembly.insns.iter().map(bytes_and_text).collect();
                    test.snapshot("bytes", &lines.join("\n"));
                }
                Err(errors) => {
                    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                    test.snapshot("errors", &errors.join("\n"));
                }
            }
            Ok(())
        })
        .finish();
}

/// The bytes, the plain text, and the kernel's text.
fn bytes_and_text(insn: &Insn) -> String {
    let bytes: Vec<_> = encode(insn, Endian::Little).iter().map(|b| format!("{b:02x}")).collect();
    format!("{}  {insn}  ({})", bytes.join(" "), insn.text(Syntax::Kernel))
}
